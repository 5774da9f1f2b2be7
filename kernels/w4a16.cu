// What the W4A16 kernels share: waiting on mbarriers, asynchronous copies, and weights from fragment order.
//
// Layout and arithmetic of the weights: kernels/fragment_order.h. A word of eight codes becomes the four registers of
// an A fragment by shifts and masks; the block scale is multiplied in as a pair of 16-bit floats, which is exact, so
// that one FP32 factor is left for the epilogue. Sources: PTX ISA 9.7.13.15 (mbarrier), 9.7.9.25.3
// (cp.async), 9.7.14.5.8 (mma fragments). Tested on a device by every `assay run`.

namespace nvfp4 {

using u8 = unsigned char;
using u16 = unsigned short;
using u32 = unsigned;
using u64 = unsigned long long;

constexpr int kStep = 128;         // Columns of a unit of 16 rows.
constexpr int kUnitBytes = 1152;   // 1024 of codes, 128 of scales.
constexpr int kUnitScales = 1024;  // Where the scales begin.

__device__ __forceinline__ u32 shared_address(const void* p) { return static_cast<u32>(__cvta_generic_to_shared(p)); }

// mbarriers.

__device__ __forceinline__ void init(u32 barrier, u32 arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(barrier), "r"(arrivals) : "memory");
}
__device__ __forceinline__ void publish_barriers() {
  asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}
__device__ __forceinline__ void arrive(u32 barrier) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(barrier) : "memory");
}
__device__ __forceinline__ void arrive_expecting(u32 barrier, u32 bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(barrier), "r"(bytes) : "memory");
}
__device__ __forceinline__ void wait(u32 barrier, u32 parity) {
  asm volatile(
      "{\n"
      ".reg .pred done;\n"
      "again:\n"
      "mbarrier.try_wait.parity.shared::cta.b64 done, [%0], %1;\n"
      "@!done bra again;\n"
      "}" ::"r"(barrier),
      "r"(parity)
      : "memory");
}

/// A place in a ring of `stages`, and the parity of its round.
struct Ring {
  int stage = 0;
  u32 parity = 0;
  __device__ __forceinline__ void advance(int stages) {
    if (++stage == stages) stage = 0, parity ^= 1;
  }
};

// Copies of 16 bytes a lane, asynchronous.

/// Of weights: each byte is needed once.
__device__ __forceinline__ void copy_streamed(u32 to, const void* from) {
  asm volatile("cp.async.cg.shared.global.L2::128B [%0], [%1], 16;" ::"r"(to), "l"(from) : "memory");
}
/// Copies 16 bytes, or zeros where there are none.
__device__ __forceinline__ void copy_or_zero(u32 to, const void* from, bool there) {
  asm volatile("cp.async.ca.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(there ? 16 : 0) : "memory");
}

__device__ __forceinline__ void commit_copies() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int kLeft>
__device__ __forceinline__ void wait_for_copies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kLeft) : "memory");
}

/// Four 8x8 matrices of 16-bit elements; lane i gives the address of row i % 8 of matrix i / 8.
__device__ __forceinline__ void load_matrices(u32* d, u32 row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3])
               : "r"(row));
}

// Clusters.

__device__ __forceinline__ u32 cluster_rank() {
  u32 r;
  asm("mov.u32 %0, %%cluster_ctarank;" : "=r"(r));
  return r;
}
__device__ __forceinline__ void cluster_barrier() {
  asm volatile(
      "barrier.cluster.arrive.release.aligned;\n"
      "barrier.cluster.wait.acquire.aligned;" ::
          : "memory");
}

/// Sums of one lane: rows g and g + 8, tokens 2 t and 2 t + 1, as an mma leaves them.
__device__ __forceinline__ void store_quad(u32 to, const float (&v)[4]) {
  asm volatile("st.shared.v4.f32 [%0], {%1, %2, %3, %4};" ::"r"(to), "f"(v[0]), "f"(v[1]), "f"(v[2]), "f"(v[3])
               : "memory");
}

// Weights.

struct Words {
  u32 word[4];
};

__device__ __forceinline__ Words load_words(u32 address) {
  Words w;
  asm volatile("ld.shared.v4.u32 {%0, %1, %2, %3}, [%4];"
               : "=r"(w.word[0]), "=r"(w.word[1]), "=r"(w.word[2]), "=r"(w.word[3])
               : "r"(address));
  return w;
}

struct Fragment {
  u32 a[4];
};

/// BF16: codes come as code * 2^-126, scales as scale * 2^107.
struct Bf16 {
  static constexpr bool kBf16 = true;
  static constexpr float kFactor = 0x1p19f;

  __device__ static __forceinline__ u32 scale_pair(u32 byte) { return byte * 0x00100010u + 0x70007000u; }
  __device__ static __forceinline__ Fragment codes(u32 q) {
    constexpr u32 k = 0x81C081C0u;
    return {{q & k, (q << 3) & k, (q << 6) & k,
             ((q << 1) & 0x80008000u) | ((q >> 5) & 0x01000100u) | ((q >> 4) & 0x00C000C0u)}};
  }
  __device__ static __forceinline__ u32 multiply(u32 a, u32 b) {
    u32 d;
    asm("fma.rn.bf16x2 %0, %1, %2, %3;" : "=r"(d) : "r"(a), "r"(b), "r"(0x80008000u));
    return d;
  }
  __device__ static __forceinline__ void mma(float (&d)[4], const Fragment& a, u32 b0, u32 b1) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a.a[0]), "r"(a.a[1]), "r"(a.a[2]), "r"(a.a[3]), "r"(b0), "r"(b1));
  }
  /// Two floats, the first in the low half.
  __device__ static __forceinline__ u32 pack(float low, float high) {
    u32 d;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(d) : "f"(high), "f"(low));
    return d;
  }
};

/// FP16: codes come as code * 2^-14, scales as scale * 2^7.
struct F16 {
  static constexpr bool kBf16 = false;
  static constexpr float kFactor = 0x1p7f;

  __device__ static __forceinline__ u32 scale_pair(u32 byte) { return byte * 0x00800080u + 0x30003000u; }
  __device__ static __forceinline__ Fragment codes(u32 q) {
    constexpr u32 s = 0x80008000u, m = 0x0E000E00u;
    return {{(q & s) | ((q << 3) & m), ((q << 3) & s) | ((q << 6) & m), ((q << 6) & s) | ((q << 9) & m),
             ((q << 1) & s) | ((q >> 2) & 0x08000800u) | ((q >> 1) & 0x06000600u)}};
  }
  __device__ static __forceinline__ u32 multiply(u32 a, u32 b) {
    u32 d;
    asm("mul.rn.f16x2 %0, %1, %2;" : "=r"(d) : "r"(a), "r"(b));
    return d;
  }
  __device__ static __forceinline__ void mma(float (&d)[4], const Fragment& a, u32 b0, u32 b1) {
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a.a[0]), "r"(a.a[1]), "r"(a.a[2]), "r"(a.a[3]), "r"(b0), "r"(b1));
  }
  __device__ static __forceinline__ u32 pack(float low, float high) {
    u32 d;
    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(d) : "f"(high), "f"(low));
    return d;
  }
};

/// Where a unit lies; `steps` are those of a row.
__device__ __forceinline__ const u8* unit_of(const u8* weights, int tile, int step, int steps) {
  return weights + (static_cast<u64>(tile / 2) * steps + step) * (2 * kUnitBytes) + tile % 2 * kUnitBytes;
}

/// Of a word of scale bytes, those of blocks 2 * pair and 2 * pair + 1, in the low and the high half.
template <class Type>
__device__ __forceinline__ u32 scales_of_blocks(u32 word, int pair) {
  const u32 unit = (Type::scale_pair(1) - Type::scale_pair(0)) & 0xFFFF;
  return __byte_perm(word, 0, pair ? 0x4342 : 0x4140) * unit + Type::scale_pair(0);
}

/// One half twice; part of the multiplication that uses it.
template <int kHalf>
__device__ __forceinline__ u32 both(u32 v) {
  u32 d;
  if constexpr (kHalf)
    asm("{\n.reg .b16 l, h;\nmov.b32 {l, h}, %1;\nmov.b32 %0, {h, h};\n}" : "=r"(d) : "r"(v));
  else
    asm("{\n.reg .b16 l, h;\nmov.b32 {l, h}, %1;\nmov.b32 %0, {l, l};\n}" : "=r"(d) : "r"(v));
  return d;
}

/// The A fragment of a word, its scales in half kOdd of `row` and `row8`.
template <class Type, int kOdd>
__device__ __forceinline__ Fragment weights_of(u32 word, u32 row, u32 row8) {
  Fragment f = Type::codes(word);
  f.a[0] = Type::multiply(f.a[0], both<kOdd>(row));
  f.a[1] = Type::multiply(f.a[1], both<kOdd>(row8));
  f.a[2] = Type::multiply(f.a[2], both<kOdd>(row));
  f.a[3] = Type::multiply(f.a[3], both<kOdd>(row8));
  return f;
}

// Epilogue.

__device__ __forceinline__ float silu(float v) { return v / (1.0f + __expf(-v)); }

template <class Type>
__device__ __forceinline__ u16 round_to(float v) {
  return static_cast<u16>(Type::pack(v, 0.0f));
}

}  // namespace nvfp4
