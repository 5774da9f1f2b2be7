// The audit of the faults that are planted in PTX texts, and of the run that looks for them. Whether a device shows
// each is asked by tests/gpu/mutation_test.cc.
#include "tests/support/mutations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "ptx/texts.h"
#include "tests/support/instruction_gates.h"
#include "tests/support/mutation_run.h"
#include "tests/support/oracle_device.h"

namespace assay {
namespace {

using test::CaughtBy;
using test::Mutation;
using test::MutationFile;
using test::MutationOutcome;

constexpr std::string_view kFolder = ASSAY_SOURCE_DIR "/tests/probes/mutations";

// Gates whose texts came with faults; others may have some too.
constexpr std::string_view kGatesWithFaults[] = {
    "tcgen05.alloc",    "tcgen05.ld",  "tcgen05.mma.f16", "tcgen05.mma.mxf4nvf4",
    "tcgen05.mma.pair", "tma.gather4", "tma.scatter4",    "tma.reduce",
    "cvt.fp4",          "mma.fp4"};

const std::vector<MutationFile>& files() {
  static const std::vector<MutationFile> files = [] {
    const auto read = test::read_mutations(kFolder);
    if (!read) throw std::runtime_error(read.error().message);
    return *read;
  }();
  return files;
}

std::vector<MutationFile> files_of(const gate::Gate& row) {
  std::vector<MutationFile> found;
  for (const MutationFile& file : files())
    if (file.gate == row.id) found.push_back(file);
  return found;
}

gate::Probe probe_of(const gate::Gate& row) { return std::get<gate::MakeProbe>(row.method)(test::test_seed(row.id)); }

/// The text that a file's faults are in: the probe's own, or another with the same floor.
gate::Source source_of(const MutationFile& file, const gate::Probe& probe) {
  gate::Source source = probe.source;
  if (!test::is_of(file, source)) source.stem = file.text, source.text = ptx_text(file.text);
  return source;
}

TEST(MutationDataTest, EveryFileIsOfAnInstructionGateOfTheTable) {
  for (const MutationFile& file : files()) {
    const gate::Gate* row = gate::find_gate(probes::gates(), file.gate);
    ASSERT_NE(row, nullptr) << file.gate;
    EXPECT_TRUE(std::holds_alternative<gate::MakeProbe>(row->method)) << file.gate;
    EXPECT_TRUE(file.text.empty() || !ptx_text(file.text).empty()) << file.gate << ": no text " << file.text;
  }
}

TEST(MutationDataTest, EveryGateOfTheListHasFiveFaults) {
  for (const std::string_view id : kGatesWithFaults) {
    const gate::Gate* row = gate::find_gate(probes::gates(), id);
    ASSERT_NE(row, nullptr) << id;
    if (!std::holds_alternative<gate::MakeProbe>(row->method)) continue;
    std::size_t faults = 0;
    for (const MutationFile& file : files_of(*row)) faults += file.faults.size();
    EXPECT_GE(faults, 5u) << id << " has too few in " << kFolder;
  }
}

TEST(MutationReaderTest, RefusesWhatItDoesNotKnow) {
  const auto said = [](std::string_view text) {
    const auto read = test::parse_mutations(text, "x.json");
    return read ? "read" : read.error().message;
  };
  const std::string good = R"({"gate": "g", "faults": [{"name": "n", "from": "a", "to": "b", "caught_by": "order"}]})";
  EXPECT_EQ(said(good), "read");
  const auto with = [&](std::string_view from, std::string_view to) {
    return std::string(good).replace(good.find(from), from.size(), to);
  };
  EXPECT_EQ(said(with("\"order\"", "\"luck\"")), "x.json: faults[0]: field 'caught_by': unknown word 'luck'");
  EXPECT_NE(said(with("\"from\"", "\"form\"")), "read");
  EXPECT_NE(said(with("\"gate\"", "\"stem\": \"t\", \"gate\"")), "read");
}

TEST(MutationReaderTest, APieceMustOccurOnce) {
  const Mutation fault{"n", "aa", "b", CaughtBy::mismatch};
  EXPECT_EQ(*test::mutated("xaay", fault), "xby");
  EXPECT_EQ(test::mutated("xay", fault).error().message, "'n': the text does not hold the piece");
  EXPECT_EQ(test::mutated("xaaay", fault).error().message, "'n': the text holds the piece more than once");
  EXPECT_FALSE(test::mutated("xay", Mutation{"n", "", "b", CaughtBy::mismatch}));
}

class MutationTest : public testing::TestWithParam<test::GateRow> {
 protected:
  static const Result<std::unique_ptr<cuda::PtxAssembler>>& assembler() {
    static const Result<std::unique_ptr<cuda::PtxAssembler>> opened = cuda::open_ptx_assembler();
    return opened;
  }
  void SetUp() override { ASSERT_TRUE(assembler()) << assembler().error().message; }

  /// The image of a text for the gate's home target; the complaint where there is none.
  static Result<std::vector<std::byte>> image(gate::Source source, std::string_view text) {
    source.text = text;
    const auto assembly =
        (*assembler())->assemble(gate::with_instruction(source, GetParam().row->home), GetParam().row->home);
    if (!assembly) return assembly.error();
    if (!assembly->accepted) return Error{assembly->log};
    return assembly->cubin;
  }
};

TEST_P(MutationTest, EachFaultIsNamedOnceAndChangesTheMachineCode) {
  const gate::Probe probe = probe_of(*GetParam().row);
  std::set<std::string> names;
  for (const MutationFile& file : files_of(*GetParam().row)) {
    const gate::Source source = source_of(file, probe);
    const auto genuine = image(source, source.text);
    ASSERT_TRUE(genuine) << genuine.error().message;
    for (const Mutation& fault : file.faults) {
      EXPECT_TRUE(names.insert(fault.name).second) << "'" << fault.name << "' twice";
      const Result<std::string> text = test::mutated(source.text, fault);
      ASSERT_TRUE(text) << text.error().message;
      const auto faulty = image(source, *text);
      ASSERT_TRUE(faulty) << "'" << fault.name << "': " << faulty.error().message;
      EXPECT_FALSE(*faulty == *genuine) << "'" << fault.name << "' changes nothing";
    }
  }
}

TEST_P(MutationTest, AChangedCommentAloneIsNoFault) {
  const gate::Source source = probe_of(*GetParam().row).source;
  const auto genuine = image(source, source.text), same = image(source, std::string(source.text) + "// nothing\n");
  ASSERT_TRUE(genuine && same);
  EXPECT_EQ(*genuine, *same);
}

std::vector<test::GateRow> gates_with_files() {
  std::vector<test::GateRow> rows;
  for (const test::GateRow& gate : test::instruction_gates())
    if (!files_of(*gate.row).empty()) rows.push_back(gate);
  return rows;
}

INSTANTIATE_TEST_SUITE_P(EveryGateWithFaults, MutationTest, testing::ValuesIn(gates_with_files()), test::gate_name);

/// Answers as a right GPU would, and then does what a fault of the text would.
class FaultyDevice : public test::OracleDevice {
 public:
  FaultyDevice(std::vector<gate::Case> known, std::string spared)
      : OracleDevice(std::move(known)), spared_(std::move(spared)) {}

  std::optional<std::uint32_t> last_word;  ///< Written over the first word of the buffer `place`.
  std::size_t place = 0;                   ///< Position among the parameters.
  Status synchronized = ok();

  Result<cuda::Function> resolve(cuda::Module module, std::string_view entry) override {
    const auto function = OracleDevice::resolve(module, entry);
    entries_[*function] = entry;
    return function;
  }
  Status launch(cuda::Function function, const cuda::LaunchShape& shape,
                std::span<const cuda::Parameter> parameters) override {
    const Status launched = OracleDevice::launch(function, shape, parameters);
    own_ = entries_[function] != spared_;
    if (own_ && last_word) {
      cuda::Address address = 0;
      std::memcpy(&address, parameters[place].data(), sizeof address);
      std::memcpy(&*at(address), &*last_word, sizeof *last_word);
    }
    return launched;
  }
  Status synchronize() override { return own_ ? synchronized : ok(); }

 private:
  std::string spared_;  ///< The copy control's entry is never touched.
  std::map<cuda::Function, std::string> entries_;
  bool own_ = false;
};

class MutationRunTest : public testing::Test {
 protected:
  MutationRunTest() : device_(test::OracleDevice::all_cases(probe_of(row_), copy()), copy().cases.front().entry) {}

  static gate::Probe copy() { return probes::copy_control()(test::test_seed(row().id)); }
  static const gate::Gate& row() { return *gate::find_gate(probes::gates(), "tma.load"); }
  MutationOutcome run() { return test::run_text(row_, probe_of(row_).source.text, row_.home, device_, assembler_); }
  /// Which words a fault with this outcome would have been expected by.
  static std::vector<std::string_view> expected_by(const MutationOutcome& outcome) {
    std::vector<std::string_view> words;
    for (const auto& [word, caught_by] : test::kCaughtByWords)
      if (caught_by != CaughtBy::order && test::complaint(caught_by, outcome).empty()) words.push_back(word);
    return words;
  }

  const gate::Gate& row_ = row();
  FaultyDevice device_;
  const Result<std::unique_ptr<cuda::PtxAssembler>> assembler_ = cuda::open_ptx_assembler();
};

TEST_F(MutationRunTest, ARightAnswerIsExpectedByNoFault) {
  const MutationOutcome outcome = run();
  EXPECT_EQ(outcome.verdict, "proven") << outcome.told;
  EXPECT_THAT(expected_by(outcome), testing::IsEmpty());
  EXPECT_THAT(test::complaint(CaughtBy::mismatch, outcome),
              testing::StartsWith("expected mismatch, the verdict is proven: "));
}

TEST_F(MutationRunTest, AWrongWordIsAMismatch) {
  device_.last_word = 0x12345678;
  EXPECT_THAT(expected_by(run()), testing::ElementsAre("mismatch"));
}

TEST_F(MutationRunTest, AWordThatSaysSoIsAWaitThatGaveUp) {
  device_.last_word = gate::kGaveUp;
  device_.place = 1;  // the status words of tma.load
  EXPECT_THAT(expected_by(run()), testing::ElementsAre("mismatch", "gave-up"));
}

TEST_F(MutationRunTest, AnErrorOfTheDeviceIsAFault) {
  device_.synchronized = Error{"refused", "cuStreamSynchronize", 715, "CUDA_ERROR_ILLEGAL_INSTRUCTION", {}};
  EXPECT_THAT(expected_by(run()), testing::ElementsAre("fault"));
}

TEST_F(MutationRunTest, AControlThatDoesNotRunIsNoFaultOfTheText) {
  FaultyDevice dead({}, copy().cases.front().entry);
  const MutationOutcome outcome = test::run_text(row_, probe_of(row_).source.text, row_.home, dead, assembler_);
  EXPECT_EQ(outcome.verdict, "faulted");
  EXPECT_THAT(expected_by(outcome), testing::IsEmpty());
}

TEST_F(MutationRunTest, AnAttemptThatDidNotEndIsAHang) {
  EXPECT_THAT(expected_by({.verdict = "hung", .told = ""}), testing::ElementsAre("hang"));
}

}  // namespace
}  // namespace assay
