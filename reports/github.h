// A check as GitHub Actions reads it: annotations, a step summary, and outputs for later steps.
//
// Everything here passes through a channel in which text can be a command, so every text is escaped for its place, and
// what a person reads on standard output beside the annotations is fenced (`stop-commands`), since names and messages
// come from drivers. Annotations are few (GitHub keeps 10 of a kind a step), so there is one a family. Tested by
// tests/reports/github_test.cc.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "reports/check.h"

namespace assay::reports {

/// Workflow commands, a line each: an error a family with failed, unproven or environment rows, a warning a family with
/// waived ones, a notice for each note.
std::string github_annotations(const CheckReport&);

/// The text with no line of it read as a command; `token` must not occur in it.
std::string github_fenced(std::string_view text, std::string_view token);

/// GitHub keeps 1 MiB of summary a step and drops all of a larger one.
inline constexpr std::size_t kSummaryLimit = 1u << 20;
/// Markdown of at most `room` bytes: what is not met in full, then what is met, cut between rows with a notice.
std::string github_summary(const CheckReport&, std::size_t room = kSummaryLimit);

/// name=value lines: result, level, bundle_sha256, refused_claims, and how many rows of each outcome.
std::string github_outputs(const CheckReport&);

}  // namespace assay::reports
