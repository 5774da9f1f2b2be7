#include "harness/cli/matrix.h"

#include <gtest/gtest.h>

#include "harness/base/json.h"

namespace assay::cli {
namespace {

using evidence::Stage;
using evidence::StageStatus;

evidence::VerifiedRecord record(std::string gate, std::string target, std::string variant, std::int64_t code) {
  evidence::Record record;
  record.gate = std::move(gate);
  record.target = std::move(target);
  record.variant = std::move(variant);
  record.stopped = evidence::Stopped::foreign_target;
  record.stage(Stage::assemble).status = code < 0 ? StageStatus::refused : StageStatus::ok;
  if (code > 0) record.stage(Stage::load) = {.status = StageStatus::refused, .code = code, .name = "CUDA_ERROR_X"};
  return {record, *evidence::derive(record)};
}

TEST(MatrixTest, ShowsAWordACellAndWhatTheWordsMean) {
  const std::vector<evidence::VerifiedRecord> records = {
      record("mma.fp8", "sm_100a", "", 209), record("mma.fp8", "sm_121a", "", 0), record("mma.fp4", "sm_100a", "", -1)};
  EXPECT_EQ(
      matrix_text(records, 160, false),
      "instruction x target  sm_100a  sm_121a\n"
      "mma.fp8               209      assembles\n"
      "mma.fp4               refused  -\n"
      "  refused: by the assembler. assembles: no loader was asked. A code: it assembles, and the driver's loader "
      "refused the image.\n\n");
  EXPECT_EQ(matrix_json(records).at("gates").at("mma.fp8").at("sm_100a"), "209");
  EXPECT_EQ(matrix_text({}, 160, false), "");
}

TEST(MatrixTest, ListsImagesByTheLoadersAnswer) {
  const std::vector<evidence::VerifiedRecord> records = {record("cubin.arch_patch", "sm_90a", "a", 801),
                                                         record("cubin.arch_patch", "sm_90a", "b", 801)};
  EXPECT_EQ(image_text(records, 160, false),
            "images, by the loader's answer     cubin.arch_patch\n"
            "801 CUDA_ERROR_X at load        2  a, b\n\n");
  EXPECT_EQ(image_json(records).at("b"), "801 CUDA_ERROR_X at load");
  EXPECT_EQ(image_text({}, 160, false), "");
}

}  // namespace
}  // namespace assay::cli
