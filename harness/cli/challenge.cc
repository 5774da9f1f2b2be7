// `assay challenge`: a verifier asks an operator for a run.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/base/digest.h"
#include "harness/base/file_system.h"
#include "harness/base/json.h"
#include "harness/cli/all_gates.h"
#include "harness/cli/key_choice.h"
#include "harness/cli/subcommand.h"
#include "harness/evidence/issued_challenge.h"
#include "harness/gate/runner.h"

namespace assay::cli {
namespace {

struct Options {
  KeyChoice key;
  evidence::Demands demands{.gates = {}, .max_attempts = 1, .purpose = "acceptance run", .lifetime = {}};
  int hours = 24;
  std::string out;
  bool json = false;
};

void print(const Options& options, const evidence::IssuedChallenge& issued) {
  const std::string digest = hex(sha256(issued.payload));
  if (options.json) {
    const auto text = pretty_json({{"schema", "challenge-summary/1"},
                                   {"file", options.out},
                                   {"challenge_sha256", digest},
                                   {"issuer", issued.challenge.issuer},
                                   {"expires_utc", issued.challenge.expires_utc}});
    if (text) fmt::print("{}", *text);
    return;
  }
  fmt::print("{}: challenge {} of key {}, until {}\nThe operator answers it: assay run --challenge {} --sign KEY.pem\n",
             options.out, digest.substr(0, 12), evidence::short_id(issued.challenge.issuer),
             issued.challenge.expires_utc, options.out);
}

}  // namespace

Exit run_challenge(Arguments arguments) {
  CLI::App app;
  Options options;
  app.add_option("--key", options.key.file, "The verifier's private key")->required();
  app.add_option("-o,--out", options.out, "File of the challenge; new")->required();
  app.add_option("--hours", options.hours, "How long it may be answered")->check(CLI::Range(1, 8760));
  app.add_option("--gate", options.demands.gates, "A gate that must be asked; may be repeated (default: every gate)")
      ->allow_extra_args(false);
  app.add_option("--max-attempts", options.demands.max_attempts, "Attempts at one gate")->check(CLI::Range(1, 1000));
  app.add_option("--purpose", options.demands.purpose, "One line for people");
  add_passphrase_option(app, options.key);
  app.add_flag("--json", options.json, "As JSON on standard output");
  Exit end = Exit::done;
  if (!parse(app, arguments, *find_subcommand("challenge"), end)) return end;

  if (const auto gates = gate::select_gates(all_gates(), options.demands.gates); !gates)
    return complain("challenge", gates.error(), Exit::usage);
  const auto key = load_key(options.key);
  if (!key) return complain("challenge", key.error(), Exit::usage);
  options.demands.lifetime = std::chrono::hours(options.hours);
  const auto issued = evidence::issue_challenge(options.demands, *key);
  if (!issued) return complain("challenge", issued.error(), Exit::usage);
  if (const Status written = create_file(options.out, std::string_view(issued->envelope)); !written)
    return complain("challenge", written.error(), Exit::usage);
  print(options, *issued);
  return Exit::done;
}

}  // namespace assay::cli
