// Damaged safetensors files, and what the reader of their headers must keep whatever it is given.
//
// Blind edits end at the JSON parser, so most edits know the text: they replace a number or a word by one at the edge
// of what is allowed, drop, double or swap entries, and then mostly state the new length. Tested by
// tests/fuzz/headers_test.cc.
#pragma once

#include <string>
#include <vector>

#include "tests/fuzz/mutate.h"

namespace assay::fuzz {

/// Good files: of our writer, of the form that other writers give, without tensors, with every dtype.
std::vector<Image> header_seeds();

/// A damaged copy of one of the seeds: one to four edits.
Image mutate_header(const std::vector<Image>& seeds, Random&);

/// How far the bytes came.
struct HeaderReached {
  bool framed = false;  ///< The stated length fits.
  bool accepted = false;
  bool written = false;  ///< And could be written again.
};

/// A breach of what the reader promises ends up in `breach`: a refusal that is not one line with an offset inside the
/// file; an accepted file with a byte that belongs to no tensor or to two, with a name twice, with a tensor that the
/// strict tree parser reads otherwise, or that does not survive writing and reading.
HeaderReached run_header(const Image& image, std::string& breach);

}  // namespace assay::fuzz
