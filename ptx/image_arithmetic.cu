// The plain kernel of edited images. From sm_100 to sm_121 its machine code is the same for every target, so an edited
// image of it that runs is a test of the loader alone. The constant is in the code as one 32-bit word: a tracer changes
// it in one copy of the code and the answer tells which copy ran. See probes/cubin_arch_patch.h.

extern "C" __global__ void arithmetic(const unsigned* source, unsigned* destination, unsigned count) {
  const unsigned index = blockIdx.x * blockDim.x + threadIdx.x;
  if (index < count) destination[index] = (source[index] ^ 0x5ac3967eu) + 3 * index;
}
