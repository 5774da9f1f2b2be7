// Answering a verifier's challenge: in time, and once.
//
// A machine that could answer a challenge again would answer until it likes the result, so the challenge is written
// down as answered before anything runs, also for a run that is interrupted later. Only a run that never began gives it
// back. Tested by tests/cli/challenge_test.cc.
#pragma once

#include <filesystem>
#include <string>

#include "harness/base/result.h"
#include "harness/evidence/issued_challenge.h"

namespace assay::cli {

/// Reads the file that `assay challenge` wrote. Error: no challenge, expired, not yet issued, or holding what no bundle
/// may hold.
Result<evidence::IssuedChallenge> read_challenge(const std::string& file);

/// Writes down that this machine answers the challenge with a bundle in `folder`. Error: it has answered it before.
Status note_answer(const evidence::IssuedChallenge& challenge, const std::filesystem::path& folder);
/// Nothing ran.
void forget_answer(const evidence::IssuedChallenge& challenge);

}  // namespace assay::cli
