// Which targets take each instruction gate's text, and from which `.version` on: the real assembler against
// assemble_expected.json, cell by cell.
//
// The data is of one toolchain. With that one every difference fails; another one's answers are its own, so there the
// differing cells are printed as a note, and the data is still held against the gate table.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <map>

#include <fmt/format.h>

#include "harness/base/file_system.h"
#include "harness/base/json.h"
#include "harness/gate/attempt.h"
#include "harness/gate/run_probe.h"
#include "probes/gates.h"
#include "tests/support/attempt_tools.h"

namespace assay {
namespace {

using evidence::Stage;
using evidence::StageStatus;

// Every PTX ISA version from that of the oldest target on.
constexpr std::array kVersions = {"6.0", "6.1", "6.2", "6.3", "6.4", "6.5", "7.0", "7.1", "7.2",
                                  "7.3", "7.4", "7.5", "7.6", "7.7", "7.8", "8.0", "8.1", "8.2",
                                  "8.3", "8.4", "8.5", "8.6", "8.7", "8.8", "9.0"};

/// The answers that the data expects of one gate, by target.
using Row = std::map<std::string, std::string>;

std::string accepted_from(std::string_view version) { return fmt::format("accepted from .version {}", version); }
std::string refused_with(std::string_view message) { return fmt::format("refused: {}", message); }

Json expected_data() {
  const auto text = read_file(ASSAY_SOURCE_DIR "/tests/probes/assemble_expected.json");
  const auto json = text ? parse_json(*text, "assemble_expected.json") : Result<Json>(text.error());
  EXPECT_TRUE(json) << json.error().message;
  return json ? *json : Json();
}

std::map<std::string, Row> expected_rows() {
  const Json data = expected_data();
  std::map<std::string, Row> rows;
  for (const auto& [gate, cells] : data.at("gates").items()) {
    Row& row = rows[gate];
    for (const auto& [target, version] : cells.at("accepts").items())
      row[target] = accepted_from(version.get<std::string>());
    for (const auto& [target, message] : cells.at("refuses").items())
      EXPECT_TRUE(row.emplace(target, refused_with(message.get<std::string>())).second) << gate << " " << target;
  }
  return rows;
}

std::vector<const gate::Gate*> instruction_gates() {
  std::vector<const gate::Gate*> rows;
  for (const gate::Gate& row : probes::gates())
    if (std::holds_alternative<gate::MakeProbe>(row.method)) rows.push_back(&row);
  return rows;
}

TEST(AssembleDataTest, HasARowForEachInstructionGateAndACellForEachTarget) {
  const auto rows = expected_rows();
  EXPECT_EQ(rows.size(), instruction_gates().size());
  for (const gate::Gate* gate : instruction_gates()) {
    const auto row = rows.find(std::string(gate->id));
    ASSERT_NE(row, rows.end()) << gate->id << " is not in assemble_expected.json";
    for (const Target target : gate::assemble_targets())
      EXPECT_TRUE(row->second.contains(to_string(target))) << gate->id << " lacks " << to_string(target);
    const auto home = row->second.find(to_string(gate->home));
    ASSERT_NE(home, row->second.end()) << gate->id;
    EXPECT_TRUE(home->second.starts_with("accepted")) << gate->id << ": " << home->second;
  }
}

class AssembleTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(assembler_) << assembler_.error().message; }

  /// What the assembler says to a gate's text, in the words of the data.
  std::string answer(const gate::Gate& gate, const gate::Probe& probe, Target target) {
    evidence::Record record = gate::start_record(gate, to_string(target));
    const gate::ProbeTools tools{nullptr, assembler_, test::no_disassembler(), probes::copy_control(), log_};
    gate::assemble_only(gate, probe, test::test_seed(), target, tools, record);
    const evidence::StageResult& assembled = record.stage(Stage::assemble);
    if (assembled.status == StageStatus::refused) return refused_with(assembled.message);
    if (assembled.status != StageStatus::ok) return "no answer: " + assembled.message;
    if (accepts_earlier(probe.source, target, record.ptx_version))
      return fmt::format("accepted below .version {} too", record.ptx_version);
    return accepted_from(record.ptx_version);
  }

  /// The cells in which the assembler and the data differ.
  std::vector<std::string> differences() {
    std::vector<std::string> found;
    const auto rows = expected_rows();
    for (const gate::Gate* gate : instruction_gates()) {
      const auto row = rows.find(std::string(gate->id));
      if (row == rows.end()) {
        ADD_FAILURE() << gate->id << " is not in assemble_expected.json";
        continue;
      }
      const gate::Probe probe = std::get<gate::MakeProbe>(gate->method)(test::test_seed());
      for (const auto& [target, expected] : row->second)
        if (const std::string said = answer(*gate, probe, *parse_target(target)); said != expected)
          found.push_back(fmt::format("{} for {}: expected '{}', is '{}'", gate->id, target, expected, said));
    }
    return found;
  }

  const Result<std::unique_ptr<cuda::PtxAssembler>> assembler_ = cuda::open_ptx_assembler();

 private:
  /// Whether the text is taken with the version before its own as well, so that its own is not the lowest.
  bool accepts_earlier(const gate::Source& source, Target target, const std::string& version) {
    const auto own = std::ranges::find(kVersions, version);
    if (own == kVersions.end() || own == kVersions.begin()) {
      ADD_FAILURE() << "no version before " << version << " in the list";
      return false;
    }
    std::string text = gate::with_instruction(source, target);
    const std::string directive = ".version " + version;
    text.replace(text.find(directive), directive.size(), fmt::format(".version {}", *std::prev(own)));
    const auto assembly = (*assembler_)->assemble(text, target);
    EXPECT_TRUE(assembly) << assembly.error().message;
    return assembly && assembly->accepted;
  }

  test::MemoryLog log_;
};

TEST_F(AssembleTest, TheAssemblerAnswersAsTheDataSays) {
  const auto identity = (*assembler_)->identity();
  const std::string tool = identity.name + " " + identity.version;
  const std::vector<std::string> found = differences();
  if (tool == expected_data().at("assembler").get<std::string>()) {
    EXPECT_THAT(found, testing::IsEmpty());
    return;
  }
  std::cout << "[   NOTE   ] " << tool << " differs from the data in " << found.size() << " cells\n";
  for (const std::string& cell : found) std::cout << "[   NOTE   ]   " << cell << "\n";
}

}  // namespace
}  // namespace assay
