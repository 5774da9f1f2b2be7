// The rows and the device of tests/kernels/stand_in.h as a bench takes them: with the plain read beside, and with a
// product that reads what the device has prepared.
#pragma once

#include <array>
#include <string>

#include "tests/kernels/stand_in.h"

namespace assay::kernels::bench {

/// plan_product on weights in fragment order.
inline Plan plan_ordered(const Problem& problem, const DeviceLimits& limits) {
  Plan plan = plan_product(problem, limits);
  assay::kernels::Launch& launch = plan.launches.front();
  launch.entry = "ordered";
  launch.parameters[0] = launch.parameters[1] = AddressOf{Role::weights};
  launch.parameters[6] = TensorScale{problem.gated ? 1 : 0};
  return plan;
}

/// kStandIns' product, of another lane and name, on prepared weights.
inline Kernel ordered_row(Lane lane, std::string_view id) {
  Kernel row = kStandIns[0];
  row.id = id;
  row.lane = lane;
  row.plan = plan_ordered;
  return row;
}

class OrderedDevice : public StandInDevice {
 public:
  OrderedDevice() {
    for (const char* entry : {"assay_plain_read_2", "assay_plain_read_4"})
      kernels[entry] = [](FakeDevice&, const Launch&) { return ok(); };
    kernels["ordered"] = [](FakeDevice& device, const Launch& launch) { return ordered(device, launch); };
  }

 private:
  /// Puts the weights back into the canonical order, for the product that knows it.
  static Status ordered(FakeDevice& device, Launch launch) {
    const bool gated = (launch.arg<std::int32_t>(10) & 1) != 0;
    const std::int64_t n = launch.arg<std::int32_t>(8), k = launch.arg<std::int32_t>(9);
    const FragmentOrder order{.rows = gated ? 2 * n : n, .k = k, .gated = gated};
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(order.bytes()));
    if (Status s = device.read(launch.arg<cuda::Address>(0), std::as_writable_bytes(std::span(bytes))); !s) return s;
    const Canonical canonical = canonical_order(bytes, order);
    std::array<cuda::Address, 2> addresses{};
    for (std::size_t i = 0; i < 2; ++i) {
      const std::vector<std::uint8_t>& array = i == 0 ? canonical.codes : canonical.scales;
      addresses[i] = *device.allocate(array.size());
      if (Status s = device.write(addresses[i], std::as_bytes(std::span(array))); !s) return s;
      launch.parameters[i] = gate::bytes_of(addresses[i]);
    }
    const Status done = device.kernels["product"](device, launch);
    for (const cuda::Address address : addresses) (void)device.release(address);
    return done;
  }
};

inline Result<std::vector<std::byte>> any_image(std::string_view source, std::string_view) {
  return gate::bytes_of(std::vector<char>(source.begin(), source.end()));
}

}  // namespace assay::kernels::bench
