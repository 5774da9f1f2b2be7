#include "harness/cli/signing.h"

#include <cerrno>
#include <utility>

#include <fmt/format.h>

#include "harness/cli/answer.h"
#include "harness/cli/verify_options.h"
#include "harness/evidence/sign_bundle.h"

namespace assay::cli {

Result<Commission> take_commission(const std::string& challenge_file, const KeyChoice& choice, Exit& exit) {
  Commission commission;
  if (!choice.file.empty()) {
    auto key = load_key(choice);
    exit = Exit::usage;
    if (!key) return key.error();
    commission.key = *std::move(key);
  }
  if (challenge_file.empty()) {
    commission.challenge = evidence::make_challenge("assay run");
    return Result<Commission>(std::move(commission));
  }
  auto issued = read_challenge(challenge_file);
  if (!issued) {
    exit = issued.error().code == 0 ? Exit::integrity : Exit::usage;
    return issued.error();
  }
  commission.challenge = issued->challenge;
  commission.issued = *std::move(issued);
  return Result<Commission>(std::move(commission));
}

Signed sign_run(const std::filesystem::path& folder, const Commission& commission) {
  if (!commission.key) return {};
  const Status done = evidence::sign_bundle(folder, verify_options(true), *commission.key);
  if (done) return {.keyid = commission.key->public_key().keyid(), .refusal = {}};
  return {.keyid = {}, .refusal = Error{fmt::format("not signed: {}", done.error().message)}};
}

}  // namespace assay::cli
