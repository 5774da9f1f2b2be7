// Tensors for the tests of block.h and rows.h: random ones, and ones with every hard case planted.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace assay::nvfp4 {

struct Sample {
  std::string name;
  std::vector<float> weights;  ///< Whole blocks of finite values.
};

/// N(0, 1) rounded to bf16.
std::vector<float> gaussian(std::uint32_t seed, std::size_t count);

/// Tensors of bf16 values: of several distributions; zero blocks and a zero tensor; negative zeros; an outlier; blocks
/// so small that their scale underflows; largest and least bf16; every tie of E2M1 and of E4M3.
std::vector<Sample> bf16_samples();

/// Tensors of float32 values: bits drawn over all finite exponents, or within a few of them. The same on every machine:
/// no library's distribution has a part in them.
std::vector<Sample> f32_samples();

}  // namespace assay::nvfp4
