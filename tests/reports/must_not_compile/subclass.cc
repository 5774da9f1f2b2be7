// Nor by a class of one's own that passes for one.
// expected: cannot derive from 'final' base|is marked 'final'
#include "reports/guardrail.h"

namespace mine {
template <class Base>
struct Claim : Base {};
template struct Claim<assay::reports::SupportedClaim>;  // forbidden
}  // namespace mine

int main() { return 0; }
