// What `assay verify` shows of a verification. Tested by tests/cli/signing_test.cc.
#pragma once

#include <string>
#include <vector>

#include "harness/cli/pae.h"
#include "harness/evidence/verify.h"

namespace assay::cli {

/// What was asked for beside the verification itself.
struct VerifyView {
  std::string folder;
  bool recomputed = false;
  bool unfit_refused = false;             ///< Somebody wants to build on it, so unfit is as bad as not intact.
  std::vector<EmittedSignature> emitted;  ///< By --emit-pae.
};

/// Whether nothing was found that such a view refuses.
bool holds(const evidence::VerifyReport&, const VerifyView&);

void print_verify_text(const evidence::VerifyReport&, const VerifyView&);
void print_verify_json(const evidence::VerifyReport&, const VerifyView&);

}  // namespace assay::cli
