// What environment.json cannot say beside the records of its own run.
//
// The environment is written by the program that recorded, so a forger's environment is as well formed as another. But
// the same driver and the same device stand in the records too: which library answered each of them, and what the
// driver said of the device when it was asked. An environment that says otherwise is refused, and so is one in which a
// field that an honest run always fills says nothing. What an honest run may well lack is let be: a driver, a device,
// the name of a distribution. Tested by tests/evidence/environment_rules_test.cc.
#pragma once

#include <span>
#include <vector>

#include "harness/evidence/environment.h"
#include "harness/evidence/finding.h"
#include "harness/evidence/verify.h"

namespace assay::evidence {

/// Fields that say nothing: blank, "unknown", all zero, no multiprocessor of a device that is there.
std::vector<Finding> meaningless_fields(const Environment&);

/// Driver and device against what the records have of them: library, API version, capability, name, multiprocessors,
/// memory, and the target of native code that was launched.
std::vector<Finding> against_environment(const Environment&, std::span<const VerifiedRecord>);

/// Gates that were asked for other targets than the device's own, and not for that one: a run that opened a device asks
/// for its own target first, so that record was left out.
std::vector<Finding> left_out_at_home(const Environment&, std::span<const VerifiedRecord>);

/// Named attempts that a run on this device has, of gates of which it has any, and that this one lacks.
std::vector<Finding> left_out_variants(const Environment&, std::span<const VerifiedRecord>, const Variants&);

}  // namespace assay::evidence
