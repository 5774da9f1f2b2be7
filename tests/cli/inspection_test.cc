#include "harness/cli/inspection.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/base/digest.h"
#include "harness/base/json.h"
#include "tests/cubin/synthetic_cubin.h"
#include "tests/cubin/synthetic_fatbin.h"

namespace assay::cli {
namespace {

using cubin::SyntheticCubin;
using cubin::SyntheticFatbin;
using cubin::SyntheticHost;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::byte> whole_cubin() { return SyntheticCubin(SyntheticCubin::Extent::whole).bytes(); }

/// A cubin, PTX and a fatbin that holds both.
std::vector<std::byte> fatbin_of(const std::vector<std::byte>& image, std::uint32_t sm = 121) {
  const std::vector<std::byte> ptx = cubin::bytes_of(".version 9.0\n.target sm_121a\n.address_size 64\n");
  SyntheticFatbin fatbin;
  fatbin.add({.sm = sm, .flags = 0x1100011}, image, std::string("\x02\x09\x01\0", 4));
  fatbin.add_packed({.kind = 1, .minor = 0, .major = 9, .flags = 0x108011}, cubin::packed_with_zstd(ptx), ptx.size());
  fatbin.add({.kind = 8, .flags = 0x10011}, cubin::bytes_of("ir"), "-ftz=0");
  return fatbin.bytes();
}

std::string text_of(const std::vector<std::byte>& file, std::optional<std::size_t> entry = std::nullopt,
                    const TextOptions& options = {}) {
  const Result<Json> document = inspect_bytes(file, entry);
  return document ? inspection_text(*document, options) : document.error().message;
}

TEST(InspectionTest, ACubinsDocumentHoldsWhatItStates) {
  const std::vector<std::byte> image = whole_cubin();
  const Result<Json> document = inspect_bytes(image);
  ASSERT_TRUE(document) << document.error().message;
  EXPECT_EQ((*document)["schema"], "inspect/1");
  EXPECT_EQ((*document)["kind"], "cubin");
  EXPECT_EQ((*document)["bytes"], image.size());
  EXPECT_EQ((*document)["sha256"], hex(sha256(image)));
  const Json& cubin = (*document)["cubin"];
  EXPECT_EQ(cubin["architecture"]["target"], "sm_121a");
  EXPECT_EQ(cubin["image_kind"], 2);
  EXPECT_EQ(cubin["functions"][0]["registers"], 24);
  EXPECT_EQ(cubin["functions"][0]["min_stack_bytes"], Json());
  EXPECT_EQ(cubin["functions"][0]["needs"][0]["name"], "AT_ENTRY_FRAGMENTS");
  EXPECT_EQ(cubin["unpatchable"], Json());
  EXPECT_TRUE(pretty_json(*document)) << "the document is strict JSON";
}

TEST(InspectionTest, ACubinsTextIsForPeople) {
  std::vector<std::byte> image = whole_cubin();
  const std::string digest = hex(sha256(image));
  EXPECT_EQ(text_of(image), fmt::format(R"(cubin of {} bytes
  sha256        {}
  target        sm_121a (CUDA_ACCELERATOR_TARGET in .nv.compat is 1)
  header        ABI 8, e_flags 0x08007902: kind 2 (SASS and capmerc), SM 121, note section 8
  made by       ptxas, V13.: -arch sm_121a -m 64
  made for      CUDA API version 130, PTX target number 121
  compat        CUDA_ACCELERATOR_TARGET 1, ISA_CLASS 2, CAN_FASTPATH_FINALIZE 0000000000000000
  sections      18, of which 4 for Mercury (104 bytes); 2 rows in the call graph
  undefined     .nv.reservedSmem.offset0, __cuda_syscall_cp_async_bulk_multicast
  assay patch   takes it

code    registers  text B  capmerc B  shared B  frame B  barriers  parameters B  asks for or states           name
kernel  24         64      16         0         8        1         16 at 0x380   AT_ENTRY_FRAGMENTS 06000000  kernel
)",
                                        image.size(), digest));
}

TEST(InspectionTest, AnImageWithoutCodeSaysSo) {
  SyntheticCubin cubin;
  for (std::size_t i = 1; i < SyntheticCubin::kSymbolCount; ++i) cubin.set_symbol(i, {});
  EXPECT_THAT(text_of(cubin.bytes()), HasSubstr("\nno function: the image holds no code\n"));
}

TEST(InspectionTest, AFatbinsEntriesAreListed) {
  const std::vector<std::byte> image = whole_cubin(), fatbin = fatbin_of(image);
  const Result<Json> document = inspect_bytes(fatbin);
  ASSERT_TRUE(document) << document.error().message;
  EXPECT_EQ((*document)["kind"], "fatbin");
  const Json& entries = (*document)["fatbin"]["entries"];
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0]["target"], "sm_121a");
  EXPECT_EQ(entries[0]["compat_options"], "02090100");
  EXPECT_EQ(entries[1]["packing"], "zstd");
  EXPECT_EQ(entries[2]["kind"], "lto-ir");
  EXPECT_EQ(entries[2]["options"], "-ftz=0");
  EXPECT_FALSE((*document)["fatbin"].contains("inspected"));
  EXPECT_THAT(text_of(fatbin),
              AllOf(HasSubstr("3 entries in 1 containers"), HasSubstr("\n2      "), HasSubstr("-ftz=0")));
}

/// Found by fuzzing: such flags made a document that is no strict JSON.
TEST(InspectionTest, FlagsOfAll64BitsArePrinted) {
  SyntheticFatbin fatbin;
  fatbin.add({.flags = 0x8000000000000011}, cubin::bytes_of("12345678"));
  const Result<Json> document = inspect_bytes(fatbin.bytes());
  ASSERT_TRUE(document) << document.error().message;
  EXPECT_EQ((*document)["fatbin"]["entries"][0]["flags"], "0x8000000000000011");
  EXPECT_TRUE(pretty_json(*document));
}

TEST(InspectionTest, AnEntryIsLookedInto) {
  const std::vector<std::byte> image = whole_cubin(), fatbin = fatbin_of(image);
  const Result<Json> first = inspect_bytes(fatbin, 0);
  ASSERT_TRUE(first) << first.error().message;
  const Json& content = (*first)["fatbin"]["inspected"]["content"];
  EXPECT_EQ(content["sha256"], hex(sha256(image)));
  EXPECT_EQ(content["sm_agrees"], true);
  EXPECT_EQ(content["cubin"]["architecture"]["target"], "sm_121a");
  EXPECT_THAT(text_of(fatbin, 0), AllOf(HasSubstr("\nentry 0\n"), HasSubstr("AT_ENTRY_FRAGMENTS")));
  EXPECT_THAT(text_of(fatbin, 1), HasSubstr("ptx           .version 9.0, .target sm_121a, 3 lines\n"));
  EXPECT_THAT(text_of(fatbin, 2), AllOf(HasSubstr("\nentry 2\n"), Not(HasSubstr("target"))));
  EXPECT_EQ(text_of(fatbin, 3), "no entry 3: the file holds 3");
  EXPECT_EQ(text_of(image, 0), "a cubin has no entries; leave --entry out");
}

/// The driver compares the two numbers too.
TEST(InspectionTest, AnEntryOfAnotherSmThanItsImageIsTold) {
  const std::vector<std::byte> fatbin = fatbin_of(whole_cubin(), 100);
  EXPECT_EQ((*inspect_bytes(fatbin, 0))["fatbin"]["inspected"]["content"]["sm_agrees"], false);
  EXPECT_THAT(text_of(fatbin, 0), HasSubstr("the entry and its image state different SM numbers"));
}

TEST(InspectionTest, AHostFileIsReadThroughItsSections) {
  const SyntheticHost host(fatbin_of(whole_cubin()));
  SyntheticHost copy = host;
  const Result<Json> document = inspect_bytes(copy.bytes());
  ASSERT_TRUE(document) << document.error().message;
  EXPECT_EQ((*document)["kind"], "host");
  EXPECT_EQ((*document)["fatbin"]["wrappers"], 1);
  EXPECT_EQ((*document)["fatbin"]["entries"].size(), 3u);
  EXPECT_THAT(text_of(copy.bytes()), HasSubstr("wrappers      1\n"));
}

TEST(InspectionTest, ManyEntriesAreCountedByTargetUnlessListed) {
  SyntheticFatbin fatbin;
  for (std::size_t i = 0; i <= kListedEntries; ++i)
    fatbin.add({.sm = i % 2 == 0 ? 90u : 100u}, cubin::bytes_of("12345678"));
  EXPECT_THAT(text_of(fatbin.bytes()), HasSubstr(R"(
kind   target  version  packing  entries  bytes  inflated
cubin  sm_90   1.8      stored   21       168    168
cubin  sm_100  1.8      stored   20       160    160
)"));
  EXPECT_THAT(text_of(fatbin.bytes(), std::nullopt, {.list = true}), HasSubstr("\n40     0x"));
}

TEST(InspectionTest, NothingThatATerminalObeysIsPrinted) {
  SyntheticCubin cubin(SyntheticCubin::Extent::whole);
  std::vector<std::byte>& bytes = cubin.bytes();
  const std::size_t name = cubin.section(SyntheticCubin::kStrtab).sh_offset + 1;
  for (const char evil : {'\x1b', '\n', '\r', '\t', '\x07', '\xff'}) {
    bytes[name + 2] = std::byte(evil);
    const std::string text = text_of(bytes);
    EXPECT_THAT(text, AllOf(HasSubstr("ke"), Not(HasSubstr(std::string("ke") + evil))));
    EXPECT_EQ(std::ranges::count(text, '\n'), 13);
    EXPECT_TRUE(pretty_json(*inspect_bytes(bytes)));
  }
}

TEST(InspectionTest, RefusesOtherFilesAndBrokenOnesWithTheirOffset) {
  EXPECT_EQ(text_of({}), "offset 0x0: neither an ELF image (7f 45 4c 46) nor a fatbin (50 ed 55 ba)");
  EXPECT_EQ(text_of(cubin::bytes_of("#!/bin/sh\n")),
            "offset 0x0: neither an ELF image (7f 45 4c 46) nor a fatbin (50 ed 55 ba)");
  std::vector<std::byte> image = whole_cubin();
  image.resize(image.size() - 8);
  EXPECT_EQ(text_of(image), "offset 0x28: the section table must be in the file");
  EXPECT_EQ(text_of(fatbin_of(image), 0),
            "the image of the entry at 0x10: offset 0x28: the section table must be in the file");
  std::vector<std::byte> fatbin = fatbin_of(whole_cubin());
  fatbin[4] = std::byte{9};
  EXPECT_EQ(text_of(fatbin), "offset 0x4: the version of a fatbin container must be 1");
}

}  // namespace
}  // namespace assay::cli
