// Nor a sentence that somebody typed.
// expected: invalid initialization of reference|no matching function|could not convert
#include "reports/guardrail.h"

std::string render(const assay::reports::SupportedClaim&);

int main() {
  render("On an NVIDIA GB10, everything executes correctly.");  // forbidden
}
