// The witness of kernels whose product is wgmma with A in registers. With A in shared memory it is another opcode.
extern "C" __global__ void witness(const unsigned* a, unsigned long long b, float* d) {
  const unsigned a0 = a[0], a1 = a[1], a2 = a[2], a3 = a[3];
  float d0 = d[0], d1 = d[1], d2 = d[2], d3 = d[3];
  // @instruction
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
  asm volatile("wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {%0,%1,%2,%3},{%4,%5,%6,%7},%8,1,1,1,0;"
               : "+f"(d0), "+f"(d1), "+f"(d2), "+f"(d3)
               : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "l"(b));
  asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
  asm volatile("wgmma.wait_group.sync.aligned 0;" ::: "memory");
  // @stand-in
  // d0 += __uint_as_float(a0), d1 += __uint_as_float(a1);
  // d2 += __uint_as_float(a2), d3 += __uint_as_float(a3 ^ unsigned(b));
  // @end
  d[0] = d0, d[1] = d1, d[2] = d2, d[3] = d3;
}
