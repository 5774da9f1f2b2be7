// What the codes of a run show, and what they do not: each ending of its records once, with the gates that met it.
//
// Two endings are one entry if a reader could not tell them apart. The texts come from the table of errors.h. Tested by
// tests/reports/legend_test.cc.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "harness/base/json_fwd.h"
#include "harness/evidence/verify.h"
#include "reports/errors.h"

namespace assay::reports {

struct LegendEntry {
  Occurrence occurrence;
  Explanation explanation;
  std::vector<std::string> gates;  ///< In the order of the records.
};

/// In the order in which they were met first.
std::vector<LegendEntry> legend(std::span<const evidence::VerifiedRecord>, const ErrorTable&);
/// "209 CUDA_ERROR_NO_BINARY_FOR_GPU at load", "child-signal 11 SIGSEGV at load", "assembler-refusal at assemble".
std::string title(const LegendEntry&);
Json to_json(const LegendEntry&);

}  // namespace assay::reports
