#include "kernels/bench/workload.h"

#include <fmt/format.h>

namespace assay::kernels::bench {
namespace {

std::string cluster_words(const cuda::Extent& cluster) {
  if (cluster.y == 1 && cluster.z == 1) return fmt::format("{}", cluster.x);
  return fmt::format("{}x{}x{}", cluster.x, cluster.y, cluster.z);
}

}  // namespace

std::string describe(const std::vector<Step>& steps) {
  std::string text;
  for (const Step& step : steps) {
    const auto& [grid, block, cluster, shared, non_portable] = step.shape;
    text += fmt::format("{}grid {}x{}x{}, block {}x{}x{}, cluster {}, shared {} B", text.empty() ? "" : "; ", grid.x,
                        grid.y, grid.z, block.x, block.y, block.z, cluster_words(cluster), shared);
  }
  return text;
}

}  // namespace assay::kernels::bench
