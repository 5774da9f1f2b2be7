// The functions that drivers before CUDA 12.0 lack. Their kernel takes an address and a tensor map.
#include <cuda.h>

#include <cstring>

#include "tests/cuda/stand_in/seen.h"

namespace {

bool aligned(const void* pointer, std::uintptr_t to) { return reinterpret_cast<std::uintptr_t>(pointer) % to == 0; }

void note_shape(const CUlaunchConfig& config) {
  auto& seen = *stand_in_seen();
  seen.grid = {config.gridDimX, config.gridDimY, config.gridDimZ};
  seen.block = {config.blockDimX, config.blockDimY, config.blockDimZ};
  seen.dynamic_shared = config.sharedMemBytes;
  seen.has_cluster = config.numAttrs == 1 && config.attrs[0].id == CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION;
  if (!seen.has_cluster) return;
  const auto& cluster = config.attrs[0].value.clusterDim;
  seen.cluster = {cluster.x, cluster.y, cluster.z};
}

}  // namespace

extern "C" {

CUresult cuLaunchKernelEx(const CUlaunchConfig* config, CUfunction, void** parameters, void**) {
  auto& seen = *stand_in_seen();
  ++seen.launches;
  if (seen.capturing) ++seen.captured;
  note_shape(*config);
  std::memcpy(&seen.first_parameter, parameters[0], sizeof seen.first_parameter);
  std::memcpy(seen.second_parameter.data(), parameters[1], seen.second_parameter.size());
  seen.parameters_aligned = aligned(parameters[0], 8) && aligned(parameters[1], 64);
  return CUDA_SUCCESS;
}

CUresult cuTensorMapEncodeTiled(CUtensorMap* map, CUtensorMapDataType type, cuuint32_t rank, void*,
                                const cuuint64_t* dims, const cuuint64_t* strides, const cuuint32_t*,
                                const cuuint32_t* steps, CUtensorMapInterleave, CUtensorMapSwizzle swizzle,
                                CUtensorMapL2promotion, CUtensorMapFloatOOBfill) {
  auto& seen = *stand_in_seen();
  seen.map_rank = rank;
  seen.map_type = type;
  seen.map_swizzle = swizzle;
  seen.map_first_dimension = dims[0];
  seen.map_first_stride = strides[0];
  seen.map_step = steps[rank - 1];
  if (!aligned(map, 64)) return CUDA_ERROR_INVALID_VALUE;
  std::memset(map, 0x5a, sizeof *map);
  return CUDA_SUCCESS;
}

CUresult cuOccupancyMaxActiveClusters(int* clusters, CUfunction, const CUlaunchConfig* config) {
  note_shape(*config);
  return *clusters = 66, CUDA_SUCCESS;
}

CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, std::size_t bytes, CUstream) {
  ++stand_in_seen()->fills;
  return std::memset(reinterpret_cast<void*>(to), value, bytes), CUDA_SUCCESS;
}

// A capture that is begun twice, or ended without a beginning, is refused, as a driver does.
CUresult cuStreamBeginCapture_v2(CUstream, CUstreamCaptureMode mode) {
  auto& seen = *stand_in_seen();
  if (seen.capturing) return CUDA_ERROR_INVALID_VALUE;
  seen.capturing = true;
  seen.captured = 0;
  seen.capture_mode = mode;
  return CUDA_SUCCESS;
}
CUresult cuStreamEndCapture(CUstream, CUgraph* graph) {
  auto& seen = *stand_in_seen();
  if (!seen.capturing) return CUDA_ERROR_INVALID_VALUE;
  seen.capturing = false;
  ++seen.graphs;
  return *graph = reinterpret_cast<CUgraph>(&seen.graphs), CUDA_SUCCESS;
}
CUresult cuGraphDestroy(CUgraph) { return --stand_in_seen()->graphs, CUDA_SUCCESS; }
CUresult cuGraphInstantiateWithFlags(CUgraphExec* made, CUgraph graph, unsigned long long flags) {
  auto& seen = *stand_in_seen();
  if (seen.refuse_instantiation || graph == nullptr || flags != 0) return CUDA_ERROR_INVALID_VALUE;
  ++seen.executables;
  return *made = reinterpret_cast<CUgraphExec>(&seen.executables), CUDA_SUCCESS;
}
CUresult cuGraphExecDestroy(CUgraphExec) { return --stand_in_seen()->executables, CUDA_SUCCESS; }
CUresult cuGraphLaunch(CUgraphExec made, CUstream) {
  if (made == nullptr) return CUDA_ERROR_INVALID_VALUE;
  return ++stand_in_seen()->graph_launches, CUDA_SUCCESS;
}

}  // extern "C"
