// Real images of every target, read by the reader and edited by the patcher.
#include "tests/fuzz/seeds.h"

#include <gtest/gtest.h>

#include "harness/cubin/describe.h"
#include "harness/cubin/patch.h"

namespace assay::fuzz {
namespace {

using cubin::Elf;

class SeedsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const Result<std::vector<Compiled>> images = compile_images();
    if (images) images_ = *images;
    missing_ = images ? "" : images.error().message;
  }
  void SetUp() override { ASSERT_EQ(images_.size(), 46u) << missing_; }

  static std::vector<Compiled> images_;
  static std::string missing_;
};
std::vector<Compiled> SeedsTest::images_;
std::string SeedsTest::missing_;

TEST_F(SeedsTest, TheTargetOfEveryImageIsDerived) {
  for (const auto& [target, tool, image] : images_) {
    SCOPED_TRACE(tool + " " + to_string(target));
    const Result<Elf> elf = Elf::read(image);
    ASSERT_TRUE(elf) << elf.error().message;
    const auto it = cubin::describe(*elf);
    ASSERT_TRUE(it) << it.error().message;
    EXPECT_EQ(it->abi, 8);
    EXPECT_EQ(it->architecture.sm, target.sm);
    EXPECT_EQ(it->architecture.suffix, target.suffix) << it->architecture.why;
    EXPECT_EQ(it->kind, target.sm >= 100 ? 2 : 4);
    EXPECT_EQ(it->unpatchable, "");
    EXPECT_EQ(it->mercury_sections > 0, target.sm >= 100);
    EXPECT_EQ(it->virtual_sm, static_cast<std::uint32_t>(target.sm));
  }
}

TEST_F(SeedsTest, TheKernelOfEveryImageHasItsSizes) {
  for (const auto& [target, tool, image] : images_) {
    SCOPED_TRACE(tool + " " + to_string(target));
    const auto it = cubin::describe(*Elf::read(image));
    ASSERT_EQ(it->functions.size(), 1u);
    const cubin::Function& kernel = it->functions[0];
    EXPECT_EQ(kernel.name, "kernel");
    EXPECT_TRUE(kernel.is_kernel);
    ASSERT_TRUE(kernel.registers);
    EXPECT_GT(*kernel.registers, 0u);
    EXPECT_LE(*kernel.registers, 255u);
    const std::uint64_t declared = tool == "NVRTC" ? 1024 : 64;
    EXPECT_EQ(kernel.shared_bytes, declared + (target.sm >= 90 ? 1024 : 0));
    EXPECT_EQ(kernel.parameter_bytes, tool == "NVRTC" ? 20u : 16u);
    EXPECT_EQ(kernel.parameter_base, target.sm >= 100 ? 0x380u : target.sm == 90 ? 0x210u : 0x160u);
    EXPECT_EQ(kernel.capmerc_bytes > 0, target.sm >= 100);
    EXPECT_EQ(kernel.barriers, 1u);
  }
}

TEST_F(SeedsTest, TheSmByteOfEveryImageCanBeRewrittenAndBack) {
  for (const auto& [target, tool, image] : images_) {
    SCOPED_TRACE(tool + " " + to_string(target));
    const int other = target.sm == 90 ? 100 : 90;
    const auto there = cubin::patch_sm(image, target.sm, other);
    ASSERT_TRUE(there) << there.error().message;
    ASSERT_EQ(there->edits.size(), 1u);
    EXPECT_EQ(there->edits[0].offset, 0x31u);
    EXPECT_TRUE(cubin::compare_code(image, there->image)->text_identical());
    const auto back = cubin::patch_sm(there->image, other, target.sm);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(back->image, image);
  }
}

/// A constant of a logic instruction is in both copies of the code, once each.
TEST_F(SeedsTest, ATracerConstantIsFoundInEachCopyOfTheCode) {
  for (const auto& [target, tool, image] : images_) {
    SCOPED_TRACE(tool + " " + to_string(target));
    const auto text = cubin::patch_word(image, ".text.kernel", 0x5a5a, 0x6b6b);
    ASSERT_TRUE(text) << text.error().message;
    EXPECT_FALSE(cubin::compare_code(image, text->image)->text_identical());
    EXPECT_TRUE(cubin::compare_code(image, text->image)->capmerc_identical());
    if (target.sm < 100) continue;
    const auto capmerc = cubin::patch_word(image, ".nv.capmerc.text.kernel", 0x5a5a, 0x6b6b);
    ASSERT_TRUE(capmerc) << capmerc.error().message;
    EXPECT_TRUE(cubin::compare_code(image, capmerc->image)->text_identical());
    EXPECT_FALSE(cubin::compare_code(image, capmerc->image)->capmerc_identical());
  }
}

}  // namespace
}  // namespace assay::fuzz
