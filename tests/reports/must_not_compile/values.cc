// Nor out of an id and a sentence that somebody typed.
// expected: no matching function for call|no matching constructor
#include "reports/guardrail.h"

int main() {
  const assay::reports::SupportedClaim claim{"executes.tma.load", assay::reports::ClaimKind::capability};  // forbidden
}
