// Profiles: what a device of a model is expected to show, as data with sources.
//
// A profile is never evidence. A report puts an observation beside what is expected and prints the difference; where
// sources contradict each other the fact says so, and an observation that agrees with any of them settles nothing more
// than which one this device agrees with. Fields and keys: docs/profiles.md. Tested by tests/reports/profiles_test.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/json.h"
#include "harness/base/result.h"

namespace assay::reports {

/// How an observation is compared with `expected`; `range` is inclusive, `present` and `unknown` expect no value.
enum class Op { eq, ne, ge, le, range, one_of, regex, present, unknown };
/// "one_of", as profiles spell it.
std::string_view word(Op);
/// `fail`: a difference fails the run. `warn`: it is printed. `info`: printed on request.
enum class Severity { fail, warn, info };
std::string_view word(Severity);
enum class Confidence { measured, documented, reported, conflicting, unknown };
std::string_view word(Confidence);

struct FactSource {
  std::string kind, ref;
  std::string driver, toolkit, note;  ///< Empty where not known.
};

/// Another published value.
struct AlsoClaimed {
  Json value;
  std::string source, note;
};

struct Fact {
  std::string key;
  Op op = Op::unknown;
  Json expected;     ///< Integer, string, boolean, or a list of them for `range` and `one_of`.
  std::string unit;  ///< Empty for counts and words.
  Severity severity = Severity::info;
  Confidence confidence = Confidence::unknown;
  std::vector<FactSource> sources;
  std::vector<AlsoClaimed> also_claimed;
};

struct Profile {
  static constexpr std::string_view kSchema = "profile/2";

  std::string id;
  std::int64_t version = 0;
  std::string as_of;               ///< "2026-11-22".
  std::string compute_capability;  ///< "9.0".
  std::string name_regex;          ///< Found anywhere in the device's name.
  std::string notice;
  std::vector<Fact> facts;

  /// The fact with this key, or null.
  const Fact* find(std::string_view key) const;
};

/// Reads one profile; `name` starts every message. Strict: an unknown field or word, a repeated key, an expected value
/// that does not fit its op, a fact without a source, or a source that the profile's table lacks is an error.
Result<Profile> parse_profile(std::string_view text, std::string_view name);
/// The profiles that are built in, by file name. They are the project's own, so an error is a fault of the build.
Result<std::vector<Profile>> builtin_profiles();
/// The profile of a device, or null.
const Profile* match_profile(std::span<const Profile>, std::string_view device_name, int major, int minor);
/// The same by the capability as records spell it: "9.0".
const Profile* match_profile(std::span<const Profile>, std::string_view device_name,
                             std::string_view compute_capability);

enum class Agreement { match, mismatch, new_fact, unknown, not_observed, conflict_resolved };
/// "match", "conflict-resolved".
std::string_view word(Agreement);

/// An observed value (null: not observed) against the profile. Units are converted where the fact is in GB/s or W and
/// the observation in B/s or mW; other units must be equal, or it is a mismatch.
Agreement compare(const Profile&, std::string_view key, const Json& observed, std::string_view unit);

}  // namespace assay::reports
