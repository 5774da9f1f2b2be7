// Units of work on several threads, with one error, always the same one. Tested by tests/artifact/parallel_test.cc.
#pragma once

#include <cstddef>
#include <functional>

#include "harness/base/result.h"

namespace assay::artifact {

/// Calls work(0) .. work(count - 1), each once, on `threads` threads. After an error no further unit is begun; the one
/// returned is that of the first unit that failed, for any number of threads: those before it were begun and ended
/// well.
Status for_each_unit(std::size_t count, unsigned threads, const std::function<Status(std::size_t)>& work);

}  // namespace assay::artifact
