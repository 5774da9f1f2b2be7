#include "harness/cubin/info.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/cubin/synthetic_cubin.h"

namespace assay::cubin {
namespace {

/// The records of a section of the image, or the error.
Result<std::vector<InfoRecord>> records_of(const std::vector<std::byte>& bytes, std::size_t section) {
  const Result<Elf> elf = Elf::read(bytes);
  if (!elf) return elf.error();
  return info_records(*elf, elf->sections()[section]);
}

TEST(InfoTest, ReadsEachFormatInFileOrder) {
  SyntheticCubin cubin(SyntheticCubin::Extent::whole);
  const auto records = records_of(cubin.bytes(), SyntheticCubin::kKernelInfo);
  ASSERT_TRUE(records) << records.error().message;
  const std::size_t at = cubin.section(SyntheticCubin::kKernelInfo).sh_offset;
  ASSERT_EQ(records->size(), 5u);
  EXPECT_EQ((*records)[0].offset, at);
  EXPECT_EQ((*records)[0].format, 3);
  EXPECT_EQ((*records)[0].attribute, attribute::kCbankParamSize);
  EXPECT_EQ((*records)[0].value, 16);
  EXPECT_TRUE((*records)[0].payload.empty());
  EXPECT_EQ((*records)[1].offset, at + 4);
  EXPECT_EQ((*records)[1].payload.size(), 8u);
  EXPECT_EQ(payload_word((*records)[1], 1), 0x00100380u);
  EXPECT_EQ(payload_word((*records)[1], 2), 0u);
  EXPECT_EQ((*records)[2].offset, at + 16);
  EXPECT_EQ((*records)[3].attribute, attribute::kAtEntryFragments);
  EXPECT_EQ((*records)[4].format, 1);
  EXPECT_EQ((*records)[4].offset, at + 28);
}

TEST(InfoTest, KnowsTheSectionsThatHoldRecords) {
  for (const char* name : {".nv.info", ".nv.info.kernel", ".nv.merc.nv.info", ".nv.merc.nv.info.kernel", ".nv.compat"})
    EXPECT_TRUE(holds_info({.name = name})) << name;
  for (const char* name : {".nv.information", ".nv.merc.nv.information", ".nv.compatible", ".text.nv.info", ""})
    EXPECT_FALSE(holds_info({.name = name})) << name;
}

TEST(InfoTest, NamesAttributesByNumber) {
  EXPECT_EQ(attribute_name(0x00), "ERROR");
  EXPECT_EQ(attribute_name(attribute::kPad), "PAD");
  EXPECT_EQ(attribute_name(attribute::kParamCbank), "PARAM_CBANK");
  EXPECT_EQ(attribute_name(attribute::kExterns), "EXTERNS");
  EXPECT_EQ(attribute_name(attribute::kFrameSize), "FRAME_SIZE");
  EXPECT_EQ(attribute_name(attribute::kMinStackSize), "MIN_STACK_SIZE");
  EXPECT_EQ(attribute_name(attribute::kCbankParamSize), "CBANK_PARAM_SIZE");
  EXPECT_EQ(attribute_name(attribute::kRegCount), "REGCOUNT");
  EXPECT_EQ(attribute_name(attribute::kReservedSmemUsed), "RESERVED_SMEM_USED");
  EXPECT_EQ(attribute_name(attribute::kSyscallOffsets), "SYSCALL_OFFSETS");
  EXPECT_EQ(attribute_name(attribute::kNumBarriers), "NUM_BARRIERS");
  EXPECT_EQ(attribute_name(attribute::kAtEntryFragments), "AT_ENTRY_FRAGMENTS");
  EXPECT_EQ(attribute_name(attribute::kTcgen05TwoCtaUsed), "TCGEN05_2CTA_USED");
  EXPECT_EQ(attribute_name(0x5f), "MERCURY_ISA_VERSION");
  EXPECT_EQ(attribute_name(0x60), "");
  EXPECT_EQ(compat_attribute_name(compat::kAcceleratorTarget), "CUDA_ACCELERATOR_TARGET");
  EXPECT_EQ(compat_attribute_name(4), "");
  EXPECT_EQ(format_name(4), "SVAL");
  EXPECT_EQ(format_name(0), "");
}

TEST(InfoTest, RefusesUnknownFormatsAndRecordsPastTheEnd) {
  using S = SyntheticCubin;
  S good(S::Extent::whole);
  const std::size_t at = good.section(S::kKernelInfo).sh_offset;
  for (const int format : {0, 5, 0xff}) {
    std::vector<std::byte> bytes = good.bytes();
    bytes[at + 16] = std::byte(format);
    EXPECT_EQ(records_of(bytes, S::kKernelInfo).error().message,
              fmt::format("offset {:#x}: the format of a metadata record must be from 1 to 4", at + 16));
  }
  std::vector<std::byte> bytes = good.bytes();
  bytes[at + 6] = std::byte{0xff};
  EXPECT_EQ(records_of(bytes, S::kKernelInfo).error().message,
            fmt::format("offset {:#x}: the payload of a metadata record must end inside its section", at + 6));
  Elf64_Shdr cut = good.section(S::kKernelInfo);
  cut.sh_size -= 2;
  good.set_section(S::kKernelInfo, cut);
  EXPECT_EQ(records_of(good.bytes(), S::kKernelInfo).error().message,
            fmt::format("offset {:#x}: a metadata record needs four bytes", at + 28));
}

}  // namespace
}  // namespace assay::cubin
