#include "harness/cuda/launch_request.h"

#include <fmt/format.h>

#include <algorithm>

namespace assay::cuda {

LaunchRequest::LaunchRequest(const LaunchShape& shape, CUstream stream, ClusterAttribute when) {
  config_.gridDimX = shape.grid.x;
  config_.gridDimY = shape.grid.y;
  config_.gridDimZ = shape.grid.z;
  config_.blockDimX = shape.block.x;
  config_.blockDimY = shape.block.y;
  config_.blockDimZ = shape.block.z;
  config_.sharedMemBytes = shape.dynamic_shared_bytes;
  config_.hStream = stream;

  const auto [x, y, z] = shape.cluster;
  if (when == ClusterAttribute::when_clustered && x == 1 && y == 1 && z == 1) return;
  cluster_.id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION;
  cluster_.value.clusterDim.x = x;
  cluster_.value.clusterDim.y = y;
  cluster_.value.clusterDim.z = z;
  config_.attrs = &cluster_;
  config_.numAttrs = 1;
}

Result<ParameterCopies> ParameterCopies::of(std::span<const Parameter> parameters) {
  ParameterCopies copies;
  copies.slots_.resize(parameters.size());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    auto& slot = copies.slots_[i].bytes;
    if (parameters[i].empty() || parameters[i].size() > slot.size()) {
      return Error{.message = fmt::format("kernel parameter {} has {} bytes: 1 to {} can be passed", i,
                                          parameters[i].size(), slot.size())};
    }
    std::ranges::copy(parameters[i], slot.begin());
    copies.pointers_.push_back(slot.data());
  }
  return copies;
}

}  // namespace assay::cuda
