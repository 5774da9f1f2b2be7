// A subcommand: one row of the table in main.cc, one file here.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "harness/cli/exit.h"

namespace CLI {
class App;
}

namespace assay::cli {

/// Arguments after the subcommand's name.
using Arguments = std::span<const std::string>;

struct Subcommand {
  std::string_view name;
  std::string_view summary;  ///< One line for `assay --help`.
  std::string_view example;  ///< One command line that does something useful.
  Exit (*run)(Arguments);
  bool listed = true;  ///< False: internal, not shown.
};

/// Every subcommand; the first is the default.
std::span<const Subcommand> subcommands();

/// Parses into `app`; a value means that the process should end with it (help, or a usage error already printed).
bool parse(CLI::App& app, Arguments, const Subcommand&, Exit& end);

/// The row of this name, or null.
const Subcommand* find_subcommand(std::string_view name);

Exit run_run(Arguments);
Exit run_gates_list(Arguments);
Exit run_kernels_list(Arguments);
Exit run_forms(Arguments);
Exit run_verify(Arguments);
Exit run_keygen(Arguments);
Exit run_challenge(Arguments);
Exit run_claims(Arguments);
Exit run_check(Arguments);
Exit run_diff(Arguments);
Exit run_publish(Arguments);
Exit run_inspect(Arguments);
Exit run_patch(Arguments);
Exit run_quantize(Arguments);
Exit run_dequantize(Arguments);
Exit run_bench(Arguments);
Exit run_bench_attempt(Arguments);
Exit run_layer_attempt(Arguments);
Exit run_lint(Arguments);
Exit run_doctor(Arguments);
Exit run_attempt(Arguments);

}  // namespace assay::cli
