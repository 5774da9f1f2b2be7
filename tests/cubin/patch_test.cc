#include "harness/cubin/patch.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "harness/cubin/info.h"
#include "tests/cubin/synthetic_cubin.h"

namespace assay::cubin {
namespace {

using S = SyntheticCubin;

/// The image that all edits start from.
class PatchTest : public ::testing::Test {
 protected:
  std::uint64_t at(std::size_t section, std::uint64_t offset = 0) const {
    return cubin_.section(section).sh_offset + offset;
  }
  /// Asserts that the copy is the source with exactly these edits, and that the source is as it was.
  void expect_edits(const Result<Patched>& patched, const std::vector<ByteEdit>& edits) {
    ASSERT_TRUE(patched) << patched.error().message;
    EXPECT_EQ(patched->edits, edits);
    std::vector<std::byte> again = patched->image;
    ASSERT_EQ(again.size(), image().size());
    for (const ByteEdit& edit : edits) {
      EXPECT_EQ(again[edit.offset], std::byte{edit.is});
      again[edit.offset] = std::byte{edit.was};
    }
    EXPECT_EQ(again, image());
  }
  std::string refusal(const Result<Patched>& patched) { return patched ? "patched" : patched.error().message; }
  const std::vector<std::byte>& image() { return cubin_.bytes(); }

  S cubin_{S::Extent::whole};
};

TEST_F(PatchTest, TheSmByteIsOneByte) {
  expect_edits(patch_sm(image(), 121, 100), {{0x31, 121, 100}});
  EXPECT_EQ(Elf::read(patch_sm(image(), 121, 90)->image)->sm(), 90);
}

TEST_F(PatchTest, TheSmByteMustBeAsExpected) {
  EXPECT_EQ(refusal(patch_sm(image(), 120, 100)),
            "offset 0x31: the image states SM 121, expected 120: name the SM that it states");
  EXPECT_EQ(refusal(patch_sm(image(), 121, 91)), "91 is no SM number of CUDA 13.0");
  EXPECT_EQ(refusal(patch_sm(image(), 121, 377)), "377 is no SM number of CUDA 13.0");
  EXPECT_EQ(refusal(patch_sm(image(), 121, 121)), "offset 0x31: the edit changes nothing");
}

TEST_F(PatchTest, ARecordIsRelabelledInOneCopyOrInBoth) {
  const Relabel pad{.attribute = attribute::kPad};
  const std::uint64_t plain = at(S::kKernelInfo, 20), mercury = at(S::kMercuryInfo, 20);
  expect_edits(patch_info_record(image(), ".nv.info.kernel", 0x4f, pad), {{plain + 1, 0x4f, 1}});
  expect_edits(patch_info_record(image(), ".nv.merc.nv.info.kernel", 0x4f, pad), {{mercury + 1, 0x4f, 1}});
  expect_edits(patch_info_record_twice(image(), "kernel", 0x4f, pad), {{plain + 1, 0x4f, 1}, {mercury + 1, 0x4f, 1}});
  expect_edits(patch_info_record(image(), ".nv.info.kernel", 0x4f, {.format = 0}), {{plain, 4, 0}});
  expect_edits(patch_info_record(image(), ".nv.compat", 2, {.format = 3, .attribute = 1}),
               {{at(S::kCompat, 4), 2, 3}, {at(S::kCompat, 5), 2, 1}});
}

TEST_F(PatchTest, ARecordMustBeThereOnce) {
  const Relabel pad{.attribute = attribute::kPad};
  EXPECT_EQ(refusal(patch_info_record(image(), ".nv.info.kernel", 0x51, pad)),
            "section .nv.info.kernel holds 0 records with attribute 0x51; one is needed");
  EXPECT_EQ(refusal(patch_info_record(image(), ".nv.info.other", 0x4f, pad)),
            "the image holds no section .nv.info.other");
  EXPECT_EQ(refusal(patch_info_record(image(), ".text.kernel", 0x4f, pad)),
            "section .text.kernel holds no metadata records");
  EXPECT_EQ(refusal(patch_info_record_twice(image(), "other", 0x4f, pad)), "the image holds no section .nv.info.other");
  EXPECT_EQ(refusal(patch_info_record(image(), ".nv.info.kernel", 0x4f, {})),
            fmt::format("offset {:#x}: the edit changes nothing", at(S::kKernelInfo, 20)));
  const auto twice = patch_info_record(image(), ".nv.info.kernel", 0x0b, {.attribute = 0x4f});
  ASSERT_TRUE(twice);
  EXPECT_EQ(refusal(patch_info_record(twice->image, ".nv.info.kernel", 0x4f, pad)),
            "section .nv.info.kernel holds 2 records with attribute 0x4f; one is needed");
}

TEST_F(PatchTest, AValueIsPatchedByItsByte) {
  expect_edits(patch_info_value(image(), ".nv.info.kernel", attribute::kParamCbank, 5, 0x03, 0x02),
               {{at(S::kKernelInfo, 4 + 4 + 5), 0x03, 0x02}});
  expect_edits(patch_info_value(image(), ".nv.compat", 9, 0, 1, 0), {{at(S::kCompat, 2), 1, 0}});
  EXPECT_EQ(refusal(patch_info_value(image(), ".nv.compat", 9, 0, 7, 0)),
            fmt::format("offset {:#x}: the byte is 0x01, expected 0x07", at(S::kCompat, 2)));
  EXPECT_EQ(refusal(patch_info_value(image(), ".nv.compat", 9, 1, 0, 1)),
            fmt::format("offset {:#x}: the record's value has 1 bytes, so no byte 1", at(S::kCompat)));
  EXPECT_EQ(refusal(patch_info_value(image(), ".nv.info.kernel", 0x0b, 0, 0, 1)),
            fmt::format("offset {:#x}: the record's value has 0 bytes, so no byte 0", at(S::kKernelInfo, 28)));
}

TEST_F(PatchTest, AWordIsPatchedWhereItOccursOnce) {
  expect_edits(patch_word(image(), ".nv.capmerc.text.kernel", 0x5a5a, 0x6b6b),
               {{at(S::kCapmerc), 0x5a, 0x6b}, {at(S::kCapmerc, 1), 0x5a, 0x6b}});
  expect_edits(patch_word(image(), ".text.kernel", 0x794d, 0x7900), {{at(S::kText, 48), 0x4d, 0x00}});
  EXPECT_EQ(refusal(patch_word(image(), ".text.kernel", 0x5a5a, 1)),
            "section .text.kernel holds the word 0x00005a5a 0 times; once is needed");
  EXPECT_EQ(refusal(patch_word(image(), ".nv.callgraph", 0, 1)),
            "section .nv.callgraph holds the word 0x00000000 2 times; once is needed");
  EXPECT_EQ(refusal(patch_word(image(), ".text.other", 1, 2)), "the image holds no section .text.other");
}

TEST_F(PatchTest, AByteMustBeAsExpected) {
  expect_edits(patch_byte(image(), 0x30, 2, 4), {{0x30, 2, 4}});
  EXPECT_EQ(refusal(patch_byte(image(), 0x30, 4, 2)), "offset 0x30: the byte is 0x02, expected 0x04");
  EXPECT_EQ(refusal(patch_byte(image(), image().size(), 0, 1)),
            fmt::format("offset {:#x}: the image ends before", image().size()));
  EXPECT_EQ(refusal(patch_byte(image(), ~std::uint64_t{0}, 0, 1)), "offset 0xffffffffffffffff: the image ends before");
}

TEST_F(PatchTest, ASymbolIsMadeAbsoluteInTheTableThatIsNamed) {
  const std::uint64_t entry = cubin_.symbol_at(3);
  expect_edits(patch_symbol(image(), ".symtab", ".nv.reservedSmem.offset0", {.section = std::uint16_t{SHN_ABS}}),
               {{entry + 6, 0, 0xf1}, {entry + 7, 0, 0xff}});
  expect_edits(patch_symbol(image(), ".symtab", ".nv.reservedSmem.offset0", {.info = std::uint8_t{0x01}}),
               {{entry + 4, 0, 1}});
  expect_edits(patch_symbol(image(), ".nv.merc.symtab", "kernel", {.section = std::uint16_t{0}}),
               {{at(S::kMercurySymtab, 24 + 6), S::kCapmerc, 0}});
  expect_edits(patch_symbol(image(), ".symtab", "kernel", {.value = 0x0102}),
               {{cubin_.symbol_at(1) + 8, 0, 2}, {cubin_.symbol_at(1) + 9, 0, 1}});
}

TEST_F(PatchTest, ASymbolMustBeThereOnce) {
  EXPECT_EQ(refusal(patch_symbol(image(), ".symtab", "other", {.section = std::uint16_t{0}})),
            ".symtab holds 0 symbols named other; one is needed");
  EXPECT_EQ(refusal(patch_symbol(image(), ".text.kernel", "kernel", {.section = std::uint16_t{0}})),
            "section .text.kernel is no symbol table");
  EXPECT_EQ(refusal(patch_symbol(image(), ".symtab", "kernel", {})),
            fmt::format("offset {:#x}: the edit changes nothing", cubin_.symbol_at(1)));
}

TEST_F(PatchTest, ASymbolIsRenamedInTheStringTable) {
  const std::uint64_t name = at(S::kStrtab, 1);
  expect_edits(rename_symbol(image(), "kernel", "kernal"), {{name + 4, 'e', 'a'}});
  EXPECT_EQ(refusal(rename_symbol(image(), "kernel", "longer name")),
            "the new name must have 6 bytes, as 'kernel' has");
  EXPECT_EQ(refusal(rename_symbol(image(), "other", "odder")), ".symtab holds no symbol named 'other'");
  Elf64_Sym tail = cubin_.symbol(3);
  tail.st_name = 4;  // "nel"
  cubin_.set_symbol(3, tail);
  EXPECT_EQ(refusal(rename_symbol(image(), "nel", "Nel")),
            fmt::format("offset {:#x}: another name shares the bytes of 'nel'", name + 3));
  EXPECT_EQ(refusal(rename_symbol(image(), "kernel", "kernal")),
            fmt::format("offset {:#x}: another name shares the bytes of 'kernel'", name));
}

/// Every edit starts with the same checks; a broken image is refused whichever edit was asked for.
TEST_F(PatchTest, EveryEditRefusesAnImageThatBreaksARule) {
  struct Broken {
    std::function<void(S&)> apply;
    std::string message;
  };
  const auto flags = [](std::uint32_t value) {
    return [value](S& cubin) {
      Elf64_Ehdr header = cubin.header();
      header.e_flags = value;
      cubin.set_header(header);
    };
  };
  const std::uint64_t record = at(S::kMercuryInfo, 16);
  const std::vector<Broken> all = {
      {[](S& cubin) { cubin.bytes().resize(63); }, "offset 0x3f: an ELF header needs 64 bytes"},
      {[](S& cubin) {
         Elf64_Ehdr header = cubin.header();
         header.e_ident[EI_OSABI] = 0x33, header.e_ident[EI_ABIVERSION] = 7;
         cubin.set_header(header);
       },
       "offset 0x8: only images of ABI 8 are patched; ABI 7 is read only"},
      {flags(0x08007901), "offset 0x30: the image kind (e_flags bits 0-7) must be 2 or 4"},
      {flags(0x08005b02), "offset 0x31: the SM number (e_flags bits 8-15) must be one of CUDA 13.0's"},
      {flags(0x08017902), "offset 0x32: e_flags bits 16-23 must be zero"},
      {flags(0x09007902), "offset 0x33: e_flags bits 24-31 must name the section .note.nv.cuinfo"},
      {flags(0xff007902), "offset 0x33: e_flags bits 24-31 must name the section .note.nv.cuinfo"},
      {[record](S& cubin) { cubin.bytes()[record] = std::byte{0}; },
       fmt::format("offset {:#x}: the format of a metadata record must be from 1 to 4", record)},
      {[](S& cubin) {
         Elf64_Shdr text = cubin.section(S::kText);
         text.sh_name += 1;
         cubin.set_section(S::kText, text);
       },
       "the image holds no machine code (.text.*): an empty module"},
      {[](S& cubin) {
         Elf64_Shdr constant = cubin.section(S::kConstant);
         constant.sh_name = cubin.section(S::kCallgraph).sh_name;
         cubin.set_section(S::kConstant, constant);
       },
       "the image holds section .nv.callgraph twice: no edit or comparison by name"},
  };
  for (const Broken& broken : all) {
    S cubin(S::Extent::whole);
    broken.apply(cubin);
    const auto& bytes = cubin.bytes();
    for (const auto& patched :
         {patch_sm(bytes, 121, 100), patch_info_record(bytes, ".nv.info.kernel", 0x4f, {.attribute = 1}),
          patch_info_record_twice(bytes, "kernel", 0x4f, {.attribute = 1}),
          patch_info_value(bytes, ".nv.compat", 9, 0, 1, 0), patch_word(bytes, ".text.kernel", 0x794d, 0x7900),
          patch_byte(bytes, 0x30, 2, 4), patch_symbol(bytes, ".symtab", "kernel", {.section = std::uint16_t{0}}),
          rename_symbol(bytes, "kernel", "kernal")})
      EXPECT_EQ(refusal(patched), broken.message);
  }
}

TEST_F(PatchTest, ComparingTellsCodeFromTheRest) {
  const auto same = compare_code(image(), image());
  ASSERT_TRUE(same) << same.error().message;
  ASSERT_EQ(same->code.size(), 2u);
  EXPECT_EQ(same->code[0].section, ".nv.capmerc.text.kernel");
  EXPECT_EQ(same->code[1].section, ".text.kernel");
  EXPECT_TRUE(same->text_identical());
  EXPECT_TRUE(same->capmerc_identical());
  EXPECT_TRUE(same->other.empty());

  const auto sm = compare_code(image(), patch_sm(image(), 121, 100)->image);
  EXPECT_TRUE(sm->text_identical());
  ASSERT_EQ(sm->other.size(), 1u);
  EXPECT_EQ(sm->other[0].section, "");
  EXPECT_EQ(sm->other[0].offset, 0x31u);
  EXPECT_EQ(sm->other[0].size, 1u);
}

TEST_F(PatchTest, ComparingSeesEachCopyOfTheCode) {
  const auto text = compare_code(image(), patch_word(image(), ".text.kernel", 0x794d, 0x7900)->image);
  EXPECT_FALSE(text->text_identical());
  EXPECT_TRUE(text->capmerc_identical());
  EXPECT_TRUE(text->other.empty());
  const auto capmerc = compare_code(image(), patch_word(image(), ".nv.capmerc.text.kernel", 0x5a5a, 1)->image);
  EXPECT_TRUE(capmerc->text_identical());
  EXPECT_FALSE(capmerc->capmerc_identical());
  const auto record =
      compare_code(image(), patch_info_record(image(), ".nv.compat", 2, {.format = 3, .attribute = 1})->image);
  ASSERT_EQ(record->other.size(), 1u);
  EXPECT_EQ(record->other[0].section, ".nv.compat");
  EXPECT_EQ(record->other[0].size, 2u);
}

TEST_F(PatchTest, ComparingImagesOfTwoSizesGoesSectionForSection) {
  const auto compared = compare_code(image(), S().bytes());
  ASSERT_TRUE(compared) << compared.error().message;
  ASSERT_EQ(compared->code.size(), 2u);
  EXPECT_EQ(compared->code[0].match, Match::only_in_first);
  EXPECT_EQ(compared->code[1].match, Match::identical);
  EXPECT_TRUE(compared->text_identical());
  EXPECT_FALSE(compared->capmerc_identical());
  const auto reversed = compare_code(S().bytes(), image());
  EXPECT_EQ(reversed->code[1].match, Match::only_in_second);
  const auto names = [](const CodeComparison& one) {
    std::vector<std::string> all;
    for (const Difference& difference : one.other) all.push_back(difference.section);
    return all;
  };
  EXPECT_THAT(names(*compared), ::testing::Contains(".nv.compat"));
  EXPECT_THAT(names(*reversed), ::testing::Contains(".nv.compat"));
  EXPECT_THAT(names(*compared), ::testing::Not(::testing::Contains(".nv.constant4")));
}

}  // namespace
}  // namespace assay::cubin
