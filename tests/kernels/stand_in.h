// Rows that stand in for kernels, and a device that computes what they promise on the CPU: no GPU, no NVRTC.
//
// A test that wants something to go wrong changes `Sabotage`.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "harness/gate/workload.h"
#include "kernels/forms.h"
#include "kernels/fragment_order.h"
#include "kernels/inputs.h"
#include "kernels/kernel.h"
#include "kernels/nvfp4/formats.h"
#include "kernels/nvfp4/layout.h"
#include "kernels/nvfp4/rows.h"
#include "tests/support/attempt_tools.h"
#include "tests/support/fake_device.h"
#include "tests/support/tiny_cubin.h"

namespace assay::kernels {

inline constexpr gate::Prerequisite kNeedsCopy[] = {{"control.copy"}};
inline constexpr Problem kStandInProblems[] = {
    {.m = 3, .n = 24, .k = 96, .bias = true},
    {.m = 2, .n = 16, .k = 64, .activation = Activation::f16, .gated = true},
    {.m = 2, .n = 16, .k = 48},  // refused: K is no multiple of 32
};

inline Value number(std::int64_t n) { return value(static_cast<std::int32_t>(n)); }

inline std::optional<std::string> refuse_odd_k(const Problem& problem, const DeviceLimits&) {
  if (problem.k % 32 != 0) return "K is no multiple of 32";
  return std::nullopt;
}
inline std::optional<std::string> refuse_nothing(const Problem&, const DeviceLimits&) { return std::nullopt; }

/// Canonical weights, so that the device below need not know the fragment order.
inline Plan plan_product(const Problem& p, const DeviceLimits& limits) {
  const std::int32_t kind = (p.gated ? 1 : 0) + (p.activation == Activation::f16 ? 2 : 0);
  Launch launch{.source = "product for " + std::to_string(limits.multiprocessors) + " SMs: \"mma.sync",
                .entry = "product",
                .shape = {},
                .parameters = parameters(AddressOf{Role::codes}, AddressOf{Role::scales}, AddressOf{Role::x},
                                         AddressOf{Role::y}, AddressOf{Role::workspace}, TensorScale{0}, TensorScale{1},
                                         number(p.m), number(p.n), number(p.k), value(kind), AddressOf{Role::scratch})};
  if (p.bias) launch.parameters.emplace_back(AddressOf{Role::bias});
  return {.launches = {launch}, .workspace_bytes = 64, .scratch_bytes = 16, .choice = "one loop"};
}

inline Plan plan_prepare(const Problem& p, const DeviceLimits&) {
  const Launch launch{
      .source = "prepare: \"st.global",
      .entry = "prepare",
      .shape = {},
      .parameters = parameters(AddressOf{Role::codes}, AddressOf{Role::scales}, AddressOf{Role::weights},
                               number(weight_rows(p)), number(p.k), number(p.gated ? 1 : 0))};
  return {.launches = {launch}, .choice = "one loop"};
}

inline Plan plan_quantize(const Problem& p, const DeviceLimits&) {
  const Launch launch{
      .source = "quantize: \"st.global",
      .entry = "quantize",
      .shape = {},
      .parameters = parameters(AddressOf{Role::x}, AddressOf{Role::packed}, AddressOf{Role::packed_scales},
                               TensorScale{0}, number(p.m), number(p.k))};
  return {.launches = {launch}, .choice = "one loop"};
}

inline constexpr Problem kStandInPrepare[] = {{.n = 20, .k = 80}, {.n = 24, .k = 64, .gated = true}};
inline constexpr Problem kStandInQuantize[] = {{.m = 5, .k = 48}};

inline const Kernel kStandIns[] = {
    {.id = "kernel.stand_in",
     .version = 1,
     .lane = Lane::portable,
     .operation = Operation::w4a16_product,
     .summary = "A product.",
     .source = "none",
     .needs = kNeedsCopy,
     .home = {80, ' '},
     .form = kMmaSync,
     .problems = kStandInProblems,
     .refuses = refuse_odd_k,
     .plan = plan_product},
    {.id = "kernel.stand_in_prepare",
     .version = 1,
     .lane = Lane::portable,
     .operation = Operation::prepare_weights,
     .summary = "Weights.",
     .source = "none",
     .needs = kNeedsCopy,
     .home = {80, ' '},
     .form = kStore,
     .problems = kStandInPrepare,
     .refuses = refuse_nothing,
     .plan = plan_prepare},
    {.id = "kernel.stand_in_quantize",
     .version = 1,
     .lane = Lane::portable,
     .operation = Operation::quantize_activations,
     .summary = "Activations.",
     .source = "none",
     .needs = kNeedsCopy,
     .home = {80, ' '},
     .form = kStore,
     .problems = kStandInQuantize,
     .refuses = refuse_nothing,
     .plan = plan_quantize},
};

/// What is to go wrong.
struct Sabotage {
  bool wrong_element = false;      ///< One output is off by an eighth of itself.
  bool stale = false;              ///< The last output is not written.
  bool another_second = false;     ///< From the second launch on an output has another last bit.
  bool overwrites_input = false;   ///< The first activation is written.
  bool overwrites_beside = false;  ///< The byte behind y is written.
  bool leaves_workspace = false;   ///< The workspace is not zeroed again.
  bool leaks_rows = false;         ///< Row 0 holds what depends on the last row.
  bool ignores_scale = false;      ///< The tensor scale is taken for 1.
};

/// Computes what the rows above promise, in float32.
class StandInDevice : public test::FakeDevice {
 public:
  StandInDevice() {
    kernels["product"] = [this](FakeDevice&, const Launch& launch) { return product(launch); };
    kernels["prepare"] = [this](FakeDevice&, const Launch& launch) { return prepare(launch); };
    kernels["quantize"] = [this](FakeDevice&, const Launch& launch) { return quantize(launch); };
    kernels["copy"] = [this](FakeDevice&, const Launch& launch) {
      for (std::uint32_t i = 0; i < 4; ++i)
        store(launch.arg<cuda::Address>(1) + i, fetch<std::uint8_t>(launch.arg<cuda::Address>(0) + i));
      return ok();
    };
  }

  Sabotage sabotage;
  int products = 0;

 private:
  template <class T>
  std::vector<T> array(cuda::Address from, std::int64_t count) {
    std::vector<T> values(static_cast<std::size_t>(count));
    EXPECT_TRUE(read(from, std::as_writable_bytes(std::span(values))));
    return values;
  }
  template <class T>
  void put(cuda::Address to, const std::vector<T>& values) {
    EXPECT_TRUE(write(to, std::as_bytes(std::span(values))));
  }

  Status product(const Launch& launch) {
    ++products;
    const std::int64_t m = launch.arg<std::int32_t>(7), n = launch.arg<std::int32_t>(8),
                       k = launch.arg<std::int32_t>(9);
    const bool gated = (launch.arg<std::int32_t>(10) & 1) != 0;
    const Activation type = (launch.arg<std::int32_t>(10) & 2) != 0 ? Activation::f16 : Activation::bf16;
    const std::int64_t rows = gated ? 2 * n : n;
    const auto codes = array<std::uint8_t>(launch.arg<cuda::Address>(0), rows * k / 2);
    const auto scales = array<std::uint8_t>(launch.arg<cuda::Address>(1), rows * k / 16);
    const auto x = array<std::uint16_t>(launch.arg<cuda::Address>(2), m * k);
    const auto bias =
        launch.parameters.size() > 12 ? array<float>(launch.arg<cuda::Address>(12), n) : std::vector<float>();
    std::vector<std::uint16_t> y;
    const auto dot = [&](std::int64_t row, std::int64_t w, std::size_t matrix) {
      float sum = 0;
      for (std::int64_t i = 0; i < k; ++i) {
        const std::uint8_t pair = codes[static_cast<std::size_t>((w * k + i) / 2)];
        const float weight = nvfp4::e2m1_value(static_cast<std::uint8_t>(i % 2 == 0 ? pair & 15 : pair >> 4)) *
                             nvfp4::e4m3_value(scales[static_cast<std::size_t>((w * k + i) / 16)]);
        sum += value_of(type, x[static_cast<std::size_t>(row * k + i)]) * weight;
      }
      return sum * (sabotage.ignores_scale ? 1.0f : launch.arg<float>(5 + matrix));
    };
    for (std::int64_t row = 0; row < m; ++row)
      for (std::int64_t column = 0; column < n; ++column) {
        float value = dot(sabotage.leaks_rows && row == 0 ? m - 1 : row, column, 0);
        if (!bias.empty()) value += bias[static_cast<std::size_t>(column)];
        if (gated) value = value / (1 + std::exp(-value)) * dot(row, n + column, 1);
        y.push_back(nearest(type, static_cast<double>(value)));
      }
    if (sabotage.wrong_element) y[1] = static_cast<std::uint16_t>(y[1] + (type == Activation::bf16 ? 0x10 : 0x80));
    if (sabotage.another_second && products > 1) y[2] ^= 1;
    if (sabotage.stale) y.pop_back();
    put(launch.arg<cuda::Address>(3), y);
    if (sabotage.overwrites_input) store<std::uint16_t>(launch.arg<cuda::Address>(2), 0);
    if (sabotage.overwrites_beside) {
      const cuda::Address behind = launch.arg<cuda::Address>(3) + static_cast<cuda::Address>(m * n * 2);
      store<std::uint8_t>(behind, static_cast<std::uint8_t>(~fetch<std::uint8_t>(behind)));
    }
    store<std::int32_t>(launch.arg<cuda::Address>(11), products);  // what scratch holds is nobody's
    if (sabotage.leaves_workspace) store<std::uint32_t>(launch.arg<cuda::Address>(4), 7);
    return ok();
  }

  Status prepare(const Launch& launch) {
    const std::int64_t rows = launch.arg<std::int32_t>(3), k = launch.arg<std::int32_t>(4);
    const auto codes = array<std::uint8_t>(launch.arg<cuda::Address>(0), rows * k / 2);
    const auto scales = array<std::uint8_t>(launch.arg<cuda::Address>(1), rows * k / 16);
    auto weights = fragment_order(codes, scales, rows, k, launch.arg<std::int32_t>(5) != 0);
    if (sabotage.wrong_element) weights[7] ^= 1;
    put(launch.arg<cuda::Address>(2), weights);
    return ok();
  }

  Status quantize(const Launch& launch) {
    const std::int64_t m = launch.arg<std::int32_t>(4), k = launch.arg<std::int32_t>(5);
    const auto x = array<std::uint16_t>(launch.arg<cuda::Address>(0), m * k);
    std::vector<float> values(x.size());
    nvfp4::bf16_to_float(x, values);
    std::vector<std::uint8_t> codes(x.size() / 2), scales(x.size() / 16);
    nvfp4::quantize_rows(values, launch.arg<float>(3), nvfp4::Method::rtn, codes, scales);
    const auto blocks = static_cast<std::size_t>(k / 16);
    std::vector<std::uint8_t> tiled(nvfp4::tiled_size(static_cast<std::size_t>(m), blocks));
    nvfp4::tile_scales(scales, blocks, tiled);
    if (sabotage.stale) codes.pop_back();
    put(launch.arg<cuda::Address>(1), codes);
    put(launch.arg<cuda::Address>(2), tiled);
    return ok();
  }
};

/// Images with an opcode of their own for each instruction that a text holds as a string.
class TinyCompiler : public cuda::CudaCompiler {
 public:
  cuda::ToolIdentity identity() const override { return {"tiny compiler", "1", "", "other"}; }
  Result<cuda::Assembly> compile(std::string_view source, std::string_view name, Target target) override {
    names.insert(std::string(name));
    if (target == refused_target || source.find(refused_text) != source.npos)
      return cuda::Assembly{false, {}, "k.cu(1): error : refused by the test"};
    const auto holds = [&](std::string_view form) { return source.find(form) != source.npos; };
    if (holds("\"mma.sync")) return cuda::Assembly{true, test::tiny_cubin(0x123), ""};
    if (holds("\"st.global")) return cuda::Assembly{true, test::tiny_cubin(0x986), ""};
    return cuda::Assembly{true, test::tiny_cubin(0x456), ""};
  }
  Target refused_target{};
  std::string refused_text = "never in a text";
  std::set<std::string> names;
};

/// Four bytes copied by the entry "copy".
inline gate::Probe copy_of(const gate::Seed&) {
  gate::Probe probe;
  probe.source = {.stem = "t", .text = "copy", .floor = {8, 0}};
  const std::vector<std::byte> four(4, std::byte{0x5a});
  probe.cases = {{"one", "copy", {}, {gate::Input{"in", four}, gate::Output{"out", four, {}}}, {}}};
  return probe;
}

}  // namespace assay::kernels
