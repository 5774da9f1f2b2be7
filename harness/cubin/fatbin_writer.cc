#include "harness/cubin/fatbin_writer.h"

#include <cstdint>
#include <type_traits>

namespace assay::cubin {
namespace {

constexpr std::uint32_t kMagic = 0xba55ed50;
constexpr std::uint16_t kContainerVersion = 1, kContainerHeader = 16;
constexpr std::uint16_t kCubinKind = 2, kEntryVersion = 0x0101;
constexpr std::uint32_t kEntryHeader = 64;
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

}  // namespace

std::vector<std::byte> fatbin_of(std::span<const std::byte> cubin, Target target) {
  const std::uint64_t padded = (cubin.size() + 7) / 8 * 8;
  std::vector<std::byte> fatbin;
  put(fatbin, kMagic);
  put(fatbin, kContainerVersion);
  put(fatbin, kContainerHeader);
  put(fatbin, kEntryHeader + padded);
  put(fatbin, kCubinKind);
  put(fatbin, kEntryVersion);
  put(fatbin, kEntryHeader);
  put(fatbin, padded);
  put(fatbin, std::uint64_t{0});  // compressed size, option block: none
  put(fatbin, kAbi8Minor);
  put(fatbin, kAbi8Major);
  put(fatbin, static_cast<std::uint32_t>(target.sm));
  put(fatbin, std::uint64_t{0});  // name: none
  put(fatbin, flags(target));
  put(fatbin, std::uint64_t{0});  // hash, of LTO entries only
  put(fatbin, std::uint64_t{0});  // uncompressed size: stored
  fatbin.insert(fatbin.end(), cubin.begin(), cubin.end());
  fatbin.resize(kEntryImageOffset + padded);
  return fatbin;
}

}  // namespace assay::cubin
