#include "harness/cli/kernel_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/json.h"
#include "tests/evidence/fixtures.h"

namespace assay::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

gate::RunResult result() {
  evidence::Record right = evidence::good_record("kernel.nvfp4_gemm");
  right.variant = "m8 n64 k64 bf16";
  evidence::Record odd = right;
  odd.variant = "m8 n64 k48 bf16";
  odd.stopped = evidence::Stopped::not_applicable;
  odd.stopped_why = "K is no multiple of 64";
  evidence::Record other = evidence::good_record("kernel.other");
  other.stopped = evidence::Stopped::not_selected;
  gate::RunResult result;
  for (const evidence::Record& record : {evidence::good_record("tma.load"), right, odd, other})
    result.records.push_back({record, *evidence::derive(record)});
  return result;
}

TEST(KernelTextTest, HasARowAProblemOfTheKernelsThatWereAsked) {
  const std::string text = kernel_text(result(), 160, false);
  EXPECT_THAT(text, HasSubstr("m8 n64 k64 bf16  proven"));
  EXPECT_THAT(text, HasSubstr("K is no multiple of 64"));
  EXPECT_THAT(text, Not(HasSubstr("tma.load")));
  EXPECT_THAT(text, Not(HasSubstr("kernel.other")));
}

TEST(KernelTextTest, IsEmptyWhereNoKernelWasAsked) { EXPECT_EQ(kernel_text({}, 160, false), ""); }

TEST(KernelTextTest, TellsMachinesTheSame) {
  const Json kernels = kernel_json(result());
  ASSERT_EQ(kernels.size(), 2u);
  EXPECT_EQ(kernels[0].at("kernel"), "kernel.nvfp4_gemm");
  EXPECT_EQ(kernels[0].at("problem"), "m8 n64 k64 bf16");
  EXPECT_EQ(kernels[0].at("verdict"), "proven");
  EXPECT_EQ(kernels[0].at("level"), "E5");
  EXPECT_EQ(kernels[1].at("verdict"), "not-applicable");
}

}  // namespace
}  // namespace assay::cli
