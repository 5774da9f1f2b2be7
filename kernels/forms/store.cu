// The witness of kernels that only move or convert: that their code writes device memory with plain stores, and so is
// the code that filled the output. It speaks of no tensor core.
extern "C" __global__ void witness(const unsigned* from, unsigned* to) {
  const unsigned value = from[0];
  // @instruction
  asm volatile("st.global.u32 [%0], %1;" ::"l"(to), "r"(value) : "memory");
  // @stand-in
  // asm volatile("red.global.add.u32 [%0], %1;" ::"l"(to), "r"(value) : "memory");
  // @end
}
