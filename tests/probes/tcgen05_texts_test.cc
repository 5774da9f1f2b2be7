// What every text of tcgen05 keeps to, whatever it asks: rules of which a device that happens to be quick shows
// nothing.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "ptx/texts.h"

namespace assay::probes {
namespace {

std::size_t count(std::string_view text, std::string_view piece) {
  std::size_t found = 0;
  for (std::size_t at = text.find(piece); at != std::string_view::npos; at = text.find(piece, at + 1)) ++found;
  return found;
}

/// The text without comments and blank lines.
std::string code_of(std::string_view stem) {
  const std::string_view text = ptx_text(stem);
  std::string code;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    std::string_view line = text.substr(at, end - at);
    line = line.substr(0, line.find("//"));
    line = line.substr(0, line.find_last_not_of(' ') + 1);
    if (!line.empty()) code.append(line).append("\n");
    at = end + 1;
  }
  return code;
}

class Tcgen05TextTest : public testing::TestWithParam<std::string_view> {
 protected:
  const std::string code_ = code_of(GetParam());
};

// Work that is late may still write to tensor memory: nothing may load from it, or give it back, after a wait gave up.
TEST_P(Tcgen05TextTest, AWaitThatGivesUpSaysSoAndTraps) {
  EXPECT_EQ(count(code_, "[%statuses], 0xdead0001;\n  trap;\nWAITED:\n"), 1u);
  EXPECT_EQ(count(code_, "bra WAIT;\n"), 1u);
  EXPECT_EQ(count(code_, "[%statuses], 0x600d0001;\n"), 1u);
  EXPECT_LT(code_.find("\nWAITED:"), code_.find("0x600d0001"));
}

TEST_P(Tcgen05TextTest, WarpsAreWholeAgainAfterAWait) {
  EXPECT_EQ(count(code_, "\nWAITED:\n  bar.warp.sync 0xffffffff;\n"), 1u);
}

TEST_P(Tcgen05TextTest, TheFirstBarrierAfterAnAllocationIsFencedOnBothSides) {
  const std::size_t allocation = code_.find("tcgen05.alloc."), barrier = code_.find("bar.sync 0;\n", allocation);
  const std::string_view before = "tcgen05.fence::before_thread_sync;\n  ",
                         after = "bar.sync 0;\n  tcgen05.fence::after_thread_sync;\n";
  ASSERT_NE(allocation, std::string::npos);
  ASSERT_NE(barrier, std::string::npos);
  EXPECT_EQ(code_.substr(barrier - before.size(), before.size()), before);
  EXPECT_EQ(code_.substr(barrier, after.size()), after);
}

// In a cluster the bits above say whose shared memory it is; in a descriptor they would be other fields.
TEST_P(Tcgen05TextTest, StartAddressesKeep18Bits) {
  EXPECT_EQ(count(code_, "shr.u32 %word, %tile"), 0u);
  EXPECT_GE(count(code_, ", 0x3ffff;\n  shr.u32 "), 1u);
  EXPECT_EQ(count(code_, ", 0x3ffff;\n  shr.u32 "), count(code_, "mov.u32 %tile"));
}

std::string stem_name(const testing::TestParamInfo<std::string_view>& info) { return std::string(info.param); }

INSTANTIATE_TEST_SUITE_P(EveryTextThatWaits, Tcgen05TextTest,
                         testing::Values("tcgen05_ld", "tcgen05_mma_f16", "tcgen05_mma_mxf4nvf4", "tcgen05_mma_pair"),
                         stem_name);

// .aligned barriers: each directly after code that whole warps run.
TEST(Tcgen05PairTextTest, EveryClusterBarrierIsAligned) {
  const std::string code = code_of("tcgen05_mma_pair");
  EXPECT_EQ(count(code, "  barrier.cluster.arrive.release.aligned;\n  barrier.cluster.wait.acquire.aligned;\n"), 4u);
  EXPECT_EQ(count(code, "barrier.cluster."), 8u);
}

TEST(Tcgen05AllocTextTest, ThePermitIsGivenUpOnceAfterTheAllocationsAndBeforeTheLook) {
  const std::string code = code_of("tcgen05_alloc");
  EXPECT_EQ(count(code, "tcgen05.relinquish_alloc_permit."), 1u);
  const std::size_t permit = code.find("tcgen05.relinquish_alloc_permit.");
  EXPECT_LT(code.find("tcgen05.alloc."), permit);
  EXPECT_LT(permit, code.find("\nALLOCATED:\n"));
  EXPECT_LT(permit, code.find("tcgen05.dealloc."));
}

}  // namespace
}  // namespace assay::probes
