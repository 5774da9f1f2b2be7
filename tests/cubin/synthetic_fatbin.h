// Builds small fatbins and host files in memory, one field of which a test can break.
#pragma once

#include <elf.h>
#include <lz4.h>
#include <zstd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace assay::cubin {

/// The fixed part of an entry's header, in the order of the file.
struct RawEntry {
  std::uint16_t kind = 2, version = 0x0101;
  std::uint32_t header_size = 64;
  std::uint64_t payload_size = 0;
  std::uint32_t packed_size = 0, options_at = 0;
  std::uint16_t minor = 8, major = 1;
  std::uint32_t sm = 121, name_at = 0, name_size = 0;
  std::uint64_t flags = 0x11, hash = 0, size = 0;
};
static_assert(sizeof(RawEntry) == 64);

inline std::vector<std::byte> bytes_of(std::string_view text) {
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

inline std::vector<std::byte> packed_with_lz4(const std::vector<std::byte>& plain) {
  std::vector<std::byte> packed(static_cast<std::size_t>(LZ4_compressBound(static_cast<int>(plain.size()))));
  const int size =
      LZ4_compress_default(reinterpret_cast<const char*>(plain.data()), reinterpret_cast<char*>(packed.data()),
                           static_cast<int>(plain.size()), static_cast<int>(packed.size()));
  packed.resize(static_cast<std::size_t>(size));
  return packed;
}

inline std::vector<std::byte> packed_with_zstd(const std::vector<std::byte>& plain) {
  std::vector<std::byte> packed(ZSTD_compressBound(plain.size()));
  packed.resize(ZSTD_compress(packed.data(), packed.size(), plain.data(), plain.size(), 1));
  return packed;
}

/// One container, to which entries are added.
class SyntheticFatbin {
 public:
  SyntheticFatbin() {
    const std::uint32_t magic = 0xba55ed50;
    const std::uint16_t version = 1, header_size = 16;
    put(0, magic);
    put(4, version);
    put(6, header_size);
    put(8, std::uint64_t{0});
  }

  /// Adds an entry with this payload as it is in the file, and the options behind the header's fixed part; the value is
  /// where the entry's header is.
  std::size_t add(RawEntry entry, const std::vector<std::byte>& payload, std::string_view options = {}) {
    const std::size_t at = bytes_.size();
    if (!options.empty()) {
      entry.options_at = 64;
      entry.header_size = static_cast<std::uint32_t>((72 + options.size() + 7) / 8 * 8);
    }
    entry.payload_size = (payload.size() + 7) / 8 * 8;
    put(at, entry);
    bytes_.resize(at + entry.header_size + entry.payload_size);
    if (!options.empty()) {
      put(at + 64, std::uint32_t{72});
      put(at + 68, static_cast<std::uint32_t>(options.size()));
      std::memcpy(bytes_.data() + at + 72, options.data(), options.size());
    }
    if (!payload.empty()) std::memcpy(bytes_.data() + at + entry.header_size, payload.data(), payload.size());
    put(8, std::uint64_t{bytes_.size() - 16});
    return at;
  }
  std::size_t add_packed(RawEntry entry, const std::vector<std::byte>& packed, std::size_t size) {
    entry.packed_size = static_cast<std::uint32_t>(packed.size());
    entry.size = size;
    return add(entry, packed);
  }

  std::vector<std::byte>& bytes() { return bytes_; }

  template <class T>
  void put(std::size_t at, const T& value) {
    if (bytes_.size() < at + sizeof value) bytes_.resize(at + sizeof value);
    std::memcpy(bytes_.data() + at, &value, sizeof value);
  }

 private:
  std::vector<std::byte> bytes_;
};

/// A host file with one fatbin section and one wrapper: 0 NULL, 1 .nv_fatbin, 2 .nvFatBinSegment, 3 .shstrtab.
class SyntheticHost {
 public:
  explicit SyntheticHost(const std::vector<std::byte>& fatbin) {
    const std::string names("\0.nv_fatbin\0.nvFatBinSegment\0.shstrtab\0", 39);
    bytes_.resize(sizeof(Elf64_Ehdr));
    Elf64_Shdr rows[4] = {};
    rows[1] = row(1, fatbin.data(), fatbin.size());
    const std::uint32_t wrapper[6] = {0x466243b1, 1};
    rows[2] = row(12, wrapper, sizeof wrapper);
    rows[3] = row(29, names.data(), names.size());
    Elf64_Ehdr header{};
    std::memcpy(header.e_ident,
                "\x7f"
                "ELF\x02\x01\x01",
                7);
    header.e_type = ET_DYN;
    header.e_machine = EM_X86_64;
    header.e_shnum = 4;
    header.e_shstrndx = 3;
    header.e_shentsize = sizeof(Elf64_Shdr);
    header.e_shoff = append(rows, sizeof rows);
    put(0, header);
  }

  std::vector<std::byte>& bytes() { return bytes_; }
  Elf64_Ehdr header() const { return get<Elf64_Ehdr>(0); }
  void set_header(const Elf64_Ehdr& header) { put(0, header); }
  std::size_t section_at(std::size_t index) const { return header().e_shoff + index * sizeof(Elf64_Shdr); }
  Elf64_Shdr section(std::size_t index) const { return get<Elf64_Shdr>(section_at(index)); }
  void set_section(std::size_t index, const Elf64_Shdr& section) { put(section_at(index), section); }

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
  std::size_t append(const void* data, std::size_t size) {
    const std::size_t at = (bytes_.size() + 7) / 8 * 8;
    bytes_.resize(at + size);
    std::memcpy(bytes_.data() + at, data, size);
    return at;
  }
  Elf64_Shdr row(std::uint32_t name, const void* data, std::size_t size) {
    Elf64_Shdr section{};
    section.sh_name = name;
    section.sh_type = SHT_PROGBITS;
    section.sh_offset = append(data, size);
    section.sh_size = size;
    return section;
  }

  std::vector<std::byte> bytes_;
};

}  // namespace assay::cubin
