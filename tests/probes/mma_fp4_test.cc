#include "probes/mma_fp4.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "harness/gate/compare.h"
#include "tests/probes/mma_fp4_model.h"
#include "tests/probes/probe_parts.h"
#include "tests/probes/word_map_expectations.h"

namespace assay::probes {
namespace {

constexpr std::size_t kRows = 16, kColumns = 8, kK = 128;

std::vector<std::uint8_t> bytes_in(const gate::Case& from, std::string_view name) {
  return values_of<std::uint8_t>(part<gate::Input>(from, name).bytes);
}

std::size_t tiles_of(const gate::Case& launch_case) { return launch_case.launch.grid.x; }

bool names_every_thread_id(const gate::Case& launch_case) {
  return launch_case.entry != "mma_nvfp4" || launch_case.name == "NVFP4, every thread-id, exact range";
}

bool is_exact(const gate::Case& launch_case) { return part<gate::Output>(launch_case, "d").bound.empty(); }

struct MmaFp4Test : testing::Test {
  // Made once: it draws 128 matrices.
  static const gate::Probe& probe() {
    static const gate::Probe made = make_mma_fp4(fixed_seed());
    return made;
  }
  static const gate::Case& exact() { return case_named(probe(), "NVFP4, exact range"); }
};

TEST_F(MmaFp4Test, GoldenDigest) {
  EXPECT_EQ(golden(probe()), "f98f4528c9a2a9c649ce1b8202751242bc73280be0f439712a5338c6f72cc19a");
}

TEST_F(MmaFp4Test, EachFormHasExactCasesAndABoundedOneInThisOrder) {
  std::vector<std::string> names;
  for (const gate::Case& one : probe().cases) {
    names.push_back(one.name);
    EXPECT_EQ(is_exact(one), one.name.ends_with(", exact range")) << one.name;
  }
  EXPECT_EQ(names,
            (std::vector<std::string>{"NVFP4, exact range", "NVFP4, every thread-id, exact range",
                                      "NVFP4, subnormal scales, exact range", "NVFP4, some zero, exact range",
                                      "NVFP4, wide range", "MXFP4, exact range", "MXFP4, wide range",
                                      "E4M3 by E2M1, exact range", "E4M3 by E2M1, wide range",
                                      "E2M1 by E2M1 in bytes, exact range", "E2M1 by E2M1 in bytes, wide range"}));
}

TEST_F(MmaFp4Test, OneNvfp4CaseNamesOtherThreadIdsThanTheFirst) {
  for (const gate::Case& one : probe().cases) {
    if (one.entry != "mma_nvfp4") continue;
    EXPECT_EQ(scalar_of(one, "thread ids"), names_every_thread_id(one) ? 7u : 0u) << one.name;
  }
}

TEST_F(MmaFp4Test, BuffersHaveTheKernelsShapes) {
  for (const gate::Case& one : probe().cases) {
    const std::size_t element_bits = one.entry == "mma_mxf8f6f4" ? 8 : 4, block = one.entry == "mma_nvfp4" ? 16 : 32;
    const std::size_t tiles = tiles_of(one);
    EXPECT_EQ(tiles, one.entry == "mma_nvfp4" ? 16u : 8u);
    EXPECT_EQ(bytes_in(one, "a").size(), tiles * kRows * kK * element_bits / 8) << one.name;
    EXPECT_EQ(bytes_in(one, "b").size(), tiles * kColumns * kK * element_bits / 8) << one.name;
    EXPECT_EQ(bytes_in(one, "scale a").size(), tiles * kRows * kK / block) << one.name;
    EXPECT_EQ(bytes_in(one, "scale b").size(), tiles * kColumns * kK / block) << one.name;
    EXPECT_EQ(part<gate::Input>(one, "c").bytes.size(), tiles * kRows * kColumns * sizeof(float)) << one.name;
    EXPECT_EQ(part<gate::Output>(one, "d").expected.size(), tiles * kRows * kColumns * sizeof(float)) << one.name;
    for (const float value : values_of<float>(part<gate::Output>(one, "d").expected)) ASSERT_TRUE(std::isfinite(value));
  }
}

TEST_F(MmaFp4Test, WideScalesAreAllThatThereAre) {
  for (const char* name : {"scale a", "scale b"}) {
    const auto scales = bytes_in(case_named(probe(), "NVFP4, wide range"), name);
    EXPECT_EQ(std::set(scales.begin(), scales.end()).size(), 126u);
    EXPECT_EQ(std::ranges::max(scales), 0x7e);
    EXPECT_EQ(std::ranges::min(scales), 0x01);
  }
}

TEST_F(MmaFp4Test, ExactScalesAreNormalReachTheLargestAndAreOftenNoPowersOfTwo) {
  for (const char* name : {"scale a", "scale b"}) {
    const auto scales = bytes_in(exact(), name);
    EXPECT_GE(std::ranges::min(scales), 8);
    EXPECT_EQ(std::ranges::max(scales), 0x7e);
    EXPECT_GT(std::ranges::count_if(scales, [](std::uint8_t code) { return code % 8 != 0; }),
              static_cast<std::ptrdiff_t>(scales.size() / 8));
  }
}

TEST_F(MmaFp4Test, EverySubnormalScaleAndNoZeroIsInItsCase) {
  for (const char* name : {"scale a", "scale b"}) {
    const auto scales = bytes_in(case_named(probe(), "NVFP4, subnormal scales, exact range"), name);
    const std::set<std::uint8_t> seen(scales.begin(), scales.end());
    for (std::uint8_t code = 1; code < 8; ++code) EXPECT_TRUE(seen.contains(code)) << int{code};
    EXPECT_FALSE(seen.contains(0));
  }
}

TEST_F(MmaFp4Test, ZerosAreInOneCase) {
  const gate::Case& some_zero = case_named(probe(), "NVFP4, some zero, exact range");
  for (const char* name : {"scale a", "scale b"}) {
    const auto scales = bytes_in(some_zero, name);
    EXPECT_GT(std::ranges::count(scales, 0), static_cast<std::ptrdiff_t>(scales.size() / 8));
  }
  for (const char* name : {"a", "b"}) {
    const auto bytes = bytes_in(some_zero, name);
    for (const int zero : {0x0, 0x8})
      EXPECT_GT(std::ranges::count_if(bytes, [&](std::uint8_t byte) { return (byte & 15) == zero; }), 50) << zero;
  }
}

TEST_F(MmaFp4Test, ElementsInBytesAreInBitsTwoToFive) {
  for (const auto& [of, name] :
       {std::pair("E4M3 by E2M1, wide range", "b"), std::pair("E2M1 by E2M1 in bytes, wide range", "a"),
        std::pair("E2M1 by E2M1 in bytes, wide range", "b")}) {
    const auto bytes = bytes_in(case_named(probe(), of), name);
    const std::set<std::uint8_t> seen(bytes.begin(), bytes.end());
    EXPECT_EQ(seen.size(), 16u);
    for (const std::uint8_t byte : seen) EXPECT_EQ(byte & 0xc3, 0) << int{byte};
  }
}

TEST_F(MmaFp4Test, NegativeMovesOneRow) {
  const gate::Case& negative = probe().negative;
  const auto moved = differences(bytes_in(exact(), "scale a"), bytes_in(negative, "scale a"));
  ASSERT_EQ(moved.size(), 1u);
  for (const char* same : {"a", "b", "scale b", "c"}) EXPECT_EQ(bytes_in(exact(), same), bytes_in(negative, same));
  std::vector<std::size_t> row(kColumns);
  for (std::size_t column = 0; column < kColumns; ++column) row[column] = moved[0] / (kK / 16) * kColumns + column;
  EXPECT_EQ(moved_words(exact(), negative, "d"), row);
}

/// How many words of a case the model with a fault gets wrong.
std::size_t refused_words(const gate::Case& launch_case, MmaFp4Fault fault) {
  const gate::Comparison comparison =
      gate::compare(part<gate::Output>(launch_case, "d"), gate::bytes_of(MmaFp4Model(fault).run(launch_case)));
  EXPECT_EQ(comparison.compared, static_cast<std::int64_t>(tiles_of(launch_case) * kRows * kColumns));
  return comparison.mismatches.size();
}

TEST_F(MmaFp4Test, TheLaneModelAgrees) {
  for (const gate::Case& one : probe().cases) EXPECT_EQ(refused_words(one, MmaFp4Fault::none), 0u) << one.name;
  EXPECT_EQ(refused_words(probe().negative, MmaFp4Fault::none), 0u);
}

/// Whether a fault changes anything in the form of a case.
bool concerns(MmaFp4Fault fault, const gate::Case& launch_case) {
  const bool in_bytes = launch_case.entry == "mma_mxf8f6f4", ue4m3 = launch_case.entry == "mma_nvfp4";
  switch (fault) {
    case MmaFp4Fault::nibbles_of_a_exchanged:
    case MmaFp4Fault::bytes_of_scales_reversed:
    case MmaFp4Fault::one_scale_for_all:
      return !in_bytes;
    case MmaFp4Fault::container_not_shifted:
      return in_bytes;
    case MmaFp4Fault::scale_fraction_ignored:
      return ue4m3;
    case MmaFp4Fault::subnormal_scale_is_zero:
      return launch_case.name == "NVFP4, subnormal scales, exact range" || launch_case.name == "NVFP4, wide range";
    case MmaFp4Fault::thread_id_a_ignored:
    case MmaFp4Fault::thread_id_b_ignored:
      return names_every_thread_id(launch_case);
    case MmaFp4Fault::byte_ids_ignored:
    case MmaFp4Fault::byte_ids_exchanged:
      return !ue4m3;
    default:
      return true;
  }
}

class MmaFp4FaultTest : public MmaFp4Test, public testing::WithParamInterface<int> {};

TEST_P(MmaFp4FaultTest, IsRefusedByEveryCaseThatItConcerns) {
  const auto fault = static_cast<MmaFp4Fault>(GetParam());
  std::size_t concerned = 0;
  for (const gate::Case& one : probe().cases) {
    if (!concerns(fault, one)) {
      EXPECT_EQ(refused_words(one, fault), 0u) << one.name;
      continue;
    }
    ++concerned;
    EXPECT_GT(refused_words(one, fault), 0u) << one.name;
  }
  EXPECT_GT(concerned, 0u);
}

INSTANTIATE_TEST_SUITE_P(EveryFault, MmaFp4FaultTest, testing::Range(1, static_cast<int>(MmaFp4Fault::last_fault) + 1));

TEST_F(MmaFp4Test, TextHasAStandIn) { expect_assemblable(probe()); }

}  // namespace
}  // namespace assay::probes
