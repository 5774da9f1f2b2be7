#include "harness/cubin/fatbin_writer.h"

#include <cstdint>
#include <string>
#include <type_traits>

namespace assay::cubin {
namespace {

constexpr std::uint32_t kMagic = 0xba55ed50;
constexpr std::uint16_t kContainerVersion = 1, kContainerHeader = 16;
constexpr std::uint16_t kPtxKind = 1, kCubinKind = 2, kEntryVersion = 0x0101;
constexpr std::uint32_t kEntryHeader = 64, kOptionBlock = 16;
constexpr std::uint16_t kAbi8Minor = 8, kAbi8Major = 1;
constexpr std::uint64_t kAlways = 0x11, kArchitectureSpecific = 0x100000, kFamilySpecific = 0x200000;

template <class T>
void put(std::vector<std::byte>& to, T value) {
  static_assert(std::is_unsigned_v<T>);
  for (std::size_t i = 0; i < sizeof value; ++i) to.push_back(static_cast<std::byte>(value >> 8 * i));
}

std::uint64_t flags(Target target) {
  if (target.suffix == 'a') return kAlways | kArchitectureSpecific;
  return target.suffix == 'f' ? kAlways | kFamilySpecific : kAlways;
}

/// What an entry says of itself: for a cubin the ABI as 1.8, for PTX its version.
struct Entry {
  std::uint16_t kind = 0, major = 0, minor = 0;
  Target target;
};

/// Where the options stand, behind this pair, and that they take no byte.
void put_no_options(std::vector<std::byte>& to) {
  put(to, kEntryHeader + 8);
  put(to, std::uint32_t{0});
  put(to, std::uint64_t{0});
}

void put_entry(std::vector<std::byte>& to, const Entry& entry, std::span<const std::byte> payload) {
  const std::uint64_t padded = (payload.size() + 7) / 8 * 8;
  // Without its option block, empty or not, PTX in a fatbin was seen to kill a driver's parser.
  const bool has_options = entry.kind == kPtxKind;
  put(to, entry.kind);
  put(to, kEntryVersion);
  put(to, has_options ? kEntryHeader + kOptionBlock : kEntryHeader);
  put(to, padded);
  put(to, std::uint32_t{0});  // compressed size: stored
  put(to, has_options ? kEntryHeader : std::uint32_t{0});
  put(to, entry.minor);
  put(to, entry.major);
  put(to, static_cast<std::uint32_t>(entry.target.sm));
  put(to, std::uint64_t{0});  // name: none
  put(to, flags(entry.target));
  put(to, std::uint64_t{0});  // hash, of LTO entries only
  put(to, std::uint64_t{0});  // uncompressed size: stored
  if (has_options) put_no_options(to);
  to.insert(to.end(), payload.begin(), payload.end());
  to.resize(to.size() + padded - payload.size());
}

/// A container's header with the size of the entries that follow it.
std::vector<std::byte> container_of(std::span<const std::byte> entries) {
  std::vector<std::byte> fatbin;
  put(fatbin, kMagic);
  put(fatbin, kContainerVersion);
  put(fatbin, kContainerHeader);
  put(fatbin, static_cast<std::uint64_t>(entries.size()));
  fatbin.insert(fatbin.end(), entries.begin(), entries.end());
  return fatbin;
}

}  // namespace

std::vector<std::byte> fatbin_of(std::span<const std::byte> cubin, Target target) {
  std::vector<std::byte> entries;
  put_entry(entries, {.kind = kCubinKind, .major = kAbi8Major, .minor = kAbi8Minor, .target = target}, cubin);
  return container_of(entries);
}

std::vector<std::byte> with_ptx(std::vector<std::byte> fatbin, std::string_view ptx, PtxVersion version,
                                Target target) {
  std::vector<std::byte> entries(fatbin.begin() + kContainerHeader, fatbin.end());
  const std::string text = std::string(ptx) + '\0';  // a text in a container ends as a string does
  put_entry(entries,
            {.kind = kPtxKind,
             .major = static_cast<std::uint16_t>(version.major),
             .minor = static_cast<std::uint16_t>(version.minor),
             .target = target},
            std::as_bytes(std::span(text)));
  return container_of(entries);
}

}  // namespace assay::cubin
