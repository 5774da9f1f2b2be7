// `assay attempt`: serves one attempt for a parent `assay run`. The request is on standard input.
#include <cstdio>
#include <iostream>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/base/json.h"
#include "harness/cli/all_gates.h"
#include "harness/cli/subcommand.h"
#include "harness/gate/attempt.h"
#include "probes/gates.h"

namespace assay::cli {

namespace {

constexpr std::size_t kLongestRequest = 1u << 20;

/// Standard input up to one byte over the limit, for the parser to refuse.
std::string read_request() {
  std::string input(kLongestRequest + 1, '\0');
  std::cin.read(input.data(), static_cast<std::streamsize>(input.size()));
  input.resize(static_cast<std::size_t>(std::cin.gcount()));
  return input;
}

}  // namespace

Exit run_attempt(Arguments arguments) {
  CLI::App app;
  Exit end = Exit::done;
  if (!parse(app, arguments, *find_subcommand("attempt"), end)) return end;
  const Result<Json> json = parse_json(read_request(), "attempt request", {.bytes = kLongestRequest});
  if (!json) return complain("attempt", json.error(), Exit::usage);
  const Result<gate::AttemptRequest> request = gate::attempt_request_from_json(*json);
  if (!request) return complain("attempt", request.error(), Exit::usage);
  // A line must be with the parent before the next call that may kill this process.
  const auto print = [](std::string_view line) {
    fmt::print("{}\n", line);
    std::fflush(stdout);
  };
  const Status served = gate::serve_attempt(*request, all_gates(), probes::copy_control(), print);
  return served ? Exit::done : complain("attempt", served.error(), Exit::failed);
}

}  // namespace assay::cli
