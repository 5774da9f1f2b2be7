// The cases of a record, made again from the bundle's challenge: how `verify --recompute` knows what a right run shows.
// Tested by tests/cli/recompute_test.cc.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "harness/evidence/verify.h"
#include "harness/gate/gate.h"

namespace assay::cli {

/// Finds the record's row among gates and kernels and makes its cases from the challenge. A row, or a version of one,
/// that this build does not have is answered with known_version = false.
Result<evidence::Recomputed> recompute(const evidence::Record&, const Digest& nonce);
/// The same among other rows.
Result<evidence::Recomputed> recompute_among(std::span<const gate::Gate> table, const evidence::Record&,
                                             const Digest& nonce);

/// The likeness of an edited image to the native build, compared again.
std::string compare_images(const evidence::ImageEdit&, std::string_view image, std::string_view native);

}  // namespace assay::cli
