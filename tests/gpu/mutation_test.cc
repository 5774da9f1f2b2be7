// Every fault that tests/probes/mutations plants in the texts, on a real device: none may be proven, and each must show
// as its data says. Only faults of the order of asynchronous work may go unseen; what came of those is printed.
//
// A fault may poison a context, or never end, so each attempt is a process of its own: this program, started again with
// "--attempt GATE FAULT", under a watchdog. The process that runs the tests opens no driver. Without a device every
// test fails: a skip must not look like a pass.
#include <gtest/gtest.h>

#include <filesystem>
#include <iostream>
#include <map>

#include "harness/base/child.h"
#include "harness/base/json.h"
#include "harness/cuda/driver.h"
#include "tests/support/instruction_gates.h"
#include "tests/support/mutation_run.h"

namespace assay {
namespace {

using test::CaughtBy;
using test::Mutation;
using test::MutationFile;
using test::MutationOutcome;

// Waits on the device give up after two seconds each, and a probe has some twenty cases.
constexpr std::chrono::minutes kLimit{2};

constexpr std::string_view kNoFault = "none";

struct Fault {
  const gate::Gate* row = nullptr;
  Mutation mutation;
};
void PrintTo(const Fault& fault, std::ostream* out) { *out << fault.row->id << ": " << fault.mutation.name; }

std::string_view genuine_text(const gate::Gate& row) {
  return std::get<gate::MakeProbe>(row.method)(test::test_seed(row.id)).source.text;
}

/// Faults of the texts that the probes run, by gate in run order.
std::vector<Fault> all_faults() {
  std::vector<Fault> faults;
  const auto files = test::read_mutations(ASSAY_SOURCE_DIR "/tests/probes/mutations");
  if (!files) throw std::runtime_error(files.error().message);
  for (const test::GateRow& gate : test::instruction_gates())
    for (const MutationFile& file : *files)
      if (file.gate == gate.row->id &&
          test::is_of(file, std::get<gate::MakeProbe>(gate.row->method)(test::test_seed(file.gate)).source))
        for (const Mutation& mutation : file.faults) faults.push_back({gate.row, mutation});
  return faults;
}

// The child's side.

Result<std::string> faulty_text(const gate::Gate& row, std::string_view name) {
  if (name == kNoFault) return std::string(genuine_text(row));
  for (const Fault& fault : all_faults())
    if (fault.row == &row && fault.mutation.name == name) return test::mutated(genuine_text(row), fault.mutation);
  return Error{fmt::format("{} has no fault '{}'", row.id, name)};
}

Result<MutationOutcome> attempt(std::string_view id, std::string_view name) {
  const gate::Gate* row = gate::find_gate(probes::gates(), id);
  if (row == nullptr) return Error{fmt::format("no gate {}", id)};
  const Result<std::string> text = faulty_text(*row, name);
  if (!text) return text.error();
  const auto driver = cuda::Driver::open({.kind = cuda::DriverChoice::Kind::system});
  if (!driver) return driver.error();
  const auto facts = driver->facts(0);
  if (!facts) return facts.error();
  const auto device = driver->open_device(0);
  if (!device) return device.error();
  const auto assembler = cuda::open_ptx_assembler();
  if (!assembler) return assembler.error();
  return test::run_text(*row, *text, facts->own_target(), **device, assembler);
}

int print_attempt(std::string_view id, std::string_view name) {
  const Result<MutationOutcome> outcome = attempt(id, name);
  if (!outcome) {
    std::cerr << outcome.error().message << "\n";
    return 1;
  }
  const Json line = {{"verdict", outcome->verdict},
                     {"told", clean_utf8(outcome->told)},
                     {"gave_up", outcome->gave_up},
                     {"ran_into_error", outcome->ran_into_error}};
  std::cout << spelled(line) << "\n";
  return 0;
}

// The parent's side.

MutationOutcome outcome_of(const ChildResult& ended) {
  if (ended.timed_out) return {"hung", "the attempt did not end"};
  if (ended.signal != 0) return {"died", "the attempt died of " + ended.signal_name};
  const Result<Json> line = parse_json(ended.output, "the attempt");
  if (ended.exit_code != 0 || !line) return {"no answer", ended.log};
  ObjectReader reader(*line, "the attempt");
  MutationOutcome outcome{reader.string("verdict"), reader.string("told"), reader.boolean("gave_up"),
                          reader.boolean("ran_into_error")};
  if (const Status read = reader.finish(); !read) return {"no answer", read.error().message};
  return outcome;
}

MutationOutcome run_attempt(const gate::Gate& row, std::string_view name) {
  std::error_code failed;
  const std::string self = std::filesystem::read_symlink("/proc/self/exe", failed).string();
  const auto ended =
      run_child({.command = {self, "--attempt", std::string(row.id), std::string(name)}, .limit = kLimit});
  return ended ? outcome_of(*ended) : MutationOutcome{"no answer", ended.error().message};
}

/// What came of the genuine text, asked once a gate.
const MutationOutcome& genuine_outcome(const gate::Gate& row) {
  static std::map<std::string_view, MutationOutcome> known;
  const auto found = known.find(row.id);
  return found != known.end() ? found->second : known.emplace(row.id, run_attempt(row, kNoFault)).first->second;
}

std::vector<test::GateRow> gates_with_faults() {
  std::vector<test::GateRow> rows;
  for (const Fault& fault : all_faults())
    if (rows.empty() || rows.back().row != fault.row) rows.push_back({fault.row});
  return rows;
}

/// Faults of texts that this device's own target takes; of all, where no device answers.
std::vector<Fault> faults_to_run() {
  std::vector<Fault> faults = all_faults();
  std::erase_if(faults, [](const Fault& fault) { return genuine_outcome(*fault.row).verdict == "refused"; });
  return faults;
}

class GpuGenuineTest : public testing::TestWithParam<test::GateRow> {};

TEST_P(GpuGenuineTest, TheTextIsProvenOrRefusedByTheAssembler) {
  const MutationOutcome& genuine = genuine_outcome(*GetParam().row);
  EXPECT_TRUE(genuine.verdict == "proven" || genuine.verdict == "refused") << genuine.verdict << ": " << genuine.told;
  if (genuine.verdict == "refused") std::cout << "[   NOTE   ] its faults are not run here: " << genuine.told << "\n";
}

INSTANTIATE_TEST_SUITE_P(EveryGateWithFaults, GpuGenuineTest, testing::ValuesIn(gates_with_faults()), test::gate_name);

class GpuMutationTest : public testing::TestWithParam<Fault> {};

TEST_P(GpuMutationTest, ShowsAsItsDataSays) {
  const auto& [row, mutation] = GetParam();
  ASSERT_EQ(genuine_outcome(*row).verdict, "proven") << "as it is: " << genuine_outcome(*row).told;
  const MutationOutcome outcome = run_attempt(*row, mutation.name);
  EXPECT_EQ(test::complaint(mutation.caught_by, outcome), "");
  if (mutation.caught_by == CaughtBy::order)
    std::cout << "[   NOTE   ] " << outcome.verdict << ": " << outcome.told << "\n";
}

std::string fault_name(const testing::TestParamInfo<Fault>& info) {
  std::string name = fmt::format("{}_{}_{}", info.param.row->id, info.index, info.param.mutation.name);
  for (char& letter : name)
    if (std::isalnum(static_cast<unsigned char>(letter)) == 0) letter = '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(EveryFault, GpuMutationTest, testing::ValuesIn(faults_to_run()), fault_name);

}  // namespace
}  // namespace assay

int main(int argc, char** argv) {
  if (argc == 4 && std::string_view(argv[1]) == "--attempt") return assay::print_attempt(argv[2], argv[3]);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
