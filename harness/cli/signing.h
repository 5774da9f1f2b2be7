// What `assay run` is asked to answer and to sign with, settled before anything runs, and the signing afterwards.
// Tested by tests/cli/signing_test.cc.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "harness/base/result.h"
#include "harness/cli/exit.h"
#include "harness/cli/key_choice.h"
#include "harness/evidence/issued_challenge.h"

namespace assay::cli {

/// A run's challenge, and the key that signs its bundle.
struct Commission {
  evidence::Challenge challenge;                    ///< The issued one, or one that the operator issued to himself.
  std::optional<evidence::IssuedChallenge> issued;  ///< As a verifier signed it.
  std::optional<evidence::PrivateKey> key;
};

/// How signing ended.
struct Signed {
  std::string keyid;             ///< Empty: nobody signed.
  std::optional<Error> refusal;  ///< Why not, if somebody wanted to.
};

/// Reads challenge and key, where they are named. Error, with the exit code that goes with it in `exit`: neither can be
/// used.
Result<Commission> take_commission(const std::string& challenge_file, const KeyChoice& key, Exit& exit);

/// Verifies the bundle that was just sealed, with all that this build can check, and signs it.
Signed sign_run(const std::filesystem::path& folder, const Commission& commission);

}  // namespace assay::cli
