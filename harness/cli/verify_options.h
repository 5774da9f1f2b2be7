// How this program verifies, whoever asks: verify, claims, publish, check, and run before it signs.
// Tested by tests/cli/signing_test.cc.
#pragma once

#include <string>

#include "harness/base/result.h"
#include "harness/evidence/verify.h"

namespace assay::cli {

/// Every check that this build can make: edited images against native ones, claims by its catalogue, and with
/// `recompute` every oracle, native image and text.
evidence::VerifyOptions verify_options(bool recompute);

/// Adds whom the reader trusts; no file, nothing.
Status add_trust(evidence::VerifyOptions&, const std::string& file);

}  // namespace assay::cli
