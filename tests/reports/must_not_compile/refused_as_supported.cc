// A renderer that takes supported claims cannot be handed a refused one.
// expected: invalid initialization of reference|no matching function|could not convert
#include "reports/guardrail.h"

std::string render(const assay::reports::SupportedClaim&);

std::string render_all(const assay::reports::Judgement& judgement) {
  static_cast<void>(judgement);
  return render(judgement.refused.front());  // forbidden
  return "";
}
