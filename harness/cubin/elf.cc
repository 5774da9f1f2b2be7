#include "harness/cubin/elf.h"

#include <elf.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "harness/cubin/bytes.h"

namespace assay::cubin {
namespace {

// What <elf.h> does not know, as read from images of CUDA 11.5 to 13.0.
constexpr std::uint16_t kMachine = 190;
constexpr std::uint8_t kOsAbi7 = 0x33, kOsAbi8 = 0x41;
constexpr std::size_t kNameLimit = 64 * 1024;  // Bounds the time that an image of long shared names can cost.
constexpr std::uint64_t kImageLimit = std::uint64_t{256} << 20;
constexpr std::uint64_t kMemoryLimit = std::uint64_t{1} << 40;  // Of a section that takes no bytes of the file.
constexpr std::uint32_t kMercurySymbols = 0x70000085, kMercuryRelocations = 0x70000082;
constexpr std::size_t kWord = 16;  // Bytes of one machine word, from sm_70 on.

bool has_content(const Section& section) { return section.type != SHT_NULL && section.type != SHT_NOBITS; }

/// The terminated string at `at` of a string table; `from` is where the index was read.
Result<std::string_view> name_at(Bytes table, std::uint64_t at, std::uint64_t from) {
  if (at >= table.size()) return fault(from, "a name must start inside its string table");
  const char* first = reinterpret_cast<const char*>(table.data()) + at;
  const std::size_t limit = std::min<std::size_t>(table.size() - at, kNameLimit);
  const void* end = std::memchr(first, '\0', limit);
  if (end == nullptr) return fault(from, "a name must end inside its string table and within 64 KiB");
  return std::string_view(first, static_cast<const char*>(end) - first);
}

// --- The header ---

std::string_view type_rule(std::uint16_t type) {
  if (type == 1) return "e_type 1 is a relocatable object (-dc): link it first";
  if (type == 0xff00) return "e_type 0xff00 is whole-program intermediate code (-ewp): link it first";
  return "e_type must be 2, an executable cubin";
}

Status check_identification(const Elf64_Ehdr& header) {
  const std::uint8_t* id = header.e_ident;
  const bool abi7 = id[EI_OSABI] == kOsAbi7 && id[EI_ABIVERSION] == 7;
  const bool abi8 = id[EI_OSABI] == kOsAbi8 && id[EI_ABIVERSION] == 8;
  return keep({
      {std::memcmp(id, ELFMAG, SELFMAG) == 0, 0, "an ELF image starts with 7f 45 4c 46"},
      {id[EI_CLASS] == ELFCLASS64, EI_CLASS, "the ELF class must be 2 (64 bits)"},
      {id[EI_DATA] == ELFDATA2LSB, EI_DATA, "the data encoding must be 1 (little-endian)"},
      {id[EI_VERSION] == EV_CURRENT, EI_VERSION, "the ELF version must be 1"},
      {abi7 || abi8, EI_OSABI, "OSABI and ABI version must be (0x41, 8) or (0x33, 7)"},
      {std::all_of(id + EI_PAD, id + EI_NIDENT, [](std::uint8_t byte) { return byte == 0; }), EI_PAD,
       "the padding of e_ident must be zero"},
  });
}

Status check_fields(const Elf64_Ehdr& header) {
  const bool abi8 = header.e_ident[EI_ABIVERSION] == 8;
  return keep({
      {header.e_type == 2, offsetof(Elf64_Ehdr, e_type), type_rule(header.e_type)},
      {header.e_machine == kMachine, offsetof(Elf64_Ehdr, e_machine), "e_machine must be 190 (CUDA)"},
      // ABI 7 keeps the toolkit's number here.
      {!abi8 || header.e_version == EV_CURRENT, offsetof(Elf64_Ehdr, e_version), "e_version must be 1"},
      {header.e_ehsize == sizeof(Elf64_Ehdr), offsetof(Elf64_Ehdr, e_ehsize), "e_ehsize must be 64"},
      {header.e_phnum == 0 || header.e_phentsize == sizeof(Elf64_Phdr), offsetof(Elf64_Ehdr, e_phentsize),
       "e_phentsize must be 56"},
      {header.e_shentsize == sizeof(Elf64_Shdr), offsetof(Elf64_Ehdr, e_shentsize), "e_shentsize must be 64"},
      {header.e_shnum != 0 && header.e_shnum < SHN_LORESERVE, offsetof(Elf64_Ehdr, e_shnum),
       "e_shnum must be from 1 to 0xfeff"},
      {header.e_shstrndx < header.e_shnum, offsetof(Elf64_Ehdr, e_shstrndx), "e_shstrndx must name a section"},
  });
}

Status check_tables(Bytes image, const Elf64_Ehdr& header) {
  const std::uint64_t sections = header.e_shnum * sizeof(Elf64_Shdr), segments = header.e_phnum * sizeof(Elf64_Phdr);
  return keep({
      {header.e_shoff % 8 == 0, offsetof(Elf64_Ehdr, e_shoff), "the section table must be aligned to 8"},
      {fits(image, header.e_shoff, sections), offsetof(Elf64_Ehdr, e_shoff), "the section table must be in the file"},
      {segments == 0 || header.e_phoff % 8 == 0, offsetof(Elf64_Ehdr, e_phoff),
       "the segment table must be aligned to 8"},
      {segments == 0 || fits(image, header.e_phoff, segments), offsetof(Elf64_Ehdr, e_phoff),
       "the segment table must be in the file"},
  });
}

Result<Elf64_Ehdr> read_header(Bytes image) {
  if (image.size() < sizeof(Elf64_Ehdr)) return fault(image.size(), "an ELF header needs 64 bytes");
  if (image.size() > kImageLimit) return fault(kImageLimit, "an image must have 256 MiB at most");
  const auto header = load<Elf64_Ehdr>(image, 0);
  if (Status kept = check_identification(header); !kept) return kept.error();
  if (Status kept = check_fields(header); !kept) return kept.error();
  if (Status kept = check_tables(image, header); !kept) return kept.error();
  return header;
}

int sm_of(const Elf64_Ehdr& header) {
  const std::uint32_t field = header.e_ident[EI_ABIVERSION] == 8 ? header.e_flags >> 8 : header.e_flags;
  return static_cast<int>(field & 0xff);
}

// --- Segments ---

Status check_segments(Bytes image, const Elf64_Ehdr& header) {
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    const std::uint64_t at = header.e_phoff + i * sizeof(Elf64_Phdr);
    const auto segment = load<Elf64_Phdr>(image, at);
    Status kept = keep({
        {fits(image, segment.p_offset, segment.p_filesz), at + offsetof(Elf64_Phdr, p_offset),
         "a segment must lie in the file"},
        {segment.p_filesz <= segment.p_memsz, at + offsetof(Elf64_Phdr, p_filesz),
         "a segment must not be larger in the file than in memory"},
    });
    if (!kept) return kept;
  }
  return ok();
}

// --- Sections ---

/// Bytes that an entry of a table has; 0 where the section is none.
std::uint64_t entry_size_of(std::uint32_t type) {
  if (type == SHT_RELA || type == kMercuryRelocations) return sizeof(Elf64_Rela);
  return type == SHT_REL ? sizeof(Elf64_Rel) : 0;
}

Status check_section(Bytes image, const Elf64_Ehdr& header, const Elf64_Shdr& raw, std::size_t index,
                     std::uint64_t at) {
  const bool in_file = raw.sh_type != SHT_NULL && raw.sh_type != SHT_NOBITS;
  const std::uint64_t entry = entry_size_of(raw.sh_type);
  const bool power_of_two = (raw.sh_addralign & (raw.sh_addralign - 1)) == 0;
  return keep({
      {(index == 0) == (raw.sh_type == SHT_NULL), at + offsetof(Elf64_Shdr, sh_type),
       "section 0, and no other, must be of type NULL"},
      {!in_file || fits(image, raw.sh_offset, raw.sh_size), at + offsetof(Elf64_Shdr, sh_offset),
       "a section must lie in the file"},
      {raw.sh_type != SHT_NOBITS || raw.sh_size <= kMemoryLimit, at + offsetof(Elf64_Shdr, sh_size),
       "a section without bytes in the file must have 1 TiB at most"},
      {entry == 0 || (raw.sh_entsize == entry && raw.sh_size % entry == 0), at + offsetof(Elf64_Shdr, sh_entsize),
       "a relocation section must be a whole number of entries of 24 bytes (REL: 16)"},
      {raw.sh_link < header.e_shnum, at + offsetof(Elf64_Shdr, sh_link), "sh_link must name a section"},
      {power_of_two, at + offsetof(Elf64_Shdr, sh_addralign), "a section's alignment must be a power of two"},
  });
}

Result<std::vector<Section>> read_sections(Bytes image, const Elf64_Ehdr& header) {
  const auto row = [&](std::size_t index) { return header.e_shoff + index * sizeof(Elf64_Shdr); };
  const auto names = load<Elf64_Shdr>(image, row(header.e_shstrndx));
  if (names.sh_type != SHT_STRTAB || !fits(image, names.sh_offset, names.sh_size))
    return fault(row(header.e_shstrndx), "the section names must be a string table in the file");
  const Bytes table = image.subspan(names.sh_offset, names.sh_size);

  std::vector<Section> sections;
  for (std::size_t i = 0; i < header.e_shnum; ++i) {
    const auto raw = load<Elf64_Shdr>(image, row(i));
    if (Status kept = check_section(image, header, raw, i, row(i)); !kept) return kept.error();
    const Result<std::string_view> name = name_at(table, raw.sh_name, row(i));
    if (!name) return name.error();
    sections.push_back({*name, raw.sh_type, raw.sh_offset, raw.sh_size, raw.sh_link, raw.sh_entsize, raw.sh_info});
  }
  return sections;
}

struct Range {
  std::uint64_t offset, size;
  std::string_view name;
};

/// From sm_100 on, a section whose Mercury copy has the same bytes is stored once, under both names.
bool are_twins(const Range& a, const Range& b) {
  const auto is_copy = [](const Range& copy, const Range& plain) {
    return copy.name.starts_with(".nv.merc.") && plain.name.starts_with('.') && !plain.name.starts_with(".nv.merc.");
  };
  return a.offset == b.offset && a.size == b.size && (is_copy(a, b) || is_copy(b, a));
}

Status check_overlaps(const Elf64_Ehdr& header, const std::vector<Section>& sections) {
  std::vector<Range> ranges = {{0, sizeof(Elf64_Ehdr), "the header"},
                               {header.e_shoff, header.e_shnum * sizeof(Elf64_Shdr), "the section table"}};
  if (header.e_phnum != 0) ranges.push_back({header.e_phoff, header.e_phnum * sizeof(Elf64_Phdr), "the segment table"});
  for (const Section& section : sections)
    if (has_content(section) && section.size != 0) ranges.push_back({section.offset, section.size, section.name});
  std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) { return a.offset < b.offset; });
  for (std::size_t i = 1; i < ranges.size(); ++i)
    if (ranges[i].offset - ranges[i - 1].offset < ranges[i - 1].size && !are_twins(ranges[i - 1], ranges[i]))
      return fault(ranges[i].offset, "sections, tables and header must not overlap");
  return ok();
}

// --- Symbols ---

/// Functions of the Mercury table have the size of the code that is to be made, so only `.symtab` is held to its
/// sections.
Status check_symbol(const Elf64_Sym& raw, std::span<const Section> sections, std::uint32_t table, std::uint64_t at) {
  const bool special = raw.st_shndx == SHN_ABS || raw.st_shndx == SHN_COMMON;
  if (raw.st_shndx >= sections.size() && !special)
    return fault(at + offsetof(Elf64_Sym, st_shndx), "a symbol's section index must name a section");
  if (table != SHT_SYMTAB || special || raw.st_shndx == SHN_UNDEF || ELF64_ST_TYPE(raw.st_info) != STT_FUNC)
    return ok();
  const Section& home = sections[raw.st_shndx];
  if (raw.st_value > home.size || raw.st_size > home.size - raw.st_value)
    return fault(at + offsetof(Elf64_Sym, st_value), "a function must lie in its section");
  return ok();
}

Result<std::vector<Symbol>> read_symbol_table(Bytes image, std::span<const Section> sections, const Section& table) {
  if (table.link >= sections.size()) return fault(table.offset, "a symbol table must link to a string table");
  const Section& names = sections[table.link];
  Status kept = keep({
      {table.entry_size == sizeof(Elf64_Sym), table.offset, "the entries of a symbol table must have 24 bytes"},
      {table.size % sizeof(Elf64_Sym) == 0, table.offset, "a symbol table must be a whole number of entries"},
      {names.type == SHT_STRTAB, table.offset, "a symbol table must link to a string table"},
      {fits(image, table.offset, table.size), table.offset, "a section must lie in the file"},
  });
  if (!kept) return kept.error();
  std::vector<Symbol> symbols;
  for (std::uint64_t at = table.offset; at < table.offset + table.size; at += sizeof(Elf64_Sym)) {
    const auto raw = load<Elf64_Sym>(image, at);
    if (Status good = check_symbol(raw, sections, table.type, at); !good) return good.error();
    const Result<std::string_view> name = name_at(image.subspan(names.offset, names.size), raw.st_name, at);
    if (!name) return name.error();
    symbols.push_back({*name, raw.st_shndx, raw.st_value, raw.st_size, raw.st_info, raw.st_other});
  }
  return symbols;
}

Result<std::vector<Symbol>> read_symbols(Bytes image, const std::vector<Section>& sections) {
  const auto is_table = [](const Section& section) { return section.type == SHT_SYMTAB; };
  const auto table = std::find_if(sections.begin(), sections.end(), is_table);
  if (table == sections.end()) return std::vector<Symbol>{};
  const auto second = std::find_if(table + 1, sections.end(), is_table);
  if (second != sections.end()) return fault(second->offset, "an image has at most one symbol table");
  return read_symbol_table(image, sections, *table);
}

template <class T>
void sort_unique(std::vector<T>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

}  // namespace

Result<Elf> Elf::read(Bytes image) {
  const Result<Elf64_Ehdr> header = read_header(image);
  if (!header) return header.error();
  if (Status kept = check_segments(image, *header); !kept) return kept.error();
  Result<std::vector<Section>> sections = read_sections(image, *header);
  if (!sections) return sections.error();
  if (Status kept = check_overlaps(*header, *sections); !kept) return kept.error();
  Result<std::vector<Symbol>> symbols = read_symbols(image, *sections);
  if (!symbols) return symbols.error();
  for (const Section& section : *sections) {
    if (section.type != kMercurySymbols) continue;
    if (const auto copy = read_symbol_table(image, *sections, section); !copy) return copy.error();
  }
  Elf elf;
  elf.image_ = image;
  elf.abi_ = header->e_ident[EI_ABIVERSION];
  elf.flags_ = header->e_flags;
  elf.sm_ = sm_of(*header);
  elf.sections_ = *std::move(sections);
  elf.symbols_ = *std::move(symbols);
  return elf;
}

Bytes Elf::content(const Section& section) const {
  if (!has_content(section) || !fits(image_, section.offset, section.size)) return {};
  return image_.subspan(section.offset, section.size);
}

Result<std::vector<Symbol>> Elf::symbols_in(const Section& table) const {
  return read_symbol_table(image_, sections_, table);
}

/// The guard of a word that never executes, `@!PT`: the filler that follows HMMA in code for sm_80.
constexpr int kNever = 0xf;

Result<std::vector<std::int64_t>> opcodes(Bytes image) {
  const Result<Elf> elf = Elf::read(image);
  if (!elf) return elf.error();
  if (elf->sm() < 70) return fault(offsetof(Elf64_Ehdr, e_flags), "machine words of 128 bits start with sm_70");
  std::vector<std::int64_t> found;
  for (const Section& section : elf->sections()) {
    if (!section.name.starts_with(".text.")) continue;
    if (section.size % kWord != 0) return fault(section.offset, "machine code must be a whole number of 128-bit words");
    const Bytes code = elf->content(section);
    for (std::size_t at = 0; at < code.size(); at += kWord) {
      const auto word = load<std::uint16_t>(code, at);
      if (word >> 12 != kNever) found.push_back(word & 0xfff);
    }
  }
  sort_unique(found);
  return found;
}

Result<std::vector<std::string>> driver_calls(Bytes image) {
  const Result<Elf> elf = Elf::read(image);
  if (!elf) return elf.error();
  std::vector<std::string> names;
  for (const Symbol& symbol : elf->symbols())
    if (symbol.section == SHN_UNDEF && symbol.name.starts_with("__cuda_syscall_")) names.emplace_back(symbol.name);
  sort_unique(names);
  return names;
}

}  // namespace assay::cubin
