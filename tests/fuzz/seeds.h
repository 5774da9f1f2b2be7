// The good images that fuzzing damages: synthetic ones, and one of each target from NVRTC and nvJitLink where they are.
#pragma once

#include <string>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/target.h"
#include "tests/fuzz/mutate.h"

namespace assay::fuzz {

/// One image, and the target that it was asked for.
struct Compiled {
  Target target;
  std::string tool;  ///< "nvJitLink" or "NVRTC".
  Image image;
};
/// One kernel from both tools for every target of CUDA 13.0 from sm_75 on. Error: a tool is not there.
Result<std::vector<Compiled>> compile_images();

struct Seeds {
  std::vector<Image> images;
  std::size_t compiled = 0;  ///< Of them from NVRTC or nvJitLink.
  std::string missing;       ///< Why none could be compiled; empty where some were.
};

Seeds make_seeds();

}  // namespace assay::fuzz
