// One warp's FP8 matrix product: of the plain instructions the one whose machine code differs between sm_100 and
// sm_120, so an image of it is not the native one under another name. See probes/cubin_arch_patch.h.

extern "C" __global__ void e4m3(const unsigned* source, float* destination) {
  const unsigned lane = threadIdx.x;
  float d[4] = {0, 0, 0, 0};
  asm volatile(
      "mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(source[lane]), "r"(source[lane + 32]), "r"(source[lane + 64]), "r"(source[lane + 96]),
        "r"(source[lane + 128]), "r"(source[lane + 160]));
  for (unsigned i = 0; i < 4; ++i) destination[4 * lane + i] = d[i];
}
