#include "tests/fuzz/seeds.h"

#include <fmt/format.h>

#include <array>

#include "harness/cuda/assembler.h"
#include "tests/cubin/synthetic_cubin.h"
#include "tests/cubin/synthetic_fatbin.h"

namespace assay::fuzz {
namespace {

using cubin::SyntheticCubin;
using cubin::SyntheticFatbin;
using cubin::SyntheticHost;

constexpr std::array kTargets = {
    Target{75, ' '},  Target{80, ' '},  Target{86, ' '},  Target{87, ' '},  Target{88, ' '},  Target{89, ' '},
    Target{90, ' '},  Target{90, 'a'},  Target{100, ' '}, Target{100, 'a'}, Target{100, 'f'}, Target{103, ' '},
    Target{103, 'a'}, Target{103, 'f'}, Target{110, ' '}, Target{110, 'a'}, Target{110, 'f'}, Target{120, ' '},
    Target{120, 'a'}, Target{120, 'f'}, Target{121, ' '}, Target{121, 'a'}, Target{121, 'f'}};

/// Shared memory, a constant bank, a barrier and an immediate.
constexpr std::string_view kSource = R"(
__constant__ int table[16];
extern "C" __global__ void kernel(const int* in, int* out, int n) {
  __shared__ int tile[256];
  const int i = blockIdx.x * blockDim.x + threadIdx.x;
  tile[threadIdx.x] = i < n ? (in[i] ^ 0x5a5a) + table[threadIdx.x & 15] : 0;
  __syncthreads();
  if (i < n) out[i] = tile[threadIdx.x ^ 1];
}
)";

std::string ptx_for(Target target) {
  return fmt::format(R"(.version {}
.target {}
.address_size 64
.visible .entry kernel(.param .u64 in, .param .u64 out)
{{
  .reg .b64 %in, %out;
  .reg .b32 %word, %at;
  .shared .align 8 .b8 tile[64];
  ld.param.u64 %in, [in];
  ld.param.u64 %out, [out];
  ld.global.u32 %word, [%in];
  xor.b32 %word, %word, 0x5a5a;
  mov.u32 %at, tile;
  st.shared.u32 [%at], %word;
  bar.sync 0;
  ld.shared.u32 %word, [%at + 4];
  st.global.u32 [%out], %word;
  ret;
}}
)",
                     to_string(ptx_version_floor(target)), to_string(target));
}

/// A fatbin of some of the images, each packed in another way, with a PTX text and options.
Image fatbin_of(const std::vector<Image>& images, std::size_t first, std::size_t step) {
  SyntheticFatbin fatbin;
  for (std::size_t i = first, n = 0; i < images.size() && n < 4; i += step, ++n) {
    if (n % 3 == 0) fatbin.add({.flags = 0x1100011}, images[i], std::string("\x02\x09\x01\0", 4));
    if (n % 3 == 1) fatbin.add_packed({.flags = 0x2011}, cubin::packed_with_lz4(images[i]), images[i].size());
    if (n % 3 == 2) fatbin.add_packed({.flags = 0x8011}, cubin::packed_with_zstd(images[i]), images[i].size());
  }
  fatbin.add({.kind = 1, .minor = 0, .major = 9}, cubin::bytes_of(ptx_for({121, 'a'})), "-G");
  return fatbin.bytes();
}

}  // namespace

Result<std::vector<Compiled>> compile_images() {
  const auto assembler = cuda::open_ptx_assembler();
  if (!assembler) return assembler.error();
  const auto compiler = cuda::open_cuda_compiler();
  if (!compiler) return compiler.error();
  std::vector<Compiled> images;
  for (const Target target : kTargets) {
    const auto linked = (*assembler)->assemble(ptx_for(target), target);
    const auto compiled = (*compiler)->compile(kSource, "seed.cu", target);
    if (linked && linked->accepted) images.push_back({target, "nvJitLink", linked->cubin});
    if (compiled && compiled->accepted) images.push_back({target, "NVRTC", compiled->cubin});
  }
  return images;
}

Seeds make_seeds() {
  Seeds seeds;
  const Result<std::vector<Compiled>> compiled = compile_images();
  if (!compiled) seeds.missing = compiled.error().message;
  if (compiled)
    for (const Compiled& one : *compiled) seeds.images.push_back(one.image);
  seeds.compiled = seeds.images.size();
  std::vector<Image> images = seeds.images;
  for (const auto extent : {SyntheticCubin::Extent::code, SyntheticCubin::Extent::whole})
    images.push_back(SyntheticCubin(extent).bytes());
  const std::size_t cubins = images.size();
  for (std::size_t first = 0; first < std::min<std::size_t>(cubins, 8); ++first) {
    images.push_back(fatbin_of({images.begin(), images.begin() + static_cast<std::ptrdiff_t>(cubins)}, first, 7));
    images.push_back(SyntheticHost(images.back()).bytes());
  }
  seeds.images = std::move(images);
  return seeds;
}

}  // namespace assay::fuzz
