#include "harness/cubin/fatbin_writer.h"

#include "harness/cubin/fatbin.h"

#include <gtest/gtest.h>

#include <cstring>

namespace assay::cubin {
namespace {

template <class T>
T at(const std::vector<std::byte>& bytes, std::size_t offset) {
  T value{};
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

TEST(FatbinWriterTest, WritesTheFieldsWhereNvccDoes) {
  const std::vector<std::byte> image(3840, std::byte{0x5a});
  const auto fatbin = fatbin_of(image, {90, ' '});
  // The first 80 bytes of `nvcc -fatbin -no-compress` for sm_90, of an image of this size.
  constexpr std::uint64_t kExpected[10] = {
      0x00100001ba55ed50, 0xf40, 0x0000004001010002, 0xf00, 0, 0x0000005a00010008, 0, 0x11, 0, 0};
  ASSERT_EQ(fatbin.size(), kEntryImageOffset + image.size());
  EXPECT_EQ(std::memcmp(fatbin.data(), kExpected, sizeof kExpected), 0);
  EXPECT_EQ(at<std::uint32_t>(fatbin, kEntrySmOffset), 90u);
  EXPECT_TRUE(std::equal(image.begin(), image.end(), fatbin.begin() + kEntryImageOffset));
}

TEST(FatbinWriterTest, FlagsTellTheSuffix) {
  const std::vector<std::byte> image(8);
  EXPECT_EQ(at<std::uint64_t>(fatbin_of(image, {100, 'a'}), 56), 0x100011u);
  EXPECT_EQ(at<std::uint64_t>(fatbin_of(image, {120, 'f'}), 56), 0x200011u);
  EXPECT_EQ(at<std::uint64_t>(fatbin_of(image, {121, ' '}), 56), 0x11u);
}

TEST(FatbinWriterTest, PadsTheImageToEightBytes) {
  const std::vector<std::byte> image(13, std::byte{1});
  const auto fatbin = fatbin_of(image, {90, ' '});
  EXPECT_EQ(fatbin.size(), kEntryImageOffset + 16);
  EXPECT_EQ(at<std::uint64_t>(fatbin, 8), 64u + 16);
  EXPECT_EQ(fatbin.back(), std::byte{0});
}

TEST(FatbinWriterTest, PtxStandsBesideTheImage) {
  const std::vector<std::byte> image(16, std::byte{1});
  const auto fatbin = with_ptx(fatbin_of(image, {100, ' '}), "// ptx", {7, 0}, {80, ' '});
  const auto entries = read_fatbin(fatbin);
  ASSERT_TRUE(entries) << entries.error().message;
  ASSERT_EQ(entries->size(), 2u);
  EXPECT_EQ((*entries)[0].kind, EntryKind::cubin);
  EXPECT_EQ((*entries)[0].sm, 100);
  EXPECT_EQ((*entries)[1].kind, EntryKind::ptx);
  EXPECT_EQ((*entries)[1].sm, 80);
  EXPECT_EQ((*entries)[1].major, 7);
  EXPECT_EQ(std::memcmp((*entries)[1].payload.data(), "// ptx", 7), 0);
  // As `nvcc -fatbin -no-compress` writes it: the header with an option block that holds nothing.
  const std::size_t entry = kEntryImageOffset + image.size();
  EXPECT_EQ(at<std::uint32_t>(fatbin, entry + 4), 0x50u);
  EXPECT_EQ(at<std::uint32_t>(fatbin, entry + 20), 64u);
  EXPECT_EQ(at<std::uint64_t>(fatbin, entry + 64), 72u);
}

}  // namespace
}  // namespace assay::cubin
