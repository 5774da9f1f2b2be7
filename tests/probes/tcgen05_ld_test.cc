#include "probes/tcgen05_ld.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "harness/gate/compare.h"
#include "tests/probes/probe_parts.h"
#include "tests/probes/tcgen05_ld_model.h"

namespace assay::probes {
namespace {

using tcgen05_ld_model::Fault;

constexpr std::uint32_t kSlotWords = 128 * 32;

const gate::Probe& probe() {
  static const gate::Probe probe = make_tcgen05_ld(fixed_seed());
  return probe;
}

std::vector<gate::Case> all_cases() {
  std::vector<gate::Case> cases = probe().cases;
  cases.push_back(probe().negative);
  return cases;
}

/// One row of a case's script.
struct Step {
  std::uint32_t form, slot, lane, column;
  std::uint64_t rest;
  const TmemForm& what() const { return tmem_forms()[form]; }
};

std::vector<Step> steps_of(const gate::Case& launch_case) {
  const auto words = words_of(part<gate::Input>(launch_case, "script").bytes);
  std::vector<Step> steps;
  for (std::size_t i = 0; i < words.size(); i += 4)
    steps.push_back({words[i] & 0xff, words[i] >> 8, words[i + 1] >> 16, words[i + 1] & 0xffff,
                     std::uint64_t{words[i + 3]} << 32 | words[i + 2]});
  return steps;
}

std::vector<std::size_t> mismatches(const gate::Case& launch_case, Fault fault) {
  return gate::compare(part<gate::Output>(launch_case, "out"), tcgen05_ld_model::run(launch_case, fault)).mismatches;
}

TEST(Tcgen05LdTest, SameSeedGivesTheSameProbeOnEveryHost) {
  EXPECT_EQ(golden(probe()), "2b1ba3ffa38dd2353cce1d94b8eee36eacb8cc479ad2bf1dc148ee0f60bb132a");
  gate::Seed other = fixed_seed();
  other[7] ^= std::byte{1};
  EXPECT_NE(golden(make_tcgen05_ld(other)), golden(probe()));
}

std::string shape_name(TmemShape shape) {
  const std::map<TmemShape, std::string> names = {
      {TmemShape::s32x32b, "32x32b"},    {TmemShape::s16x64b, "16x64b"},          {TmemShape::s16x128b, "16x128b"},
      {TmemShape::s16x256b, "16x256b"},  {TmemShape::c32x128b, "32x128b.warpx4"}, {TmemShape::c128x128b, "128x128b"},
      {TmemShape::c128x256b, "128x256b"}};
  return names.at(shape);
}

/// The instruction of a form up to its operands.
std::string instruction(const TmemForm& form) {
  if (form.operation == TmemOperation::copy) return "@%issues tcgen05.cp.cta_group::1." + shape_name(form.shape) + " ";
  return fmt::format("tcgen05.{}.sync.aligned.{}.x{}.b32", form.operation == TmemOperation::load ? "ld" : "st",
                     shape_name(form.shape), form.count);
}

/// The label that the kernel's branch table has for it.
std::string label(const TmemForm& form) {
  std::string name = shape_name(form.shape).substr(0, shape_name(form.shape).find('.'));
  std::ranges::transform(name, name.begin(), [](char c) { return c == 'x' ? 'X' : c == 'b' ? 'B' : c; });
  if (form.operation == TmemOperation::copy) return "CP_" + name;
  return fmt::format("{}_{}_X{}", form.operation == TmemOperation::load ? "LD" : "ST", name, form.count);
}

TEST(Tcgen05LdTest, TheBranchTableHoldsTheFormsInTheirOrder) {
  const std::string text(probe().source.text);
  const std::size_t from = text.find(".branchtargets") + 14;
  std::string labels = text.substr(from, text.find(';', from) - from), expected;
  std::erase_if(labels, [](char c) { return c == ' ' || c == '\n'; });
  for (const TmemForm& form : tmem_forms()) expected += (expected.empty() ? "" : ",") + label(form);
  EXPECT_EQ(labels, expected);
}

TEST(Tcgen05LdTest, EveryLabelStandsBeforeItsInstruction) {
  for (const TmemForm& form : tmem_forms())
    EXPECT_NE(probe().source.text.find("\n" + label(form) + ":\n  " + instruction(form)), std::string_view::npos)
        << label(form);
}

TEST(Tcgen05LdTest, EveryCaseLoadsInEveryForm) {
  for (const gate::Case& launch_case : all_cases()) {
    std::set<std::uint32_t> seen, all;
    for (const Step& step : steps_of(launch_case))
      if (step.what().operation == TmemOperation::load) seen.insert(step.form);
    for (std::uint32_t form = 0; form < tmem_forms().size(); ++form)
      if (tmem_forms()[form].operation == TmemOperation::load) all.insert(form);
    EXPECT_EQ(seen, all) << launch_case.name;
  }
}

TEST(Tcgen05LdTest, EveryStoreAndCopyAndBothHalvesAreUsed) {
  std::set<std::uint32_t> forms;
  std::set<std::pair<TmemShape, std::uint32_t>> halves;
  for (const gate::Case& launch_case : probe().cases)
    for (const Step& step : steps_of(launch_case)) {
      forms.insert(step.form);
      if (step.what().operation == TmemOperation::load) halves.insert({step.what().shape, step.lane});
    }
  EXPECT_EQ(forms.size(), tmem_forms().size());
  EXPECT_EQ(halves.size(), 7u) << "lane 0 of each shape, lane 16 of those of 16 lanes";
}

TEST(Tcgen05LdTest, CopiesTakeTheirRowsFromManyPlacesInTheImage) {
  std::set<std::uint64_t> starts, strides, leadings;
  for (const gate::Case& launch_case : probe().cases)
    for (const Step& step : steps_of(launch_case)) {
      if (step.what().operation != TmemOperation::copy) continue;
      starts.insert(step.rest & 0x3fff);
      leadings.insert(step.rest >> 16 & 0x3fff);
      strides.insert(step.rest >> 32 & 0x3fff);
      EXPECT_EQ(step.rest >> 46, 1u);
      EXPECT_EQ(step.lane, 0u);
    }
  EXPECT_GE(starts.size(), 8u);
  EXPECT_GE(leadings.size(), 3u);
  EXPECT_GE(strides.size(), 2u);
}

TEST(Tcgen05LdTest, NoTwoRegistersOfTheInputsAreAlike) {
  const auto data = words_of(part<gate::Input>(probe().cases.front(), "data").bytes);
  const std::set<std::uint32_t> values(data.begin(), data.end());
  EXPECT_EQ(data.size() % kSlotWords, 0u);
  EXPECT_GT(values.size(), data.size() - 4);
}

TEST(Tcgen05LdTest, EveryImageFillsWholeRoundsOfTheCopyLoopAndFitsItsTile) {
  for (const gate::Case& launch_case : all_cases()) {
    const std::uint32_t bytes = scalar_of(launch_case, "bytes");
    EXPECT_EQ(bytes, part<gate::Input>(launch_case, "image").bytes.size());
    EXPECT_TRUE(bytes % 2048 == 0 && bytes >= 2048 && bytes <= 16384) << bytes;
  }
}

TEST(Tcgen05LdTest, NegativeMovesExactlyTheFirstLoadsOnlyRegister) {
  const auto moved = moved_words(probe().cases.front(), probe().negative, "out");
  ASSERT_EQ(moved.size(), 128u);
  for (std::size_t thread = 0; thread < moved.size(); ++thread) EXPECT_EQ(moved[thread], thread * 32);
}

TEST(Tcgen05LdTest, TheModelGivesTheExpectedWords) {
  for (const gate::Case& launch_case : all_cases())
    EXPECT_THAT(mismatches(launch_case, Fault::none), testing::IsEmpty()) << launch_case.name;
}

TEST(Tcgen05LdTest, EveryFaultOfTheModelIsRefused) {
  for (int i = static_cast<int>(tcgen05_ld_model::kFirstFault); i <= static_cast<int>(tcgen05_ld_model::kLastFault);
       ++i) {
    std::size_t refused = 0;
    for (const gate::Case& launch_case : probe().cases)
      refused += !mismatches(launch_case, static_cast<Fault>(i)).empty();
    EXPECT_GT(refused, 0u) << "fault " << i;
  }
}

// A layout that is wrong in loads and stores alike shows only where one shape is read in another.
TEST(Tcgen05LdTest, ALayoutThatIsWrongBothWaysIsRefusedInEveryCase) {
  for (const Fault fault : {Fault::rows_swapped_16x64b, Fault::registers_swapped_16x128b, Fault::pairs_swapped_16x256b})
    for (const gate::Case& launch_case : probe().cases)
      EXPECT_FALSE(mismatches(launch_case, fault).empty()) << launch_case.name;
}

TEST(Tcgen05LdTest, TheStandInHasNoLoad) {
  const Target target{100, 'a'};
  EXPECT_NE(gate::with_instruction(probe().source, target).find("tcgen05.ld."), std::string::npos);
  const auto without = gate::without_instruction(probe().source, target);
  ASSERT_TRUE(without) << without.error().message;
  EXPECT_EQ(without->find("tcgen05.ld."), std::string::npos);
}

}  // namespace
}  // namespace assay::probes
