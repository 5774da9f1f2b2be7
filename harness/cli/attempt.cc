// `assay attempt`: serves one attempt for a parent `assay run`. The request is on standard input.
#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <iterator>
#include <string>

#include <fmt/format.h>

#include "harness/cli/subcommand.h"
#include "harness/gate/attempt.h"
#include "probes/gates.h"

namespace assay::cli {

Exit run_attempt(Arguments) {
  const std::string input{std::istreambuf_iterator<char>(std::cin), {}};
  const Result<Json> json = parse_json(input, "attempt request");
  if (!json) return complain("attempt", json.error(), Exit::usage);
  const Result<gate::AttemptRequest> request = gate::attempt_request_from_json(*json);
  if (!request) return complain("attempt", request.error(), Exit::usage);
  // A line must be with the parent before the next call that may kill this process.
  const auto print = [](std::string_view line) {
    fmt::print("{}\n", line);
    std::fflush(stdout);
  };
  const Status served = gate::serve_attempt(*request, probes::gates(), probes::copy_control(), print);
  return served ? Exit::done : complain("attempt", served.error(), Exit::failed);
}

}  // namespace assay::cli
