// The audit of the gate table: what a new row lacks is said here.
#include "probes/gates.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "harness/gate/attempt.h"
#include "ptx/texts.h"
#include "tests/support/attempt_tools.h"
#include "tests/support/instruction_gates.h"

namespace assay {
namespace {

// Ids are published in bundles: this list may grow, and nothing in it may change.
constexpr std::string_view kIdsInRunOrder[] = {
    "device.query",     "device.limits",    "device.memory", "device.state", "control.copy",    "control.arithmetic",
    "control.mma_bf16", "cubin.arch_patch", "tcgen05.alloc", "tcgen05.ld",   "tcgen05.mma.f16", "tcgen05.mma.mxf4nvf4",
    "tcgen05.mma.pair", "tma.load",         "tma.multicast", "tma.gather4",  "tma.scatter4",    "tma.reduce",
    "mma.fp8",          "cvt.fp4",          "mma.fp4",       "wgmma.bf16"};

TEST(GateTableTest, HoldsEveryGateOfTheDesignInRunOrder) {
  std::vector<std::string_view> ids;
  for (const gate::Gate& row : probes::gates()) ids.push_back(row.id);
  EXPECT_EQ(ids, std::vector<std::string_view>(std::begin(kIdsInRunOrder), std::end(kIdsInRunOrder)));
}

/// A new gate needs new rules: bundles of the old ones do not have it. New rules need a row in probes/gate_sets.cc.
TEST(GateTableTest, TheNewestRulesNameTheWholeTableAndOlderOnesKeepTheirSets) {
  std::vector<std::string> table;
  for (const gate::Gate& row : probes::gates()) table.emplace_back(row.id);
  EXPECT_EQ(probes::gate_set(evidence::kRules), table);
  for (const char* rules : {"rules/1", "rules/2", "rules/3"}) EXPECT_EQ(probes::gate_set(rules).size(), 22u) << rules;
  EXPECT_TRUE(probes::gate_set("rules/4").empty());
}

TEST(GateTableTest, PrerequisitesStandEarlierAndArchPatchIsNobodys) {
  std::set<std::string_view> earlier;
  for (const gate::Gate& row : probes::gates()) {
    for (const gate::Prerequisite& need : row.prerequisites) {
      EXPECT_TRUE(earlier.contains(need.gate)) << row.id << " needs " << need.gate;
      EXPECT_NE(need.gate, "cubin.arch_patch") << row.id;
      const bool device_gate = need.gate.starts_with("device.");
      EXPECT_EQ(need.needs, device_gate ? evidence::Verdict::reported : evidence::Verdict::proven) << row.id;
    }
    earlier.insert(row.id);
  }
}

TEST(GateTableTest, EveryRowSaysWhatItProvesAndWhatNot) {
  for (const gate::Gate& row : probes::gates()) {
    EXPECT_TRUE(row.question.ends_with("?")) << row.id;
    EXPECT_FALSE(row.proves.empty()) << row.id;
    EXPECT_FALSE(row.does_not_prove.empty()) << row.id;
    EXPECT_GE(row.version, 1) << row.id;
  }
}

TEST(GateTableTest, EveryMethodHasATest) {
  const std::filesystem::path folder = std::filesystem::path(ASSAY_SOURCE_DIR) / "tests/probes";
  for (const gate::Gate& row : probes::gates()) {
    if (std::holds_alternative<gate::NotImplemented>(row.method)) continue;
    std::string stem(row.id);
    std::ranges::replace(stem, '.', '_');
    EXPECT_TRUE(std::filesystem::exists(folder / (stem + "_test.cc"))) << row.id << " lacks " << stem << "_test.cc";
  }
}

class ProbeAuditTest : public testing::TestWithParam<test::GateRow> {
 protected:
  gate::Probe probe() const {
    return std::get<gate::MakeProbe>(GetParam().row->method)(test::test_seed(GetParam().row->id));
  }
};

TEST_P(ProbeAuditTest, RowNamesInstructionSourceAndHome) {
  EXPECT_FALSE(GetParam().row->instruction.empty());
  EXPECT_FALSE(GetParam().row->source.empty());
  EXPECT_NE(GetParam().row->home.sm, 0);
}

TEST_P(ProbeAuditTest, TextIsEmbeddedMarkedAndNamesTheInstruction) {
  const gate::Probe made = probe();
  EXPECT_EQ(made.source.text, ptx_text(made.source.stem));
  EXPECT_EQ(made.witness_text, made.source.text);
  EXPECT_TRUE(gate::without_instruction(made.source, GetParam().row->home));
}

TEST_P(ProbeAuditTest, CasesAreNamedComparedAndExactFirst) {
  const gate::Probe made = probe();
  ASSERT_FALSE(made.cases.empty());
  std::set<std::string> names;
  for (const gate::Case& one : made.cases) {
    EXPECT_TRUE(names.insert(one.name).second) << one.name;
    bool compares = false;
    for (const gate::Argument& argument : one.arguments)
      if (const auto* output = std::get_if<gate::Output>(&argument)) compares = compares || !output->expected.empty();
    EXPECT_TRUE(compares) << one.name;
  }
  EXPECT_TRUE(gate::digests(made.cases.front()).exact);
}

TEST_P(ProbeAuditTest, AnotherNonceGivesOtherInputsAndOtherAnswers) {
  const gate::Probe one = probe(), two = std::get<gate::MakeProbe>(GetParam().row->method)(test::test_seed("another"));
  const auto first = gate::digests(one.cases.front()), second = gate::digests(two.cases.front());
  EXPECT_NE(first.inputs_sha256, second.inputs_sha256);
  EXPECT_NE(first.expected_sha256, second.expected_sha256);
  EXPECT_EQ(first.inputs_sha256, gate::digests(probe().cases.front()).inputs_sha256);
}

TEST_P(ProbeAuditTest, NegativeChangesInputsAndExpectation) {
  const gate::Probe made = probe();
  const auto positive = gate::digests(made.cases.front()), negative = gate::digests(made.negative);
  EXPECT_NE(positive.inputs_sha256, negative.inputs_sha256);
  EXPECT_NE(positive.expected_sha256, negative.expected_sha256);
}

INSTANTIATE_TEST_SUITE_P(EveryInstructionGate, ProbeAuditTest, testing::ValuesIn(test::instruction_gates()),
                         test::gate_name);

}  // namespace
}  // namespace assay
