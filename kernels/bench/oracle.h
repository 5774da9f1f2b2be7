// Who says whether an output is right. Nothing is timed without one.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "harness/base/result.h"

namespace assay::kernels::bench {

struct Opinion {
  std::string complaint;                 ///< Empty: the output is right.
  double relative_error = 0, worst = 0;  ///< kernels/bench/judge.h; 0 where bytes are compared.
};

class Oracle {
 public:
  virtual ~Oracle() = default;
  /// Error: the oracle itself failed.
  virtual Result<Opinion> judge(std::span<const std::byte> output) = 0;
};

}  // namespace assay::kernels::bench
