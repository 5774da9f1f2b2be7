#include "harness/cli/error_legend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/json.h"
#include "tests/cli/process_test.h"

namespace assay::cli {
namespace {

using evidence::ImageKind;
using evidence::Stage;
using evidence::StageStatus;

evidence::VerifiedRecord ended(std::string gate, Stage stage, std::int64_t code, std::string name) {
  evidence::VerifiedRecord outcome;
  outcome.record.gate = std::move(gate);
  outcome.record.target = "sm_90a";
  outcome.record.image = ImageKind::native;
  outcome.record.end_at(stage, {.status = StageStatus::refused, .code = code, .name = std::move(name), .call = "cuX"});
  return outcome;
}

TEST(ErrorLegendTest, SaysOnceWhatACodeShowsAndForWhichGates) {
  const std::vector<evidence::VerifiedRecord> records = {
      ended("tma.load", Stage::load, 222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION"),
      ended("mma.fp8", Stage::load, 222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION")};
  EXPECT_EQ(error_legend(records, 120, false),
            "What the codes of this run show:\n\n"
            "  222 CUDA_ERROR_UNSUPPORTED_PTX_VERSION at load\n"
            "    met by         tma.load, mma.fp8\n"
            "    shows          the driver is older than the .version of the PTX\n"
            "    does not show  anything of the device\n"
            "    remedy         install a newer driver\n\n");
}

TEST(ErrorLegendTest, KeepsEndingsOfOneCodeApart) {
  const std::vector<evidence::VerifiedRecord> records = {
      ended("a", Stage::load, 500, ""), ended("b", Stage::resolve, 500, ""), ended("c", Stage::launch, 4711, "")};
  const Json list = error_legend_json(records);
  ASSERT_EQ(list.size(), 3u);
  EXPECT_EQ(list[0].at("record_as"), "gate:symbol-missing");
  EXPECT_EQ(list[0].at("name"), "CUDA_ERROR_NOT_FOUND");
  EXPECT_EQ(list[1].at("record_as"), "harness:kernel-name");
  EXPECT_EQ(list[2].at("known"), false);
  EXPECT_EQ(list[2].at("shows"), "unknown code: nothing may be concluded");
  EXPECT_EQ(list[2].at("gates"), Json::array({"c"}));
}

TEST(ErrorLegendTest, IsEmptyWhereNothingEndedInACode) {
  const std::vector<evidence::VerifiedRecord> records(1);
  EXPECT_EQ(error_legend(records, 120, false), "");
  EXPECT_EQ(error_legend_json(records), Json::array());
}

class RunLegendTest : public ProcessTest {};

TEST_F(RunLegendTest, StandsUnderTheTableAndInTheSummary) {
  const Ended shown = assay(run_into("text", {"--quiet", "--driver", stand_in("mismatch")}));
  EXPECT_THAT(
      shown.out,
      HasSubstr("\nWhat the codes of this run show:\n\n"
                "  803 CUDA_ERROR_SYSTEM_DRIVER_MISMATCH at open\n    met by         device.query\n    shows "));
  EXPECT_THAT(shown.out, HasSubstr("\n\nBundle: "));
  const Ended told = assay(run_into("json", {"--quiet", "--json", "--driver", stand_in("mismatch")}));
  const Result<Json> summary = parse_json(told.out, "summary");
  ASSERT_TRUE(summary) << told.out;
  ASSERT_FALSE(summary->at("codes").empty());
  EXPECT_EQ(summary->at("codes").at(0).at("code"), 803);
  EXPECT_EQ(summary->at("codes").at(0).at("stage"), "open");
  EXPECT_EQ(summary->at("codes").at(0).at("record_as"), "env:driver-mismatch");
}

TEST_F(RunLegendTest, NamesACrashAndAHang) {
  const auto codes = [&](const std::string& library) {
    const Ended told =
        assay(run_into(library, {"--quiet", "--json", "--attempt-limit", "1", "--driver", stand_in(library)}));
    const Result<Json> summary = parse_json(told.out, "summary");
    EXPECT_TRUE(summary) << told.out;
    return summary && !summary->at("codes").empty() ? summary->at("codes").at(0).at("record_as").get<std::string>()
                                                    : "none";
  };
  EXPECT_EQ(codes("crash"), "inconclusive:driver-crash");
  EXPECT_EQ(codes("hang"), "inconclusive:hang");
}

}  // namespace
}  // namespace assay::cli
