#include "harness/cli/subcommand.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

namespace assay::cli {
namespace {

constexpr std::array kSubcommands = {
    Subcommand{
        "run",
        "Run the gates, and the kernels that they admit, on this machine's device and write a bundle (the default)",
        "assay run --device 0 --out runs/today", run_run},
    Subcommand{"gates", "List the gates: what each asks, needs and proves", "assay gates --json", run_gates_list},
    Subcommand{"kernels", "List the kernels: what each computes, needs, and is held against", "assay kernels --json",
               run_kernels_list},
    Subcommand{"forms", "Ask the installed assembler for every instruction form and target",
               "assay forms --form 'tcgen05.mma*' --target sm_121a", run_forms},
    Subcommand{"verify", "Check a bundle: files, chain, schema, labels; with --recompute every oracle",
               "assay verify --recompute runs/today", run_verify},
    Subcommand{"claims", "List the sentences that a bundle carries, and what each of the others lacks",
               "assay claims --require executes.tma.load runs/today", run_claims},
    Subcommand{"check", "Gate a build: hold a bundle against a policy, a baseline, or another environment",
               "assay check runs/today --require policy.json --baseline runs/released --junit check.xml", run_check},
    Subcommand{"diff", "Show what differs between two bundles of one device model",
               "assay diff runs/released runs/today", run_diff},
    Subcommand{"keygen", "Make a key that signs, and the entry by which others trust it",
               "assay keygen -o operator.pem --role operator --owner 'Lab 3'", run_keygen},
    Subcommand{"challenge", "Ask an operator for a run that nobody could have made before",
               "assay challenge --key verifier.pem --hours 24 -o challenge.dsse.json", run_challenge},
    Subcommand{"publish", "Write a bundle's report: a page, Markdown and JSON, with what it supports and what not",
               "assay publish runs/today --out report", run_publish},
    Subcommand{"inspect",
               "Say what a cubin, a fatbin or a host library states about its images, or what an artifact holds",
               "assay inspect --entry 3 /usr/local/cuda/lib64/libcurand.so.10", run_inspect},
    Subcommand{"patch", "Rewrite the SM byte of a cubin, in a copy",
               "assay patch kernel.cubin --from sm_100 --to sm_90 --out copy.cubin", run_patch},
    Subcommand{"quantize", "Quantise a checkpoint to NVFP4, in the layout that others' loaders read",
               "assay quantize models/master -o models/nvfp4", run_quantize},
    Subcommand{"dequantize", "Write an NVFP4 artifact's weights as BF16 or F32",
               "assay dequantize models/nvfp4 -o models/plain", run_dequantize},
    Subcommand{"bench", "Time kernels, or the quantiser, beside a floor and a peer in the same run",
               "assay bench --kernel docs/ci/kernel/w4a16_vector.json", run_bench},
    Subcommand{"lint", "Check that documents say no more than their bundles carry",
               "assay lint README.md docs --sarif lint.sarif", run_lint},
    Subcommand{"doctor", "Say what is missing on this machine and the command that mends it", "assay doctor",
               run_doctor},
    Subcommand{"attempt", "Serve one attempt (used by run for its child processes)", "assay attempt < request.json",
               run_attempt, false},
    Subcommand{"bench-attempt", "Time one kernel (used by bench for its child processes)",
               "assay bench-attempt < request.json", run_bench_attempt, false},
    Subcommand{"layer-attempt", "Measure layers of an artifact (used by run --artifact for its child processes)",
               "assay layer-attempt < request.json", run_layer_attempt, false},
};

}  // namespace

std::span<const Subcommand> subcommands() { return kSubcommands; }

const Subcommand* find_subcommand(std::string_view name) {
  const auto found = std::ranges::find(kSubcommands, name, &Subcommand::name);
  return found == kSubcommands.end() ? nullptr : &*found;
}

bool parse(CLI::App& app, Arguments arguments, const Subcommand& self, Exit& end) {
  app.name(fmt::format("assay {}", self.name));
  app.description(std::string(self.summary));
  app.footer(fmt::format("Example:\n  {}", self.example));
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app.parse(reversed);
    return true;
  } catch (const CLI::Success&) {
    std::fputs(app.help().c_str(), stdout);
    end = Exit::done;
  } catch (const CLI::ParseError& error) {
    end = complain(self.name, Error{fmt::format("{}; see 'assay {} --help'", error.what(), self.name)}, Exit::usage);
  }
  return false;
}

Exit complain(std::string_view command, const Error& error, Exit code) {
  fmt::print(stderr, "assay {}: {}\n", command, error.message);
  if (!error.log.empty()) fmt::print(stderr, "{}\n", error.log);
  return code;
}

}  // namespace assay::cli
