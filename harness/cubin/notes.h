// Who made a cubin, and for which PTX target: its two note sections.
//
// `.note.nv.tkinfo` holds one note a tool that had a hand in it (type 2000: tool, version, build, command line), and
// `.note.nv.cuinfo` one note (type 1000: the PTX `.target` number and the CUDA version). Both are text for people: no
// loader was seen to act on them. Images of ABI 7 have neither.
// Tested by tests/cubin/notes_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "harness/cubin/elf.h"

namespace assay::cubin {

/// One tool; the strings are parts of the image, and empty where the note's layout is an unknown one.
struct ToolNote {
  std::uint32_t layout = 0;
  std::string_view object, tool, version, build, options;
};

struct CudaNote {
  std::uint16_t layout = 0;
  std::uint16_t virtual_sm = 0;    ///< The number of the PTX `.target`.
  std::uint32_t cuda_version = 0;  ///< 130 for 13.0.
};

/// Error: a note, a string or the section's end out of place.
Result<std::vector<ToolNote>> tool_notes(const Elf&);
Result<std::optional<CudaNote>> cuda_note(const Elf&);

}  // namespace assay::cubin
