#include "reports/policy.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace assay::reports {
namespace {

const std::vector<Profile>& profiles() {
  static const std::vector<Profile> builtin = *builtin_profiles();
  return builtin;
}

Result<Policy> parse(const std::string& lines) {
  return parse_policy(R"({"schema":"policy/1","name":"release","requirements":[)" + lines + "]}", "p.json", profiles());
}

Requirement line(const std::string& text) {
  const auto policy = parse(text);
  EXPECT_TRUE(policy) << policy.error().message;
  return policy ? policy->requirements.front() : Requirement();
}

TEST(PolicyTest, AGateIsAskedToBeProvenUnlessLessIsSaid) {
  const Requirement plain = line(R"({"gate":"tma.load"})");
  EXPECT_EQ(plain.id, "gate tma.load");
  EXPECT_EQ(plain.suffices, Suffices::proven);
  EXPECT_TRUE(plain.device.empty());
  EXPECT_EQ(asked(plain), "proven");
}

TEST(PolicyTest, EveryFieldIsRead) {
  const Requirement full = line(R"({"id":"tma","gate":"tma.load","target":"sm_90a","suffices":"loads","why":"because",)"
                                R"("device":{"compute_capability":"9.0","name":"H100"}})");
  EXPECT_EQ(full.id, "tma");
  EXPECT_EQ(full.target, "sm_90a");
  EXPECT_EQ(full.suffices, Suffices::loads);
  EXPECT_EQ(full.why, "because");
  EXPECT_EQ(full.device.compute_capability, "9.0");
  EXPECT_EQ(full.device.name_regex, "H100");
  EXPECT_EQ(line(R"({"kernel":"nvfp4.gemm","suffices":"agrees@gb10"})").profile, "gb10");
  EXPECT_EQ(line(R"({"claim":"executes.tma.load"})").suffices, Suffices::supported);
  EXPECT_EQ(line(R"({"gate":"mma.fp4","target":"sm_121a","suffices":"assembles"})").id, "gate mma.fp4@sm_121a");
  const Requirement limit = line(R"({"limit":"largest_allocation","min":1,"max":9,"unit":"B"})");
  EXPECT_EQ(limit.suffices, Suffices::reported);
  EXPECT_EQ(asked(limit), ">= 1 B, <= 9 B");
  EXPECT_EQ(asked(line(R"({"limit":"x","max":9,"suffices":"agrees@gb10"})")), "<= 9 agrees@gb10");
}

TEST(PolicyTest, ADeviceIsMatchedByCapabilityAndName) {
  const evidence::Environment::Device h100{.name = "NVIDIA H100 80GB HBM3", .compute_capability = "9.0"};
  EXPECT_TRUE((DeviceFilter{"9.0", ""}.matches(h100)));
  EXPECT_TRUE((DeviceFilter{"", "H100|H200"}.matches(h100)));
  EXPECT_FALSE((DeviceFilter{"9.0", "H200"}.matches(h100)));
  EXPECT_FALSE((DeviceFilter{"10.0", "H100"}.matches(h100)));
  const evidence::Environment::Device endless{.name = std::string(1u << 20, 'a'), .compute_capability = "9.0"};
  EXPECT_FALSE((DeviceFilter{"", "(a|b)*"}.matches(endless)));
}

TEST(PolicyTest, RefusesWhatItDoesNotUnderstand) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "p.json: requires nothing, so it would always hold"},
      {R"({"suffices":"proven"})",
       "p.json: requirements[0]: field 'gate': a line names one of gate, kernel, claim, limit; this one names 0"},
      {R"({"gate":"a","claim":"b"})",
       "p.json: requirements[0]: field 'gate': a line names one of gate, kernel, claim, limit; this one names 2"},
      {R"({"gate":""})", "p.json: requirements[0]: field 'gate': is empty"},
      {R"({"gate":"a","suffices":"emulated"})",
       "p.json: requirements[0]: field 'suffices': unknown word 'emulated'; proven, reported, loads, assembles or "
       "agrees@PROFILE"},
      {R"({"gate":"a","suffices":"agrees@gb11"})", "p.json: requirements[0]: field 'suffices': no profile 'gb11'"},
      {R"({"gate":"a","suffices":"assembles"})",
       "p.json: requirements[0]: field 'target': must be given: a text assembles for a target"},
      {R"({"gate":"a","target":"hopper"})",
       "p.json: requirements[0]: field 'target': target 'hopper': expected sm_ and a number, with suffix a, f or none"},
      {R"({"gate":"a","min":1})", "p.json: requirements[0]: field 'min': only a limit has bounds and a unit"},
      {R"({"limit":"a"})", "p.json: requirements[0]: field 'min': a limit has a min, a max, or both"},
      {R"({"limit":"a","min":2,"max":1})", "p.json: requirements[0]: field 'max': is below min"},
      {R"({"limit":"a","min":2,"suffices":"proven"})",
       "p.json: requirements[0]: field 'suffices': a limit is reported, or agrees@PROFILE; nothing more is said of a "
       "value"},
      {R"({"limit":"a","min":1,"target":"sm_90a"})",
       "p.json: requirements[0]: field 'target': only a gate or a kernel has one; a claim names its own"},
      {R"({"claim":"a","suffices":"proven"})", "p.json: requirements[0]: field 'suffices': unknown"},
      {R"({"gate":"a","device":{}})",
       "p.json: requirements[0].device: field 'compute_capability': or 'name' must be given"},
      {R"({"gate":"a","device":{"compute_capability":"hopper"}})",
       "p.json: requirements[0].device: field 'compute_capability': 'hopper' is not like \"9.0\""},
      {R"({"gate":"a","device":{"name":"("}})",
       "p.json: requirements[0].device: field 'name': is not a regular expression of at most 256 characters"},
      {R"({"gate":"a"},{"gate":"a"})",
       "p.json: requirements[1]: the id 'gate a' is there twice; give one of them an \"id\" of its own"},
      {R"({"gate":"a","sufices":"proven"})", "p.json: requirements[0]: field 'sufices': unknown"},
  };
  for (const auto& [lines, message] : cases) {
    const auto policy = parse(lines);
    ASSERT_FALSE(policy) << lines;
    EXPECT_EQ(policy.error().message, message) << lines;
  }
}

TEST(PolicyTest, AnotherSchemaIsRefused) {
  const auto policy = parse_policy(R"({"schema":"policy/2","name":"n","requirements":[]})", "p.json", profiles());
  ASSERT_FALSE(policy);
  EXPECT_EQ(policy.error().message, "p.json: field 'schema': must be policy/1");
}

}  // namespace
}  // namespace assay::reports
