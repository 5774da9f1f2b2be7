// Reading bytes and nothing else: the floor of every kernel that must read them, with the launch and the ramp that no
// kernel escapes. Loads of 16 bytes, several of them in flight in each thread, past the first-level cache. What is read
// is folded into a word that is stored under a condition that never holds (`mask` is 0), so that nothing can be left
// out.

struct Words {
  unsigned a, b, c, d;
};

__device__ Words load(const char* from) {
  Words w;
  asm volatile("ld.global.nc.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];"
               : "=r"(w.a), "=r"(w.b), "=r"(w.c), "=r"(w.d)
               : "l"(from));
  return w;
}

template <int kLoads>
__device__ void plain_read(const char* from, unsigned long long words, unsigned mask, unsigned* sink) {
  const unsigned long long first = 1ull * blockIdx.x * blockDim.x * kLoads + threadIdx.x;
  Words read[kLoads] = {};
#pragma unroll
  for (int i = 0; i < kLoads; ++i) {
    const unsigned long long word = first + static_cast<unsigned long long>(i) * blockDim.x;
    if (word < words) read[i] = load(from + 16 * word);
  }
  unsigned folded = 0;
#pragma unroll
  for (int i = 0; i < kLoads; ++i) folded ^= read[i].a ^ read[i].b ^ read[i].c ^ read[i].d;
  if ((folded & mask) != 0) *sink = folded;
}

extern "C" __global__ void assay_plain_read_2(const char* from, unsigned long long words, unsigned mask,
                                              unsigned* sink) {
  plain_read<2>(from, words, mask, sink);
}
extern "C" __global__ void assay_plain_read_4(const char* from, unsigned long long words, unsigned mask,
                                              unsigned* sink) {
  plain_read<4>(from, words, mask, sink);
}
