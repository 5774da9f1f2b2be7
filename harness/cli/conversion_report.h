// What a conversion did to a model, for a person and for a program: which weights became NVFP4 and how near they
// stayed, which were left alone and why, and what it saves.
//
// Nearness is the signal-to-quantisation-noise ratio, 10 log10(sum of w^2 / sum of (w' - w)^2), in decibels, over the
// weights of a module, and over all of them together. It says nothing of a model's answers.
// The JSON holds it in thousandths of a decibel, as the project's JSON has no floating point.
// Tested by tests/cli/quantize_test.cc; the page in a browser by tests/browser.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/json_fwd.h"
#include "kernels/artifact/convert.h"

namespace assay::cli {

struct ConversionReport {
  std::string source, policy, tool;
  std::string method, tensor_scale, algorithm, format;  ///< As the options spell them.
  artifact::Conversion conversion;
  std::vector<artifact::KeptTensor> kept;
};

/// conversion/1, which docs/quantize.md describes.
Json to_json(const ConversionReport&);
/// The summary, the worst ten modules, and what was left alone by reason.
std::string to_text(const ConversionReport&, std::size_t columns, bool colour);
/// One self-contained page: the same, a histogram over the modules, and every tensor.
std::string to_page(const ConversionReport&);

}  // namespace assay::cli
