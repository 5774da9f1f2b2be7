// A bundle's signatures as files that stock openssl checks, so that nobody has to take this program's word for them.
// Tested by tests/cli/signing_test.cc.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/evidence/trust.h"

namespace assay::cli {

/// One signature as written out.
struct EmittedSignature {
  std::string keyid;
  std::string command;  ///< The line by which openssl checks it.
};

/// Writes pae.bin, sig.bin and pub.pem of each signature whose key is known (from the trust file, or run.pub.pem) into
/// OUT/KEYID12. Error: the bundle holds no readable signature, or a file cannot be written.
Result<std::vector<EmittedSignature>> emit_pae(const std::filesystem::path& bundle, const evidence::TrustFile& trust,
                                               const std::filesystem::path& out);

}  // namespace assay::cli
