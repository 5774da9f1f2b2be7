// Records of a recorded run, held against the rows of their gates: as they are, and with one thing copied wrongly.
#include "harness/cli/gate_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <string>

#include "harness/base/file_system.h"
#include "harness/evidence/verify.h"
#include "probes/gates.h"
#include "tests/evidence/fixtures.h"

namespace assay::cli {
namespace {

namespace fs = std::filesystem;
using evidence::Record;
using evidence::Stage;
using ::testing::StartsWith;

class GateCheckTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    for (const char* run : {"first-gates", "all-gates"})
      for (auto& one : evidence::verify_bundle(results() / run).records) records_.push_back(std::move(one.record));
  }
  static fs::path results() { return fs::path(ASSAY_SOURCE_DIR) / "docs/results/h100"; }
  std::string check(const Record& record) const {
    return check_(record, [](std::string_view digest) -> std::string {
      for (const char* run : {"first-gates", "all-gates"})
        if (const auto bytes = read_file(results() / run / "artifacts" / digest)) return *bytes;
      return "";
    });
  }
  std::string changed(std::string_view id, const std::function<void(Record&)>& change) const {
    Record record = find(id);
    EXPECT_EQ(check(record), "") << id;
    change(record);
    return check(record);
  }
  /// The last of this id, which is of the later run.
  static Record find(std::string_view id) {
    const auto found = std::find_if(records_.rbegin(), records_.rend(), [&](const Record& r) { return r.id() == id; });
    EXPECT_NE(found, records_.rend()) << id;
    return *found;
  }

  evidence::CheckGate check_ = gate_check();
  inline static std::vector<Record> records_;
};

TEST_F(GateCheckTest, EveryRecordOfBothRunsIsAsItsRow) {
  EXPECT_GT(records_.size(), 300u);
  for (const Record& record : records_) EXPECT_EQ(check(record), "") << record.id();
}

TEST_F(GateCheckTest, NamesWhatWasCopiedWrongly) {
  const std::string load = "tma.load@sm_90a#1", refused = "tcgen05.alloc@sm_90a#1",
                    edited = "cubin.arch_patch[edit.magic]@sm_90a#1";
  EXPECT_THAT(changed(load, [](Record& r) { r.instruction = "tcgen05.mma"; }),
              StartsWith("instruction is 'tcgen05.mma', the gate's own is 'cp.async.bulk.tensor"));
  EXPECT_EQ(changed("device.query#1", [](Record& r) { r.target = "sm_90a"; }), "a device question has no target");
  EXPECT_EQ(changed(load, [](Record& r) { r.variant = "fast"; }), "variant 'fast', but the gate has none");
  EXPECT_EQ(changed(load, [](Record& r) { r.performance = evidence::good_performance(); }),
            "performance is told, but no launch of this gate is timed");
  EXPECT_EQ(changed(load, [](Record& r) { r.prerequisites.clear(); }),
            "launched without its prerequisite control.arithmetic (proven needed)");
  EXPECT_EQ(changed(load, [](Record& r) { r.artifacts["notes"] = r.artifacts.at("ptx"); }),
            "artifact 'notes', of which records of this gate have none");
  EXPECT_EQ(changed(load, [](Record& r) { r.artifacts.erase("ptx"); }), "assembled, but the text is not kept");
  EXPECT_EQ(changed(load, [](Record& r) { r.artifacts["ptx"] = find("tma.reduce@sm_90a#1").artifacts.at("ptx"); }),
            "the text that was assembled is not the gate's own for sm_90a");
  EXPECT_THAT(changed(load, [](Record& r) { r.ptx_version = "9.9"; }),
              StartsWith("ptx_version is '9.9', the gate's own is '"));
  EXPECT_EQ(changed(refused, [](Record& r) { r.stage(Stage::assemble).message = "absent"; }),
            "the assembler's log does not hold 'absent'");
  EXPECT_EQ(changed(refused, [](Record& r) { r.stage(Stage::assemble).log_sha256.clear(); }).find("the assembler's"),
            0u);
  EXPECT_EQ(changed(edited, [](Record& r) { r.stage(Stage::load).name = "CUDA_ERROR_ABSENT"; }),
            "200 is CUDA_ERROR_INVALID_IMAGE, the record says CUDA_ERROR_ABSENT");
  EXPECT_EQ(changed(edited, [](Record& r) { r.edit->source = "sm_121a"; }),
            "source of the edit is 'sm_121a', the gate's own is 'sm_90a'");
  EXPECT_EQ(changed(edited, [](Record& r) { r.variant = "edit.nothing"; }),
            "variant 'edit.nothing', which the gate does not have");
}

TEST_F(GateCheckTest, OfAGateThatThisBuildDoesNotHaveNothingIsSaid) {
  Record record = find("tma.load@sm_90a#1");
  record.instruction = "another";
  record.gate_version = 99;
  EXPECT_EQ(check(record), "");
  EXPECT_FALSE(knows_gate("tma.load", 99));
  EXPECT_FALSE(knows_gate("kernel.none", 1));
  for (const gate::Gate& gate : probes::gates()) EXPECT_TRUE(knows_gate(gate.id, gate.version)) << gate.id;
}

TEST_F(GateCheckTest, NamesTheImagesOfADevice) {
  EXPECT_GT(variants("cubin.arch_patch", 1, "sm_90a").size(), 80u);
  EXPECT_TRUE(variants("cubin.arch_patch", 99, "sm_90a").empty());
  EXPECT_TRUE(variants("cubin.arch_patch", 1, "none").empty());
  EXPECT_TRUE(variants("tma.load", 1, "sm_90a").empty());
}

}  // namespace
}  // namespace assay::cli
