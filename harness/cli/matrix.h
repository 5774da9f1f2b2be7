// The instruction x target x stage matrix of a run, and what the loader said to images, for people and for machines.
// Tested by tests/cli/matrix_test.cc.
#pragma once

#include <span>
#include <string>

#include "harness/base/json_fwd.h"
#include "harness/evidence/verify.h"

namespace assay::cli {

/// With a heading and a line that explains the words; empty if no text was assembled. Ends in an empty line.
std::string matrix_text(std::span<const evidence::VerifiedRecord>, std::size_t width, bool colour);
/// {"targets": [...], "gates": {GATE: {TARGET: CELL}}}
Json matrix_json(std::span<const evidence::VerifiedRecord>);

/// The images by the loader's answer; empty if there were none. Ends in an empty line.
std::string image_text(std::span<const evidence::VerifiedRecord>, std::size_t width, bool colour);
/// {VARIANT: ANSWER}
Json image_json(std::span<const evidence::VerifiedRecord>);

}  // namespace assay::cli
