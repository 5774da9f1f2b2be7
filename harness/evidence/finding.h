// One thing that is wrong with a bundle.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace assay::evidence {

struct Finding {
  std::string_view rule;  ///< Stable id of the rule: "chain", "closed-world"; the list is in docs/evidence.md.
  std::string where;      ///< File and line, or file and offset.
  std::string message;    ///< One line.
  bool operator==(const Finding&) const = default;
};

/// "gates.jsonl:3: field 'level': unknown word 'E9'", as a person reads it.
inline std::string to_string(const Finding& finding) { return finding.where + ": " + finding.message; }

/// A reader's error as a finding: readers start their messages with the place, which may be more exact ("x.json:3:1
/// (offset 20)") and which a finding holds by itself.
inline Finding finding_at(std::string_view rule, std::string where, std::string message) {
  if (message.starts_with(where + ":")) {
    const std::size_t end = message.find(": ", where.size());
    if (end != message.npos) {
      where = message.substr(0, end);
      message.erase(0, end + 2);
    }
  }
  return {rule, std::move(where), std::move(message)};
}

}  // namespace assay::evidence
