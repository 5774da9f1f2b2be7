// Nobody makes a supported claim out of nothing.
// expected: private within this context|calling a private constructor
#include "reports/guardrail.h"

int main() {
  assay::reports::SupportedClaim claim;  // forbidden
}
