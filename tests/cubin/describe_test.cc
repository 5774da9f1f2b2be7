#include "harness/cubin/describe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cubin/synthetic_cubin.h"

namespace assay::cubin {
namespace {

using ::testing::ElementsAre;
using S = SyntheticCubin;

/// The description of an image that outlives it.
class DescribeTest : public ::testing::Test {
 protected:
  Description described() {
    const Result<Elf> elf = Elf::read(cubin_.bytes());
    EXPECT_TRUE(elf) << elf.error().message;
    Result<Description> description = describe(*elf);
    EXPECT_TRUE(description) << description.error().message;
    return *description;
  }
  void set_flags(std::uint32_t flags) {
    Elf64_Ehdr header = cubin_.header();
    header.e_flags = flags;
    cubin_.set_header(header);
  }
  void set(std::size_t section, std::size_t offset, std::string_view text) {
    std::memcpy(cubin_.bytes().data() + cubin_.section(section).sh_offset + offset, text.data(), text.size());
  }
  void expect_architecture(char suffix, std::string_view why) {
    const Architecture architecture = described().architecture;
    EXPECT_EQ(architecture.suffix, suffix);
    EXPECT_EQ(architecture.why, why);
  }
  static constexpr std::size_t kOptions = 24 + 24 + 18, kAccelerator = 2;
  S cubin_{S::Extent::whole};
};

TEST_F(DescribeTest, ReadsAllThatAnImageStates) {
  const Description it = described();
  EXPECT_EQ(it.abi, 8);
  EXPECT_EQ(it.flags, 0x08007902u);
  EXPECT_EQ(it.kind, 2);
  EXPECT_EQ(it.note_section, 8u);
  EXPECT_EQ(it.virtual_sm, 121u);
  EXPECT_EQ(it.cuda->cuda_version, 130u);
  EXPECT_EQ(it.tools.size(), 1u);
  EXPECT_EQ(it.compat.size(), 3u);
  EXPECT_EQ(it.section_count, S::kWholeCount);
  EXPECT_EQ(it.mercury_sections, 4u);
  EXPECT_EQ(it.mercury_bytes, 8u + 32 + 16 + 48);
  EXPECT_EQ(it.call_edges, 2u);
  EXPECT_THAT(it.undefined, ElementsAre(".nv.reservedSmem.offset0", "__cuda_syscall_cp_async_bulk_multicast"));
  EXPECT_EQ(it.unpatchable, "");
}

TEST_F(DescribeTest, ReadsAKernelsSizesFromItsRecords) {
  const Description it = described();
  ASSERT_EQ(it.functions.size(), 1u);
  const Function& kernel = it.functions[0];
  EXPECT_EQ(kernel.name, "kernel");
  EXPECT_TRUE(kernel.is_kernel);
  EXPECT_EQ(kernel.text_bytes, 64u);
  EXPECT_EQ(kernel.capmerc_bytes, 16u);
  EXPECT_EQ(kernel.registers, 24u);
  EXPECT_EQ(kernel.frame_bytes, 8u);
  EXPECT_EQ(kernel.min_stack_bytes, std::nullopt);
  EXPECT_EQ(kernel.barriers, 1u);
  EXPECT_EQ(kernel.parameter_base, 0x380u);
  EXPECT_EQ(kernel.parameter_bytes, 16u);
  ASSERT_EQ(kernel.needs.size(), 1u);
  EXPECT_EQ(kernel.needs[0].attribute, attribute::kAtEntryFragments);
}

TEST_F(DescribeTest, TheSuffixIsDerivedOrUnknown) {
  expect_architecture('a', "CUDA_ACCELERATOR_TARGET in .nv.compat is 1");
  set(S::kCompat, kAccelerator, std::string_view("\0", 1));
  expect_architecture('?', "CUDA_ACCELERATOR_TARGET is 0, the tool note says sm_121a");
  set(S::kToolNote, kOptions, "-arch sm_121f -m 64");
  expect_architecture('f', "the tool note says sm_121f");
  set(S::kToolNote, kOptions, "-arch sm_121  -m 64");
  expect_architecture(' ', "the tool note says sm_121");
  set(S::kToolNote, kOptions, "-arch xx_121  -m 64");
  expect_architecture('?', "CUDA_ACCELERATOR_TARGET is 0: base or f, and no tool note says which");
  set_flags(0x08005a04);
  expect_architecture(' ', "CUDA_ACCELERATOR_TARGET in .nv.compat is 0");
  set_flags(0x08005904);
  expect_architecture(' ', "no target before sm_90 has a suffix");
}

TEST_F(DescribeTest, AHeaderAndANoteThatDisagreeAreTold) {
  set_flags(0x08006402);
  expect_architecture('?', "the header states SM 100, the tool note sm_121a");
  set_flags(0x08007902);
  set(S::kToolNote, kOptions, "-arch sm_121f -m 64");
  expect_architecture('?', "CUDA_ACCELERATOR_TARGET is 1, the tool note says sm_121f");
}

TEST_F(DescribeTest, AnImageOfTheOlderAbiStatesItsPtxTargetInTheHeader) {
  S plain;
  Elf64_Ehdr header = plain.header();
  header.e_ident[EI_OSABI] = 0x33, header.e_ident[EI_ABIVERSION] = 7;
  header.e_flags = 0x0050055a;
  plain.set_header(header);
  const Result<Elf> elf = Elf::read(plain.bytes());
  ASSERT_TRUE(elf);
  const auto it = describe(*elf);
  ASSERT_TRUE(it) << it.error().message;
  EXPECT_EQ(it->abi, 7);
  EXPECT_EQ(it->virtual_sm, 80u);
  EXPECT_EQ(it->note_section, std::nullopt);
  EXPECT_EQ(it->architecture.sm, 90);
  EXPECT_EQ(it->architecture.suffix, '?');
  EXPECT_EQ(it->architecture.why, "neither .nv.compat nor a tool note says");
  EXPECT_EQ(it->functions[0].registers, std::nullopt);
  EXPECT_EQ(it->unpatchable, "offset 0x8: only images of ABI 8 are patched; ABI 7 is read only");
}

TEST_F(DescribeTest, AFaultInAnyRecordOrNoteIsTheAnswer) {
  for (const std::size_t section :
       {S::kInfo, S::kKernelInfo, S::kMercuryInfo, S::kCompat, S::kToolNote, S::kCudaNote}) {
    cubin_ = S(S::Extent::whole);
    set(section, 0, "\xff");
    const Result<Elf> elf = Elf::read(cubin_.bytes());
    ASSERT_TRUE(elf);
    EXPECT_FALSE(describe(*elf)) << section;
  }
}

TEST_F(DescribeTest, ImageKindsHaveNames) {
  EXPECT_EQ(kind_name(2), "SASS and capmerc");
  EXPECT_EQ(kind_name(4), "SASS");
  EXPECT_EQ(kind_name(1), "");
}

}  // namespace
}  // namespace assay::cubin
