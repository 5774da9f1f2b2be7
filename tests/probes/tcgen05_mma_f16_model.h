// ptx/tcgen05_mma_f16.ptx on the CPU (tcgen05_model.h).
#pragma once

#include "probe_parts.h"
#include "tcgen05_model.h"

namespace assay::probes::tcgen05 {

inline std::vector<std::uint32_t> run_mma_f16(const gate::Case& launch_case, Fault fault) {
  constexpr std::uint32_t kTileA = 1024, kTileB = kTileA + 16384, kEnd = kTileB + 24576;
  const auto scalar = [&](std::string_view name) { return scalar_of(launch_case, name); };
  std::vector<Cta> group(1);
  Cta& cta = group.front();
  cta.shared.bytes.assign(kEnd, std::byte{0x55});
  cta.memory.allocate(scalar("columns"));
  require(scalar("bytes_a") <= kTileB - kTileA && scalar("bytes_b") <= kEnd - kTileB, "an image fits its tile");
  place(cta.shared, kTileA, part<gate::Input>(launch_case, "a").bytes, scalar("bytes_a"));
  place(cta.shared, kTileB, part<gate::Input>(launch_case, "b").bytes, scalar("bytes_b"));
  fill(cta.memory, words_of(part<gate::Input>(launch_case, "c").bytes));

  std::uint64_t a = scalar_of<std::uint64_t>(launch_case, "descriptor_a") + kTileA / 16;
  std::uint64_t b = scalar_of<std::uint64_t>(launch_case, "descriptor_b") + kTileB / 16;
  const std::uint32_t steps = scalar("steps") - (fault == Fault::last_step_missing ? 1 : 0);
  for (std::uint32_t step = 0; step < steps; ++step) {
    mma_f16(group, scalar("column"), a, b, scalar("instruction"), step > 0 || scalar("accumulate") != 0, fault);
    if (fault == Fault::step_not_advanced) continue;
    a += scalar("advance_a");
    b += scalar("advance_b");
  }
  return given_back(cta.memory, fault);
}

}  // namespace assay::probes::tcgen05
