// How images are named in sentences, and how an edit is told: always, with its bytes. Tested by
// tests/reports/guardrail_test.cc.
#pragma once

#include <string>
#include <string_view>

#include "harness/evidence/record.h"

namespace assay::reports {

/// "an unmodified image built for sm_80 by NVRTC 13.0 (as-built.arithmetic.sm_80)", "a supplied PTX text of SHA-256 ...
/// (ptx.broken.opcode)"; of an edited one what it was built for, without the edit.
std::string image_words(const evidence::Record&, std::string_view assembler);
/// "an ELF arch-field rewrite of 1 byte (...)" where the SM number in the header, and nothing else, became that of
/// `target`; with other bytes beside it, or without it, "an image edit of N bytes (...)" that says whether it is among
/// them.
std::string edit_words(const evidence::ImageEdit&, std::string_view target);
/// Whether its code is the native build's, in a clause: "a loader test only, its machine code being the native
/// build's".
std::string comparison_with_native(const evidence::ImageEdit&);
/// "was loaded", "was loaded and ran", "was loaded, ran and gave the expected output".
std::string how_far(evidence::Level);

}  // namespace assay::reports
