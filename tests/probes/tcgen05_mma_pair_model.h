// ptx/tcgen05_mma_pair.ptx on the CPU (tcgen05_model.h).
#pragma once

#include "probe_parts.h"
#include "tcgen05_model.h"

namespace assay::probes::tcgen05 {

inline std::vector<std::uint32_t> run_mma_pair(const gate::Case& launch_case, Fault fault) {
  constexpr std::uint32_t kTileA = 1024, kTileB = kTileA + 16384, kEnd = kTileB + 16384;
  const auto scalar = [&](std::string_view name) { return scalar_of(launch_case, name); };
  const auto &a = part<gate::Input>(launch_case, "a").bytes, &b = part<gate::Input>(launch_case, "b").bytes;
  const std::vector<std::uint32_t> before = words_of(part<gate::Input>(launch_case, "c").bytes);
  require(scalar("bytes_a") <= kTileB - kTileA && scalar("bytes_b") <= kEnd - kTileB, "an image fits its tile");
  std::vector<Cta> pair(2);
  for (std::size_t cta = 0; cta < 2; ++cta) {
    pair[cta].shared.bytes.assign(kEnd, std::byte{0x55});
    pair[cta].memory.allocate(scalar("columns"));
    place(pair[cta].shared, kTileA, std::span(a).subspan(cta * scalar("bytes_a")), scalar("bytes_a"));
    place(pair[cta].shared, kTileB, std::span(b).subspan(cta * scalar("bytes_b")), scalar("bytes_b"));
    fill(pair[cta].memory, std::span(before).subspan(cta * kLanes * scalar("columns")));
  }

  std::uint64_t desc_a = scalar_of<std::uint64_t>(launch_case, "descriptor_a") + kTileA / 16;
  std::uint64_t desc_b = scalar_of<std::uint64_t>(launch_case, "descriptor_b") + kTileB / 16;
  const std::uint32_t steps = scalar("steps") - (fault == Fault::last_step_missing ? 1 : 0);
  for (std::uint32_t step = 0; step < steps; ++step) {
    mma_f16(pair, scalar("column"), desc_a, desc_b, scalar("instruction"), step > 0 || scalar("accumulate") != 0,
            fault);
    if (fault == Fault::step_not_advanced) continue;
    desc_a += scalar("advance_a");
    desc_b += scalar("advance_b");
  }
  std::vector<std::uint32_t> after;
  for (Cta& cta : pair) {
    const std::vector<std::uint32_t> half = given_back(cta.memory, fault);
    after.insert(after.end(), half.begin(), half.end());
  }
  return after;
}

}  // namespace assay::probes::tcgen05
