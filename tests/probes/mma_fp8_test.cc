#include "probes/mma_fp8.h"

#include "kernels/nvfp4/formats.h"
#include "tests/probes/warp_mma_expectations.h"

namespace assay::probes {
namespace {

constexpr std::size_t kK = 64;
constexpr std::size_t kExact = 0, kWide = 1;

struct MmaFp8Test : testing::Test {
  const gate::Probe probe = make_mma_fp8(fixed_seed());
  Matrices matrices(std::size_t which) const {
    return matrices_of<std::uint8_t>(probe.cases[which], kK, nvfp4::e4m3_value);
  }
  std::vector<float> expected(std::size_t which) const { return argument<float>(probe.cases[which], 3); }
  const std::vector<float>& bound(std::size_t which) const {
    return std::get<gate::Output>(probe.cases[which].arguments[3]).bound;
  }
};

TEST_F(MmaFp8Test, GoldenDigests) {
  ASSERT_EQ(probe.cases.size(), 2u);
  EXPECT_EQ(case_digest(probe.cases[kExact]), "fff075bcf5d6b95941ce3ddb0478b327e8618e5366dcb6d6b791a0945830cab2");
  EXPECT_EQ(case_digest(probe.cases[kWide]), "07ce7b39eb305c497575d33c420d6a8cc6af375c849d59b258b8def41c23adc9");
  EXPECT_EQ(case_digest(probe.negative), "d330ca6ca42459a9cb03086f3e010cc0f37a4d574f123a88dda4ec0fabc41741");
}

TEST_F(MmaFp8Test, OperandsHaveTheKernelsShapesAndAreFinite) {
  expect_shapes(matrices(kExact));
  expect_shapes(matrices(kWide));
}

TEST_F(MmaFp8Test, ExactCaseLosesNoBitInAnyOrder) {
  expect_exact_range(matrices(kExact), 12);
  expect_order_free(matrices(kExact), expected(kExact));
  EXPECT_TRUE(bound(kExact).empty());
}

TEST_F(MmaFp8Test, EveryOperandMovesExactlyItsRowOrColumn) { expect_every_operand_matters(matrices(kExact)); }

TEST_F(MmaFp8Test, NegativeMovesOneRow) { expect_one_row_moves(probe, kK, sizeof(std::uint8_t)); }

TEST_F(MmaFp8Test, WideBoundsAreSmallerThanTheLargestTerm) { expect_bounds_that_bite(matrices(kWide), bound(kWide)); }

TEST_F(MmaFp8Test, WideBoundsHoldForTruncatingUnits) {
  expect_truncation_within(matrices(kWide), expected(kWide), bound(kWide), 13, 5);
}

TEST_F(MmaFp8Test, WideOperandsHoldEveryCodeButNan) {
  std::vector<int> seen(256);
  for (const std::uint8_t code : argument<std::uint8_t>(probe.cases[kWide], 0)) ++seen[code];
  for (std::size_t code = 0; code < seen.size(); ++code) EXPECT_EQ(seen[code] == 0, (code & 0x7f) == 0x7f) << code;
}

TEST_F(MmaFp8Test, ExactOperandsReachSubnormalsAndFullSignificands) {
  const auto codes = argument<std::uint8_t>(probe.cases[kExact], 0);
  const auto holds = [&](std::uint8_t code) { return std::find(codes.begin(), codes.end(), code) != codes.end(); };
  EXPECT_TRUE(holds(0x01) && holds(0x87)) << "unit 2^-9";
  const auto odd_and_normal = [](std::uint8_t code) { return (code & 1) != 0 && (code & 0x78) != 0; };
  EXPECT_TRUE(std::any_of(codes.begin(), codes.end(), odd_and_normal)) << "the last fraction bit of a normal value";
}

TEST_F(MmaFp8Test, TextHasAStandIn) { expect_assemblable(probe); }

}  // namespace
}  // namespace assay::probes
