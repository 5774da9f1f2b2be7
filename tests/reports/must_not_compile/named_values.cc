// Nor by naming the fields.
// expected: non-aggregate type|no matching constructor|designated
#include "reports/guardrail.h"

int main() {
  const assay::reports::SupportedClaim claim{.sentence_ = "It executes correctly."};  // forbidden
}
