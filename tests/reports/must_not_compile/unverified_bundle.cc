// A report that nobody verified is no verified bundle.
// expected: private within this context|calling a private constructor
#include "harness/evidence/verified_bundle.h"

int main() {
  assay::evidence::VerifyReport report;
  const assay::evidence::VerifiedBundle bundle(report);  // forbidden
}
