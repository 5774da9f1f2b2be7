// A bundle beside the profile of its device: what was observed, what was expected, and how they compare.
//
// A pure function of the records. A profile is never evidence, and a fact whose sources contradict each other fails
// nothing. Facts come in the profile's order, then what was observed and the profile is silent about. Tested by
// tests/reports/profile_differences_test.cc.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "harness/base/json.h"
#include "harness/evidence/verify.h"
#include "reports/profiles.h"

namespace assay::reports {

/// One key.
struct ProfileRow {
  std::string key;
  Op op = Op::unknown;
  Json expected;     ///< Null: nothing is expected.
  std::string unit;  ///< Of `expected`.
  Json observed;     ///< Null: not observed.
  std::string observed_unit;
  Agreement agreement = Agreement::not_observed;
  Severity severity = Severity::info;
  Confidence confidence = Confidence::unknown;
  std::vector<FactSource> sources;
  std::string record;  ///< Id of the record that it was observed in; empty if not observed.
};

struct ProfileDifferences {
  std::string profile;  ///< "h100"
  std::int64_t version = 0;
  std::string as_of, notice;
  std::vector<ProfileRow> rows;

  /// Rows that came out so.
  std::size_t count(Agreement) const;
  /// Rows that were compared with an expectation: match, mismatch, conflict resolved.
  std::size_t compared() const;
  /// The first mismatch of this severity, or null.
  const ProfileRow* first_mismatch(Severity) const;
};

/// The device of the bundle against its profile; nullopt if there was no device, or none of the profiles is of it.
std::optional<ProfileDifferences> profile_differences(std::span<const Profile>, const evidence::VerifyReport&);

}  // namespace assay::reports
