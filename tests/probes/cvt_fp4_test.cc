#include "probes/cvt_fp4.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>

#include "harness/gate/compare.h"
#include "kernels/nvfp4/formats.h"
#include "tests/probes/cvt_fp4_model.h"
#include "tests/probes/probe_parts.h"

namespace assay::probes {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

struct CvtFp4Test : testing::Test {
  const gate::Probe probe = make_cvt_fp4(fixed_seed());
  const gate::Case& encode = case_named(probe, "float32 to codes");
  const gate::Case& decode = case_named(probe, "every byte to float16");

  std::vector<float> floats(const gate::Case& from, std::string_view name) const {
    return values_of<float>(part<gate::Input>(from, name).bytes);
  }
  std::vector<std::uint8_t> bytes(std::string_view name) const {
    return values_of<std::uint8_t>(part<gate::Input>(decode, name).bytes);
  }
};

TEST(NearestE2m1Test, TiesGoToTheEvenCodeAndTheirNeighboursDoNot) {
  const std::map<float, std::uint8_t> ties = {{0.25f, 0}, {0.75f, 2}, {1.25f, 2}, {1.75f, 4},
                                              {2.5f, 4},  {3.5f, 6},  {5.0f, 6}};
  std::uint8_t below = 0;
  for (const auto& [tie, code] : ties) {
    EXPECT_EQ(nearest_e2m1(tie), code) << tie;
    EXPECT_EQ(nearest_e2m1(-tie), code | 8) << -tie;
    EXPECT_EQ(nearest_e2m1(std::nextafter(tie, 0.0f)), below) << tie;
    EXPECT_EQ(nearest_e2m1(std::nextafter(tie, kInfinity)), below + 1) << tie;
    ++below;
  }
}

TEST(NearestE2m1Test, SpecialsSaturateOrKeepTheirSign) {
  for (const float large : {6.0f, std::nextafter(6.0f, 7.0f), 7.0f, 8.0f, 1e9f, kInfinity}) {
    EXPECT_EQ(nearest_e2m1(large), 0x7) << large;
    EXPECT_EQ(nearest_e2m1(-large), 0xf) << -large;
  }
  for (const std::uint32_t nan : {0x7fc00000u, 0xffc00000u, 0x7f800001u, 0xff800001u})
    EXPECT_EQ(nearest_e2m1(std::bit_cast<float>(nan)), 0x7);
  for (const float small : {0.0f, std::numeric_limits<float>::denorm_min(), std::numeric_limits<float>::min(), 0.1f}) {
    EXPECT_EQ(nearest_e2m1(small), 0x0) << small;
    EXPECT_EQ(nearest_e2m1(-small), 0x8) << -small;
  }
}

TEST_F(CvtFp4Test, GoldenDigest) {
  ASSERT_EQ(probe.cases.size(), 2u);
  EXPECT_EQ(golden(probe), "1205c22d4cecf20dac39b37df0ad3d03aabefd646b3dc1db42906251904d75dc");
}

TEST_F(CvtFp4Test, EveryFloatIsOnceInEachHalf) {
  for (const char* name : {"x", "x relu"}) {
    const auto pairs = words_of(part<gate::Input>(encode, name).bytes);
    ASSERT_EQ(pairs.size(), 2 * 8192u);
    std::multiset<std::uint32_t> low, high;
    for (std::size_t i = 0; i < pairs.size(); i += 2) low.insert(pairs[i]), high.insert(pairs[i + 1]);
    EXPECT_EQ(low, high);
  }
}

TEST_F(CvtFp4Test, TiesTheirNeighboursAndSpecialsAreAsked) {
  const auto asked_words = words_of(part<gate::Input>(encode, "x").bytes);
  const std::set<std::uint32_t> asked(asked_words.begin(), asked_words.end());
  const auto expect_asked = [&](float value) {
    EXPECT_TRUE(asked.contains(std::bit_cast<std::uint32_t>(value))) << value;
    EXPECT_TRUE(asked.contains(std::bit_cast<std::uint32_t>(-value))) << -value;
  };
  for (const float tie : {0.25f, 0.75f, 1.25f, 1.75f, 2.5f, 3.5f, 5.0f, 6.0f})
    for (const float value : {std::nextafter(tie, 0.0f), tie, std::nextafter(tie, kInfinity)}) expect_asked(value);
  for (const float value : {0.0f, kInfinity, 8.0f, std::numeric_limits<float>::denorm_min(), 0x1p-126f})
    expect_asked(value);
  const auto is_nan = [](std::uint32_t bits) { return (bits & 0x7fffffffu) > 0x7f800000u; };
  EXPECT_GE(std::ranges::count_if(asked, [&](auto bits) { return is_nan(bits) && bits >> 31 == 0; }), 3);
  EXPECT_GE(std::ranges::count_if(asked, [&](auto bits) { return is_nan(bits) && bits >> 31 != 0; }), 3);
  std::set<std::uint32_t> exponents;
  for (const std::uint32_t bits : asked) exponents.insert(bits >> 23 & 0xff);
  EXPECT_EQ(exponents.size(), 256u);
}

TEST_F(CvtFp4Test, ReluIsAskedOnlyWhatTheManualSettles) {
  for (const float value : floats(encode, "x relu")) {
    ASSERT_FALSE(std::isnan(value));
    ASSERT_NE(nearest_e2m1(value), 0x8) << value;
  }
  for (const std::uint8_t byte : bytes("codes relu")) ASSERT_TRUE((byte & 15) != 8 && byte >> 4 != 8);
  const auto negative = [](float value) { return value < 0; };
  EXPECT_GT(std::ranges::count_if(floats(encode, "x relu"), negative), 1000);
}

TEST_F(CvtFp4Test, EveryByteIsDecoded) {
  const auto plain = bytes("codes"), relu = bytes("codes relu");
  EXPECT_EQ(std::set(plain.begin(), plain.end()).size(), 256u);
  EXPECT_EQ(std::set(relu.begin(), relu.end()).size(), 225u);
}

TEST_F(CvtFp4Test, NegativeMovesOneWord) {
  EXPECT_EQ(moved_words(encode, probe.negative, "codes").size(), 1u);
  EXPECT_TRUE(moved_words(encode, probe.negative, "codes relu").empty());
  const auto moved = differences(words_of(part<gate::Input>(encode, "x").bytes),
                                 words_of(part<gate::Input>(probe.negative, "x").bytes));
  ASSERT_EQ(moved.size(), 1u);
  EXPECT_EQ(moved_words(encode, probe.negative, "codes").front(), moved.front() / 8) << "eight floats a word";
}

/// How many words of a case the model with a fault gets wrong.
std::size_t refused_words(const gate::Case& launch_case, CvtFault fault) {
  const CvtModel model(fault);
  const bool to_codes = launch_case.entry == "f32_to_e2m1";
  std::size_t refused = 0;
  for (const bool relu : {false, true}) {
    const std::string suffix = relu ? " relu" : "";
    const gate::Input& input = part<gate::Input>(launch_case, (to_codes ? "x" : "codes") + suffix);
    const gate::Output& output = part<gate::Output>(launch_case, (to_codes ? "codes" : "values") + suffix);
    const std::vector<std::byte> observed =
        to_codes ? gate::bytes_of(model.encode(values_of<float>(input.bytes), relu))
                 : gate::bytes_of(model.decode(values_of<std::uint8_t>(input.bytes), relu));
    const gate::Comparison comparison = gate::compare(output, observed);
    EXPECT_GT(comparison.compared, 0);
    refused += comparison.mismatches.size();
  }
  return refused;
}

TEST_F(CvtFp4Test, TheThreadModelAgrees) {
  EXPECT_EQ(refused_words(encode, CvtFault::none), 0u);
  EXPECT_EQ(refused_words(decode, CvtFault::none), 0u);
  EXPECT_EQ(refused_words(probe.negative, CvtFault::none), 0u);
}

TEST_F(CvtFp4Test, EveryFaultyModelIsRefused) {
  for (int fault = 1; fault <= static_cast<int>(CvtFault::decoded_bias_off); ++fault) {
    const auto which = static_cast<CvtFault>(fault);
    EXPECT_GT(refused_words(encode, which) + refused_words(decode, which), 0u) << "fault " << fault;
  }
}

TEST_F(CvtFp4Test, TextHasAStandIn) {
  const Result<std::string> text = gate::without_instruction(probe.source, {121, 'a'});
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_EQ(text->find("e2m1x2"), std::string::npos);
}

}  // namespace
}  // namespace assay::probes
