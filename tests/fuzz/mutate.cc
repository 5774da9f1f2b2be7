#include "tests/fuzz/mutate.h"

#include <elf.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <initializer_list>

namespace assay::fuzz {
namespace {

constexpr std::size_t kImageLimit = 256 * 1024;  // Splices must not let images grow without end.

template <class T>
T load(std::span<const std::byte> image, std::size_t at) {
  T value{};
  if (at <= image.size() && sizeof value <= image.size() - at) std::memcpy(&value, image.data() + at, sizeof value);
  return value;
}

void store(Image& image, std::size_t at, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size && at + i < image.size(); ++i)
    image[at + i] = static_cast<std::byte>(value >> (8 * i));
}

void add_fields(std::vector<Field>& fields, std::size_t at, std::initializer_list<std::size_t> sizes) {
  for (const std::size_t size : sizes) {
    fields.push_back({at, size});
    at += size;
  }
}

void add_section_fields(std::vector<Field>& fields, std::span<const std::byte> image, std::size_t row) {
  add_fields(fields, row, {4, 4, 8, 8, 8, 8, 4, 4, 8, 8});
  const auto section = load<Elf64_Shdr>(image, row);
  if (section.sh_type == SHT_NOBITS || section.sh_offset >= image.size()) return;
  const std::size_t size = std::min<std::size_t>(section.sh_size, image.size() - section.sh_offset);
  const bool symbols = section.sh_type == SHT_SYMTAB || section.sh_type == 0x70000085;
  if (symbols)
    for (std::size_t at = 0; at + 24 <= size && at < 100 * 24; at += 24)
      add_fields(fields, section.sh_offset + at, {4, 1, 1, 2, 8, 8});
  const bool records = section.sh_type == 0x70000000 || section.sh_type == 0x70000083 || section.sh_type == 0x70000086;
  if (records)
    for (std::size_t at = 0; at + 4 <= size;) {
      add_fields(fields, section.sh_offset + at, {1, 1, 2});
      const bool payload = load<std::uint8_t>(image, section.sh_offset + at) == 4;
      at += 4 + (payload ? load<std::uint16_t>(image, section.sh_offset + at + 2) : 0);
    }
  if (section.sh_type == SHT_NOTE) add_fields(fields, section.sh_offset, {4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4});
}

void add_elf_fields(std::vector<Field>& fields, std::span<const std::byte> image) {
  for (std::size_t at = 4; at < 16; ++at) add_fields(fields, at, {1});
  add_fields(fields, 16, {2, 2, 4, 8, 8, 8, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2});
  const auto header = load<Elf64_Ehdr>(image, 0);
  for (std::size_t i = 0; i < std::min<std::size_t>(header.e_phnum, 16); ++i)
    add_fields(fields, header.e_phoff + i * sizeof(Elf64_Phdr), {4, 4, 8, 8, 8, 8, 8, 8});
  for (std::size_t i = 0; i < std::min<std::size_t>(header.e_shnum, 100); ++i)
    add_section_fields(fields, image, header.e_shoff + i * sizeof(Elf64_Shdr));
}

void add_fatbin_fields(std::vector<Field>& fields, std::span<const std::byte> image, std::size_t base) {
  add_fields(fields, base, {4, 2, 2, 8});
  for (std::size_t at = base + 16, entries = 0; at + 64 <= image.size() && entries < 64; ++entries) {
    add_fields(fields, at, {2, 2, 4, 8, 4, 4, 2, 2, 4, 4, 4, 8, 8, 8, 4, 4});
    at += load<std::uint32_t>(image, at + 4) + load<std::uint64_t>(image, at + 8);
  }
}

/// Where a container starts, in a fatbin or in a host file that is small.
std::size_t find_container(std::span<const std::byte> image) {
  constexpr std::array magic = {std::byte{0x50}, std::byte{0xed}, std::byte{0x55}, std::byte{0xba}};
  const auto found = std::search(image.begin(), image.end(), magic.begin(), magic.end());
  return static_cast<std::size_t>(found - image.begin());
}

// --- Edits ---

std::uint64_t edge_value(const Image& image, Random& random) {
  const std::uint64_t size = image.size();
  const std::array<std::uint64_t, 24> edges = {
      0,     1,          2,    3,        4,        7,          8,          0x3f,       0x40,
      0x41,  0x7f,       0x80, 0xff,     0xffff,   0x7fffffff, 0x80000000, 0xffffffff, 0x7fffffffffffffff,
      ~0ull, ~0ull - 63, size, size - 1, size + 1, size - 64};
  const std::size_t pick = random.below(edges.size() + 4);
  return pick < edges.size() ? edges[pick] : random.next() % (size + 64);
}

void flip_bits(Image& image, Random& random) {
  for (std::size_t n = 1 + random.below(8); n > 0; --n)
    image[random.below(image.size())] ^= static_cast<std::byte>(1u << random.below(8));
}

void set_bytes(Image& image, Random& random) {
  for (std::size_t n = 1 + random.below(4); n > 0; --n)
    image[random.below(image.size())] = static_cast<std::byte>(random.next());
}

void cut(Image& image, Random& random) { image.resize(random.below(image.size()) + 1); }

void grow(Image& image, Random& random) {
  for (std::size_t n = random.below(128); n > 0; --n) image.push_back(static_cast<std::byte>(random.next() % 3));
}

void store_edge(Image& image, Random& random) {
  const std::size_t size = std::size_t{1} << random.below(4);
  const std::size_t at = random.below(image.size()) / size * size;
  store(image, at, edge_value(image, random), size);
}

/// A range of another seed over or between the bytes of this one.
void splice(Image& image, const Image& other, Random& random) {
  const std::size_t from = random.below(other.size()), length = std::min(random.below(512) + 1, other.size() - from);
  const auto first = other.begin() + static_cast<std::ptrdiff_t>(from);
  const std::size_t at = random.below(image.size());
  if (random.below(2) == 0 && image.size() < kImageLimit) {
    image.insert(image.begin() + static_cast<std::ptrdiff_t>(at), first, first + static_cast<std::ptrdiff_t>(length));
    return;
  }
  std::copy_n(first, std::min(length, image.size() - at), image.begin() + static_cast<std::ptrdiff_t>(at));
}

void erase(Image& image, Random& random) {
  const std::size_t at = random.below(image.size());
  const std::size_t length = std::min(random.below(64) + 1, image.size() - at);
  const auto first = image.begin() + static_cast<std::ptrdiff_t>(at);
  if (length < image.size()) image.erase(first, first + static_cast<std::ptrdiff_t>(length));
}

/// One field: a value at an edge, the value of another field, or a small step.
void edit_field(Image& image, Random& random) {
  const std::vector<Field> fields = fields_of(image);
  if (fields.empty()) return set_bytes(image, random);
  const Field field = fields[random.below(fields.size())];
  const Field other = fields[random.below(fields.size())];
  const std::uint64_t old = load<std::uint64_t>(image, field.offset);
  const std::array<std::uint64_t, 4> values = {edge_value(image, random), load<std::uint64_t>(image, other.offset),
                                               old + random.below(17) - 8, old ^ (1ull << random.below(64))};
  store(image, field.offset, values[random.below(values.size())], field.size);
}

void edit(Image& image, const std::vector<Image>& seeds, Random& random) {
  switch (random.below(14)) {
    case 0:
      return flip_bits(image, random);
    case 1:
      return set_bytes(image, random);
    case 2:
      return cut(image, random);
    case 3:
      return grow(image, random);
    case 4:
      return store_edge(image, random);
    case 5:
      return splice(image, seeds[random.below(seeds.size())], random);
    case 6:
      return erase(image, random);
    default:
      return edit_field(image, random);
  }
}

}  // namespace

std::uint64_t Random::next() {
  std::uint64_t value = state_ += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

std::size_t Random::below(std::size_t n) { return n == 0 ? 0 : next() % n; }

std::vector<Field> fields_of(std::span<const std::byte> image) {
  std::vector<Field> fields;
  const bool elf = image.size() >= sizeof(Elf64_Ehdr) && std::memcmp(image.data(), ELFMAG, SELFMAG) == 0;
  if (elf) add_elf_fields(fields, image);
  const std::size_t container = find_container(image);
  if (container < image.size()) add_fatbin_fields(fields, image, container);
  std::erase_if(fields, [&](const Field& field) { return field.offset >= image.size(); });
  return fields;
}

Image mutate(const std::vector<Image>& seeds, Random& random) {
  Image image = seeds[random.below(seeds.size())];
  for (std::size_t edits = 1 + random.below(6); edits > 0 && !image.empty(); --edits) edit(image, seeds, random);
  return image;
}

}  // namespace assay::fuzz
