// The words of a report that the page and the Markdown share: what is told of whom, and how claims are grouped.
// Tested by tests/reports/passages_test.cc.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "reports/report.h"

namespace assay::reports {

/// "Device", "NVIDIA H100 80GB HBM3, compute capability 9.0, ..."; a row each.
std::vector<std::pair<std::string, std::string>> identity_lines(const Report&);
/// "8 proven, 4 reported, 9 refused".
std::string verdict_line(const Report&);

/// Claims of one kind that say equally little: they share what they do not say.
struct ClaimGroup {
  ClaimKind kind = ClaimKind::method;
  std::vector<const SupportedClaim*> claims;
  std::vector<std::string> does_not_say;
};
/// What ran first, then what was measured, then what software said; within a kind in the order of the judgement, where
/// neighbours with one list share a group.
std::vector<ClaimGroup> claim_groups(const Judgement&);

/// The rows of a comparison with a profile that a reader looks at first: differences by severity, then conflicts.
std::vector<const ProfileRow*> notable_rows(const ProfileDifferences&);
/// "151 of 163 facts compared match; 3 differ, 2 agree with another published value ..."
std::string agreement_line(const ProfileDifferences&);
/// "eq 132", "one of 1, 2", "any value".
std::string expectation(const ProfileRow&);

inline constexpr std::string_view kNoClaim = "No claim is supported by this bundle.";
inline constexpr std::string_view kRefusalNote =
    "A refusal is a fact about the software that refused. What is not proven is not proven here, and nothing follows "
    "about silicon.";
inline constexpr std::string_view kMatrixNote =
    "refused: the assembler refused the text. assembles: no loader was asked. A number: the text assembles, and the "
    "driver's loader answered the image with that code. loads: the loader took it.";

}  // namespace assay::reports
