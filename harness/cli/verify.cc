// `assay verify`: is a bundle whole, unchanged, consistent and rightly labelled, and who vouches for it?
#include <filesystem>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/base/file_system.h"
#include "harness/cli/key_choice.h"
#include "harness/cli/pae.h"
#include "harness/cli/publication.h"
#include "harness/cli/subcommand.h"
#include "harness/cli/verify_options.h"
#include "harness/cli/verify_text.h"
#include "harness/evidence/issued_challenge.h"
#include "harness/evidence/sign_bundle.h"

namespace assay::cli {
namespace {

struct Options {
  std::string folder, trust, challenge, emit, published;
  KeyChoice key;
  bool again = false, independent = false, json = false;
};

/// What is asked for at once, but cannot be: empty if all of it can.
std::string contradiction(const Options& options) {
  if (options.independent && options.trust.empty())
    return "--independent needs --trust: without it nobody is known to be independent";
  if (!options.key.file.empty() && !options.again)
    return "--sign needs --recompute: a verifier signs what he has computed again";
  return {};
}

/// The challenge that the bundle is to answer. Whether it has expired by now is no matter: the run has its times.
Status add_challenge(evidence::VerifyOptions& verify, const std::string& file) {
  if (file.empty()) return ok();
  const auto text = read_file(file);
  if (!text) return text.error();
  const auto challenge = evidence::read_issued_challenge(*text, file);
  if (!challenge) return challenge.error();
  verify.challenge_sha256 = hex(sha256(challenge->payload));
  return ok();
}

/// After a whole verification that found nothing.
Exit cosign(const Options& options, const evidence::VerifyReport& report, const evidence::PrivateKey& key) {
  if (const Status done = evidence::cosign_bundle(options.folder, report, key); !done)
    return complain("verify", Error{fmt::format("not signed: {}", done.error().message)}, Exit::integrity);
  if (!options.json) fmt::print("  signed too with key {}\n", key.public_key().keyid());
  return Exit::done;
}

/// Renders the report again. A file that is another one was written by hand, or from another bundle.
Exit compare_report(const Options& options, const evidence::VerifyOptions& verify) {
  const Result<evidence::VerifiedBundle> bundle = evidence::VerifiedBundle::open(options.folder, verify);
  if (!bundle) return complain("verify", Error{bundle.error().message}, Exit::integrity);
  const Result<std::vector<std::string>> names = compare_files(*bundle, options.published);
  if (!names) return complain("verify", names.error(), Exit::integrity);
  if (!options.json)
    fmt::print("  {} in {}: what this bundle renders to\n", fmt::join(*names, ", "), options.published);
  return Exit::done;
}

Exit verify(const Options& options, const evidence::VerifyOptions& verify, const evidence::PrivateKey* key) {
  VerifyView view{.folder = options.folder,
                  .recomputed = options.again,
                  .unfit_refused = verify.trust || key != nullptr,
                  .emitted = {}};
  if (!options.emit.empty()) {
    auto emitted = emit_pae(options.folder, verify.trust.value_or(evidence::TrustFile{}), options.emit);
    if (!emitted) return complain("verify", emitted.error(), Exit::integrity);
    view.emitted = *std::move(emitted);
  }
  const evidence::VerifyReport report = evidence::verify_bundle(options.folder, verify);
  options.json ? print_verify_json(report, view) : print_verify_text(report, view);
  if (!holds(report, view)) return Exit::integrity;
  if (options.independent && report.attestation.trust != evidence::Trust::independent)
    return complain("verify", Error{fmt::format("not independent: {}", report.attestation.line)}, Exit::failed);
  if (!options.published.empty())
    if (const Exit end = compare_report(options, verify); end != Exit::done) return end;
  return key != nullptr ? cosign(options, report, *key) : Exit::done;
}

Exit verify(const Options& options) {
  if (const std::string wrong = contradiction(options); !wrong.empty())
    return complain("verify", Error{wrong}, Exit::usage);
  std::error_code unreadable;
  if (!std::filesystem::is_directory(options.folder, unreadable))
    return complain("verify", Error{fmt::format("{}: no such folder; name the folder that a run left", options.folder)},
                    Exit::usage);
  evidence::VerifyOptions wanted = verify_options(options.again);
  if (const Status added = add_trust(wanted, options.trust); !added)
    return complain("verify", added.error(), Exit::usage);
  if (const Status added = add_challenge(wanted, options.challenge); !added)
    return complain("verify", added.error(), added.error().code == 0 ? Exit::integrity : Exit::usage);
  if (options.key.file.empty()) return verify(options, wanted, nullptr);
  const auto key = load_key(options.key);
  return key ? verify(options, wanted, &*key) : complain("verify", key.error(), Exit::usage);
}

}  // namespace

Exit run_verify(Arguments arguments) {
  CLI::App app;
  Options options;
  app.add_option("BUNDLE", options.folder, "Folder that a run left")->required();
  app.add_flag("--recompute", options.again, "Compute every oracle again from the challenge and compare digests");
  app.add_option("--trust", options.trust,
                 "Trust file: refuse what no trusted operator signed, or is unfit to publish");
  app.add_flag("--independent", options.independent, "End with 1 unless a trusted verifier challenged and signed too");
  app.add_option("--report", options.published, "Folder that publish wrote: render its files again and compare");
  app.add_option("--challenge", options.challenge, "The challenge file that the bundle must answer");
  app.add_option("--emit-pae", options.emit, "Folder for what stock openssl needs to check each signature");
  app.add_option("--sign", options.key.file, "Add a verifier's signature with this private key");
  add_passphrase_option(app, options.key);
  app.add_flag("--json", options.json, "Report as JSON on standard output");
  Exit end = Exit::done;
  if (!parse(app, arguments, *find_subcommand("verify"), end)) return end;
  return verify(options);
}

}  // namespace assay::cli
