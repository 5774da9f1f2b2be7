#include "harness/cubin/elf.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "tests/cubin/synthetic_cubin.h"

namespace assay::cubin {
namespace {

using ::testing::ElementsAre;

std::string read_error(const std::vector<std::byte>& image) {
  const Result<Elf> elf = Elf::read(image);
  return elf ? "read" : elf.error().message;
}

TEST(ElfTest, ReadsSectionsAndSymbols) {
  SyntheticCubin cubin;
  const Result<Elf> elf = Elf::read(cubin.bytes());
  ASSERT_TRUE(elf) << elf.error().message;
  EXPECT_EQ(elf->sm(), 121);
  ASSERT_EQ(elf->sections().size(), SyntheticCubin::kSectionCount);
  EXPECT_EQ(elf->sections()[4].name, ".text.kernel");
  EXPECT_EQ(elf->sections()[3].link, 2u);
  EXPECT_EQ(elf->sections()[3].entry_size, 24u);
  ASSERT_EQ(elf->symbols().size(), SyntheticCubin::kSymbolCount);
  EXPECT_EQ(elf->symbols()[1].name, "kernel");
  EXPECT_EQ(elf->symbols()[1].section, 4);
  EXPECT_EQ(elf->symbols()[1].size, 64u);
}

TEST(ElfTest, ContentIsTheSectionsBytesAndEmptyForReservedMemory) {
  SyntheticCubin cubin;
  const Result<Elf> elf = Elf::read(cubin.bytes());
  ASSERT_TRUE(elf);
  const auto code = elf->content(elf->sections()[4]);
  EXPECT_EQ(code.data(), cubin.bytes().data() + cubin.section(4).sh_offset);
  EXPECT_EQ(code.size(), 64u);
  EXPECT_TRUE(elf->content(elf->sections()[7]).empty());
  EXPECT_TRUE(elf->content({.name = "foreign", .type = 1, .offset = 1u << 30, .size = 1}).empty());
}

TEST(ElfTest, ReadsTheSmFieldOfTheOlderAbi) {
  SyntheticCubin cubin;
  Elf64_Ehdr header = cubin.header();
  header.e_ident[EI_OSABI] = 0x33;
  header.e_ident[EI_ABIVERSION] = 7;
  header.e_version = 0x80;
  header.e_flags = 0x005a055a;
  cubin.set_header(header);
  const Result<Elf> elf = Elf::read(cubin.bytes());
  ASSERT_TRUE(elf) << elf.error().message;
  EXPECT_EQ(elf->sm(), 90);
}

TEST(ElfTest, OpcodesAreTheLowTwelveBitsSortedAndUnique) {
  SyntheticCubin cubin;
  const auto found = opcodes(cubin.bytes());
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_THAT(*found, ElementsAre(0x23c, 0x919, 0x94d));
}

TEST(ElfTest, OpcodesThatNeverExecuteAreNone) {
  SyntheticCubin cubin;
  cubin.bytes()[cubin.section(SyntheticCubin::kText).sh_offset + 17] = std::byte{0xf9};  // of 0x7919
  EXPECT_THAT(*opcodes(cubin.bytes()), ElementsAre(0x23c, 0x94d));
}

TEST(ElfTest, OpcodesRefuseOlderMachinesAndPartsOfWords) {
  SyntheticCubin cubin;
  Elf64_Ehdr header = cubin.header();
  header.e_flags = 0x06003d04;
  cubin.set_header(header);
  EXPECT_EQ(opcodes(cubin.bytes()).error().message, "offset 0x30: machine words of 128 bits start with sm_70");

  SyntheticCubin cut;
  Elf64_Shdr text = cut.section(4);
  text.sh_size = 56;
  cut.set_section(4, text);
  Elf64_Sym kernel = cut.symbol(1);
  kernel.st_size = 56;
  cut.set_symbol(1, kernel);
  EXPECT_EQ(opcodes(cut.bytes()).error().message,
            fmt::format("offset {:#x}: machine code must be a whole number of 128-bit words", text.sh_offset));
}

TEST(ElfTest, DriverCallsAreTheUndefinedSyscallSymbols) {
  SyntheticCubin cubin;
  const auto calls = driver_calls(cubin.bytes());
  ASSERT_TRUE(calls) << calls.error().message;
  EXPECT_THAT(*calls, ElementsAre("__cuda_syscall_cp_async_bulk_multicast"));

  Elf64_Sym defined = cubin.symbol(2);
  defined.st_shndx = 4;
  cubin.set_symbol(2, defined);
  EXPECT_THAT(*driver_calls(cubin.bytes()), ElementsAre());
}

/// One fault: what to break in a good image, and the whole message that it must give.
struct Fault {
  std::string_view name;
  std::function<void(SyntheticCubin&)> apply;
  std::function<std::string(SyntheticCubin&)> message;
};

/// A fault in the header, whose message has a fixed offset.
Fault header_fault(std::string_view name, void (*change)(Elf64_Ehdr&), std::string message) {
  return {name,
          [change](SyntheticCubin& cubin) {
            Elf64_Ehdr header = cubin.header();
            change(header);
            cubin.set_header(header);
          },
          [message = std::move(message)](SyntheticCubin&) { return message; }};
}

Fault section_fault(std::string_view name, std::size_t index, void (*change)(Elf64_Shdr&), std::size_t field,
                    std::string rule) {
  return {
      name,
      [=](SyntheticCubin& cubin) {
        Elf64_Shdr section = cubin.section(index);
        change(section);
        cubin.set_section(index, section);
      },
      [=](SyntheticCubin& cubin) { return fmt::format("offset {:#x}: {}", cubin.section_at(index) + field, rule); }};
}

Fault symbol_fault(std::string_view name, void (*change)(Elf64_Sym&), std::size_t field, std::string rule) {
  return {name,
          [=](SyntheticCubin& cubin) {
            Elf64_Sym symbol = cubin.symbol(1);
            change(symbol);
            cubin.set_symbol(1, symbol);
          },
          [=](SyntheticCubin& cubin) { return fmt::format("offset {:#x}: {}", cubin.symbol_at(1) + field, rule); }};
}

Fault segment_fault(std::string_view name, void (*change)(Elf64_Phdr&), std::size_t field, std::string rule) {
  return {name,
          [=](SyntheticCubin& cubin) {
            Elf64_Phdr segment = cubin.segment();
            change(segment);
            cubin.set_segment(segment);
          },
          [=](SyntheticCubin& cubin) { return fmt::format("offset {:#x}: {}", cubin.segment_at() + field, rule); }};
}

/// A fault of a whole section, reported where its content starts.
Fault content_fault(std::string_view name, std::size_t index, void (*change)(Elf64_Shdr&), std::string rule) {
  Fault fault = section_fault(name, index, change, 0, "");
  fault.message = [=](SyntheticCubin& cubin) {
    return fmt::format("offset {:#x}: {}", cubin.section(index).sh_offset, rule);
  };
  return fault;
}

std::vector<Fault> header_faults() {
  using H = Elf64_Ehdr;
  return {
      header_fault(
          "magic", [](H& h) { h.e_ident[1] = 'e'; }, "offset 0x0: an ELF image starts with 7f 45 4c 46"),
      header_fault(
          "class", [](H& h) { h.e_ident[4] = 1; }, "offset 0x4: the ELF class must be 2 (64 bits)"),
      header_fault(
          "data", [](H& h) { h.e_ident[5] = 2; }, "offset 0x5: the data encoding must be 1 (little-endian)"),
      header_fault(
          "ident version", [](H& h) { h.e_ident[6] = 0; }, "offset 0x6: the ELF version must be 1"),
      header_fault(
          "OSABI", [](H& h) { h.e_ident[7] = 0x33; },
          "offset 0x7: OSABI and ABI version must be (0x41, 8) or (0x33, 7)"),
      header_fault(
          "ABI version", [](H& h) { h.e_ident[8] = 9; },
          "offset 0x7: OSABI and ABI version must be (0x41, 8) or (0x33, 7)"),
      header_fault(
          "padding", [](H& h) { h.e_ident[15] = 1; }, "offset 0x9: the padding of e_ident must be zero"),
      header_fault(
          "object", [](H& h) { h.e_type = 1; }, "offset 0x10: e_type 1 is a relocatable object (-dc): link it first"),
      header_fault(
          "ewp", [](H& h) { h.e_type = 0xff00; },
          "offset 0x10: e_type 0xff00 is whole-program intermediate code (-ewp): link it first"),
      header_fault(
          "type", [](H& h) { h.e_type = 3; }, "offset 0x10: e_type must be 2, an executable cubin"),
      header_fault(
          "machine", [](H& h) { h.e_machine = 62; }, "offset 0x12: e_machine must be 190 (CUDA)"),
      header_fault(
          "version", [](H& h) { h.e_version = 2; }, "offset 0x14: e_version must be 1"),
      header_fault(
          "ehsize", [](H& h) { h.e_ehsize = 52; }, "offset 0x34: e_ehsize must be 64"),
      header_fault(
          "phentsize", [](H& h) { h.e_phentsize = 32; }, "offset 0x36: e_phentsize must be 56"),
      header_fault(
          "shentsize", [](H& h) { h.e_shentsize = 40; }, "offset 0x3a: e_shentsize must be 64"),
      header_fault(
          "shnum 0", [](H& h) { h.e_shnum = 0; }, "offset 0x3c: e_shnum must be from 1 to 0xfeff"),
      header_fault(
          "shnum extended", [](H& h) { h.e_shnum = 0xffff; }, "offset 0x3c: e_shnum must be from 1 to 0xfeff"),
      header_fault(
          "shstrndx", [](H& h) { h.e_shstrndx = 8; }, "offset 0x3e: e_shstrndx must name a section"),
      header_fault(
          "shoff alignment", [](H& h) { h.e_shoff += 4; }, "offset 0x28: the section table must be aligned to 8"),
      header_fault(
          "shoff", [](H& h) { h.e_shoff = ~std::uint64_t{7}; }, "offset 0x28: the section table must be in the file"),
      header_fault(
          "shnum", [](H& h) { h.e_shnum = 9; }, "offset 0x28: the section table must be in the file"),
      header_fault(
          "phoff alignment", [](H& h) { h.e_phoff += 4; }, "offset 0x20: the segment table must be aligned to 8"),
      header_fault(
          "phoff", [](H& h) { h.e_phoff = ~std::uint64_t{7}; }, "offset 0x20: the segment table must be in the file"),
  };
}

std::vector<Fault> table_faults() {
  using S = Elf64_Shdr;
  using Y = Elf64_Sym;
  using P = Elf64_Phdr;
  return {
      segment_fault(
          "segment outside", [](P& p) { p.p_offset = ~0ull; }, offsetof(P, p_offset), "a segment must lie in the file"),
      segment_fault(
          "segment sizes", [](P& p) { p.p_memsz = 63; }, offsetof(P, p_filesz),
          "a segment must not be larger in the file than in memory"),
      section_fault(
          "section 0", 0, [](S& s) { s.sh_type = 1; }, offsetof(S, sh_type),
          "section 0, and no other, must be of type NULL"),
      section_fault(
          "second NULL", 4, [](S& s) { s.sh_type = 0; }, offsetof(S, sh_type),
          "section 0, and no other, must be of type NULL"),
      section_fault(
          "section outside", 4, [](S& s) { s.sh_size = ~0ull; }, offsetof(S, sh_offset),
          "a section must lie in the file"),
      section_fault(
          "link", 4, [](S& s) { s.sh_link = 8; }, offsetof(S, sh_link), "sh_link must name a section"),
      section_fault(
          "alignment", 4, [](S& s) { s.sh_addralign = 12; }, offsetof(S, sh_addralign),
          "a section's alignment must be a power of two"),
      section_fault(
          "names not strings", 1, [](S& s) { s.sh_type = 1; }, 0,
          "the section names must be a string table in the file"),
      section_fault(
          "name outside", 4, [](S& s) { s.sh_name = 1u << 30; }, 0, "a name must start inside its string table"),
      {"name unterminated",
       [](SyntheticCubin& cubin) {
         Elf64_Shdr names = cubin.section(1);
         --names.sh_size;
         cubin.set_section(1, names);
       },
       [](SyntheticCubin& cubin) {
         return fmt::format("offset {:#x}: a name must end inside its string table and within 64 KiB",
                            cubin.section_at(1));
       }},
      content_fault(
          "over the header", 5, [](S& s) { s.sh_offset = 63; }, "sections, tables and header must not overlap"),
      {"a twin that is no twin",
       [](SyntheticCubin& cubin) {
         Elf64_Shdr mercury = cubin.section(6);
         mercury.sh_size = 4;
         cubin.set_section(6, mercury);
       },
       [](SyntheticCubin& cubin) {
         return fmt::format("offset {:#x}: sections, tables and header must not overlap", cubin.section(6).sh_offset);
       }},
      {"a Mercury section over the section table",
       [](SyntheticCubin& cubin) {
         Elf64_Shdr mercury = cubin.section(6);
         mercury.sh_offset = cubin.header().e_shoff;
         mercury.sh_size = SyntheticCubin::kSectionCount * sizeof(Elf64_Shdr);
         cubin.set_section(6, mercury);
       },
       [](SyntheticCubin& cubin) {
         return fmt::format("offset {:#x}: sections, tables and header must not overlap", cubin.header().e_shoff);
       }},
      content_fault(
          "symbol entry size", 3, [](S& s) { s.sh_entsize = 16; }, "the entries of a symbol table must have 24 bytes"),
      content_fault(
          "symbol table size", 3, [](S& s) { s.sh_size -= 8; }, "a symbol table must be a whole number of entries"),
      content_fault(
          "symbol names", 3, [](S& s) { s.sh_link = 4; }, "a symbol table must link to a string table"),
      content_fault(
          "second symbol table", 5, [](S& s) { s.sh_type = SHT_SYMTAB; }, "an image has at most one symbol table"),
      symbol_fault(
          "symbol section", [](Y& y) { y.st_shndx = 8; }, offsetof(Y, st_shndx),
          "a symbol's section index must name a section"),
      symbol_fault(
          "function outside", [](Y& y) { y.st_value = 1; }, offsetof(Y, st_value),
          "a function must lie in its section"),
      symbol_fault(
          "function wraps", [](Y& y) { y.st_value = 16, y.st_size = ~0ull; }, offsetof(Y, st_value),
          "a function must lie in its section"),
      symbol_fault(
          "symbol name", [](Y& y) { y.st_name = 1u << 20; }, 0, "a name must start inside its string table"),
  };
}

void expect_faults(const std::vector<Fault>& faults) {
  for (const Fault& fault : faults) {
    SyntheticCubin cubin;
    ASSERT_EQ(read_error(cubin.bytes()), "read");
    fault.apply(cubin);
    EXPECT_EQ(read_error(cubin.bytes()), fault.message(cubin)) << fault.name;
  }
}

TEST(ElfTest, RefusesEachBrokenHeaderFieldWithItsOffset) { expect_faults(header_faults()); }

TEST(ElfTest, RefusesEachBrokenTableEntryWithItsOffset) { expect_faults(table_faults()); }

std::vector<Fault> metadata_faults() {
  using S = Elf64_Shdr;
  return {
      section_fault(
          "reserved memory without end", 7, [](S& s) { s.sh_size = ~0ull; }, offsetof(S, sh_size),
          "a section without bytes in the file must have 1 TiB at most"),
      section_fault(
          "relocation entry size", SyntheticCubin::kRela, [](S& s) { s.sh_entsize = 16; }, offsetof(S, sh_entsize),
          "a relocation section must be a whole number of entries of 24 bytes (REL: 16)"),
      section_fault(
          "part of a relocation", SyntheticCubin::kRela, [](S& s) { s.sh_size = 23; }, offsetof(S, sh_entsize),
          "a relocation section must be a whole number of entries of 24 bytes (REL: 16)"),
      content_fault(
          "Mercury symbol entry size", SyntheticCubin::kMercurySymtab, [](S& s) { s.sh_entsize = 16; },
          "the entries of a symbol table must have 24 bytes"),
      content_fault(
          "Mercury symbol names", SyntheticCubin::kMercurySymtab, [](S& s) { s.sh_link = 4; },
          "a symbol table must link to a string table"),
  };
}

TEST(ElfTest, RefusesBrokenMetadataSections) {
  for (const Fault& fault : metadata_faults()) {
    SyntheticCubin cubin(SyntheticCubin::Extent::whole);
    ASSERT_EQ(read_error(cubin.bytes()), "read");
    fault.apply(cubin);
    EXPECT_EQ(read_error(cubin.bytes()), fault.message(cubin)) << fault.name;
  }
}

TEST(ElfTest, RefusesAnImageOverTheSizeLimit) {
  SyntheticCubin cubin;
  std::vector<std::byte> image = cubin.bytes();
  image.resize((std::size_t{256} << 20) + 1);
  EXPECT_EQ(read_error(image), "offset 0x10000000: an image must have 256 MiB at most");
}

TEST(ElfTest, MercurySymbolsMayBeLargerThanTheirSection) {
  SyntheticCubin cubin(SyntheticCubin::Extent::whole);
  const Result<Elf> elf = Elf::read(cubin.bytes());
  ASSERT_TRUE(elf) << elf.error().message;
  const auto symbols = elf->symbols_in(elf->sections()[SyntheticCubin::kMercurySymtab]);
  ASSERT_TRUE(symbols) << symbols.error().message;
  ASSERT_EQ(symbols->size(), 2u);
  EXPECT_EQ((*symbols)[1].name, "kernel");
  EXPECT_EQ((*symbols)[1].size, 4096u);
  EXPECT_EQ(elf->symbols()[1].other, 0x10);
}

/// Linked images of libraries hold a device function several times.
TEST(ElfTest, ReadsSectionsOfOneName) {
  SyntheticCubin cubin;
  Elf64_Shdr constant = cubin.section(5);
  constant.sh_name = cubin.section(4).sh_name;
  cubin.set_section(5, constant);
  EXPECT_EQ(read_error(cubin.bytes()), "read");
}

TEST(ElfTest, AcceptsAbsoluteSymbols) {
  SyntheticCubin cubin;
  Elf64_Sym symbol = cubin.symbol(1);
  symbol.st_shndx = SHN_ABS;
  cubin.set_symbol(1, symbol);
  EXPECT_EQ(read_error(cubin.bytes()), "read");
}

TEST(ElfTest, RefusesACutAtEveryByte) {
  SyntheticCubin cubin;
  for (std::size_t size = 0; size < cubin.bytes().size(); ++size) {
    const std::vector<std::byte> cut(cubin.bytes().begin(), cubin.bytes().begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_NE(read_error(cut), "read") << "cut to " << size << " bytes";
  }
}

/// Whatever a mutated image says, the reader stays inside it (run under AddressSanitizer) and explains each refusal.
TEST(ElfTest, SurvivesTenThousandRandomMutations) {
  std::mt19937 random(20261122);
  SyntheticCubin good;
  std::size_t refused = 0;
  for (int round = 0; round < 10'000; ++round) {
    std::vector<std::byte> image = good.bytes();
    for (unsigned edits = 1 + random() % 4; edits > 0; --edits)
      image[random() % image.size()] = static_cast<std::byte>(random());
    const auto found = opcodes(image);
    const auto calls = driver_calls(image);
    refused += !calls;
    EXPECT_TRUE(calls || calls.error().message.starts_with("offset 0x"));
    EXPECT_TRUE(found || found.error().message.starts_with("offset 0x"));
  }
  EXPECT_GT(refused, 2'000u);
  EXPECT_LT(refused, 10'000u);
}

}  // namespace
}  // namespace assay::cubin
