// What a comment tells the linter: a claim, the edges of a list of claims, the edges of a quotation.
// Tested by tests/lint/markers_test.cc.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "reports/lint/document.h"

namespace assay::lint {

struct Marker {
  enum class Kind { claim, claims_begin, claims_end, quote_begin, quote_end };
  Kind kind = Kind::claim;
  std::string id;                ///< Of a claim.
  std::vector<std::string> ids;  ///< Of claims_begin: which to write; may be empty.
  std::string bundle;            ///< Digest of the manifest, or its first 12 or more digits.
  std::string reason, until;     ///< Of quote_begin.
  std::size_t begin = 0, end = 0;
};

/// Nothing for a comment that is none of ours. Error: one that is, and is malformed; the message is a clause.
Result<std::optional<Marker>> read_marker(const Comment&);

/// "2027-01-31": a day that the calendar has, in that spelling.
bool is_date(const std::string&);

}  // namespace assay::lint
