// A supported claim says what the guardrail made it say.
// expected: discards qualifiers|no viable overloaded '='
#include "reports/guardrail.h"

void improve(assay::reports::SupportedClaim& claim) {
  static_cast<void>(claim);
  claim.sentence() = "It executes correctly.";  // forbidden
}
