// Base64 (RFC 4648), read so strictly that every text has one meaning and every meaning two texts: one in each
// alphabet.
//
// OpenSSL's decoder drops white space, ignores the last unused bits and knows no URL-safe alphabet, so bytes of an
// envelope could be changed without a change of what they say. Tested by tests/evidence/base64_test.cc.
#pragma once

#include <string>
#include <string_view>

#include "harness/base/result.h"

namespace assay::evidence {

/// The standard alphabet, padded.
std::string base64(std::string_view bytes);

/// Standard or URL-safe alphabet, padded. Error: a letter of neither, both alphabets in one text, missing or
/// misplaced padding, unused bits that are not zero.
Result<std::string> unbase64(std::string_view text);

}  // namespace assay::evidence
