#include "kernels/trial.h"

#include <algorithm>
#include <cmath>

#include "kernels/fast_stream.h"
#include "kernels/fragment_order.h"
#include "kernels/nvfp4/block.h"
#include "kernels/nvfp4/formats.h"
#include "kernels/nvfp4/layout.h"
#include "kernels/nvfp4/rows.h"
#include "kernels/problems.h"

namespace assay::kernels {
namespace {

std::vector<std::uint8_t> prepared(const Problem& problem, const Inputs& inputs) {
  return fragment_order(inputs.codes, inputs.scales, weight_rows(problem), problem.k, problem.gated);
}

Expected whole(Role role, std::string name, std::vector<std::byte> bytes) {
  Expected expected{
      .role = role, .size = bytes.size(), .whole = {std::move(name), std::move(bytes), {}}, .elements = {}};
  return expected;
}

std::vector<Expected> prepared_output(const Problem& problem, const Inputs& inputs) {
  return {whole(Role::weights, "weights", gate::bytes_of(prepared(problem, inputs)))};
}

/// The padding of the tiles is zero: nvfp4::tile_scales.
std::vector<Expected> quantized_outputs(const Problem& problem, const Inputs& inputs) {
  const auto blocks = static_cast<std::size_t>(problem.k) / nvfp4::kBlock;
  std::vector<float> values(inputs.x.size());
  nvfp4::bf16_to_float(inputs.x, values);
  std::vector<std::uint8_t> codes(values.size() / 2), scales(values.size() / nvfp4::kBlock);
  nvfp4::quantize_rows(values, inputs.tensor_scale[0], nvfp4::Method::rtn, codes, scales);
  std::vector<std::uint8_t> tiled(nvfp4::tiled_size(static_cast<std::size_t>(problem.m), blocks));
  nvfp4::tile_scales(scales, blocks, tiled);
  return {whole(Role::packed, "packed", gate::bytes_of(codes)),
          whole(Role::packed_scales, "packed_scales", gate::bytes_of(tiled))};
}

Expected product(const Problem& problem, const Inputs& inputs, std::vector<Element> elements, Range range) {
  refer(problem, inputs, elements, reference_threads());
  const auto size = static_cast<std::size_t>(problem.m * problem.n) * sizeof(std::uint16_t);
  return {.role = Role::y, .size = size, .whole = {}, .elements = std::move(elements), .exact = range == Range::exact};
}

std::vector<Expected> outputs_of(const Task& task, const Inputs& inputs, std::vector<Element> elements, Range range) {
  switch (task.operation) {
    case Operation::prepare_weights:
      return prepared_output(task.problem, inputs);
    case Operation::quantize_activations:
      return quantized_outputs(task.problem, inputs);
    case Operation::w4a16_product:
      break;
  }
  return {product(task.problem, inputs, std::move(elements), range)};
}

Trial trial(const Task& task, Range range, const std::vector<Element>& elements, const gate::Seed& seed) {
  Trial trial{.name = range == Range::wide ? "wide range" : "exact range",
              .inputs = make_inputs(task.operation, task.problem, range, seed),
              .outputs = {}};
  trial.outputs = outputs_of(task, trial.inputs, elements, range);
  return trial;
}

/// Draws what is changed, and changes it so that something must move.
class Changer {
 public:
  Changer(const Task& task, const gate::Seed& seed)
      : problem_(task.problem), stream_(seed, "kernel/" + name_of(task.operation, task.problem) + "/change") {}

  /// A code of a block whose scale is not zero: what a zero scale hides moves nothing.
  void code(Inputs& inputs) {
    std::size_t at = any(inputs.codes.size());
    while (inputs.scales[at / (nvfp4::kBlock / 2)] == 0) at = (at + 1) % inputs.codes.size();
    inputs.codes[at] ^= 0x01;
  }

  /// The largest activation of a block that is not all zero, negated: its code is not zero.
  void sign(Inputs& inputs) {
    std::size_t at = any(inputs.x.size());
    while (magnitude(inputs.x[at]) == 0) at = (at + 1) % inputs.x.size();
    const std::size_t block = at / nvfp4::kBlock * nvfp4::kBlock;
    for (std::size_t i = block; i < block + nvfp4::kBlock; ++i)
      if (magnitude(inputs.x[i]) > magnitude(inputs.x[at])) at = i;
    inputs.x[at] ^= 0x8000;
  }

  /// An activation that meets a weight other than zero in column 0, made much larger; returns its row.
  std::int64_t activation(Inputs& inputs, bool exact) {
    const auto row = static_cast<std::int64_t>(any(static_cast<std::size_t>(problem_.m)));
    const auto k_size = static_cast<std::size_t>(problem_.k);
    std::size_t k = any(k_size);
    const auto meets_zero = [&](std::size_t at) {
      return (code_in_column_0(inputs, at) & 7) == 0 || inputs.scales[at / nvfp4::kBlock] == 0;
    };
    for (std::size_t tried = 0; tried < k_size && meets_zero(k); ++tried) k = (k + 1) % k_size;
    std::uint16_t& x = inputs.x[static_cast<std::size_t>(row) * k_size + k];
    x = nearest(problem_.activation, static_cast<double>(value_of(problem_.activation, x)) + (exact ? 8 : 64));
    return row;
  }

  /// Elements of that row, in order of their columns: column 0 and a few hundred more.
  std::vector<Element> elements_of(std::int64_t row) {
    constexpr std::int64_t kElements = 512;
    const std::int64_t step = std::max<std::int64_t>(1, problem_.n / kElements);
    std::vector<Element> elements;
    for (std::int64_t column = 0; column < problem_.n; column += step)
      elements.push_back({.row = row, .column = column});
    return elements;
  }

 private:
  std::size_t any(std::size_t count) { return stream_.below(static_cast<std::uint32_t>(count)); }
  static int magnitude(std::uint16_t bits) { return bits & 0x7fff; }
  static int code_in_column_0(const Inputs& inputs, std::size_t k) {
    return inputs.codes[k / 2] >> (k % 2 == 0 ? 0 : 4) & 15;
  }

  const Problem& problem_;
  FastStream stream_;
};

}  // namespace

Task make_task(Operation operation, const Problem& problem, const gate::Seed& seed) {
  Task task{.operation = operation, .problem = problem, .trials = {}};
  const bool is_product = operation == Operation::w4a16_product;
  const std::vector<Element> elements = is_product ? compared_elements(problem, seed) : std::vector<Element>();
  task.trials.push_back(trial(task, Range::wide, elements, seed));
  if (is_product && !problem.gated) task.trials.push_back(trial(task, Range::exact, elements, seed));
  return task;
}

Change make_change(const Task& task, const gate::Seed& seed) {
  const Trial& last = task.trials.back();
  Changer changer(task, seed);
  Change change{.role = Role::x, .trial = {"changed", last.inputs, {}}, .wrong = last.outputs, .row = std::nullopt};
  Inputs& inputs = change.trial.inputs;
  const Range range = last.outputs.front().exact ? Range::exact : Range::wide;
  std::vector<Element> elements;
  switch (task.operation) {
    case Operation::prepare_weights:
      change.role = Role::codes;
      changer.code(inputs);
      break;
    case Operation::quantize_activations:
      changer.sign(inputs);
      break;
    case Operation::w4a16_product:
      change.row = changer.activation(inputs, range == Range::exact);
      elements = changer.elements_of(*change.row);
      change.wrong = outputs_of(task, last.inputs, elements, range);
      break;
  }
  change.trial.outputs = outputs_of(task, inputs, elements, range);
  return change;
}

std::vector<std::byte> array_of(Role role, const Operation& operation, const Problem& problem, const Inputs& inputs) {
  switch (role) {
    case Role::codes:
      return gate::bytes_of(inputs.codes);
    case Role::scales:
      return gate::bytes_of(inputs.scales);
    case Role::weights:
      return operation == Operation::w4a16_product ? gate::bytes_of(prepared(problem, inputs))
                                                   : std::vector<std::byte>();
    case Role::x:
      return gate::bytes_of(inputs.x);
    case Role::bias:
      return gate::bytes_of(inputs.bias);
    default:
      return {};
  }
}

}  // namespace assay::kernels
