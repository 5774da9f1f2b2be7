#include "harness/base/target.h"

#include <gtest/gtest.h>

namespace assay {
namespace {

TEST(TargetTest, ReadsWhatItWrites) {
  for (const char* text : {"sm_70", "sm_90a", "sm_100a", "sm_100f", "sm_121a", "sm_121"}) {
    const Result<Target> target = parse_target(text);
    ASSERT_TRUE(target) << target.error().message;
    EXPECT_EQ(to_string(*target), text);
  }
  EXPECT_EQ(*parse_target("sm_121a"), (Target{121, 'a'}));
  EXPECT_EQ(*parse_target("sm_80"), (Target{80, ' '}));
}

TEST(TargetTest, RefusesOtherSpellings) {
  for (const std::string text : {"", "sm_", "sm_a", "sm_9", "sm_1000", "sm_99999999999999999999", "sm_90b", "sm_90A",
                                 "sm_90aa", "sm_090", "sm_90 ", " sm_90", "SM_90", "compute_90", "sm_-90"}) {
    const Result<Target> target = parse_target(text);
    ASSERT_FALSE(target) << text;
    EXPECT_EQ(target.error().message, "target '" + text + "': expected sm_ and a number, with suffix a, f or none");
  }
}

TEST(TargetTest, FloorsDifferBySuffix) {
  EXPECT_EQ(ptx_version_floor({90, ' '}), (PtxVersion{7, 8}));
  EXPECT_EQ(ptx_version_floor({90, 'a'}), (PtxVersion{8, 0}));
  EXPECT_EQ(ptx_version_floor({100, 'a'}), (PtxVersion{8, 6}));
  EXPECT_EQ(ptx_version_floor({100, 'f'}), (PtxVersion{8, 8}));
  EXPECT_EQ(ptx_version_floor({121, 'a'}), (PtxVersion{8, 8}));
}

TEST(TargetTest, AnUnknownTargetGetsTheNewestFloor) { EXPECT_EQ(ptx_version_floor({140, 'a'}), (PtxVersion{9, 0})); }

TEST(TargetTest, VersionsCompareAsNumbers) {
  EXPECT_LT((PtxVersion{8, 7}), (PtxVersion{8, 10}));
  EXPECT_LT((PtxVersion{8, 9}), (PtxVersion{9, 0}));
  EXPECT_EQ(to_string(PtxVersion{8, 7}), "8.7");
}

}  // namespace
}  // namespace assay
