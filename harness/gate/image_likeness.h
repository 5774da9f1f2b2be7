// Whether an edited image holds the native build's code: what makes a right answer of it a null test.
//
// Of both copies of the code that images hold from sm_100 on; in a fatbin, of its image. Written into the record when
// the image is made, and computed again from the bundle's artifacts by every verifier. Tested by
// tests/probes/cubin_arch_patch_test.cc.
#pragma once

#include <cstddef>
#include <span>

#include "harness/evidence/record.h"

namespace assay::gate {

struct CodeLikeness {
  evidence::Likeness code = evidence::Likeness::not_compared;
  evidence::Likeness mercury = evidence::Likeness::not_compared;
  bool operator==(const CodeLikeness&) const = default;
};

/// `not_compared` where one of the two cannot be read or has no such code; an empty `native` is one that was not built.
CodeLikeness code_likeness(std::span<const std::byte> image, std::span<const std::byte> native);

}  // namespace assay::gate
