// A manifest as a workload: files are read, buffers get what they hold, texts become images.
//
// From here on a kernel of the user's own and a row of the catalogue go the same way: verified by an oracle that knows
// nothing of the kernel, timed over rotated copies, written down in the same form. Tested by
// tests/bench/own_kernel_test.cc.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "harness/base/result.h"
#include "kernels/bench/manifest.h"
#include "kernels/bench/oracle.h"
#include "kernels/bench/product.h"

namespace assay::kernels::bench {

/// The image that a driver is handed, of the manifest's file. Error: a refusal with the tool's words.
using MakeImage = std::function<Result<std::vector<std::byte>>(const Manifest&, std::string_view content)>;

struct OwnKernel {
  Workload workload;
  Inputs inputs;  ///< Of a product; else empty.
};
Result<OwnKernel> own_kernel(const Manifest&, const MakeImage&);

/// The oracle of an expected file. Error: the file cannot be read or has another size than the output.
Result<std::unique_ptr<Oracle>> file_oracle(const Manifest&);

/// Everything: made, placed, judged, timed.
Result<Measured> measure_own(const Manifest&, const MakeImage&, const BenchTools&, const TurnOptions&);

}  // namespace assay::kernels::bench
