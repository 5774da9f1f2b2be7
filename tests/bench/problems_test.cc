#include "kernels/bench/problems.h"

#include <gtest/gtest.h>

namespace assay::kernels::bench {
namespace {

TEST(ProblemsTest, DefaultsAreShapesThatCanBeAskedFor) {
  for (const Shape& shape : default_shapes())
    EXPECT_EQ(*parse_shape(std::to_string(shape.n) + "x" + std::to_string(shape.k)), shape);
  EXPECT_EQ(default_shapes().size(), 8U);
  EXPECT_EQ(decode_tokens().back(), 16);
  EXPECT_EQ(prefill_tokens().back(), 4096);
}

TEST(ProblemsTest, AnythingElseIsRefusedWithTheRule) {
  EXPECT_EQ(parse_shape("4096x100").error().message, "shape '4096x100': K = 100 is no multiple of 16, the block");
  for (const char* text : {"", "4096", "4096x", "x4096", "4096x4096x1", "0x16", "-1x16", "4096 x 4096", "2000000x16"})
    EXPECT_EQ(parse_shape(text).error().message,
              "shape '" + std::string(text) + "': expected NxK, each from 1 to 1048576");
}

}  // namespace
}  // namespace assay::kernels::bench
