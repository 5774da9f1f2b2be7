#include "reports/profiles.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

#include "harness/base/json.h"
#include "reports/profile_differences.h"
#include "tests/reports/check_fixtures.h"

namespace assay::reports {
namespace {

std::string with_fact(const std::string& fact) {
  return R"({"schema":"profile/2","id":"x","version":1,"as_of":"2026-11-22","notice":"n",)"
         R"("sources":{"r":{"kind":"note","ref":"a reference","note":"of all"}},)"
         R"("match":{"compute_capability":"9.0","name_regex":"X1"},"facts":[)" +
         fact + "]}";
}

std::string fact(const std::string& op, const std::string& expected, const std::string& unit = "\"\"",
                 const std::string& severity = "\"info\"", const std::string& claimed = "") {
  return R"({"key":"k","op":")" + op + R"(","expected":)" + expected + R"(,"unit":)" + unit + R"(,"severity":)" +
         severity + R"(,"confidence":"conflicting","sources":["r"],"also_claimed":[)" + claimed + "]}";
}

Agreement judge(const std::string& one_fact, const Json& observed, std::string_view unit = "") {
  const Result<Profile> profile = parse_profile(with_fact(one_fact), "x.json");
  EXPECT_TRUE(profile) << profile.error().message;
  return compare(*profile, "k", observed, unit);
}

std::string refusal(const std::string& text) {
  const Result<Profile> profile = parse_profile(text, "x.json");
  return profile ? "accepted" : profile.error().message;
}

TEST(ProfilesTest, TheBuiltInOnesAreReadAndEachFactHasASource) {
  const Result<std::vector<Profile>> profiles = builtin_profiles();
  ASSERT_TRUE(profiles) << profiles.error().message;
  ASSERT_EQ(profiles->size(), 3u);
  for (const Profile& profile : *profiles) {
    EXPECT_GT(profile.facts.size(), 50u) << profile.id;
    for (const Fact& f : profile.facts) EXPECT_FALSE(f.sources.empty()) << profile.id << ' ' << f.key;
  }
}

TEST(ProfilesTest, TheBuiltInOnesHoldNoIdentifiers) {
  const Result<std::vector<Profile>> profiles = builtin_profiles();
  ASSERT_TRUE(profiles);
  const std::regex identifier("GPU-[0-9a-f]{8}|[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\\.[0-9]");
  for (const Profile& profile : *profiles)
    for (const Fact& f : profile.facts) {
      EXPECT_FALSE(f.key.starts_with("pci_")) << f.key;
      EXPECT_FALSE(std::regex_search(spelled(f.expected), identifier)) << f.key;
    }
}

TEST(ProfilesTest, ADeviceIsMatchedByCapabilityAndName) {
  const Result<std::vector<Profile>> profiles = builtin_profiles();
  ASSERT_TRUE(profiles);
  const auto id = [&](std::string_view name, int major, int minor) {
    const Profile* profile = match_profile(*profiles, name, major, minor);
    return profile == nullptr ? std::string("none") : profile->id;
  };
  EXPECT_EQ(id("NVIDIA H100 80GB HBM3", 9, 0), "h100");
  EXPECT_EQ(id("NVIDIA GB10", 12, 1), "gb10");
  EXPECT_EQ(id("NVIDIA B200", 10, 0), "b200");
  EXPECT_EQ(id("NVIDIA H200", 9, 0), "none");
  EXPECT_EQ(id("NVIDIA H100 80GB HBM3", 8, 0), "none");
}

TEST(ProfilesTest, EachOpComparesInItsWay) {
  EXPECT_EQ(judge(fact("eq", "5"), 5), Agreement::match);
  EXPECT_EQ(judge(fact("eq", "5"), 6), Agreement::mismatch);
  EXPECT_EQ(judge(fact("eq", "5"), "5"), Agreement::mismatch);
  EXPECT_EQ(judge(fact("ne", "true"), false), Agreement::match);
  EXPECT_EQ(judge(fact("ge", "5"), 4), Agreement::mismatch);
  EXPECT_EQ(judge(fact("le", "5"), 5), Agreement::match);
  EXPECT_EQ(judge(fact("range", "[3, 12]"), 12), Agreement::match);
  EXPECT_EQ(judge(fact("range", "[3, 12]"), 13), Agreement::mismatch);
  EXPECT_EQ(judge(fact("range", "[3, 12]"), "7"), Agreement::mismatch);
  EXPECT_EQ(judge(fact("one_of", R"(["12.9", "13.0"])"), "13.0"), Agreement::match);
  EXPECT_EQ(judge(fact("regex", R"("^OMMA")"), "OMMA.SF"), Agreement::match);
  EXPECT_EQ(judge(fact("regex", R"("^OMMA")"), "HMMA"), Agreement::mismatch);
  EXPECT_EQ(judge(fact("present", "null"), 0), Agreement::match);
  EXPECT_EQ(judge(fact("unknown", "null"), 1), Agreement::unknown);
  EXPECT_EQ(judge(fact("eq", "5"), nullptr), Agreement::not_observed);
}

TEST(ProfilesTest, AValueThatASourceClaimedResolvesTheConflict) {
  const std::string blocks = fact("eq", "24", "\"\"", "\"info\"", R"({"value":32,"source":"elsewhere"})");
  EXPECT_EQ(judge(blocks, 24), Agreement::match);
  EXPECT_EQ(judge(blocks, 32), Agreement::conflict_resolved);
  EXPECT_EQ(judge(blocks, 16), Agreement::mismatch);
}

bool is_unsure(const Fact& one) {
  return one.confidence == Confidence::conflicting || one.confidence == Confidence::unknown;
}

/// A device of the profile that observes something nobody published, for every fact of which nobody is sure.
evidence::VerifyReport contradicting(const Profile& profile, const std::string& name) {
  evidence::Record question = evidence::good_question();
  question.measurements.clear();
  for (const Fact& one : profile.facts)
    if (is_unsure(one))
      question.measurements.push_back(
          {.key = one.key, .source = "test", .unit = one.unit, .value = -12345, .note = ""});
  evidence::Environment environment = h100_environment();
  environment.device->name = name;
  environment.device->compute_capability = profile.compute_capability;
  return report_of({question}, environment);
}

TEST(ProfilesTest, ConflictingAndUnknownExpectationsFailNothing) {
  const Result<std::vector<Profile>> profiles = builtin_profiles();
  ASSERT_TRUE(profiles);
  std::size_t unsure = 0, differ = 0;
  for (const auto& [id, name] : {std::pair("gb10", "NVIDIA GB10"), std::pair("b200", "NVIDIA B200")}) {
    const auto profile = std::ranges::find(*profiles, id, &Profile::id);
    ASSERT_NE(profile, profiles->end());
    const auto differences = profile_differences(*profiles, contradicting(*profile, name));
    ASSERT_TRUE(differences);
    unsure += static_cast<std::size_t>(std::ranges::count_if(profile->facts, is_unsure));
    differ += differences->count(Agreement::mismatch) + differences->count(Agreement::unknown);
    EXPECT_EQ(differences->first_mismatch(Severity::fail), nullptr) << id;
    EXPECT_EQ(differences->first_mismatch(Severity::warn), nullptr) << id;
  }
  EXPECT_EQ(unsure, 15u);
  EXPECT_EQ(differ, unsure);
}

TEST(ProfilesTest, UnitsAreConvertedOrRefused) {
  EXPECT_EQ(judge(fact("ge", "3100", "\"GB/s\""), 3'133'439'043'750, "B/s"), Agreement::match);
  EXPECT_EQ(judge(fact("ge", "3100", "\"GB/s\""), 3'099'999'999'999, "B/s"), Agreement::mismatch);
  EXPECT_EQ(judge(fact("range", "[3, 12]", "\"W\""), 12'000, "mW"), Agreement::match);
  EXPECT_EQ(judge(fact("eq", "5", "\"B\""), 5, "kHz"), Agreement::mismatch);
  EXPECT_EQ(judge(fact("eq", "0", "\"B\""), 0, "kHz"), Agreement::mismatch);
}

TEST(ProfilesTest, AKeyThatTheProfileLacksIsNew) {
  const Result<Profile> profile = parse_profile(with_fact(fact("eq", "5")), "x.json");
  ASSERT_TRUE(profile);
  EXPECT_EQ(compare(*profile, "other", 1, ""), Agreement::new_fact);
}

TEST(ProfilesTest, RefusesWhatDoesNotFit) {
  EXPECT_NE(refusal(with_fact(fact("near", "5"))).find("unknown word 'near'"), std::string::npos);
  EXPECT_NE(refusal(with_fact(fact("range", "[5]"))).find("does not fit the op"), std::string::npos);
  EXPECT_NE(refusal(with_fact(fact("present", "5"))).find("does not fit the op"), std::string::npos);
  EXPECT_NE(refusal(with_fact(fact("eq", "5", "\"\"", "\"fail\""))).find("must be info"), std::string::npos);
  EXPECT_EQ(refusal(with_fact(fact("eq", "5") + "," + fact("eq", "6"))), "x.json: the key 'k' is there twice");
  std::string no_source = fact("eq", "5");
  no_source.replace(no_source.find(R"("r")"), 3, "");
  EXPECT_NE(refusal(with_fact(no_source)).find("a fact needs a source"), std::string::npos);
  std::string unknown = fact("eq", "5");
  unknown.replace(unknown.find(R"("r")"), 3, R"("s")");
  EXPECT_EQ(refusal(with_fact(unknown)), "x.json: facts[0].sources[0]: 's' is not in the profile's table of sources");
  EXPECT_NE(refusal(R"({"schema":"profile/1"})").find("must be profile/2"), std::string::npos);
}

TEST(ProfilesTest, AFactMayHaveANoteOfItsOwnBesideTheSource) {
  std::string noted = fact("eq", "5");
  noted.replace(noted.find(R"("r")"), 3, R"("r",{"source":"r","note":"of this fact"})");
  const Result<Profile> profile = parse_profile(with_fact(noted), "x.json");
  ASSERT_TRUE(profile) << profile.error().message;
  const std::vector<FactSource>& sources = profile->facts.front().sources;
  ASSERT_EQ(sources.size(), 2u);
  EXPECT_EQ(sources[0].ref, "a reference");
  EXPECT_EQ(sources[0].note, "of all");
  EXPECT_EQ(sources[1].ref, "a reference");
  EXPECT_EQ(sources[1].note, "of this fact");
}

}  // namespace
}  // namespace assay::reports
