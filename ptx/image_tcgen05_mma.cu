// Tensor memory allocated, a matrix product issued into it, and the memory freed: for a loader to judge, never
// launched. See probes/cubin_arch_patch.h.

extern "C" __global__ void tcgen05_mma(unsigned long long a, unsigned long long b, unsigned instruction) {
  __shared__ unsigned address;
  const unsigned at = static_cast<unsigned>(__cvta_generic_to_shared(&address));
  asm volatile("tcgen05.alloc.cta_group::1.sync.aligned.shared::cta.b32 [%0], 64;" ::"r"(at) : "memory");
  __syncwarp();
  const unsigned found = *static_cast<volatile unsigned*>(&address);
  if (threadIdx.x == 0)
    asm volatile(
        "{\n\t"
        ".reg .pred accumulate;\n\t"
        "setp.ne.u32 accumulate, 0, 0;\n\t"
        "tcgen05.mma.cta_group::1.kind::f16 [%0], %1, %2, %3, accumulate;\n\t"
        "}" ::"r"(found),
        "l"(a), "l"(b), "r"(instruction)
        : "memory");
  asm volatile("tcgen05.relinquish_alloc_permit.cta_group::1.sync.aligned;" ::: "memory");
  asm volatile("tcgen05.dealloc.cta_group::1.sync.aligned.b32 %0, 64;" ::"r"(found) : "memory");
}
