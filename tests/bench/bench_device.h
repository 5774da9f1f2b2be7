// A fake device with the kernels that the bench brings along, written in C++, and a product kernel that a test may
// spoil.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "kernels/bench/bind.h"
#include "kernels/bench/inputs.h"
#include "kernels/nvfp4/formats.h"
#include "tests/support/fake_device.h"

namespace assay::kernels::bench {

class BenchDevice : public test::FakeDevice {
 public:
  BenchDevice() {
    kernels["assay_reference"] = [](FakeDevice& device, const Launch& launch) { return reference(device, launch); };
    kernels["assay_expand"] = [](FakeDevice& device, const Launch& launch) { return expand(device, launch); };
    for (const char* entry : {"assay_plain_read_2", "assay_plain_read_4"})
      kernels[entry] = [](FakeDevice&, const Launch&) { return ok(); };
    kernels["product"] = [this](FakeDevice& device, const Launch& launch) { return product(device, launch); };
    kernels["prepare"] = [](FakeDevice& device, const Launch& launch) { return prepare(device, launch); };
  }

  // What the product kernel does wrong.
  int products = 0;
  std::function<std::uint16_t(std::uint16_t code, std::int64_t output)> spoil;  ///< May be empty.
  bool leaves_workspace = false;

  static Problem problem() { return {.m = 2, .n = 4, .k = 32}; }

  /// Takes codes, scales, x, y, the tensor scale, M, N, K and the workspace.
  static Plan product_plan() {
    const Problem p = problem();
    assay::kernels::Launch launch{.source = "product text", .entry = "product", .shape = {}, .parameters = {}};
    launch.shape.block.x = 32;
    launch.parameters = {AddressOf{Role::codes},
                         AddressOf{Role::scales},
                         AddressOf{Role::x},
                         AddressOf{Role::y},
                         TensorScale{0},
                         value(p.m),
                         value(p.n),
                         value(p.k),
                         AddressOf{Role::workspace}};
    return {.launches = {launch}, .workspace_bytes = 16, .choice = "one"};
  }
  static Value value(std::int64_t number) {
    Value bytes;
    bytes.bytes.resize(sizeof number);
    std::memcpy(bytes.bytes.data(), &number, sizeof number);
    return bytes;
  }

  static Result<std::vector<std::byte>> compile(std::string_view source, std::string_view) {
    const auto bytes = std::as_bytes(std::span(source));
    return std::vector<std::byte>(bytes.begin(), bytes.end());
  }

 private:
  static double code_at(FakeDevice& device, cuda::Address codes, std::int64_t element) {
    const auto byte = device.fetch<std::uint8_t>(codes + static_cast<cuda::Address>(element / 2));
    return nvfp4::e2m1_value(static_cast<std::uint8_t>(byte >> 4 * (element % 2)));
  }
  static double scale_at(FakeDevice& device, cuda::Address scales, std::int64_t element) {
    return nvfp4::e4m3_value(device.fetch<std::uint8_t>(scales + static_cast<cuda::Address>(element / 16)));
  }
  static Expected one(FakeDevice& device, cuda::Address codes, cuda::Address scales, cuda::Address x, std::int64_t row,
                      std::int64_t token, std::int64_t k) {
    Expected sum;
    for (std::int64_t i = 0; i < k; ++i) {
      const double activation =
          nvfp4::bf16_value(device.fetch<std::uint16_t>(x + static_cast<cuda::Address>(2 * (token * k + i))));
      const double term = activation * (code_at(device, codes, row * k + i) * scale_at(device, scales, row * k + i));
      sum.value += term;
      sum.slack += std::abs(term);
    }
    return sum;
  }

  static Status reference(FakeDevice& device, const Launch& launch) {
    const auto m = launch.arg<std::int64_t>(6), n = launch.arg<std::int64_t>(7), k = launch.arg<std::int64_t>(8);
    const auto s2 = launch.arg<double>(9);
    for (std::int64_t i = 0; i < m * n; ++i) {
      const Expected sum = one(device, launch.arg<cuda::Address>(0), launch.arg<cuda::Address>(1),
                               launch.arg<cuda::Address>(2), i % n, i / n, k);
      device.store(launch.arg<cuda::Address>(4) + static_cast<cuda::Address>(8 * i), sum.value * s2);
      device.store(launch.arg<cuda::Address>(5) + static_cast<cuda::Address>(8 * i), sum.slack * s2);
    }
    return ok();
  }

  Status product(FakeDevice& device, const Launch& launch) {
    ++products;
    const auto m = launch.arg<std::int64_t>(5), n = launch.arg<std::int64_t>(6), k = launch.arg<std::int64_t>(7);
    for (std::int64_t i = 0; i < m * n; ++i) {
      const Expected sum = one(device, launch.arg<cuda::Address>(0), launch.arg<cuda::Address>(1),
                               launch.arg<cuda::Address>(2), i % n, i / n, k);
      std::uint16_t code = nvfp4::bf16_nearest(static_cast<float>(sum.value * launch.arg<float>(4)));
      if (spoil) code = spoil(code, i);
      device.store(launch.arg<cuda::Address>(3) + static_cast<cuda::Address>(2 * i), code);
    }
    if (leaves_workspace) device.store(launch.arg<cuda::Address>(8), std::uint32_t{1});
    return ok();
  }

  /// "Fragment order" of this device: nothing but a mark in the first byte.
  static Status prepare(FakeDevice& device, const Launch& launch) {
    device.store(launch.arg<cuda::Address>(2), std::uint8_t{0x5a});
    return ok();
  }

  static Status expand(FakeDevice& device, const Launch& launch) {
    const auto bytes = launch.arg<std::uint64_t>(3);
    for (std::uint64_t i = 0; i < 2 * bytes; ++i) {
      const auto element = static_cast<std::int64_t>(i);
      const double weight = code_at(device, launch.arg<cuda::Address>(0), element) *
                            scale_at(device, launch.arg<cuda::Address>(1), element);
      device.store(launch.arg<cuda::Address>(2) + 2 * i, nvfp4::bf16_nearest(static_cast<float>(weight)));
    }
    return ok();
  }
};

}  // namespace assay::kernels::bench
