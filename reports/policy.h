// A policy: what a change needs before it may land, as data.
//
// Each line names one gate, kernel, claim or limit, the device that it is about, and what suffices. It is judged
// against one verified bundle (requirements.h). Nothing in a policy can make a bundle say more than it holds: a line
// may ask for less than proof (`assembles`, `agrees@gb10`), and then it says so wherever it is printed. Fields in
// words: docs/check.md; schema: docs/schema/policy.schema.json. Tested by tests/reports/policy_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/evidence/environment.h"
#include "reports/profiles.h"

namespace assay::reports {

/// What a line is about.
enum class Subject { gate, kernel, claim, limit };
/// What meets a line. `supported`: the guardrail lets the claim be published; of claims only.
enum class Suffices { proven, reported, loads, assembles, agrees, supported };

std::string_view word(Subject);

/// The devices that a line is about; both empty: any.
struct DeviceFilter {
  std::string compute_capability;  ///< "9.0"
  std::string name_regex;          ///< Found anywhere in the device's name.

  bool empty() const { return compute_capability.empty() && name_regex.empty(); }
  bool matches(const evidence::Environment::Device&) const;
};

struct Requirement {
  std::string id;  ///< By which waivers name it; "gate tma.load@sm_90a" unless the policy gives one.
  Subject subject = Subject::gate;
  std::string name;    ///< Id of the gate, kernel or claim; key of the measurement.
  std::string target;  ///< "sm_90a"; empty: the device's own, or none for a device question.
  DeviceFilter device;
  Suffices suffices = Suffices::proven;
  std::string profile;                   ///< Of `agrees`: whose emulated run is enough.
  std::optional<std::int64_t> min, max;  ///< Of a limit; at least one of them.
  std::string unit;                      ///< Of a limit, as recorded; empty for counts.
  std::string why;                       ///< The author's reason; may be empty.
};

struct Policy {
  static constexpr std::string_view kSchema = "policy/1";

  std::string name;
  std::vector<Requirement> requirements;
};

/// What suffices, as a table prints it: "proven", "agrees@gb10", ">= 232448 B".
std::string asked(const Requirement&);

/// Reads a policy; `file` starts every message. Strict: an unknown field or word, two lines of one id, a line that
/// names nothing or two things, a limit without a bound, `agrees` of an unknown profile, or no line at all is an error.
Result<Policy> parse_policy(std::string_view text, std::string_view file, std::span<const Profile> profiles);

}  // namespace assay::reports
