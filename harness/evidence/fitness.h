// Why an intact bundle is not to be published from.
//
// Nothing here is a forgery: somebody recorded with a build of changed sources, or with a library in front of the
// driver's own, and says so. But a reader of the report could not repeat it, so such a bundle may be verified and read,
// and is refused as the ground of a public sentence. Each finding says what to do. Tested by
// tests/evidence/fitness_test.cc.
#pragma once

#include <string_view>
#include <vector>

#include "harness/evidence/environment.h"
#include "harness/evidence/finding.h"

namespace assay::evidence {

/// What makes a run in this environment unfit to publish from. `known_version` is this build's own: of a later one it
/// does not know what its records mean.
std::vector<Finding> unfit_to_publish(const Environment&, std::string_view known_version);

}  // namespace assay::evidence
