// What came of a call, as one text that a test compares whole.
#pragma once

#include <string>

#include "harness/base/result.h"

namespace assay::test {

/// "accepted", or the error's message.
template <class T>
std::string message(const Result<T>& result) {
  return result ? "accepted" : result.error().message;
}

}  // namespace assay::test
