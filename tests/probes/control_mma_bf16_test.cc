#include "probes/control_mma_bf16.h"

#include "kernels/nvfp4/formats.h"
#include "tests/probes/warp_mma_expectations.h"

namespace assay::probes {
namespace {

constexpr std::size_t kK = 32;
constexpr std::size_t kExact = 0, kWide = 1;

struct ControlMmaBf16Test : testing::Test {
  const gate::Probe probe = make_control_mma_bf16(fixed_seed());
  Matrices matrices(std::size_t which) const {
    return matrices_of<std::uint16_t>(probe.cases[which], kK, nvfp4::bf16_value);
  }
  std::vector<float> expected(std::size_t which) const { return argument<float>(probe.cases[which], 3); }
  const std::vector<float>& bound(std::size_t which) const {
    return std::get<gate::Output>(probe.cases[which].arguments[3]).bound;
  }
};

TEST_F(ControlMmaBf16Test, GoldenDigests) {
  ASSERT_EQ(probe.cases.size(), 2u);
  EXPECT_EQ(case_digest(probe.cases[kExact]), "46eed8ec9ea1484622992b574308a0d51d613eb69b38cfaf3d956a02f7790197");
  EXPECT_EQ(case_digest(probe.cases[kWide]), "558d394684facf83538017e7844a64ced65e15b0d9da96c09cc323211e094bb8");
  EXPECT_EQ(case_digest(probe.negative), "fc5817345ec0af019c05ca37b3093397e5285bec2509ce459abab3f382796cdc");
}

TEST_F(ControlMmaBf16Test, OperandsHaveTheKernelsShapesAndAreFinite) {
  expect_shapes(matrices(kExact));
  expect_shapes(matrices(kWide));
}

TEST_F(ControlMmaBf16Test, ExactCaseLosesNoBitInAnyOrder) {
  expect_exact_range(matrices(kExact), 22);
  expect_order_free(matrices(kExact), expected(kExact));
  EXPECT_TRUE(bound(kExact).empty());
}

TEST_F(ControlMmaBf16Test, EveryOperandMovesExactlyItsRowOrColumn) { expect_every_operand_matters(matrices(kExact)); }

TEST_F(ControlMmaBf16Test, NegativeMovesOneRow) { expect_one_row_moves(probe, kK, sizeof(std::uint16_t)); }

TEST_F(ControlMmaBf16Test, WideBoundsAreSmallerThanTheLargestTerm) {
  expect_bounds_that_bite(matrices(kWide), bound(kWide));
}

TEST_F(ControlMmaBf16Test, WideBoundsHoldForTruncatingUnits) {
  expect_truncation_within(matrices(kWide), expected(kWide), bound(kWide), 23, 14);
}

TEST_F(ControlMmaBf16Test, ExactOperandsUseAllEightSignificandBits) {
  const auto codes = argument<std::uint16_t>(probe.cases[kExact], 0);
  std::uint16_t fraction_bits = 0;
  for (const std::uint16_t code : codes) fraction_bits |= code & 0x7f;
  EXPECT_EQ(fraction_bits, 0x7f);
}

TEST_F(ControlMmaBf16Test, TextHasAStandIn) { expect_assemblable(probe); }

}  // namespace
}  // namespace assay::probes
