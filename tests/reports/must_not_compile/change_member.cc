// And nobody reaches behind it.
// expected: is private within this context|is a private member
#include "reports/guardrail.h"

void improve(assay::reports::SupportedClaim& claim) {
  static_cast<void>(claim);
  claim.level_ = assay::evidence::Level::e5;  // forbidden
}
