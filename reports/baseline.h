// Two verified bundles of one device model, compared: what was gained, what was lost, what became faster or slower.
//
// Only equal scopes are compared (device model, compute capability, kind of driver); a difference of driver, toolchain
// or tool is allowed and named, since it is what a comparison is usually made for. A speed is compared by the ratio of
// the medians, and only where the ratio leaves the noise band does it count; within the band it is AMBIGUOUS, which is
// neither a pass nor a failure. The band is three median absolute deviations of either side, and never less than 2 %.
// All of it is integer arithmetic. In words: docs/check.md. Tested by tests/reports/baseline_test.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/json_fwd.h"
#include "harness/evidence/verify.h"
#include "reports/check.h"
#include "reports/guardrail.h"

namespace assay::reports {

/// `lost`: it held before (proven, reported or agrees) and does not now. `gained`: the reverse. `changed`: another
/// verdict or another code of an answer. `gone`: no record of it any more. `unasked`: this run was asked for others.
enum class Change { same, gained, lost, changed, added, gone, unasked, faster, slower, ambiguous };
std::string_view word(Change);

struct Difference {
  std::string subject;  ///< "tma.load@sm_90a", "cubin.arch_patch[edit.magic]@sm_90a", "device.limits.max_blocks".
  Change change = Change::same;
  std::string before, after;  ///< "proven"; "refused 209"; "3133439043750 B/s".
  std::string note;           ///< The reason now, or how a ratio was found; may be empty.
  bool wrong_now = false;     ///< Now a mismatch, a fault, a hang or a failed control.
};

/// One thing that two environments say otherwise.
struct EnvironmentDifference {
  std::string what;  ///< "driver", "nvJitLink", "device"
  std::string before, after;
  bool makes_stale = false;  ///< A claim does not outlive it: device, driver, toolchain.
};

struct Comparison {
  std::string not_compared;   ///< Why the scopes differ; empty if they are equal. Then only `environment` is filled.
  bool other_device = false;  ///< They differ because both runs had a device, and another one.
  std::vector<EnvironmentDifference> environment;
  std::vector<Difference> gates, performance, measurements;  ///< All of them, also what is the same.
  std::vector<std::string> claims_gained, claims_lost;
};

/// One side of a comparison.
struct Compared {
  const evidence::VerifyReport& bundle;
  const Judgement& claims;
};
Comparison compare(const Compared& before, const Compared& after);

std::vector<EnvironmentDifference> compare(const evidence::Environment& before, const evidence::Environment& after);

/// The speed of one launch against another's: faster, slower, or ambiguous, with the ratio and the band in the note.
Difference compare(const evidence::Performance& before, const evidence::Performance& after);

/// What a comparison means for a build: failed rows for what was lost, is gone, is slower or went wrong; met for the
/// rest. Scopes that differ are one row: it does not apply to another device, and is unproven where a device or its
/// driver is missing, so that a machine that lost its GPU passes nothing by it.
std::vector<CheckRow> rows_of(const Comparison&);

/// Failed rows for each difference that makes the claims of a bundle stale; one met row if there is none.
std::vector<CheckRow> stale_rows(std::span<const EnvironmentDifference>, std::size_t claims);

/// bundle-diff/1.
Json to_json(const Comparison&);

}  // namespace assay::reports
