#include "probes/wgmma_bf16.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <numeric>

#include "probe_parts.h"

namespace assay::probes {
namespace {

using cuda::Swizzle;

constexpr std::uint32_t kN = 64;

const gate::Probe& probe() {
  static const gate::Probe probe = make_wgmma_bf16(fixed_seed());
  return probe;
}

bool exact(const gate::Case& launch_case) { return part<gate::Output>(launch_case, "d").bound.empty(); }
std::uint32_t k_of(const gate::Case& launch_case) { return 16 * scalar_of(launch_case, "steps"); }
float value(std::uint16_t bits) { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }

/// A byte's address as the manual gives it for K-major operands, from the descriptor's own bits.
std::uint32_t operand_address(std::uint64_t descriptor, std::uint32_t row, std::uint32_t byte) {
  const auto field = [&](int low) { return static_cast<std::uint32_t>(descriptor >> low & 0x3fff) * 16; };
  const std::uint32_t start = field(0), leading = field(16), stride = field(32);
  switch (descriptor >> 62) {
    case 1: {
      const std::uint32_t at = start + row / 8 * stride + row % 8 * 128 + byte;
      return at ^ (at >> 7 & 7) << 4;
    }
    case 2: {
      const std::uint32_t at = start + row / 8 * stride + row % 8 * 64 + byte;
      return at ^ (at >> 7 & 3) << 4;
    }
    case 3: {
      const std::uint32_t at = start + row / 8 * stride + row % 8 * 32 + byte;
      return at ^ (at >> 7 & 1) << 4;
    }
    default:
      return start + row / 8 * stride + byte / 16 * leading + row % 8 * 16 + byte % 16;
  }
}

/// Operand element (row, k) as the instruction of step k / 16 finds it.
float fetched(const gate::Case& launch_case, std::string_view name, std::uint32_t row, std::uint32_t k) {
  const auto image = values_of<std::uint16_t>(part<gate::Input>(launch_case, name).bytes);
  const auto descriptor =
      scalar_of<std::uint64_t>(launch_case, "descriptor") + k / 16 * scalar_of(launch_case, "advance");
  return value(image.at(operand_address(descriptor, row, k % 16 * 2) / 2));
}

std::vector<float> fetched(const gate::Case& launch_case, std::string_view name) {
  std::vector<float> matrix;
  for (std::uint32_t row = 0; row < kN; ++row)
    for (std::uint32_t k = 0; k < k_of(launch_case); ++k) matrix.push_back(fetched(launch_case, name, row, k));
  return matrix;
}

/// The products of one element of D, summed up.
struct Terms {
  double sum = 0, magnitude = 0;
  float in_order = 0;
};

std::vector<Terms> terms_of(const gate::Case& launch_case) {
  const std::vector<float> a = fetched(launch_case, "a"), b = fetched(launch_case, "b");
  const std::uint32_t size = k_of(launch_case);
  std::vector<Terms> all(kN * kN);
  for (std::uint32_t i = 0; i < kN * kN; ++i)
    for (std::uint32_t k = 0; k < size; ++k) {
      const float product = a[i / kN * size + k] * b[i % kN * size + k];
      all[i].sum += product;
      all[i].magnitude += std::fabs(product);
      all[i].in_order += product;
    }
  return all;
}

TEST(WgmmaBf16Test, SameSeedGivesTheSameProbeOnEveryHost) {
  EXPECT_EQ(golden(probe()), "733622d20202dff72be3f8e23849c0180e6223ebb2f27510b042c2cbcf290729");
  gate::Seed other = fixed_seed();
  other[7] ^= std::byte{1};
  EXPECT_NE(golden(make_wgmma_bf16(other)), golden(probe()));
}

TEST(WgmmaBf16Test, DescriptorsHoldTheManualsFields) {
  EXPECT_EQ(wgmma_descriptor(Swizzle::none), 0x0000000800400000u);
  EXPECT_EQ(wgmma_descriptor(Swizzle::b128), 0x4000004000010000u);
  EXPECT_EQ(wgmma_descriptor(Swizzle::b64), 0x8000002000010000u);
  EXPECT_EQ(wgmma_descriptor(Swizzle::b32), 0xc000001000010000u);
}

TEST(WgmmaBf16Test, ImagesMatchFormulasWrittenOutPerLayout) {
  std::vector<std::uint16_t> matrix(kWgmmaRows * 32);
  std::iota(matrix.begin(), matrix.end(), std::uint16_t{0});
  const auto none = wgmma_image(matrix, Swizzle::none), b32 = wgmma_image(matrix, Swizzle::b32),
             b64 = wgmma_image(matrix, Swizzle::b64);
  for (std::uint32_t row = 0; row < kWgmmaRows; ++row)
    for (std::uint32_t k = 0; k < 32; ++k) {
      const std::uint32_t unit = k / 8, in = k % 8;
      EXPECT_EQ(none.at(unit * 512 + row * 8 + in), matrix[row * 32 + k]);
      EXPECT_EQ(b32.at(unit / 2 * 1024 + row * 16 + (unit % 2 ^ row / 4 % 2) * 8 + in), matrix[row * 32 + k]);
      EXPECT_EQ(b64.at(row * 32 + (unit ^ row / 2 % 4) * 8 + in), matrix[row * 32 + k]);
    }
}

TEST(WgmmaBf16Test, A128ByteImageMovesUnitsByTheRow) {
  std::vector<std::uint16_t> matrix(kWgmmaRows * 64);
  std::iota(matrix.begin(), matrix.end(), std::uint16_t{0});
  const auto image = wgmma_image(matrix, Swizzle::b128);
  for (std::uint32_t row = 0; row < kWgmmaRows; ++row)
    for (std::uint32_t k = 0; k < 64; ++k)
      EXPECT_EQ(image.at(row * 64 + ((k / 8) ^ row % 8) * 8 + k % 8), matrix[row * 64 + k]);
}

TEST(WgmmaBf16Test, ReadThroughTheDescriptorTheImagesGiveTheExpectedProduct) {
  for (const gate::Case& launch_case : probe().cases) {
    const auto d = values_of<float>(part<gate::Output>(launch_case, "d").expected);
    const auto terms = terms_of(launch_case);
    ASSERT_EQ(d.size(), terms.size());
    for (std::size_t i = 0; i < d.size(); ++i)
      ASSERT_EQ(d[i], static_cast<float>(terms[i].sum)) << launch_case.name << " element " << i;
  }
}

TEST(WgmmaBf16Test, ExactSumsFitFloatInAnyOrder) {
  for (const gate::Case& launch_case : probe().cases) {
    if (!exact(launch_case)) continue;
    for (const float element : fetched(launch_case, "a")) {
      ASSERT_EQ(element, std::trunc(element));
      ASSERT_NE(element, 0);
    }
    for (const Terms& terms : terms_of(launch_case)) ASSERT_LT(terms.magnitude, 0x1p24) << launch_case.name;
  }
}

TEST(WgmmaBf16Test, TheWideBoundAdmitsAFloatSumAndNoMissingProduct) {
  for (const gate::Case& launch_case : probe().cases) {
    if (exact(launch_case)) continue;
    const auto& output = part<gate::Output>(launch_case, "d");
    const auto d = values_of<float>(output.expected);
    const auto terms = terms_of(launch_case);
    for (std::size_t i = 0; i < d.size(); ++i) {
      EXPECT_LE(std::fabs(d[i] - terms[i].in_order), output.bound[i]) << i;
      EXPECT_LT(output.bound[i] * 512, terms[i].magnitude / k_of(launch_case)) << i;
    }
  }
  EXPECT_FALSE(exact(probe().cases.back()));
}

TEST(WgmmaBf16Test, EveryImageFillsWholeRoundsOfTheCopyLoopAndFitsItsTile) {
  for (const gate::Case& launch_case : probe().cases) {
    const std::uint32_t bytes = scalar_of(launch_case, "bytes");
    EXPECT_EQ(bytes % 2048, 0u);
    EXPECT_LE(bytes, 8192u);
    EXPECT_EQ(bytes, kN * k_of(launch_case) * 2);
    EXPECT_GT(scalar_of(launch_case, "steps"), 1u) << "scale-d must be tried both ways";
  }
}

TEST(WgmmaBf16Test, NegativeMovesExactlyOneRow) {
  const auto moved = moved_words(probe().cases.front(), probe().negative, "d");
  ASSERT_EQ(moved.size(), kN);
  std::vector<std::size_t> row(kN);
  std::iota(row.begin(), row.end(), moved.front() / kN * kN);
  EXPECT_EQ(moved, row);
}

TEST(WgmmaBf16Test, TheStandInHasNoWgmma) {
  const Target target{90, 'a'};
  EXPECT_NE(gate::with_instruction(probe().source, target).find("wgmma."), std::string::npos);
  const auto without = gate::without_instruction(probe().source, target);
  ASSERT_TRUE(without) << without.error().message;
  EXPECT_EQ(without->find("wgmma."), std::string::npos);
}

}  // namespace
}  // namespace assay::probes
