// An NVFP4 artifact back to a checkpoint of plain weights: for programs that read no FP4, and to compare with a master.
// Tested by tests/artifact/convert_test.cc.
#pragma once

#include <cstdint>
#include <filesystem>

#include "harness/base/result.h"
#include "kernels/artifact/artifact.h"
#include "kernels/artifact/convert.h"

namespace assay::artifact {

struct DequantizeOptions {
  Dtype dtype =
      Dtype::BF16;  ///< Or F32, which holds every value exactly; BF16 does where tensor scales are powers of two.
  unsigned threads = 1;
  std::uint64_t file_bytes = 5'000'000'000;
};

/// Writes `out`: MODULE.weight for each quantised module, everything else as it is, the configuration without what it
/// says of quantisation. Error: `out` is there already, or the file system's; then nothing is left.
Status dequantize(const Checkpoint&, const Artifact&, const DequantizeOptions&, const std::filesystem::path& out,
                  const OnProgress&);

}  // namespace assay::artifact
