#include "kernels/w4a16_reference.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <thread>

#include "kernels/artifact/parallel.h"
#include "kernels/fast_stream.h"
#include "kernels/nvfp4/block.h"
#include "kernels/nvfp4/formats.h"
#include "kernels/nvfp4/rows.h"
#include "kernels/problems.h"

namespace assay::kernels {
namespace {

constexpr std::size_t kLanes = 8;

/// A sum of products, and of their magnitudes.
struct Sums {
  double sum = 0, magnitude = 0;
};

double total(const std::array<double, kLanes>& lanes) {
  double sum = 0;
  for (const double lane : lanes) sum += lane;
  return sum;
}

/// K is a multiple of 16.
Sums dot(std::span<const float> a, std::span<const float> b) {
  std::array<double, kLanes> sums{}, magnitudes{};
  for (std::size_t i = 0; i < a.size(); i += kLanes)
    for (std::size_t j = 0; j < kLanes; ++j) {
      const double product = static_cast<double>(a[i + j]) * static_cast<double>(b[i + j]);
      sums[j] += product;
      magnitudes[j] += std::fabs(product);
    }
  return {total(sums), total(magnitudes)};
}

std::vector<float> values_of(const Problem& problem, const Inputs& inputs) {
  std::vector<float> values(inputs.x.size());
  problem.activation == Activation::bf16 ? nvfp4::bf16_to_float(inputs.x, values)
                                         : nvfp4::f16_to_float(inputs.x, values);
  return values;
}

/// Half a unit in the last place, relative, and where that ends.
struct Rounding {
  double relative = 0, least = 0;
};
Rounding rounding_of(Activation type) {
  return type == Activation::bf16 ? Rounding{0x1p-8, 0} : Rounding{0x1p-11, 0x1p-25};
}

/// A sum with its tensor scale and bias, and what float32 may lose of it.
struct Scaled {
  double value = 0, error = 0;
};

class Reference {
 public:
  Reference(const Problem& problem, const Inputs& inputs)
      : problem_(problem), inputs_(inputs), k_(static_cast<std::size_t>(problem.k)), x_(values_of(problem, inputs)) {}

  /// Elements of one column; the weights of the column are decoded once.
  void column(std::span<Element> elements) const {
    const std::int64_t n = elements.front().column;
    const std::vector<float> first = weights(n),
                             second = problem_.gated ? weights(n + problem_.n) : std::vector<float>();
    for (Element& element : elements) {
      const Scaled sum = scaled(dot(x_of(element.row), first), 0, element.column);
      problem_.gated ? gate(element, sum, scaled(dot(x_of(element.row), second), 1, element.column))
                     : plain(element, sum);
    }
  }

 private:
  std::span<const float> x_of(std::int64_t row) const {
    return std::span(x_).subspan(static_cast<std::size_t>(row) * k_, k_);
  }

  std::vector<float> weights(std::int64_t row) const {
    const auto at = static_cast<std::size_t>(row);
    std::vector<float> values(k_);
    nvfp4::dequantize_rows(std::span(inputs_.codes).subspan(at * k_ / 2, k_ / 2),
                           std::span(inputs_.scales).subspan(at * k_ / nvfp4::kBlock, k_ / nvfp4::kBlock), 1, values);
    return values;
  }

  Scaled scaled(const Sums& sums, std::size_t matrix, std::int64_t column) const {
    const double scale = static_cast<double>(inputs_.tensor_scale[matrix]);
    const double bias = problem_.bias ? static_cast<double>(inputs_.bias[static_cast<std::size_t>(column)]) : 0;
    const double magnitude = scale * sums.magnitude + std::fabs(bias);
    return {std::fma(scale, sums.sum, bias), static_cast<double>(problem_.k) * 0x1p-23 * magnitude};
  }

  void plain(Element& element, const Scaled& y) const {
    const Rounding rounding = rounding_of(problem_.activation);
    element.value = y.value;
    element.bound = rounding.relative * std::fabs(y.value) + rounding.least + y.error;
  }

  void gate(Element& element, const Scaled& g, const Scaled& v) const {
    const Rounding rounding = rounding_of(problem_.activation);
    const double silu = g.value / (1 + std::exp(-g.value)), size = std::fabs(v.value) + v.error;
    const double own = (8 + std::fabs(g.value)) * 0x1p-22 * std::fabs(silu) + 0x1p-110;
    element.value = silu * v.value;
    element.bound = rounding.relative * std::fabs(element.value) + rounding.least +
                    2 * (1.1 * g.error * size + std::fabs(silu) * v.error + own * size);
  }

  const Problem& problem_;
  const Inputs& inputs_;
  std::size_t k_;
  std::vector<float> x_;
};

/// Where another column begins, and the end.
std::vector<std::size_t> column_ends(std::span<const Element> elements) {
  std::vector<std::size_t> ends;
  for (std::size_t i = 1; i <= elements.size(); ++i)
    if (i == elements.size() || elements[i].column != elements[i - 1].column) ends.push_back(i);
  return ends;
}

std::vector<Element> all_elements(const Problem& problem) {
  std::vector<Element> elements;
  for (std::int64_t column = 0; column < problem.n; ++column)
    for (std::int64_t row = 0; row < problem.m; ++row) elements.push_back({.row = row, .column = column});
  return elements;
}

/// Draws rows and columns; sorts and drops what was drawn twice.
class Sample {
 public:
  Sample(const Problem& problem, const gate::Seed& seed)
      : problem_(problem), stream_(seed, "kernel/" + name_of(Operation::w4a16_product, problem) + "/compared") {}

  std::vector<Element> draw() {
    constexpr std::int64_t kTile = 64, kRandom = 15872;
    for (std::int64_t row = 0; row < problem_.m; ++row) add(row, any(problem_.n));
    add(any(problem_.m), 0);
    for (std::int64_t edge = kTile; edge < problem_.n; edge += kTile) {
      add(any(problem_.m), edge - 1);
      add(any(problem_.m), edge);
    }
    add(any(problem_.m), problem_.n - 1);
    for (std::int64_t i = 0; i < kRandom; ++i) add(any(problem_.m), any(problem_.n));
    return sorted();
  }

 private:
  std::int64_t any(std::int64_t count) { return stream_.below(static_cast<std::uint32_t>(count)); }
  void add(std::int64_t row, std::int64_t column) { drawn_.push_back({.row = row, .column = column}); }

  std::vector<Element> sorted() {
    const auto place = [](const Element& element) { return std::pair(element.column, element.row); };
    std::ranges::sort(drawn_, {}, place);
    const auto same = [&](const Element& a, const Element& b) { return place(a) == place(b); };
    drawn_.erase(std::unique(drawn_.begin(), drawn_.end(), same), drawn_.end());
    return std::move(drawn_);
  }

  const Problem& problem_;
  FastStream stream_;
  std::vector<Element> drawn_;
};

}  // namespace

double deciding_elements(std::span<const Element> elements) {
  double squares = 0, fourths = 0;
  for (const Element& element : elements) {
    const double square = element.value * element.value;
    squares += square, fourths += square * square;
  }
  return fourths == 0 ? 0 : squares * squares / fourths;
}

unsigned reference_threads() { return std::clamp(std::thread::hardware_concurrency(), 1u, 16u); }

void refer(const Problem& problem, const Inputs& inputs, std::span<Element> elements, unsigned threads) {
  const Reference reference(problem, inputs);
  const std::vector<std::size_t> ends = column_ends(elements);
  const Status done = artifact::for_each_unit(ends.size(), threads, [&](std::size_t i) -> Status {
    const std::size_t begin = i == 0 ? 0 : ends[i - 1];
    reference.column(elements.subspan(begin, ends[i] - begin));
    return ok();
  });
  (void)done;  // no unit can fail
}

std::vector<Element> compared_elements(const Problem& problem, const gate::Seed& seed) {
  return is_small(problem) ? all_elements(problem) : Sample(problem, seed).draw();
}

}  // namespace assay::kernels
