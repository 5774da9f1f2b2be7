// What the stand-in cuBLAS saw.
#pragma once

#include <cstddef>

struct BlasSeen {
  int contexts = 0;
  void* stream = nullptr;
  void* workspace = nullptr;
  std::size_t workspace_bytes = 0;
  int math_mode = -1;
  bool refuse = false;
};

extern "C" BlasSeen* blas_seen();
