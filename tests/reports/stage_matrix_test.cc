#include "reports/stage_matrix.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay::reports {
namespace {

using evidence::Record;
using evidence::Stage;
using evidence::StageStatus;
using ::testing::ElementsAre;

evidence::VerifiedRecord judged(Record record) { return {record, *evidence::derive(record)}; }

Record of(std::string gate, std::string target) {
  Record record;
  record.gate = std::move(gate);
  record.target = std::move(target);
  return record;
}

evidence::VerifiedRecord refused(std::string gate, std::string target) {
  Record record = of(std::move(gate), std::move(target));
  record.stage(Stage::assemble).status = StageStatus::refused;
  return judged(record);
}

Record assembled(std::string gate, std::string target) {
  Record record = of(std::move(gate), std::move(target));
  record.stage(Stage::assemble).status = StageStatus::ok;
  record.stopped = evidence::Stopped::foreign_target;
  return record;
}

Record answered(std::string gate, std::string target, StageStatus status, std::int64_t code = 0) {
  Record record = assembled(std::move(gate), std::move(target));
  record.driver_library = evidence::DriverLibrary::system;
  record.image = evidence::ImageKind::native;
  record.stage(Stage::load) = {
      .status = status, .code = code, .name = code == 209 ? "CUDA_ERROR_NO_BINARY_FOR_GPU" : ""};
  return record;
}

TEST(StageMatrixTest, TellsTheFurthestStageOfEachGateAndTarget) {
  Record launched = answered("mma.fp8", "sm_90a", StageStatus::ok);
  launched.stopped = evidence::Stopped::no;
  launched.stage(Stage::resolve).status = StageStatus::ok;
  launched.stage(Stage::launch) = {.status = StageStatus::failed, .code = 715};
  const std::vector<evidence::VerifiedRecord> records = {
      judged(answered("mma.fp8", "sm_121a", StageStatus::refused, 209)), judged(assembled("mma.fp8", "sm_100a")),
      refused("mma.fp4", "sm_100a"), judged(answered("mma.fp4", "sm_121a", StageStatus::ok)), judged(launched)};
  const StageMatrix matrix = stage_matrix(records);
  EXPECT_THAT(matrix.targets, ElementsAre("sm_90a", "sm_100a", "sm_121a"));
  ASSERT_EQ(matrix.rows.size(), 2u);
  EXPECT_EQ(matrix.rows[0].gate, "mma.fp8");
  EXPECT_THAT(matrix.rows[0].cells, ElementsAre("faulted", "assembles", "209"));
  EXPECT_THAT(matrix.rows[1].cells, ElementsAre("-", "refused", "loads"));
}

TEST(StageMatrixTest, ALoadersRefusalOnTheDevicesOwnTargetIsACodeAndNotTheAssemblers) {
  Record own = answered("mma.fp4", "sm_121a", StageStatus::refused, 500);
  own.stopped = evidence::Stopped::no;
  const std::vector<evidence::VerifiedRecord> records = {judged(own)};
  EXPECT_THAT(stage_matrix(records).rows.at(0).cells, ElementsAre("500"));
}

TEST(StageMatrixTest, LeavesOutQuestionsVariantsAndLaterAttempts) {
  Record question, variant = assembled("cubin.arch_patch", "sm_90a"), again = assembled("control.copy", "sm_90a");
  question.gate = "device.query";
  variant.variant = "sm-byte";
  again.attempt = 2;
  const std::vector<evidence::VerifiedRecord> records = {judged(question), judged(variant), judged(again)};
  EXPECT_TRUE(stage_matrix(records).rows.empty());
}

TEST(ImageAnswersTest, GroupImagesByWhatTheLoaderSaid) {
  const auto image = [](std::string variant, Record record) {
    record.variant = std::move(variant);
    return judged(record);
  };
  Record ran = answered("cubin.arch_patch", "sm_90a", StageStatus::ok);
  for (evidence::StageResult& stage : ran.stages) stage.status = StageStatus::ok;
  Record unfit = of("cubin.arch_patch", "sm_90a");
  unfit.stopped = evidence::Stopped::not_applicable;
  const std::vector<evidence::VerifiedRecord> records = {
      image("a", answered("cubin.arch_patch", "sm_100a", StageStatus::refused, 209)),
      image("b", answered("cubin.arch_patch", "sm_90a", StageStatus::ok)),
      image("c", answered("cubin.arch_patch", "sm_121a", StageStatus::refused, 209)), image("d", unfit),
      image("e", ran)};
  const auto answers = image_answers(records);
  ASSERT_EQ(answers.size(), 4u);
  EXPECT_EQ(answers[3].answer, "ran, right answer");
  EXPECT_EQ(answers[0].answer, "209 CUDA_ERROR_NO_BINARY_FOR_GPU at load");
  EXPECT_THAT(answers[0].variants, ElementsAre("a", "c"));
  EXPECT_EQ(answers[1].answer, "loads");
  EXPECT_EQ(answers[2].answer, "the edit does not fit");
}

TEST(StageMatrixTest, AKernelsProblemsAreNoImages) {
  Record record = answered("kernel.nvfp4_gemm", "sm_90a", StageStatus::ok);
  record.variant = "m8 n64";
  const std::vector<evidence::VerifiedRecord> records = {judged(record)};
  EXPECT_TRUE(image_answers(records).empty());
  EXPECT_TRUE(stage_matrix(records).rows.empty());
}

}  // namespace
}  // namespace assay::reports
