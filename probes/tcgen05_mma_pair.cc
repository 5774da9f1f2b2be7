#include "probes/tcgen05_mma_pair.h"

#include "probes/tcgen05_f16.h"
#include "ptx/texts.h"

namespace assay::probes {
namespace {

using cuda::Swizzle;

constexpr F16Shape kShapes[] = {
    {.m = 256, .n = 64, .k = 64, .swizzle_a = Swizzle::b128, .swizzle_b = Swizzle::b128},
    {.m = 128, .n = 128, .k = 64, .swizzle_a = Swizzle::b128, .swizzle_b = Swizzle::b128, .longer = Longer::b},
    {.m = 256, .n = 0, .k = 32, .swizzle_a = Swizzle::b64, .swizzle_b = Swizzle::b32, .longer = Longer::b},
    {.m = 256, .n = 256, .k = 48},
    {.m = 128, .n = 0, .k = 48, .accumulate = true},
    {.m = 256, .n = 64, .k = 64, .swizzle_b = Swizzle::b128, .accumulate = true, .wide = true},
    {.m = 128, .n = 64, .k = 64, .swizzle_a = Swizzle::b128, .wide = true}};

}  // namespace

gate::Probe make_tcgen05_mma_pair(const gate::Seed& seed) {
  return make_tcgen05_f16(seed, {.stem = "tcgen05_mma_pair", .text = ptx_text("tcgen05_mma_pair"), .floor = {8, 6}}, 2,
                          kShapes, {"UTCHMMA.2CTA"});
}

}  // namespace assay::probes
