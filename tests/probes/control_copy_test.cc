#include "probes/control_copy.h"

#include "tests/probes/word_map_expectations.h"

namespace assay::probes {
namespace {

TEST(ControlCopyTest, GoldenDigest) {
  const gate::Probe probe = make_control_copy(fixed_seed());
  EXPECT_EQ(case_digest(probe.cases[0]), "56cfd41cb16ff3044600b8e4fc231c340e2eaddc3bb467c63c5b1b77ef0a4013");
  EXPECT_EQ(case_digest(probe.negative), "3a25d208024be23231ac6619c5a84ce997e359dd2c65b35a6edb0a4a4e0b2e94");
}

TEST(ControlCopyTest, EveryWordIsExpectedWhereItWas) {
  expect_word_map(make_control_copy(fixed_seed()).cases[0], [](std::uint32_t in, std::uint32_t) { return in; });
}

TEST(ControlCopyTest, NegativeMovesOneWord) { expect_one_word_moves(make_control_copy(fixed_seed())); }

TEST(ControlCopyTest, TextHasAStandIn) { expect_assemblable(make_control_copy(fixed_seed())); }

TEST(ControlCopyTest, AnotherSeedGivesOtherWords) {
  gate::Seed other = fixed_seed();
  other[31] ^= std::byte{1};
  const auto a = argument(make_control_copy(fixed_seed()).cases[0], 0);
  const auto b = argument(make_control_copy(other).cases[0], 0);
  EXPECT_GT(differences(a, b).size(), 4000u);
}

}  // namespace
}  // namespace assay::probes
