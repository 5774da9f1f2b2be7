// `assay`: a table of subcommands (subcommand.cc). Only this file and the subcommands print and decide exit codes.
#include <cerrno>
#include <cstdio>
#include <exception>
#include <string>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "harness/base/build_info.h"
#include "harness/cli/subcommand.h"

namespace {

using assay::cli::Exit;
using assay::cli::Subcommand;

void print_help() {
  fmt::print("assay: what a GPU really runs, and no more.\n\nUsage: assay [SUBCOMMAND] [OPTIONS]\n\n");
  for (const Subcommand& row : assay::cli::subcommands())
    if (row.listed) fmt::print("  {:<12}{}\n", row.name, row.summary);
  fmt::print("\n'assay SUBCOMMAND --help' shows its options and an example.\n");
}

bool is_option(const std::string& word) { return word.starts_with("-"); }

Exit dispatch(const std::vector<std::string>& arguments) {
  if (arguments.empty() || is_option(arguments.front())) return assay::cli::subcommands().front().run(arguments);
  const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
  if (const Subcommand* row = assay::cli::find_subcommand(arguments.front())) return row->run(rest);
  fmt::print(stderr, "assay: no subcommand '{}'; see 'assay --help'\n", arguments.front());
  return Exit::usage;
}

/// The edge of the program, where what the standard library throws (no memory, a standard output that takes no more)
/// becomes one line. A result that nobody could read is no result.
Exit guarded(const std::vector<std::string>& arguments) {
  try {
    const Exit exit = dispatch(arguments);
    if (std::fflush(stdout) == 0) return exit;
    fmt::print(stderr, "assay: standard output: {}\n", std::generic_category().message(errno));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "assay: %s\n", error.what());
  }
  return Exit::environment;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (!arguments.empty() && (arguments.front() == "--help" || arguments.front() == "-h")) {
    print_help();
    return 0;
  }
  if (!arguments.empty() && arguments.front() == "--version") {
    fmt::print("assay {} ({})\n", assay::build_info().version, assay::build_info().git_commit);
    return 0;
  }
  return static_cast<int>(guarded(arguments));
}
