// Builds small cubin images in memory, so that the reader's tests need no toolkit and can break one field at a time.
#pragma once

#include <elf.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace assay::cubin {

/// An image of ABI 8 for sm_121: section names, code of one kernel, symbols and their names. Sections in table order:
/// 0 NULL, 1 .shstrtab, 2 .strtab, 3 .symtab, 4 .text.kernel, 5 .nv.constant4, 6 its Mercury twin, 7 .nv.shared. A
/// whole one goes on with all that an image of sm_100 and later states about itself: 8 .note.nv.cuinfo, 9
/// .note.nv.tkinfo, 10 .nv.info, 11 .nv.info.kernel, 12 .nv.compat, 13 the Mercury copy of 11, 14
/// .nv.capmerc.text.kernel, 15 the Mercury symbols, 16 .nv.callgraph, 17 relocations.
class SyntheticCubin {
 public:
  static constexpr std::size_t kSectionCount = 8, kSymbolCount = 4;
  static constexpr std::size_t kShstrtab = 1, kStrtab = 2, kSymtab = 3, kText = 4, kConstant = 5, kMercury = 6;

  static constexpr std::size_t kCudaNote = 8, kToolNote = 9, kInfo = 10, kKernelInfo = 11, kCompat = 12,
                               kMercuryInfo = 13, kCapmerc = 14, kMercurySymtab = 15, kCallgraph = 16, kRela = 17,
                               kWholeCount = 18;
  enum class Extent { code, whole };

  explicit SyntheticCubin(Extent extent = Extent::code) : sections_(kSectionCount) {
    bytes_.resize(sizeof(Elf64_Ehdr));
    place_names();
    place_symbols();
    place_code();
    if (extent == Extent::whole) place_metadata();
    place_tables(extent);
  }

  std::vector<std::byte>& bytes() { return bytes_; }

  Elf64_Ehdr header() const { return get<Elf64_Ehdr>(0); }
  void set_header(const Elf64_Ehdr& header) { put(0, header); }

  std::size_t section_at(std::size_t index) const { return header().e_shoff + index * sizeof(Elf64_Shdr); }
  Elf64_Shdr section(std::size_t index) const { return get<Elf64_Shdr>(section_at(index)); }
  void set_section(std::size_t index, const Elf64_Shdr& section) { put(section_at(index), section); }

  std::size_t symbol_at(std::size_t index) const { return section(kSymtab).sh_offset + index * sizeof(Elf64_Sym); }
  Elf64_Sym symbol(std::size_t index) const { return get<Elf64_Sym>(symbol_at(index)); }
  void set_symbol(std::size_t index, const Elf64_Sym& symbol) { put(symbol_at(index), symbol); }

  std::size_t segment_at() const { return header().e_phoff; }
  Elf64_Phdr segment() const { return get<Elf64_Phdr>(segment_at()); }
  void set_segment(const Elf64_Phdr& segment) { put(segment_at(), segment); }

 private:
  template <class T>
  T get(std::size_t at) const {
    T value;
    std::memcpy(&value, bytes_.data() + at, sizeof value);
    return value;
  }
  template <class T>
  void put(std::size_t at, const T& value) {
    std::memcpy(bytes_.data() + at, &value, sizeof value);
  }
  /// Appends at the next multiple of 8 and returns the place.
  std::size_t append(const void* data, std::size_t size) {
    const std::size_t at = (bytes_.size() + 7) / 8 * 8;
    bytes_.resize(at + size);
    std::memcpy(bytes_.data() + at, data, size);
    return at;
  }
  static std::uint32_t name_in(std::string& table, std::string_view name) {
    const auto at = static_cast<std::uint32_t>(table.size());
    table += name;
    table += '\0';
    return at;
  }
  void add_section(std::size_t index, std::string_view name, std::uint32_t type, std::size_t at, std::size_t size) {
    sections_[index] = {};
    sections_[index].sh_name = name_in(section_names_, name);
    sections_[index].sh_type = type;
    sections_[index].sh_offset = at;
    sections_[index].sh_size = size;
    sections_[index].sh_addralign = 8;
  }

  void place_names() {
    std::string names(1, '\0');
    function_name_ = name_in(names, "kernel");
    call_name_ = name_in(names, "__cuda_syscall_cp_async_bulk_multicast");
    other_name_ = name_in(names, ".nv.reservedSmem.offset0");
    add_section(kStrtab, ".strtab", SHT_STRTAB, append(names.data(), names.size()), names.size());
  }
  void place_symbols() {
    Elf64_Sym symbols[kSymbolCount] = {};
    symbols[1].st_name = function_name_;
    symbols[1].st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
    symbols[1].st_other = 0x10;  // A kernel.
    symbols[1].st_shndx = kText;
    symbols[1].st_size = 64;
    symbols[2].st_name = call_name_;
    symbols[3].st_name = other_name_;
    add_section(kSymtab, ".symtab", SHT_SYMTAB, append(symbols, sizeof symbols), sizeof symbols);
    sections_[kSymtab].sh_link = kStrtab;
    sections_[kSymtab].sh_entsize = sizeof(Elf64_Sym);
  }
  void place_code() {
    // Four machine words; only the low 12 bits of each are the opcode, and one occurs twice.
    std::uint64_t code[8] = {0xffffffff'ffff723c, 1, 0x7919, 2, 0x223c, 3, 0x794d, 4};
    add_section(kText, ".text.kernel", SHT_PROGBITS, append(code, sizeof code), sizeof code);
    const std::uint64_t constant = 7;
    const std::size_t at = append(&constant, sizeof constant);
    add_section(kConstant, ".nv.constant4", SHT_PROGBITS, at, sizeof constant);
    add_section(kMercury, ".nv.merc.nv.constant.pic", 0x7000007d, at, sizeof constant);
    // Reserves memory, takes no bytes of the file: its offset may lie anywhere.
    add_section(7, ".nv.shared.reserved.0", SHT_NOBITS, 1u << 20, 64);
  }
  /// A section of these bytes, last in the table.
  template <class T, std::size_t n>
  void append_section(std::string_view name, std::uint32_t type, const T (&data)[n]) {
    sections_.emplace_back();
    add_section(sections_.size() - 1, name, type, append(data, sizeof data), sizeof data);
  }
  void place_notes() {
    const std::uint32_t cuda[] = {12, 8, 1000, 0x4449564e, 0x43204149, 0x0070726f, 2u | 121u << 16, 130};
    append_section(".note.nv.cuinfo", SHT_NOTE, cuda);
    std::string tool("\x0c\0\0\0\x40\0\0\0\xd0\x07\0\0NVIDIA Corp\0", 24);
    const std::uint32_t places[] = {2, 0, 1, 7, 12, 18};
    tool.append(reinterpret_cast<const char*>(places), sizeof places);
    tool += std::string("\0ptxas\0V13.\0build\0-arch sm_121a -m 64", 37);
    tool.resize(24 + 0x40);
    sections_.emplace_back();
    add_section(kToolNote, ".note.nv.tkinfo", SHT_NOTE, append(tool.data(), tool.size()), tool.size());
  }
  void place_metadata() {
    place_notes();
    const std::uint32_t module[] = {0x00082f04, 1, 24, 0x00081104, 1, 8};  // REGCOUNT and FRAME_SIZE of symbol 1.
    append_section(".nv.info", 0x70000000, module);
    // CBANK_PARAM_SIZE, PARAM_CBANK, NUM_BARRIERS, AT_ENTRY_FRAGMENTS, an NVAL.
    const std::uint32_t kernel[] = {0x00101903, 0x00080a04, 1, 0x00100380, 0x00014c02, 0x00044f04, 6, 0x00000b01};
    append_section(".nv.info.kernel", 0x70000000, kernel);
    const std::uint32_t compat[] = {0x00010902, 0x00020202, 0x00080b04, 0, 0};
    append_section(".nv.compat", 0x70000086, compat);
    append_section(".nv.merc.nv.info.kernel", 0x70000083, kernel);
    const std::uint32_t capmerc[] = {0x5a5a, 1, 2, 3};
    append_section(".nv.capmerc.text.kernel", 0x70000016, capmerc);
    Elf64_Sym symbols[2] = {};
    symbols[1].st_name = function_name_;
    symbols[1].st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC);
    symbols[1].st_shndx = kCapmerc;
    symbols[1].st_size = 4096;  // Of the code that is to be made.
    append_section(".nv.merc.symtab", 0x70000085, symbols);
    sections_[kMercurySymtab].sh_link = kStrtab;
    sections_[kMercurySymtab].sh_entsize = sizeof(Elf64_Sym);
    const std::uint32_t edges[] = {0, 0xffffffff, 0, 0xfffffffe};
    append_section(".nv.callgraph", 0x70000001, edges);
    const Elf64_Rela relocations[1] = {};
    append_section(".rela.text.kernel", SHT_RELA, relocations);
    sections_[kRela].sh_entsize = sizeof(Elf64_Rela);
  }
  void place_tables(Extent extent) {
    section_names_.insert(0, 1, '\0');
    for (Elf64_Shdr& section : sections_) section.sh_name += section.sh_type != SHT_NULL;
    const std::uint32_t own_name = name_in(section_names_, ".shstrtab");
    const std::size_t names = append(section_names_.data(), section_names_.size());
    sections_[kShstrtab].sh_name = own_name;
    sections_[kShstrtab].sh_type = SHT_STRTAB;
    sections_[kShstrtab].sh_offset = names;
    sections_[kShstrtab].sh_size = section_names_.size();
    Elf64_Phdr segment{};
    segment.p_type = PT_LOAD;
    segment.p_offset = sections_[kText].sh_offset;
    segment.p_filesz = segment.p_memsz = 64;
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident,
                "\x7f"
                "ELF\x02\x01\x01\x41\x08",
                9);
    header.e_type = 2;
    header.e_machine = 190;
    header.e_version = 1;
    header.e_flags = extent == Extent::whole ? 0x08007902 : 0x06007902;
    header.e_ehsize = sizeof(Elf64_Ehdr);
    header.e_phentsize = sizeof(Elf64_Phdr);
    header.e_phnum = 1;
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shnum = static_cast<std::uint16_t>(sections_.size());
    header.e_shstrndx = kShstrtab;
    header.e_phoff = append(&segment, sizeof segment);
    header.e_shoff = append(sections_.data(), sections_.size() * sizeof(Elf64_Shdr));
    put(0, header);
  }

  std::vector<std::byte> bytes_;
  std::string section_names_;
  std::vector<Elf64_Shdr> sections_;
  std::uint32_t function_name_ = 0, call_name_ = 0, other_name_ = 0;
};

}  // namespace assay::cubin
