#include "reports/lint/lexicon.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

namespace assay::lint {
namespace {

using testing::HasSubstr;
using testing::IsSupersetOf;

const Lexicon& builtin() {
  static const Lexicon lexicon = [] {
    Result<Lexicon> read = Lexicon::builtin();
    EXPECT_TRUE(read) << read.error().message;
    return read ? *std::move(read) : Lexicon();
  }();
  return lexicon;
}

Tags tags_of(std::string_view sentence) {
  Tags all;
  for (const Tags& tags : builtin().tag(words_of(sentence)).tags) all |= tags;
  return all;
}

TEST(InflectTest, MakesTheFormsOfAVerb) {
  const IrregularForms irregular = {{"run", {"runs", "ran", "running"}}};
  EXPECT_THAT(verb_forms("run", irregular), testing::ElementsAre("run", "runs", "ran", "running"));
  EXPECT_THAT(verb_forms("carry", {}), IsSupersetOf({"carries", "carried", "carrying"}));
  EXPECT_THAT(verb_forms("omit", {}), IsSupersetOf({"omits", "omitted", "omitting"}));
  EXPECT_THAT(verb_forms("miss", {}), IsSupersetOf({"misses", "missed", "missing"}));
  EXPECT_THAT(verb_forms("enable", {}), IsSupersetOf({"enables", "enabled", "enabling"}));
  EXPECT_THAT(noun_forms("capability"), IsSupersetOf({"capability", "capabilities"}));
}

TEST(LexiconTest, KnowsASubjectInAnySpelling) {
  for (const char* text : {"GB10", "gb-10", "DGX Spark", "the Spark's", "compute capability 12.1", "Project DIGITS"})
    EXPECT_TRUE(has(tags_of(text), Tag::device)) << text;
  for (const char* text : {"sm_121a", "SM 121", "sm-121f", "sm121"})
    EXPECT_TRUE(has(tags_of(text), Tag::target)) << text;
  for (const char* text : {"tcgen05.mma", "5th-gen tensor cores", "fifth-generation tensor core instructions", "TMEM",
                           "tensor memories", "4-bit floating point", "block-scaled MMA", "2-CTA pairs", "NVFP4"})
    EXPECT_TRUE(has(tags_of(text), Tag::feature)) << text;
  EXPECT_FALSE(has(tags_of("it sparks interest"), Tag::device));
}

TEST(LexiconTest, LeavesNamesOfFilesAndOptionsAlone) {
  for (const char* text : {"probes/tma_multicast.cc", "--allow-patched-launch", "CUDA_ERROR_NOT_SUPPORTED"}) {
    const Tags tags = tags_of(text);
    EXPECT_FALSE(has(tags, Tag::feature) || has(tags, Tag::edit) || has(tags, Tag::capability)) << text;
  }
}

TEST(LexiconTest, HasWordsForEveryFamily) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(Tag::verb); ++i)
    EXPECT_GT(builtin().size(static_cast<Tag>(i)), 0u) << word(static_cast<Tag>(i));
}

std::string error_of(const std::string& text) {
  const Result<Lexicon> read = Lexicon::read({{"x.json", text}});
  return read ? "" : read.error().message;
}

TEST(LexiconTest, RefusesDataThatTheRulesDoNotKnow) {
  EXPECT_EQ(error_of(R"({"schema":"lint-lexicon/1","families":[{"tag":"colour","words":["red"]}]})"),
            "x.json: families[0]: field 'tag': unknown word 'colour'");
  EXPECT_THAT(error_of(R"({"schema":"other","families":[]})"), HasSubstr("must be 'lint-lexicon/1'"));
  EXPECT_THAT(error_of(R"({"schema":"lint-lexicon/1","families":[{"tag":"run","words":[""]}]})"),
              HasSubstr("must hold strings that are not empty"));
  EXPECT_EQ(error_of(R"({"schema":"lint-lexicon/1","families":[{"tag":"device","words":["x"]}]})"),
            "lexicon: no family 'target'; the rules need it");
}

}  // namespace
}  // namespace assay::lint
