// The good images that fuzzing damages: synthetic ones, and one of each target from NVRTC and nvJitLink where they are.
#pragma once

#include <string>
#include <vector>

#include "tests/fuzz/mutate.h"

namespace assay::fuzz {

struct Seeds {
  std::vector<Image> images;
  std::size_t compiled = 0;  ///< Of them from NVRTC or nvJitLink.
  std::string missing;       ///< Why none could be compiled; empty where some were.
};

Seeds make_seeds();

}  // namespace assay::fuzz
