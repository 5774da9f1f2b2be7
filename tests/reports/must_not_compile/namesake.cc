// A class of the same name elsewhere is no friend.
// expected: private within this context|calling a private constructor
#include "reports/guardrail.h"

namespace mine {
class Guardrail {
 public:
  static auto made() {
    return assay::reports::SupportedClaim();  // forbidden
  }
};
}  // namespace mine
