// Class, level, verdict and reason of a record: one pure function.
//
// Nobody types a label. The function below reads what happened and says what it is; the ledger stores its answer, the
// verifier computes it again and refuses a record that says otherwise. Rules are kept by version so that a bundle
// recorded today verifies next year; a version this build does not know is answered `not recomputed`, never `forged`.
// The rules in words: docs/evidence.md. Tested row by row by tests/evidence/derive_test.cc.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "harness/evidence/record.h"

namespace assay::evidence {

/// What a record amounts to.
struct Derived {
  EvidenceClass evidence_class = EvidenceClass::driver_signal;
  Level level = Level::none;
  Verdict verdict = Verdict::not_run;
  std::optional<Stage> furthest;  ///< The last stage that was ok; empty if none was.
  std::string reason;             ///< One line for a person, generated from the record.
  bool operator==(const Derived&) const = default;
};

/// The rule set that new records are labelled with.
inline constexpr std::string_view kRules = "rules/3";

/// Labels by the rule set named; nullopt for a rule set that this build does not know.
std::optional<Derived> derive(const Record&, std::string_view rules = kRules);

/// Whether `found` meets `needs`: equal, or `agrees` on an emulated device where `proven` is asked for.
bool meets(Verdict found, Verdict needs, DriverLibrary);

}  // namespace assay::evidence
