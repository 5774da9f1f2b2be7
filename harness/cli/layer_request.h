// What a child of `assay run --artifact` is asked for: layers of one artifact, one line of JSON a layer back.
//
// A kernel may crash, hang or poison its context. So the layers are measured in a child, which ends itself after one
// that failed; the parent opens no driver, and starts another child with the layers behind it. Tested by
// tests/cli/run_layers_test.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/json_fwd.h"
#include "harness/base/result.h"
#include "harness/cli/layer_figure.h"
#include "kernels/bench/product.h"
#include "kernels/kernel.h"

namespace assay::cli {

/// One problem of a layer.
struct LayerJob {
  std::string layer;  ///< Its name: kernels/layers.h.
  std::int64_t m = 1;
  bool timed = false;  ///< Unless this child has timed one of its shape; else it is checked only.
};

/// At most this many jobs in a request, so that it is a line of bounded length.
inline constexpr std::size_t kMostLayerJobs = 1000;

struct LayerRequest {
  std::string driver, device;     ///< As for `assay run`.
  std::string cache;              ///< Folder of the compile cache; empty: none.
  std::string artifact;           ///< A folder or a file.
  std::string nonce;              ///< 64 hexadecimal digits, for the activations.
  std::vector<std::string> rows;  ///< Ids of the catalogue's rows that may run here.
  std::vector<LayerJob> jobs;
  std::int64_t samples = 15;
};

Json to_json(const LayerRequest&);
Result<LayerRequest> layer_request_from_json(const Json&);

/// A device that is open.
struct LayerBench {
  kernels::DeviceLimits limits;
  kernels::bench::BenchTools tools;
  std::span<const kernels::Kernel* const> rows;  ///< That may run.
};

/// Serves the jobs: {"layer":{...}} for each, handed out as soon as it is known, and nothing after one that failed.
/// Error: the artifact, or a layer that it does not have.
Status serve_layers(const LayerRequest&, const LayerBench&, const std::function<void(std::string_view line)>& print);

}  // namespace assay::cli
