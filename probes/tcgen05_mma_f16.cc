#include "probes/tcgen05_mma_f16.h"

#include "probes/tcgen05_f16.h"
#include "ptx/texts.h"

namespace assay::probes {
namespace {

using cuda::Swizzle;

constexpr F16Shape kShapes[] = {
    {.m = 128, .n = 64, .k = 64, .swizzle_a = Swizzle::b128, .swizzle_b = Swizzle::b128},
    {.m = 128, .n = 128, .k = 64, .longer = Longer::b},
    {.m = 128, .n = 0, .k = 32, .swizzle_a = Swizzle::b64, .swizzle_b = Swizzle::b32},
    {.m = 128, .n = 256, .k = 48},
    {.m = 128, .n = 192, .k = 64, .swizzle_b = Swizzle::b128, .longer = Longer::b, .accumulate = true},
    {.m = 128,
     .n = 0,
     .k = 64,
     .swizzle_a = Swizzle::b128,
     .swizzle_b = Swizzle::b128,
     .accumulate = true,
     .wide = true}};

}  // namespace

gate::Probe make_tcgen05_mma_f16(const gate::Seed& seed) {
  return make_tcgen05_f16(seed, {.stem = "tcgen05_mma_f16", .text = ptx_text("tcgen05_mma_f16"), .floor = {8, 6}}, 1,
                          kShapes, {"UTCHMMA"});
}

}  // namespace assay::probes
