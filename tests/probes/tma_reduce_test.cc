#include "probes/tma_reduce.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "probe_parts.h"
#include "probes/swizzle.h"
#include "probes/tma_box.h"
#include "tests/probes/tma_reduce_model.h"

namespace assay::probes {
namespace {

using model::ReduceFault;
using model::ReduceModel;

const gate::Probe& probe() {
  static const gate::Probe probe = make_tma_reduce(fixed_seed());
  return probe;
}

bool says(const gate::Case& launch_case, std::string_view words) {
  return launch_case.name.find(words) != std::string::npos;
}

ReduceOperation operation_of(const gate::Case& launch_case) {
  return scalar_of<ReduceOperation>(launch_case, "operation");
}

std::vector<BoxElement> box_of(const gate::Case& launch_case) {
  const std::vector<std::int32_t> start = {scalar_of<std::int32_t>(launch_case, "x"),
                                           scalar_of<std::int32_t>(launch_case, "y")};
  return walk_box(map_of(launch_case), start);
}

TEST(TmaReduceTest, SameSeedGivesTheSameProbeOnEveryHost) {
  EXPECT_EQ(golden(probe()), "c89df5d57e817ebc6c99b54a1d5eb0f26a9abb25841422412e26c2888d55c037");
  gate::Seed other = fixed_seed();
  other[31] ^= std::byte{1};
  EXPECT_NE(golden(make_tma_reduce(other)), golden(probe()));
}

TEST(TmaReduceTest, OperationsAreTheManuals) {
  using enum ReduceOperation;
  EXPECT_EQ(reduced(add, 7, -9), -2);
  EXPECT_EQ(reduced(min, 7, -9), -9);
  EXPECT_EQ(reduced(max, 7, -9), 7);
  EXPECT_EQ(reduced(bit_and, 12, 10), 8);
  EXPECT_EQ(reduced(bit_or, 12, 10), 14);
  EXPECT_EQ(reduced(bit_xor, 12, 10), 6);
  EXPECT_EQ(reduced(inc, 2, 3), 3);
  EXPECT_EQ(reduced(inc, 3, 3), 0);
  EXPECT_EQ(reduced(inc, 4, 3), 0);
  EXPECT_EQ(reduced(dec, 2, 3), 1);
  EXPECT_EQ(reduced(dec, 3, 3), 2);
  EXPECT_EQ(reduced(dec, 4, 3), 3);
  EXPECT_EQ(reduced(dec, 0, 3), 3);
}

TEST(TmaReduceTest, EveryMapObeysTheEncodersRulesAndRowsAreWholeUnits) {
  for (const gate::Case& launch_case : probe().cases) {
    const cuda::TiledMap& map = map_of(launch_case);
    const std::size_t size = element_bytes(map.type), row = map.box[0] * size;
    EXPECT_EQ(row % 16, 0u) << launch_case.name;
    EXPECT_EQ(map.dims[0] * size % 16, 0u) << launch_case.name;
    EXPECT_EQ(map.strides[0] % 16, 0u) << launch_case.name;
    EXPECT_GT(map.strides[0], map.dims[0] * size) << launch_case.name;
    EXPECT_TRUE(map.swizzle == cuda::Swizzle::none || row == swizzle_span(map.swizzle)) << launch_case.name;
    EXPECT_EQ(scalar_of<std::int32_t>(launch_case, "x") * static_cast<std::int32_t>(size) % 16, 0) << launch_case.name;
  }
}

TEST(TmaReduceTest, EveryCaseFitsTheKernelsBuffers) {
  for (const gate::Case& launch_case : probe().cases) {
    const std::uint32_t bytes = scalar_of(launch_case, "bytes"), ctas = launch_case.launch.grid.x;
    EXPECT_EQ(bytes, box_bytes(map_of(launch_case))) << launch_case.name;
    EXPECT_GE(bytes, 512u) << launch_case.name;
    EXPECT_LE(bytes, 8192u) << launch_case.name;
    EXPECT_EQ(part<gate::Input>(launch_case, "images").bytes.size(), ctas * bytes) << launch_case.name;
    EXPECT_EQ(part<gate::Input>(launch_case, "initial").bytes.size(), scalar_of(launch_case, "tensor_bytes"));
    EXPECT_EQ(launch_case.launch.cluster.x, ctas) << launch_case.name;
    EXPECT_EQ(part<gate::Output>(launch_case, "status").expected, model::status_words(ctas)) << launch_case.name;
  }
}

TEST(TmaReduceTest, EveryOperationIsAskedAndAddsMeet) {
  std::set<ReduceOperation> asked;
  for (const gate::Case& launch_case : probe().cases) asked.insert(operation_of(launch_case));
  EXPECT_EQ(asked.size(), 8u);
  const gate::Case& meeting = case_named(probe(), "add u32, 128 B swizzle, past the end, two CTAs, twice");
  EXPECT_EQ(meeting.launch.grid.x * scalar_of(meeting, "issues"), 4u);
  for (const gate::Case& launch_case : probe().cases) {
    const bool ordered =
        operation_of(launch_case) == ReduceOperation::inc || operation_of(launch_case) == ReduceOperation::dec;
    EXPECT_EQ(launch_case.launch.grid.x, says(launch_case, "two CTAs") ? 2u : 1u) << launch_case.name;
    EXPECT_FALSE(ordered && launch_case.launch.grid.x > 1) << launch_case.name << ": the result would be open";
  }
}

TEST(TmaReduceTest, OnlyElementsOfTheBoxInsideTheTensorChange) {
  for (const gate::Case& launch_case : probe().cases) {
    const auto& initial = part<gate::Input>(launch_case, "initial").bytes;
    const auto& tensor = part<gate::Output>(launch_case, "tensor").expected;
    const std::size_t size = element_bytes(map_of(launch_case).type);
    std::set<std::size_t> inside;
    std::size_t outside = 0;
    for (const BoxElement& element : box_of(launch_case)) {
      outside += !element.global;
      for (std::size_t i = 0; element.global && i < size; ++i) inside.insert(*element.global + i);
    }
    EXPECT_EQ(outside > 0, says(launch_case, "past the end")) << launch_case.name;
    std::size_t changed = 0;
    for (std::size_t i = 0; i < tensor.size(); ++i) {
      EXPECT_TRUE(inside.contains(i) || tensor[i] == initial[i]) << launch_case.name << " byte " << i;
      changed += tensor[i] != initial[i];
    }
    EXPECT_GT(changed, inside.size() / 8) << launch_case.name;
  }
}

TEST(TmaReduceTest, UnsignedSumsWrapAround) {
  const gate::Case& first = probe().cases.front();
  const auto initial = words_of(part<gate::Input>(first, "initial").bytes);
  const auto tensor = words_of(part<gate::Output>(first, "tensor").expected);
  std::size_t wrapped = 0;
  for (std::size_t i = 0; i < tensor.size(); ++i) wrapped += tensor[i] < initial[i];
  EXPECT_GT(wrapped, 10u);
}

TEST(TmaReduceTest, FloatsStayIntegersWithinTheExactRange) {
  for (const gate::Case& launch_case : probe().cases) {
    const cuda::ElementType type = map_of(launch_case).type;
    const bool half = type == cuda::ElementType::f16 || type == cuda::ElementType::bf16;
    if (!half && type != cuda::ElementType::f32) continue;
    const int exponent_bits = type == cuda::ElementType::f16 ? 5 : 8;
    const float limit = type == cuda::ElementType::f16 ? 2048 : half ? 256 : 0x1p24f;
    const auto& tensor = part<gate::Output>(launch_case, "tensor").expected;
    std::vector<float> elements = values_of<float>(tensor);
    if (half) elements.clear();
    for (const std::uint16_t code : half ? values_of<std::uint16_t>(tensor) : std::vector<std::uint16_t>())
      elements.push_back(model::widened(code, exponent_bits));
    for (const float element : elements) {
      EXPECT_EQ(element, std::trunc(element)) << launch_case.name;
      EXPECT_LT(std::fabs(element), limit) << launch_case.name;
    }
  }
}

TEST(TmaReduceTest, BoundsOfIncAndDecAreMetOnEverySide) {
  for (const std::string_view name :
       {"inc u32, no swizzle, twice", "dec u32, 128 B swizzle, past the end, three times"}) {
    const gate::Case& launch_case = case_named(probe(), name);
    const auto initial = words_of(part<gate::Input>(launch_case, "initial").bytes);
    const auto image = words_of(part<gate::Input>(launch_case, "images").bytes);
    std::size_t below = 0, equal = 0, above = 0, zero = 0;
    for (const BoxElement& element : box_of(launch_case)) {
      if (!element.global) continue;
      const std::uint32_t before = initial[*element.global / 4], bound = image[element.shared / 4];
      below += before < bound;
      equal += before == bound;
      above += before > bound;
      zero += before == 0;
    }
    for (const std::size_t met : {below, equal, above, zero}) EXPECT_GT(met, 0u) << name;
  }
}

TEST(TmaReduceTest, NegativeMovesExactlyOneWord) {
  const gate::Case& first = probe().cases.front();
  EXPECT_EQ(moved_words(first, probe().negative, "tensor").size(), 1u);
  EXPECT_EQ(moved_words(first, probe().negative, "status").size(), 0u);
}

TEST(TmaReduceTest, TheStandInOnlyStores) {
  const Target target{90, 'a'};
  EXPECT_NE(gate::with_instruction(probe().source, target).find("cp.reduce.async"), std::string::npos);
  const auto without = gate::without_instruction(probe().source, target);
  ASSERT_TRUE(without) << without.error().message;
  EXPECT_EQ(without->find("cp.reduce.async"), std::string::npos);
}

/// Words that the comparison refuses of the model's answers to all cases of one challenge.
std::size_t refused_of_all(const gate::Probe& asked, ReduceFault fault) {
  std::size_t refused = 0;
  for (const gate::Case& launch_case : asked.cases)
    refused += model::refused_words(launch_case, ReduceModel(launch_case, fault).answer());
  return refused;
}

TEST(TmaReduceModelTest, AnotherReadingOfTheManualGivesTheOraclesBytes) {
  for (const gate::Seed& seed : model::seeds()) {
    const gate::Probe asked = make_tma_reduce(seed);
    EXPECT_EQ(refused_of_all(asked, ReduceFault::none), 0u);
    EXPECT_EQ(model::refused_words(asked.negative, ReduceModel(asked.negative, ReduceFault::none).answer()), 0u);
  }
}

class TmaReduceFaultTest : public testing::TestWithParam<ReduceFault> {};

TEST_P(TmaReduceFaultTest, IsRefusedWhateverTheChallenge) {
  for (const gate::Seed& seed : model::seeds()) EXPECT_GT(refused_of_all(make_tma_reduce(seed), GetParam()), 0u);
}

INSTANTIATE_TEST_SUITE_P(EverySingleFault, TmaReduceFaultTest,
                         testing::Values(ReduceFault::plain_store, ReduceFault::one_issue, ReduceFault::second_cta_lost,
                                         ReduceFault::first_image_for_both, ReduceFault::saturating_add,
                                         ReduceFault::carry_between_halves, ReduceFault::signs_ignored,
                                         ReduceFault::words_signed, ReduceFault::bound_ignored,
                                         ReduceFault::bound_is_exclusive, ReduceFault::and_as_or,
                                         ReduceFault::xor_as_or, ReduceFault::min_as_max, ReduceFault::swizzle_ignored,
                                         ReduceFault::x_ignored, ReduceFault::y_off_by_one,
                                         ReduceFault::padding_touched));

}  // namespace
}  // namespace assay::probes
