// One line of `assay run --artifact`: a layer, a number of tokens, and what it came to.
//
// The figure is a kernel's, as `assay bench kernels` shows it (harness/cli/bench_figure.h), with what it is of. Layers
// of one shape take one time, so it is measured on the first of them and shown with the others in brackets. Tested by
// tests/cli/run_layers_test.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "harness/base/json_fwd.h"
#include "harness/base/result.h"
#include "harness/cli/bench_figure.h"

namespace assay::cli {

struct LayerFigure {
  std::string layer;
  bool gated = false, in_pair = false;
  std::int64_t compared = 0;  ///< Elements.
  /// Of the preparation, and of the plain read of as many bytes; 0 where it was not timed.
  std::int64_t prepare_ns = 0, prepare_read_ns = 0;
  BenchFigure figure;  ///< Its `refused` says that no row takes the layer.

  /// What has the same has the same time.
  auto shape() const { return std::tuple(figure.m, figure.n, figure.k, gated); }
};

/// What all layers came to, for one number of tokens.
struct LayerTotal {
  std::int64_t m = 0;
  std::int64_t layers = 0, right = 0;
  std::int64_t worst_of_bound_ppm = 0, relative_error_ppb = 0;  ///< The largest.
  /// Every weight once, a pair as a pair: how long the products take, and the plain reads of their bytes.
  std::int64_t median_ns = 0, plain_read_ns = 0;
  std::int64_t prepare_ns = 0, prepare_read_ns = 0;  ///< The same of preparing them.
  std::int64_t untimed = 0;  ///< Layers that are in neither sum, since nothing of their shape was timed.
};
/// In the order in which the numbers of tokens first appear.
std::vector<LayerTotal> totals_of(const std::vector<LayerFigure>&);

Json to_json(const LayerFigure&);
Result<LayerFigure> layer_figure_from_json(const Json&, const std::string& where);
Json to_json(const LayerTotal&);

/// A table and a line for each total, for people.
std::string to_text(const std::vector<LayerFigure>&, std::size_t width, bool colour);

}  // namespace assay::cli
