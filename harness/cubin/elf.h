// The machine code of a cubin: an ELF64 reader with every bound checked.
//
// This part reads what a witness needs: sections, `.text.*` and undefined symbols; info.h, notes.h and describe.h read
// the rest. An image is untrusted input: each range is checked as `size > n - offset`, never by addition, and a fault
// names its offset and rule. Tested by tests/cubin/elf_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"

namespace assay::cubin {

/// Names are parts of the image.
struct Section {
  std::string_view name;
  std::uint32_t type = 0;
  std::uint64_t offset = 0, size = 0;
  std::uint32_t link = 0;
  std::uint64_t entry_size = 0;
  std::uint32_t info = 0;
};

struct Symbol {
  std::string_view name;
  std::uint16_t section = 0;  ///< 0: undefined.
  std::uint64_t value = 0, size = 0;
  std::uint8_t info = 0, other = 0;
};

/// A checked view of a cubin; the bytes must outlive it.
class Elf {
 public:
  /// Error: "offset 0x31: ..." with the rule that the image breaks.
  static Result<Elf> read(std::span<const std::byte> image);

  std::span<const std::byte> image() const { return image_; }
  int abi() const { return abi_; }                ///< The ABI version: 7 or 8.
  std::uint32_t flags() const { return flags_; }  ///< e_flags; the two ABI versions lay them out differently.
  int sm() const { return sm_; }  ///< The SM number of the header (ABI 8: bits 8-15 of e_flags; ABI 7: bits 0-7).
  std::span<const Section> sections() const { return sections_; }
  std::span<const Symbol> symbols() const { return symbols_; }
  std::span<const std::byte> content(const Section&) const;
  /// The symbols of `.symtab` or of its Mercury copy, whose function sizes are those of other code.
  Result<std::vector<Symbol>> symbols_in(const Section& table) const;

 private:
  std::span<const std::byte> image_;
  int abi_ = 0, sm_ = 0;
  std::uint32_t flags_ = 0;
  std::vector<Section> sections_;
  std::vector<Symbol> symbols_;
};

/// The low 12 bits (opcode and operand form) of every 128-bit machine word in the `.text.*` sections that is not
/// guarded by `@!PT`, which never executes; sorted, unique.
Result<std::vector<std::int64_t>> opcodes(std::span<const std::byte> image);

/// Names of undefined symbols that start with `__cuda_syscall_`: calls that the driver must supply.
Result<std::vector<std::string>> driver_calls(std::span<const std::byte> image);

}  // namespace assay::cubin
