// The guardrail judges verified bundles and nothing else.
// expected: cannot convert|no viable conversion|no matching|invalid initialization
#include "reports/guardrail.h"

int main() {
  const assay::reports::Guardrail guardrail({});
  const assay::evidence::VerifyReport report;
  const auto judgement = guardrail.judge(report);  // forbidden
}
