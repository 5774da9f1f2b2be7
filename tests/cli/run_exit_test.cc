#include "harness/cli/run_exit.h"

#include <gtest/gtest.h>

#include "tests/evidence/fixtures.h"

namespace assay::cli {
namespace {

using evidence::Record;
using evidence::Stage;
using evidence::StageStatus;

/// A run of one record that speaks for no gate.
Exit exit_of_variant(Record record) {
  record.variant = "v";
  gate::RunResult result;
  result.records.push_back({record, *evidence::derive(record)});
  return exit_of(result);
}

Exit exit_of_gate(const Record& record) {
  gate::RunResult result;
  result.records.push_back({record, *evidence::derive(record)});
  result.outcomes.push_back({.gate = record.gate, .record = record, .derived = *evidence::derive(record)});
  return exit_of(result);
}

TEST(RunExitTest, ARightRunIsDoneAndARefusalIsNoFailure) {
  EXPECT_EQ(exit_of_gate(evidence::good_record()), Exit::done);
  EXPECT_EQ(exit_of_gate(evidence::ended_at(Stage::load, StageStatus::refused)), Exit::done);
  EXPECT_EQ(exit_of({}), Exit::done);
}

TEST(RunExitTest, AWrongAnswerOrAFailedControlIsAFailure) {
  EXPECT_EQ(exit_of_gate(evidence::ended_at(Stage::verify, StageStatus::failed)), Exit::failed);
  Record control = evidence::good_record();
  control.controls.canary = evidence::ControlStatus::failed;
  EXPECT_EQ(exit_of_gate(control), Exit::failed);
}

TEST(RunExitTest, AnEditedImageThatKillsTheLoaderIsAnAnswerAKernelThatDoesIsAFailure) {
  const Record image = evidence::ended_at(Stage::load, StageStatus::failed);
  EXPECT_EQ(exit_of_variant(image), Exit::done);
  Record kernel = image;
  kernel.gate = "kernel.nvfp4_gemm";
  EXPECT_EQ(exit_of_variant(kernel), Exit::failed);
  Record right = evidence::good_record("kernel.nvfp4_gemm");
  EXPECT_EQ(exit_of_variant(right), Exit::done);
}

TEST(RunExitTest, WithoutDriverOrAssemblerTheEnvironmentIsToBlame) {
  gate::RunResult result;
  result.driver_error = Error{"no driver"};
  EXPECT_EQ(exit_of(result), Exit::environment);
  Record record = evidence::good_record();
  record.stopped = evidence::Stopped::no_assembler;
  EXPECT_EQ(exit_of_gate(record), Exit::environment);
}

}  // namespace
}  // namespace assay::cli
