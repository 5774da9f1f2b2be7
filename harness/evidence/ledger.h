// The ledger: gates.jsonl, one line a record, each line holding the digest of the line before.
//
// A line is on disk before the next gate starts, so a machine that hangs or loses power leaves every finished record.
// The first line is chained to the challenge; the last says how many records there are. A chain alone does not notice a
// cut tail: that last line, and the manifest, do. A run that was stopped ends with a line that says so and is never
// sealed. Ancestry: git's and Certificate Transparency's hash chains, reduced to one file. Tested by
// tests/evidence/ledger_test.cc, which cuts a ledger at every byte.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/file_system.h"
#include "harness/base/result.h"
#include "harness/evidence/derive.h"
#include "harness/evidence/finding.h"
#include "harness/evidence/record.h"

namespace assay::evidence {

inline constexpr std::string_view kLedgerFile = "gates.jsonl";

class Ledger {
 public:
  /// `head_sha256` is the digest of challenge.json.
  static Result<Ledger> create(const std::filesystem::path& file, std::string head_sha256);

  Status append(const Record&, const Derived&);
  /// The last line of a whole run.
  Status done();
  /// The last line of a run that a signal ended.
  Status interrupted(int signal);

 private:
  Ledger(AppendFile file, std::string previous) : file_(std::move(file)), previous_(std::move(previous)) {}
  Status write(Json line, Durable durable = Durable::now);

  AppendFile file_;
  std::string previous_;
  std::int64_t count_ = 0;
};

/// A line as it stands in the file; its label is the writer's and not yet checked.
struct LedgerLine {
  Record record;
  Derived derived;
  std::string rules;      ///< The rule set by which it was labelled.
  std::string_view text;  ///< The line itself, a part of the text that was read.
};

/// What a ledger ends with. `cut`: with neither a done nor an interrupted line, so its writer was killed.
enum class LedgerEnd { done, interrupted, cut };

struct LedgerReading {
  std::vector<LedgerLine> lines;  ///< Up to the first fault.
  LedgerEnd end = LedgerEnd::cut;
  int signal = 0;                ///< With `interrupted`.
  std::optional<Finding> fault;  ///< The first broken line; what comes after it is not read.
};

/// Reads and checks syntax, schema, chain and count in one pass.
LedgerReading read_ledger(std::string_view text, std::string_view head_sha256);

}  // namespace assay::evidence
