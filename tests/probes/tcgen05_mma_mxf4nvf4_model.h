// ptx/tcgen05_mma_mxf4nvf4.ptx on the CPU (tcgen05_model.h).
#pragma once

#include "probe_parts.h"
#include "tcgen05_model.h"

namespace assay::probes::tcgen05 {

inline std::vector<std::uint32_t> run_mma_mxf4nvf4(const gate::Case& launch_case, Fault fault) {
  constexpr std::uint32_t kTileA = 1024, kTileB = kTileA + 16384, kScales = kTileB + 16384, kEnd = kScales + 6144;
  const auto scalar = [&](std::string_view name) { return scalar_of(launch_case, name); };
  Cta cta;
  cta.shared.bytes.assign(kEnd, std::byte{0x55});
  cta.memory.allocate(scalar("columns"));
  require(scalar("bytes_a") <= kTileB - kTileA && scalar("bytes_b") <= kScales - kTileB, "an image fits its tile");
  require(scalar("bytes_scales") <= kEnd - kScales, "the scales fit their tiles");
  place(cta.shared, kTileA, part<gate::Input>(launch_case, "a").bytes, scalar("bytes_a"));
  place(cta.shared, kTileB, part<gate::Input>(launch_case, "b").bytes, scalar("bytes_b"));
  place(cta.shared, kScales, part<gate::Input>(launch_case, "scales").bytes, scalar("bytes_scales"));
  fill(cta.memory, words_of(part<gate::Input>(launch_case, "c").bytes));

  std::uint32_t scale_a = scalar("column_scale_a"), scale_b = scalar("column_scale_b");
  const std::uint64_t tiles = scalar_of<std::uint64_t>(launch_case, "descriptor_scales") + kScales / 16;
  for (std::uint32_t at = 0; at < scalar("bytes_scales"); at += 512)
    copy_tile(cta, scale_a + at / 128, tiles + at / 16, fault);

  std::uint64_t a = scalar_of<std::uint64_t>(launch_case, "descriptor_a") + kTileA / 16;
  std::uint64_t b = scalar_of<std::uint64_t>(launch_case, "descriptor_b") + kTileB / 16;
  const std::uint32_t steps = scalar("steps") - (fault == Fault::last_step_missing ? 1 : 0);
  for (std::uint32_t step = 0; step < steps; ++step) {
    mma_mxf4nvf4(cta, scalar("column"), a, b, scalar("instruction"), scale_a, scale_b,
                 step > 0 || scalar("accumulate") != 0, fault);
    if (fault != Fault::step_not_advanced) {
      a += scalar("advance_a");
      b += scalar("advance_b");
    }
    if (fault == Fault::scales_of_first_step_for_all) continue;
    scale_a += 4;
    scale_b += scalar("advance_scale_b");
  }
  return given_back(cta.memory, fault);
}

}  // namespace assay::probes::tcgen05
