// The witness of kernels whose product is mma.sync.m16n8k16, with BF16 or FP16 operands alike: both are one opcode.
extern "C" __global__ void witness(const unsigned* a, const unsigned* b, float* d) {
  const unsigned a0 = a[0], a1 = a[1], a2 = a[2], a3 = a[3], b0 = b[0], b1 = b[1];
  float d0 = d[0], d1 = d[1], d2 = d[2], d3 = d[3];
  // @instruction
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3},{%4,%5,%6,%7},{%8,%9},{%0,%1,%2,%3};"
               : "+f"(d0), "+f"(d1), "+f"(d2), "+f"(d3)
               : "r"(a0), "r"(a1), "r"(a2), "r"(a3), "r"(b0), "r"(b1));
  // @stand-in
  // d0 += __uint_as_float(a0 ^ b0), d1 += __uint_as_float(a1 ^ b1);
  // d2 += __uint_as_float(a2), d3 += __uint_as_float(a3);
  // @end
  d[0] = d0, d[1] = d1, d[2] = d2, d[3] = d3;
}
