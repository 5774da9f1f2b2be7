// What an image states about itself: architecture, makers, functions, and what it asks of the loader.
//
// All of it is metadata, written by whoever made the image; none of it says what a device can run. The suffix of the
// target is not in the header: `a`, `f` and base images of one SM have the same e_flags. So it is derived, with the
// reason beside it, and stays unknown ('?') where the image does not say or contradicts itself.
// Tested by tests/cubin/describe_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/cubin/elf.h"
#include "harness/cubin/info.h"
#include "harness/cubin/notes.h"

namespace assay::cubin {

/// The target that an image was made for, as far as it can be told.
struct Architecture {
  int sm = 0;
  char suffix = '?';  ///< 'a', 'f', ' ' for base, '?' where the image does not say.
  std::string why;
};

/// One function of the symbol table with code of its own. Sizes that no record states are absent; `shared_bytes` is the
/// section's size, from sm_90 on 1024 more than the kernel declares.
struct Function {
  std::string_view name;
  bool is_kernel = false;
  std::uint64_t text_bytes = 0, capmerc_bytes = 0, shared_bytes = 0, constant_bytes = 0;
  std::optional<std::uint32_t> registers, frame_bytes, min_stack_bytes, barriers;
  std::optional<std::uint32_t> parameter_base, parameter_bytes;
  std::vector<InfoRecord> needs;  ///< Records by which it asks the driver for code or memory, or states tcgen05.
};

/// Views into the image, which must outlive it.
struct Description {
  int abi = 0;
  std::uint32_t flags = 0;
  int kind = 0;                               ///< Of ABI 8: 2 with Mercury sections, 4 without.
  std::optional<std::uint32_t> virtual_sm;    ///< The PTX target's number: from the note, or from ABI 7's e_flags.
  std::optional<std::uint32_t> note_section;  ///< ABI 8: the section that e_flags name.
  Architecture architecture;
  std::vector<ToolNote> tools;
  std::optional<CudaNote> cuda;
  std::vector<InfoRecord> compat;
  std::vector<Function> functions;
  std::vector<std::string_view> undefined;  ///< Symbols that the loader must supply, sorted.
  std::uint64_t section_count = 0, mercury_sections = 0, mercury_bytes = 0, call_edges = 0;
  std::string unpatchable;  ///< Why `check_patchable` refuses the image; empty where it does not.
};

/// Reads all of it. Error: offset and rule, from any part of the reader.
Result<Description> describe(const Elf&);

/// "SASS and capmerc", "SASS" for the image kinds of ABI 8; empty for others.
std::string_view kind_name(int kind);

}  // namespace assay::cubin
