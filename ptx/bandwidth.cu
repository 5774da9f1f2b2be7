// Fills and reads a buffer as fast as the memory allows, in a form whose result the host knows without reading it.
//
// The buffer is tiles of 32 KiB. 64-bit word i holds factor * i + offset (mod 2^64), so the sum over any run of words
// has a closed form. A block reads every gridDim.x-th tile: 512 threads with four 16-byte loads each under way, which
// keeps far more bytes in flight than latency times bandwidth asks for. sums[block] is stored, not added, so every
// launch of a timed series writes the same answer and any of them can be checked. Launched and checked by
// probes/device_state.cc. Compiled for the device at run time, without headers.

struct alignas(16) Pair {
  unsigned long long low, high;
};

constexpr unsigned kThreads = 512, kLoads = 4, kTilePairs = kThreads * kLoads;

extern "C" __global__ __launch_bounds__(kThreads) void bandwidth_fill(Pair* to, unsigned tiles,
                                                                      unsigned long long factor,
                                                                      unsigned long long offset) {
  for (unsigned tile = blockIdx.x; tile < tiles; tile += gridDim.x)
    for (unsigned i = threadIdx.x; i < kTilePairs; i += kThreads) {
      const unsigned long long pair = static_cast<unsigned long long>(tile) * kTilePairs + i;
      const unsigned long long low = factor * (2 * pair) + offset;
      to[pair] = Pair{low, low + factor};
    }
}

__device__ unsigned long long warp_sum(unsigned long long value) {
  for (int lane = 16; lane > 0; lane /= 2) value += __shfl_xor_sync(0xffffffffu, value, lane);
  return value;
}

extern "C" __global__ __launch_bounds__(kThreads) void bandwidth_read(const Pair* __restrict__ from, unsigned tiles,
                                                                      unsigned long long* sums) {
  unsigned long long sum = 0;
  for (unsigned tile = blockIdx.x; tile < tiles; tile += gridDim.x) {
    const Pair* mine = from + static_cast<unsigned long long>(tile) * kTilePairs + threadIdx.x;
    Pair pairs[kLoads];
#pragma unroll
    for (unsigned i = 0; i < kLoads; ++i) pairs[i] = mine[i * kThreads];
#pragma unroll
    for (unsigned i = 0; i < kLoads; ++i) sum += pairs[i].low + pairs[i].high;
  }
  __shared__ unsigned long long warps[kThreads / 32];
  sum = warp_sum(sum);
  if (threadIdx.x % 32 == 0) warps[threadIdx.x / 32] = sum;
  __syncthreads();
  if (threadIdx.x < 32) {
    sum = warp_sum(threadIdx.x < kThreads / 32 ? warps[threadIdx.x] : 0);
    if (threadIdx.x == 0) sums[blockIdx.x] = sum;
  }
}
