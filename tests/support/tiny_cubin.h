// Images that differ in one machine word, and in whether they call the driver.
#pragma once

#include <cstring>
#include <vector>

#include "tests/cubin/synthetic_cubin.h"

namespace assay::test {

/// An image whose first machine word has this opcode (low 12 bits); `calls` leaves its multicast call undefined.
inline std::vector<std::byte> tiny_cubin(std::uint64_t opcode, bool calls = false) {
  cubin::SyntheticCubin image;
  std::memcpy(image.bytes().data() + image.section(cubin::SyntheticCubin::kText).sh_offset, &opcode, sizeof opcode);
  Elf64_Sym call = image.symbol(2);
  call.st_shndx = calls ? 0 : cubin::SyntheticCubin::kText;
  image.set_symbol(2, call);
  return image.bytes();
}

}  // namespace assay::test
