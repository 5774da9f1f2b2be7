// `assay run`: every gate on this machine's device and the kernels that they admit, one bundle, two tables.
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/base/child.h"
#include "harness/base/digest.h"
#include "harness/base/file_system.h"
#include "harness/base/json.h"
#include "harness/cli/all_gates.h"
#include "harness/cli/answer.h"
#include "harness/cli/device_lock.h"
#include "harness/cli/environment.h"
#include "harness/cli/error_legend.h"
#include "harness/cli/kernel_text.h"
#include "harness/cli/matrix.h"
#include "harness/cli/progress.h"
#include "harness/cli/run_exit.h"
#include "harness/cli/run_layers.h"
#include "harness/cli/self.h"
#include "harness/cli/signing.h"
#include "harness/cli/subcommand.h"
#include "harness/cli/terminal.h"
#include "harness/cuda/driver.h"
#include "harness/evidence/bundle.h"
#include "harness/evidence/bundle_writer.h"
#include "harness/gate/runner.h"
#include "reports/measured.h"

namespace assay::cli {
namespace {

struct Options {
  std::string out, driver, device = "0", challenge;
  KeyChoice key;
  std::vector<std::string> gates;
  int attempt_seconds = 30, run_seconds = 600;
  std::string patched_launch;
  bool json = false, quiet = false, no_redact = false, no_cache = false;
};

class BundleJournal : public gate::Journal {
 public:
  explicit BundleJournal(evidence::BundleWriter& bundle) : bundle_(bundle) {}
  Result<std::string> keep(std::span<const std::byte> bytes) override { return bundle_.add_artifact(bytes); }
  Result<evidence::Derived> append(const evidence::Record& record) override { return bundle_.append(record); }

 private:
  evidence::BundleWriter& bundle_;
};

std::filesystem::path default_folder(const evidence::Challenge& challenge) {
  std::string stamp = challenge.issued_utc;
  std::erase_if(stamp, [](char c) { return c == '-' || c == ':'; });
  return std::filesystem::path("assay-runs") / fmt::format("run-{}-{}", stamp, hex(challenge.nonce).substr(0, 8));
}

/// A missing driver is an answer where nothing suggests that there should be one, and exit 3 everywhere else.
void choose_driver(const Options& options, gate::RunOptions& run) {
  run.driver = options.driver;
  if (!options.driver.empty() || !cuda::nvidia_signs().empty()) return;
  run.use_driver = false;
  run.why_no_driver = "no sign of an NVIDIA driver or device on this machine";
}

gate::PatchedLaunch launch_allowed(const Options& options) {
  if (options.patched_launch == "all") return gate::PatchedLaunch::all;
  return options.patched_launch == "baseline" ? gate::PatchedLaunch::baseline : gate::PatchedLaunch::none;
}

gate::RunOptions run_options(const Options& options, const evidence::Challenge& challenge) {
  gate::RunOptions run;
  run.executable = own_path();
  run.nonce = hex(challenge.nonce);
  run.device = options.device;
  if (!options.no_cache) run.cache = cache_folder() / "compiled";
  run.attempt_limit = std::chrono::seconds(options.attempt_seconds);
  run.run_limit = std::chrono::seconds(options.run_seconds);
  run.only = options.gates;
  run.patched_launch = launch_allowed(options);
  choose_driver(options, run);
  return run;
}

std::vector<evidence::RequiredGate> required(const gate::RunResult& result) {
  std::vector<evidence::RequiredGate> gates;
  for (const gate::GateOutcome& outcome : result.outcomes) gates.push_back({outcome.gate, outcome.record.gate_version});
  return gates;
}

std::string furthest(const evidence::Derived& derived) {
  return derived.furthest ? std::string(evidence::word(*derived.furthest)) : "-";
}

std::string reason(const gate::GateOutcome& outcome) {
  if (outcome.assemble_asked == 0) return outcome.derived.reason;
  return fmt::format("{}; assembles for {} of {} targets", outcome.derived.reason, outcome.assembled,
                     outcome.assemble_asked);
}

/// What the device questions found; of a run without a device nothing.
reports::MeasuredLines measured(const gate::RunResult& result) {
  if (!result.survey) return {};
  const cuda::DeviceFacts& device = result.survey->device;
  const auto profiles = reports::builtin_profiles();
  const reports::Profile* profile =
      profiles ? reports::match_profile(*profiles, device.name, device.major, device.minor) : nullptr;
  return reports::measured_lines(result.records, to_string(device.own_target()), profile);
}

/// What nobody asked for is no news; that it was not asked for must not be overlooked either.
std::string not_selected(const gate::RunResult& result) {
  const auto left_out = [&](bool kernels) {
    return std::ranges::count_if(
        result.outcomes, [&](const auto& outcome) { return !outcome.selected() && is_of_kernel(outcome) == kernels; });
  };
  const auto kernels =
      std::ranges::count_if(result.outcomes, [](const gate::GateOutcome& outcome) { return is_of_kernel(outcome); });
  std::string told;
  const auto tell = [&](std::string_view what, std::ptrdiff_t missing, std::ptrdiff_t all) {
    if (missing > 0)
      told += fmt::format("{} of {} {} were not selected: the run was asked for other ones\n", missing, all, what);
  };
  tell("gates", left_out(false), std::ssize(result.outcomes) - kernels);
  tell("kernels", left_out(true), kernels);
  return told;
}

std::vector<std::vector<Cell>> gate_rows(const gate::RunResult& result) {
  std::vector<std::vector<Cell>> rows;
  for (const gate::GateOutcome& outcome : result.outcomes)
    if (outcome.selected() && !is_of_kernel(outcome))
      rows.push_back({{outcome.gate},
                      {std::string(evidence::word(outcome.derived.verdict)), colour_of(outcome.derived.verdict)},
                      {std::string(evidence::word(outcome.derived.evidence_class))},
                      {furthest(outcome.derived)},
                      {reason(outcome)}});
  return rows;
}

void print_table(const gate::RunResult& result, const std::filesystem::path& folder) {
  const bool colour = takes_colour(STDOUT_FILENO);
  if (result.survey)
    fmt::print("{}, compute capability {}.{}, driver {}\n\n", paint(result.survey->device.name, Colour::bold, colour),
               result.survey->device.major, result.survey->device.minor, result.survey->driver.driver_version);
  const reports::MeasuredLines lines = measured(result);
  for (const auto& [label, text] : lines) fmt::print("  {:<22} {}\n", label, text);
  if (!lines.empty()) fmt::print("\n");
  const std::size_t width = columns_of(STDOUT_FILENO, 160);
  fmt::print("{}{}\n{}{}{}{}Bundle: {}\nCheck it: assay verify --recompute {}\n",
             table({"gate", "verdict", "evidence class", "furthest", "why"}, gate_rows(result), width, colour),
             not_selected(result), kernel_text(result, width, colour), matrix_text(result.records, width, colour),
             image_text(result.records, width, colour), error_legend(result.records, width, colour), folder.string(),
             folder.string());
}

void print_json(const gate::RunResult& result, const std::filesystem::path& folder, const std::string& manifest,
                const Signed& signature, Exit exit) {
  Json gates = Json::array();
  for (const gate::GateOutcome& outcome : result.outcomes) {
    if (is_of_kernel(outcome)) continue;
    gates.push_back({{"gate", outcome.gate},
                     {"selected", outcome.selected()},
                     {"verdict", evidence::word(outcome.derived.verdict)},
                     {"class", evidence::word(outcome.derived.evidence_class)},
                     {"level", evidence::word(outcome.derived.level)},
                     {"furthest", furthest(outcome.derived)},
                     {"reason", outcome.derived.reason},
                     {"assembled", outcome.assembled},
                     {"assemble_asked", outcome.assemble_asked}});
  }
  const Json document = {{"schema", "run-summary/1"},
                         {"bundle", folder.string()},
                         {"manifest_sha256", manifest},
                         {"signed_by", signature.keyid},
                         {"gates", gates},
                         {"kernels", kernel_json(result)},
                         {"matrix", matrix_json(result.records)},
                         {"images", image_json(result.records)},
                         {"codes", error_legend_json(result.records)},
                         {"exit", static_cast<int>(exit)}};
  if (const auto text = pretty_json(document)) fmt::print("{}", *text);
}

Exit interrupted(evidence::BundleWriter& bundle, int signal) {
  if (const Status marked = bundle.interrupt(signal); !marked)
    return complain("run", marked.error(), Exit::environment);
  fmt::print(stderr, "assay run: interrupted; the bundle is marked partial\n");
  return signal == SIGTERM ? Exit::terminated : Exit::interrupted;
}

/// What no other moment mends is the caller's mistake: a name that cannot be one, a folder that is in use. A refusal
/// with any other errno (full disk, no permission) is the machine's.
Exit blame(const Error& error) {
  const bool mistaken = error.code == 0 || error.code == ENOTDIR || error.code == EEXIST;
  return mistaken ? Exit::usage : Exit::environment;
}

/// A driver's refusal with the way on, which for a library that crashed or is none is all that can be said.
Exit complain_of_driver(const Error& error) {
  Error told = error;
  told.message = fmt::format("no device answered: {}; 'assay doctor' examines this machine", error.message);
  return complain("run", told, Exit::environment);
}

/// A challenge that no run began to answer may be answered by the next.
void give_back(const Commission& commission) {
  if (commission.issued) forget_answer(*commission.issued);
}

/// A run that a busy device kept from beginning leaves no folder behind.
Exit abandoned(const std::filesystem::path& folder, const Commission& commission, const Error& error) {
  std::error_code ignored;
  if (error.code == EWOULDBLOCK) {
    give_back(commission);
    std::filesystem::remove_all(folder, ignored);
  }
  return complain("run", error, Exit::environment);
}

Result<evidence::BundleWriter> create_bundle(const std::filesystem::path& folder, const Commission& commission,
                                             const evidence::Redactor* redactor) {
  return commission.issued ? evidence::BundleWriter::create(folder, *commission.issued, redactor)
                           : evidence::BundleWriter::create(folder, commission.challenge, redactor);
}

/// Signs and tells of the run. A signature that was wanted and refused outweighs how the gates ended.
Exit conclude(const Options& options, const gate::RunResult& result, const Commission& commission,
              const std::filesystem::path& folder, const std::string& manifest) {
  const Signed signature = sign_run(folder, commission);
  const Exit exit = signature.refusal ? Exit::integrity : exit_of(result);
  options.json ? print_json(result, folder, manifest, signature, exit) : print_table(result, folder);
  if (!options.json && !signature.keyid.empty()) fmt::print("Signed with key {}\n", signature.keyid);
  const Exit told = result.driver_error ? complain_of_driver(*result.driver_error) : exit;
  return signature.refusal ? complain("run", *signature.refusal, Exit::integrity) : told;
}

Exit record_run(const Options& options, const Commission& commission, const std::filesystem::path& folder,
                const evidence::Redactor& redactor) {
  Result<evidence::BundleWriter> bundle = create_bundle(folder, commission, options.no_redact ? nullptr : &redactor);
  if (!bundle) {
    give_back(commission);
    return complain("run", bundle.error(), blame(bundle.error()));
  }
  BundleJournal journal(*bundle);
  Progress progress(options.quiet);
  gate::RunOptions wanted = run_options(options, commission.challenge);
  std::optional<HostLock> device_lock;
  wanted.claim = [&device_lock](const gate::Survey& survey) -> Status {
    Result<HostLock> lock = lock_device(survey);
    if (!lock) return lock.error();
    device_lock = *std::move(lock);
    return ok();
  };
  const auto result = gate::run_gates(all_gates(), wanted, journal, progress);
  if (!result) return abandoned(folder, commission, result.error());
  if (result->interrupted != 0) return interrupted(*bundle, result->interrupted);

  bundle->set_environment(describe_environment(*result, redactor));
  bundle->set_gates(required(*result));
  const Result<std::string> manifest = bundle->finish();
  if (!manifest) return complain("run", manifest.error(), Exit::environment);
  return conclude(options, *result, commission, folder, *manifest);
}

/// Once, before anything runs: what an edited image does to a machine is not known beforehand.
void warn_of_patched_launch(gate::PatchedLaunch launch) {
  if (launch == gate::PatchedLaunch::none) return;
  const std::string_view what =
      launch == gate::PatchedLaunch::all
          ? "images of multicast and tensor-memory allocation too; it may hang the GPU or the "
            "machine, so only on a machine of your own"
          : "the plain arithmetic kernel";
  fmt::print(stderr,
             "assay run: edited images will be launched: {}. Each runs in a child process; the first after which the "
             "copy control fails is the last.\n",
             what);
}

/// What is asked for at once, but cannot be: empty if all of it can.
std::string contradiction(const Options& options) {
  if (!options.challenge.empty() && !options.gates.empty())
    return "--gate: a verifier's challenge says which gates are asked; leave out one of the two";
  if (!options.key.file.empty() && options.no_redact)
    return "--no-redact: a private bundle is never signed; leave out one of the two";
  return {};
}

Exit run(Options options) {
  if (!options.driver.empty())
    if (const auto choice = cuda::parse_driver_choice(options.driver); !choice)
      return complain("run", choice.error(), Exit::usage);
  if (const std::string wrong = contradiction(options); !wrong.empty())
    return complain("run", Error{wrong}, Exit::usage);
  Exit exit = Exit::usage;
  const Result<Commission> commission = take_commission(options.challenge, options.key, exit);
  if (!commission) return complain("run", commission.error(), exit);
  if (commission->issued) options.gates = commission->challenge.gates;
  if (const auto gates = gate::select_gates(all_gates(), options.gates); !gates)
    return complain("run", gates.error(), Exit::usage);
  const Result<Digest> salt = evidence::load_or_create_salt(state_folder());
  if (!salt) return complain("run", salt.error(), Exit::environment);

  warn_of_patched_launch(launch_allowed(options));
  watch_for_interrupt();
  const std::filesystem::path folder =
      options.out.empty() ? default_folder(commission->challenge) : std::filesystem::path(options.out);
  if (commission->issued)
    if (const Status noted = note_answer(*commission->issued, folder); !noted)
      return complain("run", noted.error(), noted.error().code == 0 ? Exit::integrity : Exit::environment);
  return record_run(options, *commission, folder, evidence::Redactor(evidence::local_secrets(), *salt));
}

}  // namespace

Exit run_run(Arguments arguments) {
  if (asks_for_layers(arguments)) return run_layers(arguments);
  CLI::App app;
  Options options;
  app.add_option("--out", options.out, "Folder of the bundle; new or empty (default: assay-runs/run-TIME-ID)");
  app.add_option("--driver", options.driver, "system, or the path of a libcuda (default: system)");
  app.add_option("--device", options.device, "Index or UUID (default: 0)");
  app.add_option("--gate", options.gates, "Only these gates or kernels and what they need; may be repeated");
  app.add_option("--attempt-limit", options.attempt_seconds, "Seconds for one attempt")->check(CLI::Range(1, 3600));
  app.add_option("--run-limit", options.run_seconds, "Seconds for the whole run")->check(CLI::Range(1, 86400));
  app.add_option("--allow-patched-launch", options.patched_launch,
                 "Launch edited images of cubin.arch_patch: baseline (the plain kernel) or all (a machine of your own)")
      ->check(CLI::IsMember({"baseline", "all"}));
  app.add_option("--challenge", options.challenge, "Answer this challenge of a verifier, which says which gates");
  app.add_option("--sign", options.key.file, "Sign the bundle with this private key");
  add_passphrase_option(app, options.key);
  app.add_option("--artifact",
                 "The kernels over an artifact's tensors, and no bundle; 'assay run --artifact DIR --help'");
  app.add_flag("--no-cache", options.no_cache, "Assemble everything anew");
  app.add_flag("--no-redact", options.no_redact, "Keep host names, users and paths; marks the bundle private");
  app.add_flag("--json", options.json, "Summary as JSON on standard output");
  app.add_flag("--quiet", options.quiet, "No progress on standard error");
  Exit end = Exit::done;
  if (!parse(app, arguments, *find_subcommand("run"), end)) return end;
  return run(options);
}

}  // namespace assay::cli
