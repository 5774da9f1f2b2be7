#include "harness/gate/probe.h"

#include <gtest/gtest.h>

namespace assay::gate {
namespace {

constexpr std::string_view kText =
    ".version @VERSION@\n"
    ".target @TARGET@\n"
    "  // @instruction\n"
    "  mma.sync a;\n"
    "  // @stand-in\n"
    "  // xor.b32 a;\n"
    "  // mov.b32 b, a;\n"
    "  // @end\n"
    "st.global a;\n"
    "// @instruction\n"
    "mma.sync b;\n"
    "// @stand-in\n"
    "// @end\n"
    "ret;";

constexpr Target k120a{120, 'a'}, k90{90, ' '};

Source source(std::string_view text, PtxVersion floor = {7, 0}) { return {"sample", text, floor}; }

std::string refusal(std::string_view text) {
  const auto result = without_instruction(source(text), k90);
  return result ? "accepted" : result.error().message;
}

TEST(ProbeTest, WithInstructionFillsThePlaceholdersAndKeepsTheRest) {
  std::string expected(kText);
  expected.replace(expected.find("@VERSION@"), 9, "8.7");
  expected.replace(expected.find("@TARGET@"), 8, "sm_120a");
  EXPECT_EQ(with_instruction(source(kText), k120a), expected);
}

TEST(ProbeTest, VersionIsTheHigherOfTheTwoFloors) {
  EXPECT_EQ(with_instruction(source("@VERSION@", {8, 8}), k90), "8.8");
  EXPECT_EQ(with_instruction(source("@VERSION@", {6, 0}), k90), "7.8");
}

TEST(ProbeTest, EveryPlaceholderIsFilled) {
  EXPECT_EQ(with_instruction(source("@TARGET@ @TARGET@ @VERSION@ @VERSION@"), k90), "sm_90 sm_90 7.8 7.8");
}

TEST(ProbeTest, WithoutInstructionTakesTheStandInOfEveryRegion) {
  const auto text = without_instruction(source(kText), k120a);
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_EQ(*text,
            ".version 8.7\n"
            ".target sm_120a\n"
            "xor.b32 a;\n"
            "mov.b32 b, a;\n"
            "st.global a;\n"
            "ret;\n");
}

TEST(ProbeTest, RefusesATextWithoutRegion) {
  EXPECT_EQ(refusal("ret;\n"), "ptx/sample.ptx:1: no '// @instruction' region: mark what the gate asks about");
}

TEST(ProbeTest, RefusesAnOpenRegion) {
  constexpr std::string_view kRule = "ptx/sample.ptx:2: the text ends inside a region: close it with '// @end'";
  EXPECT_EQ(refusal("// @instruction\nmma;\n"), kRule);
  EXPECT_EQ(refusal("// @instruction\n// @stand-in\n"), kRule);
}

TEST(ProbeTest, RefusesMarkersOutOfOrder) {
  const auto rule = [](std::string_view place, std::string_view marker) {
    return std::string(place) + ": '// " + std::string(marker) +
           "' out of order: the order is @instruction, @stand-in, @end";
  };
  EXPECT_EQ(refusal("// @stand-in\n"), rule("ptx/sample.ptx:1", "@stand-in"));
  EXPECT_EQ(refusal("ret;\n// @end\n"), rule("ptx/sample.ptx:2", "@end"));
  EXPECT_EQ(refusal("// @instruction\n// @end\n"), rule("ptx/sample.ptx:2", "@end"));
  EXPECT_EQ(refusal("// @instruction\n// @instruction\n"), rule("ptx/sample.ptx:2", "@instruction"));
  EXPECT_EQ(refusal("// @instruction\n// @stand-in\n// @stand-in\n"), rule("ptx/sample.ptx:3", "@stand-in"));
}

TEST(ProbeTest, RefusesAStandInThatIsNotCommentedOut) {
  EXPECT_EQ(refusal("// @instruction\nmma;\n// @stand-in\nxor;\n// @end\n"),
            "ptx/sample.ptx:4: a stand-in line must be a comment that starts with '// '");
}

TEST(ProbeTest, BytesOfKeepsTheOrderOfMemory) {
  EXPECT_EQ(bytes_of(std::uint32_t{0x04030201}), (std::vector{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}}));
  EXPECT_EQ(bytes_of(std::vector<std::uint16_t>{0x0201, 0x0403}), bytes_of(std::uint32_t{0x04030201}));
}

}  // namespace
}  // namespace assay::gate
