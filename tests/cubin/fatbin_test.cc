#include "harness/cubin/fatbin.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>

#include "tests/cubin/synthetic_fatbin.h"

namespace assay::cubin {
namespace {

constexpr std::uint64_t kLz4 = 0x2000, kZstd = 0x8000;

std::string read_error(const std::vector<std::byte>& file) {
  const auto entries = read_fatbin(file);
  return entries ? "read" : entries.error().message;
}

/// Text that packs well.
std::vector<std::byte> long_text() {
  std::string text;
  for (int i = 0; i < 300; ++i) text += fmt::format("mov.u32 %r{}, {};\n", i % 7, i);
  return bytes_of(text);
}

TEST(FatbinTest, ReadsEntriesAsTheyAre) {
  SyntheticFatbin fatbin;
  const std::size_t first = fatbin.add({.sm = 100, .flags = 0x1200011}, bytes_of("image of 17 bytes"), "compat");
  const std::size_t second = fatbin.add({.kind = 1, .minor = 0, .major = 9, .flags = 0x100013}, bytes_of("ptx!"), "-G");
  const auto entries = read_fatbin(fatbin.bytes());
  ASSERT_TRUE(entries) << entries.error().message;
  ASSERT_EQ(entries->size(), 2u);
  const FatbinEntry& image = (*entries)[0];
  EXPECT_EQ(image.offset, first);
  EXPECT_EQ(image.container, 0u);
  EXPECT_EQ(image.kind, EntryKind::cubin);
  EXPECT_EQ(image.packing, Packing::stored);
  EXPECT_EQ(image.sm, 100);
  EXPECT_EQ(suffix_of(image), 'f');
  EXPECT_FALSE(has_debug(image));
  EXPECT_TRUE(has_compat_options(image));
  EXPECT_EQ(image.options.size(), 6u);
  EXPECT_EQ(image.size, 24u);
  EXPECT_EQ(image.payload.size(), 24u);
  const FatbinEntry& text = (*entries)[1];
  EXPECT_EQ(text.offset, second);
  EXPECT_EQ(text.kind, EntryKind::ptx);
  EXPECT_EQ(text.major, 9);
  EXPECT_EQ(text.minor, 0);
  EXPECT_EQ(suffix_of(text), 'a');
  EXPECT_TRUE(has_debug(text));
  EXPECT_FALSE(has_compat_options(text));
}

TEST(FatbinTest, InflatesBothPackings) {
  const std::vector<std::byte> text = long_text();
  SyntheticFatbin fatbin;
  fatbin.add_packed({.flags = 0x11 | kLz4}, packed_with_lz4(text), text.size());
  fatbin.add_packed({.flags = 0x11 | kZstd}, packed_with_zstd(text), text.size());
  fatbin.add({}, bytes_of("12345678"));
  const auto entries = read_fatbin(fatbin.bytes());
  ASSERT_TRUE(entries) << entries.error().message;
  EXPECT_EQ((*entries)[0].packing, Packing::lz4);
  EXPECT_EQ((*entries)[1].packing, Packing::zstd);
  for (int i = 0; i < 2; ++i) {
    EXPECT_LT((*entries)[i].payload.size(), text.size());
    const auto image = inflate((*entries)[i]);
    ASSERT_TRUE(image) << image.error().message;
    EXPECT_EQ(*image, text);
  }
  EXPECT_EQ(*inflate((*entries)[2]), bytes_of("12345678"));
}

TEST(FatbinTest, RefusesStreamsThatAreDamagedOrOfAnotherSize) {
  const std::vector<std::byte> text = long_text();
  const std::pair<std::uint64_t, std::vector<std::byte>> streams[] = {{kLz4, packed_with_lz4(text)},
                                                                      {kZstd, packed_with_zstd(text)}};
  for (const auto& [flag, packed] : streams) {
    const std::string message = fmt::format("offset 0x10: the {} stream of this entry is damaged or of another size",
                                            flag == kLz4 ? "LZ4" : "zstd");
    std::vector<std::byte> cut(packed.begin(), packed.end() - 9), damaged = packed;
    for (std::size_t i = 0; i < 12; ++i) damaged[i] = std::byte{0xff};
    const std::pair<std::vector<std::byte>, std::size_t> broken[] = {
        {cut, text.size()}, {damaged, text.size()}, {packed, text.size() - 1}, {packed, text.size() + 1}};
    for (const auto& [stream, size] : broken) {
      SyntheticFatbin fatbin;
      fatbin.add_packed({.flags = 0x11 | flag}, stream, size);
      const auto entries = read_fatbin(fatbin.bytes());
      ASSERT_TRUE(entries) << entries.error().message;
      const auto image = inflate(entries->front());
      ASSERT_FALSE(image);
      EXPECT_EQ(image.error().message, message);
    }
  }
}

/// One field of a good fatbin broken, and the whole message.
struct Fault {
  std::string_view name;
  std::function<void(SyntheticFatbin&)> apply;
  std::string message;
};

template <class T>
Fault field(std::string_view name, std::size_t at, T value, std::string message) {
  return {name, [=](SyntheticFatbin& fatbin) { fatbin.put(at, value); }, std::move(message)};
}

/// The first entry, a packed one with options, is at 0x10, the second at `second`.
std::vector<Fault> faults(std::size_t second) {
  using u16 = std::uint16_t;
  using u32 = std::uint32_t;
  using u64 = std::uint64_t;
  const std::string header = "an entry's header must have 64 bytes or more, a multiple of 8, inside its container";
  return {
      field("magic", 0, u32{1}, "offset 0x0: a fatbin container starts with 50 ed 55 ba"),
      field("version", 4, u16{2}, "offset 0x4: the version of a fatbin container must be 1"),
      field("header size", 6, u16{24}, "offset 0x6: the header of a fatbin container must have 16 bytes"),
      field("size", 8, ~u64{0}, "offset 0x8: a fatbin container must lie in its file or section"),
      field("size cuts an entry", 8, u64{second - 16 + 63},
            fmt::format("offset {:#x}: an entry's header must have 64 bytes or more, inside its container", second)),
      field("size cuts a payload", 8, u64{second - 16 + 64},
            fmt::format("offset {:#x}: a payload must end inside its container", second + 8)),
      field("entry version", 0x12, u16{0x0102}, "offset 0x12: the version of a fatbin entry must be 0x0101"),
      field("short header", 0x14, u32{56}, "offset 0x14: " + header),
      field("odd header", 0x14, u32{68}, "offset 0x14: " + header),
      field("long header", 0x14, u32{0xfffffff8}, "offset 0x14: " + header),
      field("odd payload", 0x18, u64{12}, "offset 0x18: a payload must be padded to 8"),
      field("long payload", 0x18, ~u64{7}, "offset 0x18: a payload must end inside its container"),
      field("packed size 0", 0x20, u32{0}, "offset 0x20: the packed size must lie inside the payload"),
      field("packed size", 0x20, ~u32{0}, "offset 0x20: the packed size must lie inside the payload"),
      field("options outside", 0x24, u32{0xfffffffc}, "offset 0x24: the option block must lie in the entry's header"),
      field("options' end", 0x54, ~u32{0}, "offset 0x50: the options must lie in the entry's header"),
      field("sm", 0x2c, u32{10'000}, "offset 0x2c: the SM number must have four digits at most"),
      field("name", 0x30, u32{81}, "offset 0x30: an entry's name must lie in its header"),
      field("two packings", 0x38, u64{kLz4 | kZstd}, "offset 0x38: an entry must not be packed in two ways"),
      field("inflated size 0", 0x48, u64{0}, "offset 0x48: the inflated size must be from 1 byte to 256 MiB"),
      field("inflated size", 0x48, kInflatedLimit + 1, "offset 0x48: the inflated size must be from 1 byte to 256 MiB"),
      field("stored, yet a size", second + 56, u64{8},
            fmt::format("offset {:#x}: an entry that is stored as it is must state no packed and no inflated size",
                        second + 16)),
      {"bytes after the last container", [](SyntheticFatbin& fatbin) { fatbin.bytes().push_back(std::byte{1}); },
       "past the end"},
  };
}

TEST(FatbinTest, RefusesEachBrokenFieldWithItsOffset) {
  const std::vector<std::byte> text = long_text();
  const auto make = [&](std::size_t& second) {
    SyntheticFatbin fatbin;
    RawEntry packed{.packed_size = static_cast<std::uint32_t>(packed_with_lz4(text).size()),
                    .flags = 0x11 | kLz4,
                    .size = text.size()};
    fatbin.add(packed, packed_with_lz4(text), "-G");
    second = fatbin.add({}, bytes_of("12345678"));
    return fatbin;
  };
  std::size_t second = 0;
  ASSERT_EQ(read_error(make(second).bytes()), "read");
  for (Fault& fault : faults(second)) {
    SyntheticFatbin fatbin = make(second);
    const std::size_t end = fatbin.bytes().size();
    if (fault.message == "past the end")
      fault.message = fmt::format("offset {:#x}: a fatbin container needs 16 bytes", end);
    fault.apply(fatbin);
    EXPECT_EQ(read_error(fatbin.bytes()), fault.message) << fault.name;
  }
}

TEST(FatbinTest, RefusesACutAtEveryByte) {
  SyntheticFatbin fatbin;
  fatbin.add({}, bytes_of("12345678"), "options");
  fatbin.add({}, bytes_of("12345678"));
  for (std::size_t size = 1; size < fatbin.bytes().size(); ++size) {
    const auto end = fatbin.bytes().begin() + static_cast<std::ptrdiff_t>(size);
    EXPECT_NE(read_error({fatbin.bytes().begin(), end}), "read") << "cut to " << size << " bytes";
  }
}

TEST(FatbinTest, ReadsContainersOneAfterAnother) {
  SyntheticFatbin one, two;
  one.add({.sm = 75}, bytes_of("12345678"));
  two.add({.sm = 90}, bytes_of("12345678"));
  std::vector<std::byte> file = one.bytes();
  file.resize(file.size() + 16);  // Padding.
  const std::size_t start = file.size();
  file.insert(file.end(), two.bytes().begin(), two.bytes().end());
  const auto entries = read_fatbin(file);
  ASSERT_TRUE(entries) << entries.error().message;
  ASSERT_EQ(entries->size(), 2u);
  EXPECT_EQ((*entries)[1].container, start);
  EXPECT_EQ((*entries)[1].sm, 90);
}

TEST(FatbinTest, TellsTheKindsOfFilesApart) {
  SyntheticFatbin fatbin;
  SyntheticHost host(fatbin.bytes());
  EXPECT_TRUE(is_fatbin(fatbin.bytes()));
  EXPECT_FALSE(is_fatbin(host.bytes()));
  EXPECT_TRUE(is_host_elf(host.bytes()));
  EXPECT_FALSE(is_host_elf(fatbin.bytes()));
  Elf64_Ehdr cuda = host.header();
  cuda.e_machine = 190;
  host.set_header(cuda);
  EXPECT_FALSE(is_host_elf(host.bytes()));
  EXPECT_TRUE(is_elf(host.bytes()));
  EXPECT_FALSE(is_elf({}));
  EXPECT_FALSE(is_fatbin({}));
}

TEST(FatbinTest, FindsTheFatbinsOfAHostFile) {
  SyntheticFatbin fatbin;
  fatbin.add({.sm = 75}, bytes_of("12345678"));
  SyntheticHost host(fatbin.bytes());
  const auto found = find_fatbins(host.bytes());
  ASSERT_TRUE(found) << found.error().message;
  ASSERT_EQ(found->entries.size(), 1u);
  EXPECT_EQ(found->wrappers, 1u);
  EXPECT_EQ(found->entries[0].offset, host.section(1).sh_offset + 16);
  EXPECT_EQ(*inflate(found->entries[0]), bytes_of("12345678"));

  Elf64_Shdr renamed = host.section(1);
  renamed.sh_name = 2;  // "nv_fatbin"
  host.set_section(1, renamed);
  EXPECT_TRUE(find_fatbins(host.bytes())->entries.empty());
  Elf64_Ehdr none = host.header();
  none.e_shnum = 0;
  host.set_header(none);
  EXPECT_EQ(find_fatbins(host.bytes())->wrappers, 0u);
}

TEST(FatbinTest, RefusesBrokenHostFiles) {
  struct Broken {
    std::function<void(SyntheticHost&)> apply;
    std::function<std::string(SyntheticHost&)> message;
  };
  const auto header = [](void (*change)(Elf64_Ehdr&), std::string message) {
    return Broken{[change](SyntheticHost& host) {
                    Elf64_Ehdr value = host.header();
                    change(value);
                    host.set_header(value);
                  },
                  [message = std::move(message)](SyntheticHost&) { return message; }};
  };
  const auto section = [](std::size_t index, void (*change)(Elf64_Shdr&), std::string_view rule, bool at_content) {
    return Broken{[=](SyntheticHost& host) {
                    Elf64_Shdr value = host.section(index);
                    change(value);
                    host.set_section(index, value);
                  },
                  [=](SyntheticHost& host) {
                    const std::size_t at = at_content ? host.section(index).sh_offset : host.section_at(index);
                    return fmt::format("offset {:#x}: {}", at, rule);
                  }};
  };
  using H = Elf64_Ehdr;
  using S = Elf64_Shdr;
  const std::vector<Broken> all = {
      header([](H& h) { h.e_ident[EI_CLASS] = 1; }, "offset 0x4: only 64-bit little-endian host files are read"),
      header([](H& h) { h.e_ident[EI_DATA] = 2; }, "offset 0x4: only 64-bit little-endian host files are read"),
      header([](H& h) { h.e_shentsize = 40; }, "offset 0x3a: e_shentsize must be 64"),
      header([](H& h) { h.e_shoff = ~0ull; }, "offset 0x28: the section table must be in the file"),
      header([](H& h) { h.e_shstrndx = 4; }, "offset 0x3e: e_shstrndx must name a section"),
      section(
          3, [](S& s) { s.sh_size = ~0ull; }, "the section names must be in the file", false),
      section(
          1, [](S& s) { s.sh_size = ~0ull; }, "a fatbin section must lie in the file", true),
      section(
          1, [](S& s) { s.sh_type = SHT_NOBITS; }, "a fatbin section must lie in the file", true),
      section(
          2, [](S& s) { s.sh_size -= 1; }, "a fatbin wrapper needs 24 bytes", true),
      {[](SyntheticHost& host) { host.bytes()[host.section(2).sh_offset] = std::byte{0}; },
       [](SyntheticHost& host) {
         return fmt::format("offset {:#x}: a fatbin wrapper starts with b1 43 62 46", host.section(2).sh_offset);
       }},
      {[](SyntheticHost& host) { host.bytes()[host.section(2).sh_offset + 4] = std::byte{3}; },
       [](SyntheticHost& host) {
         return fmt::format("offset {:#x}: the version of a fatbin wrapper must be 1 or 2",
                            host.section(2).sh_offset + 4);
       }},
      {[](SyntheticHost& host) {
         Elf64_Shdr again = host.section(1);
         again.sh_offset += 16;
         again.sh_size -= 16;
         host.set_section(2, again);
       },
       [](SyntheticHost& host) {
         return fmt::format("offset {:#x}: fatbin sections must not overlap", host.section(1).sh_offset + 16);
       }},
      {[](SyntheticHost& host) { host.bytes().resize(63); },
       [](SyntheticHost&) { return "offset 0x3f: an ELF header needs 64 bytes"; }},
  };
  for (const Broken& broken : all) {
    SyntheticFatbin fatbin;
    fatbin.add({}, bytes_of("12345678"));
    SyntheticHost host(fatbin.bytes());
    ASSERT_TRUE(find_fatbins(host.bytes()));
    const std::string message = broken.message(host);
    broken.apply(host);
    const auto found = find_fatbins(host.bytes());
    EXPECT_EQ(found ? "read" : found.error().message, message);
  }
}

}  // namespace
}  // namespace assay::cubin
