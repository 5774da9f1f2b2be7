// Tensor memory allocated and freed by one warp. Its image asks the driver for entry code and reserved shared memory,
// so what a loader says to it may be about those. See probes/cubin_arch_patch.h.

extern "C" __global__ void tcgen05_alloc(const unsigned* source, unsigned* destination) {
  __shared__ unsigned address;
  const unsigned at = static_cast<unsigned>(__cvta_generic_to_shared(&address));
  if (threadIdx.x == 0) address = 0xffffffffu;
  __syncwarp();
  asm volatile("tcgen05.alloc.cta_group::1.sync.aligned.shared::cta.b32 [%0], 32;" ::"r"(at) : "memory");
  __syncwarp();
  const unsigned found = *static_cast<volatile unsigned*>(&address);
  asm volatile("tcgen05.relinquish_alloc_permit.cta_group::1.sync.aligned;" ::: "memory");
  asm volatile("tcgen05.dealloc.cta_group::1.sync.aligned.b32 %0, 32;" ::"r"(found) : "memory");
  const bool in_range = (found >> 16) == 0 && (found & 0xffff) <= 480;
  destination[threadIdx.x] = source[threadIdx.x] ^ (in_range ? 0x5ac3967eu : found);
}
