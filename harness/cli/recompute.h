// The cases of a record, made again from the bundle's challenge: how `verify --recompute` knows what a right run shows.
// Tested by tests/cli/recompute_test.cc.
#pragma once

#include <string>
#include <string_view>

#include "harness/evidence/verify.h"

namespace assay::cli {

/// Finds the record's gate in the gate table and makes its probe from the challenge. A gate, or a version of one, that
/// this build does not have is answered with known_version = false.
Result<evidence::Recomputed> recompute(const evidence::Record&, const Digest& nonce);

/// The likeness of an edited image to the native build, compared again.
std::string compare_images(const evidence::ImageEdit&, std::string_view image, std::string_view native);

}  // namespace assay::cli
