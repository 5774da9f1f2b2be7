#include "harness/cubin/fatbin.h"

#include <elf.h>
#include <lz4.h>
#include <zstd.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "harness/cubin/bytes.h"

namespace assay::cubin {
namespace {

constexpr std::uint32_t kMagic = 0xba55ed50, kWrapperMagic = 0x466243b1;
constexpr std::uint16_t kCudaMachine = 190;
constexpr std::uint64_t kDebug = 0x2, kLz4 = 0x2000, kZstd = 0x8000, kSuffixA = 0x100000, kSuffixF = 0x200000,
                        kCompatOptions = 0x1000000;

struct Container {
  std::uint32_t magic;
  std::uint16_t version, header_size;
  std::uint64_t size;
};
static_assert(sizeof(Container) == 16);

struct Header {
  std::uint16_t kind, version;
  std::uint32_t header_size;
  std::uint64_t payload_size;
  std::uint32_t packed_size, options_at;
  std::uint16_t minor, major;
  std::uint32_t sm, name_at, name_size;
  std::uint64_t flags, hash, size;
};
static_assert(sizeof(Header) == 64);

struct Wrapper {
  std::uint32_t magic, version;
  std::uint64_t data, name;
};
static_assert(sizeof(Wrapper) == 24);

struct Options {
  std::uint32_t at, size;
};

// --- Entries ---

Packing packing_of(std::uint64_t flags) {
  if ((flags & kLz4) != 0) return Packing::lz4;
  return (flags & kZstd) != 0 ? Packing::zstd : Packing::stored;
}

/// `room` is what the container has left from the entry's header on.
Status check_entry(const Header& header, std::uint64_t room, std::uint64_t at) {
  const bool packed = packing_of(header.flags) != Packing::stored;
  const bool aligned = header.header_size % 8 == 0;
  const bool header_fits = header.header_size >= sizeof(Header) && aligned && header.header_size <= room;
  return keep({
      {header.version == 0x0101, at + offsetof(Header, version), "the version of a fatbin entry must be 0x0101"},
      {header_fits, at + offsetof(Header, header_size),
       "an entry's header must have 64 bytes or more, a multiple of 8, inside its container"},
      {header.payload_size % 8 == 0, at + offsetof(Header, payload_size), "a payload must be padded to 8"},
      {header_fits && header.payload_size <= room - header.header_size, at + offsetof(Header, payload_size),
       "a payload must end inside its container"},
      {(header.flags & kLz4) == 0 || (header.flags & kZstd) == 0, at + offsetof(Header, flags),
       "an entry must not be packed in two ways"},
      {packed || (header.packed_size == 0 && header.size == 0), at + offsetof(Header, packed_size),
       "an entry that is stored as it is must state no packed and no inflated size"},
      {!packed || (header.packed_size != 0 && header.packed_size <= header.payload_size),
       at + offsetof(Header, packed_size), "the packed size must lie inside the payload"},
      {!packed || (header.size != 0 && header.size <= kInflatedLimit), at + offsetof(Header, size),
       "the inflated size must be from 1 byte to 256 MiB"},
      {header.sm < 10'000, at + offsetof(Header, sm), "the SM number must have four digits at most"},
  });
}

/// The option block's place stands in the header behind its fixed part, in a pair of its own.
Result<Bytes> options_of(Bytes whole, const Header& header, std::uint64_t at) {
  if (header.options_at == 0) return Bytes{};
  if (!fits(whole, header.options_at, sizeof(Options)))
    return fault(at + offsetof(Header, options_at), "the option block must lie in the entry's header");
  const auto options = load<Options>(whole, header.options_at);
  if (!fits(whole, options.at, options.size))
    return fault(at + header.options_at, "the options must lie in the entry's header");
  return whole.subspan(options.at, options.size);
}

/// The entry at `at`, which is inside its container and has `room` there.
Result<FatbinEntry> read_entry(Bytes file, std::uint64_t at, std::uint64_t room) {
  if (room < sizeof(Header)) return fault(at, "an entry's header must have 64 bytes or more, inside its container");
  const auto header = load<Header>(file, at);
  if (Status kept = check_entry(header, room, at); !kept) return kept.error();
  const Bytes whole = file.subspan(at, header.header_size);
  if (!fits(whole, header.name_at, header.name_size))
    return fault(at + offsetof(Header, name_at), "an entry's name must lie in its header");
  const Result<Bytes> options = options_of(whole, header, at);
  if (!options) return options.error();
  const Packing packing = packing_of(header.flags);
  const bool packed = packing != Packing::stored;
  const Bytes name = whole.subspan(header.name_at, header.name_size);
  return FatbinEntry{
      .offset = at,
      .kind = EntryKind{header.kind},
      .packing = packing,
      .major = header.major,
      .minor = header.minor,
      .sm = static_cast<int>(header.sm),
      .flags = header.flags,
      .size = packed ? header.size : header.payload_size,
      .name = {reinterpret_cast<const char*>(name.data()), name.size()},
      .options = *options,
      .payload = file.subspan(at + header.header_size, packed ? header.packed_size : header.payload_size)};
}

/// How far the entry at `entry.offset` reaches.
std::uint64_t end_of(Bytes file, const FatbinEntry& entry) {
  const auto header = load<Header>(file, entry.offset);
  return entry.offset + header.header_size + header.payload_size;
}

// --- Containers ---

Result<Container> read_container(Bytes file, std::uint64_t at, std::uint64_t end) {
  if (end - at < sizeof(Container)) return fault(at, "a fatbin container needs 16 bytes");
  const auto container = load<Container>(file, at);
  Status kept = keep({
      {container.magic == kMagic, at, "a fatbin container starts with 50 ed 55 ba"},
      {container.version == 1, at + offsetof(Container, version), "the version of a fatbin container must be 1"},
      {container.header_size == sizeof(Container), at + offsetof(Container, header_size),
       "the header of a fatbin container must have 16 bytes"},
      {container.size <= end - at - sizeof(Container), at + offsetof(Container, size),
       "a fatbin container must lie in its file or section"},
  });
  if (!kept) return kept.error();
  return container;
}

/// Appends the entries of the container at `at`; the value is where it ends.
Result<std::uint64_t> append_container(Bytes file, std::uint64_t at, std::uint64_t end,
                                       std::vector<FatbinEntry>& entries) {
  const Result<Container> container = read_container(file, at, end);
  if (!container) return container.error();
  const std::uint64_t last = at + sizeof(Container) + container->size;
  for (std::uint64_t next = at + sizeof(Container); next < last; next = end_of(file, entries.back())) {
    Result<FatbinEntry> entry = read_entry(file, next, last - next);
    if (!entry) return entry.error();
    entry->container = at;
    entries.push_back(*entry);
  }
  return last;
}

bool is_padding(Bytes file, std::uint64_t at, std::uint64_t end) {
  const Bytes word = file.subspan(at, std::min<std::uint64_t>(8, end - at));
  return std::ranges::all_of(word, [](std::byte byte) { return byte == std::byte{0}; });
}

/// Appends the entries of all containers in [at, end).
Status append_region(Bytes file, std::uint64_t at, std::uint64_t end, std::vector<FatbinEntry>& entries) {
  while (at < end) {
    if (is_padding(file, at, end)) {
      at += std::min<std::uint64_t>(8, end - at);
      continue;
    }
    const Result<std::uint64_t> next = append_container(file, at, end, entries);
    if (!next) return next.error();
    at = *next;
  }
  return ok();
}

// --- Host files ---

/// The section table of a host file, with its names checked as far as they are compared.
struct HostSections {
  std::vector<Elf64_Shdr> rows;
  Bytes names;

  bool is(const Elf64_Shdr& row, std::string_view name) const {
    if (!fits(names, row.sh_name, name.size() + 1)) return false;
    return std::memcmp(names.data() + row.sh_name, name.data(), name.size()) == 0 &&
           names[row.sh_name + name.size()] == std::byte{0};
  }
};

Result<HostSections> read_host_sections(Bytes file) {
  if (file.size() < sizeof(Elf64_Ehdr)) return fault(file.size(), "an ELF header needs 64 bytes");
  const auto header = load<Elf64_Ehdr>(file, 0);
  Status kept = keep({
      {header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_ident[EI_DATA] == ELFDATA2LSB, EI_CLASS,
       "only 64-bit little-endian host files are read"},
      {header.e_shnum == 0 || header.e_shentsize == sizeof(Elf64_Shdr), offsetof(Elf64_Ehdr, e_shentsize),
       "e_shentsize must be 64"},
      {fits(file, header.e_shoff, std::uint64_t{header.e_shnum} * sizeof(Elf64_Shdr)), offsetof(Elf64_Ehdr, e_shoff),
       "the section table must be in the file"},
      {header.e_shnum == 0 || header.e_shstrndx < header.e_shnum, offsetof(Elf64_Ehdr, e_shstrndx),
       "e_shstrndx must name a section"},
  });
  if (!kept) return kept.error();
  HostSections sections;
  for (std::size_t i = 0; i < header.e_shnum; ++i)
    sections.rows.push_back(load<Elf64_Shdr>(file, header.e_shoff + i * sizeof(Elf64_Shdr)));
  if (sections.rows.empty()) return sections;
  const Elf64_Shdr& names = sections.rows[header.e_shstrndx];
  if (!fits(file, names.sh_offset, names.sh_size))
    return fault(header.e_shoff + header.e_shstrndx * sizeof(Elf64_Shdr), "the section names must be in the file");
  sections.names = file.subspan(names.sh_offset, names.sh_size);
  return sections;
}

/// Where the wrappers' pointers lead is the relocations' matter; their magic numbers and versions stand in the file.
Result<std::size_t> count_wrappers(Bytes file, const Elf64_Shdr& section) {
  for (std::uint64_t at = 0; at < section.sh_size; at += sizeof(Wrapper)) {
    const std::uint64_t place = section.sh_offset + at;
    if (section.sh_size - at < sizeof(Wrapper)) return fault(place, "a fatbin wrapper needs 24 bytes");
    const auto wrapper = load<Wrapper>(file, place);
    Status kept = keep({
        {wrapper.magic == kWrapperMagic, place, "a fatbin wrapper starts with b1 43 62 46"},
        {wrapper.version == 1 || wrapper.version == 2, place + offsetof(Wrapper, version),
         "the version of a fatbin wrapper must be 1 or 2"},
    });
    if (!kept) return kept.error();
  }
  return static_cast<std::size_t>(section.sh_size / sizeof(Wrapper));
}

/// Sections that share bytes would be read once each: a small file of many such rows could ask for any amount.
Status add_apart(std::map<std::uint64_t, std::uint64_t>& ends, const Elf64_Shdr& row) {
  if (row.sh_size == 0) return ok();
  const std::uint64_t end = row.sh_offset + row.sh_size;  // in the file, so it cannot wrap
  const auto after = ends.lower_bound(row.sh_offset);
  const bool into_next = after != ends.end() && after->first < end;
  const bool into_previous = after != ends.begin() && std::prev(after)->second > row.sh_offset;
  if (into_next || into_previous) return fault(row.sh_offset, "fatbin sections must not overlap");
  ends.emplace(row.sh_offset, end);
  return ok();
}

// --- Inflating ---

Error damaged(const FatbinEntry& entry, std::string_view format) {
  return fault(entry.offset, fmt::format("the {} stream of this entry is damaged or of another size", format));
}

Result<std::vector<std::byte>> inflate_lz4(const FatbinEntry& entry) {
  // Its sizes are of type int; and a byte of the stream makes 255 at most, so a greater claim needs no memory to
  // refute.
  if (entry.payload.size() > kInflatedLimit || entry.size / 255 > entry.payload.size()) return damaged(entry, "LZ4");
  std::vector<std::byte> image(entry.size);
  const int made =
      LZ4_decompress_safe(reinterpret_cast<const char*>(entry.payload.data()), reinterpret_cast<char*>(image.data()),
                          static_cast<int>(entry.payload.size()), static_cast<int>(image.size()));
  if (made < 0 || static_cast<std::uint64_t>(made) != entry.size) return damaged(entry, "LZ4");
  return image;
}

Result<std::vector<std::byte>> inflate_zstd(const FatbinEntry& entry) {
  const unsigned long long stated = ZSTD_getFrameContentSize(entry.payload.data(), entry.payload.size());
  if (stated != ZSTD_CONTENTSIZE_UNKNOWN && stated != entry.size) return damaged(entry, "zstd");
  std::vector<std::byte> image(entry.size);
  const std::size_t made = ZSTD_decompress(image.data(), image.size(), entry.payload.data(), entry.payload.size());
  if (ZSTD_isError(made) != 0 || made != entry.size) return damaged(entry, "zstd");
  return image;
}

}  // namespace

char suffix_of(const FatbinEntry& entry) {
  if ((entry.flags & kSuffixA) != 0) return 'a';
  return (entry.flags & kSuffixF) != 0 ? 'f' : ' ';
}
bool has_debug(const FatbinEntry& entry) { return (entry.flags & kDebug) != 0; }
bool has_compat_options(const FatbinEntry& entry) { return (entry.flags & kCompatOptions) != 0; }

bool is_fatbin(Bytes file) { return fits(file, 0, sizeof kMagic) && load<std::uint32_t>(file, 0) == kMagic; }

bool is_elf(Bytes file) { return fits(file, 0, SELFMAG) && std::memcmp(file.data(), ELFMAG, SELFMAG) == 0; }

bool is_host_elf(Bytes file) {
  constexpr std::size_t kAt = offsetof(Elf64_Ehdr, e_machine);
  return is_elf(file) && fits(file, kAt, 2) && load<std::uint16_t>(file, kAt) != kCudaMachine;
}

Result<std::vector<FatbinEntry>> read_fatbin(Bytes file) {
  std::vector<FatbinEntry> entries;
  if (Status read = append_region(file, 0, file.size(), entries); !read) return read.error();
  return entries;
}

Result<HostFatbins> find_fatbins(Bytes file) {
  const Result<HostSections> sections = read_host_sections(file);
  if (!sections) return sections.error();
  HostFatbins found;
  std::map<std::uint64_t, std::uint64_t> ends;  // by start
  for (const Elf64_Shdr& row : sections->rows) {
    const bool holds = sections->is(row, ".nv_fatbin") || sections->is(row, "__nv_relfatbin");
    const bool wraps = sections->is(row, ".nvFatBinSegment");
    if (!holds && !wraps) continue;
    if (row.sh_type == SHT_NOBITS || !fits(file, row.sh_offset, row.sh_size))
      return fault(row.sh_offset, "a fatbin section must lie in the file");
    if (Status apart = add_apart(ends, row); !apart) return apart.error();
    if (holds) {
      Status read = append_region(file, row.sh_offset, row.sh_offset + row.sh_size, found.entries);
      if (!read) return read.error();
      continue;
    }
    const Result<std::size_t> wrappers = count_wrappers(file, row);
    if (!wrappers) return wrappers.error();
    found.wrappers += *wrappers;
  }
  return found;
}

Result<std::vector<std::byte>> inflate(const FatbinEntry& entry) {
  switch (entry.packing) {
    case Packing::lz4:
      return inflate_lz4(entry);
    case Packing::zstd:
      return inflate_zstd(entry);
    case Packing::stored:
      break;
  }
  return std::vector<std::byte>(entry.payload.begin(), entry.payload.end());
}

}  // namespace assay::cubin
