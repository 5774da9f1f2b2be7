#include "probes/control_arithmetic.h"

#include "tests/probes/word_map_expectations.h"

namespace assay::probes {
namespace {

/// The manual's prmt in its default mode, for selectors without sign bits: another route than the probe's own formula.
std::uint32_t permute(std::uint32_t a, std::uint32_t b, std::uint32_t selector) {
  const std::uint64_t bytes = std::uint64_t{b} << 32 | a;
  std::uint32_t result = 0;
  for (int i = 0; i < 4; ++i)
    result |= static_cast<std::uint32_t>(bytes >> 8 * (selector >> 4 * i & 7) & 0xff) << 8 * i;
  return result;
}

TEST(ControlArithmeticTest, GoldenDigest) {
  const gate::Probe probe = make_control_arithmetic(fixed_seed());
  EXPECT_EQ(case_digest(probe.cases[0]), "bd8d801bf8549e1cc21c61f909a6a6fa366a141f279aa9f74ea34adc0ff6bf34");
  EXPECT_EQ(case_digest(probe.negative), "78b823d1b6802856756bbcfc1ada8cfab642959d09b3d4d9c1a610500a3aed3a");
}

TEST(ControlArithmeticTest, EveryWordFollowsTheFormulaOfTheText) {
  expect_word_map(make_control_arithmetic(fixed_seed()).cases[0], [](std::uint32_t in, std::uint32_t index) {
    return permute(in * 0x9e3779b1u + (index ^ 0x5bd1e995u), in, 0x0163);
  });
}

TEST(ControlArithmeticTest, ConstantsAreThoseOfTheText) {
  const gate::Probe probe = make_control_arithmetic(fixed_seed());
  for (const char* constant : {"0x9e3779b1", "0x5bd1e995", "0x0163"})
    EXPECT_NE(probe.source.text.find(std::string(", ") + constant), std::string_view::npos) << constant;
}

TEST(ControlArithmeticTest, EveryInputBitAndTheIndexMatter) {
  for (std::uint32_t index : {0u, 1u, 4095u})
    for (std::uint32_t in : {0u, 0x12345678u, 0xffffffffu}) {
      for (std::uint32_t bit = 0; bit < 32; ++bit)
        EXPECT_NE(arithmetic_word(in, index), arithmetic_word(in ^ 1u << bit, index)) << in << " bit " << bit;
      EXPECT_NE(arithmetic_word(in, index), arithmetic_word(in, index + 1));
    }
}

TEST(ControlArithmeticTest, NegativeMovesOneWord) { expect_one_word_moves(make_control_arithmetic(fixed_seed())); }

TEST(ControlArithmeticTest, TextHasAStandIn) { expect_assemblable(make_control_arithmetic(fixed_seed())); }

}  // namespace
}  // namespace assay::probes
