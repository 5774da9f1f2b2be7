// W4A16 GEMM on Hopper: y = x W^T for more tokens than decode takes, at the rate of the tensor cores.
//
// The product is turned round: weights are the A operand of wgmma, dequantised into registers, and tokens are its N,
// read from shared memory as TMA left them. So a weight is dequantised once for all tokens of a tile, 128 of them where
// there are so many, and tokens are never padded to 64 rows. Each consumer warpgroup owns 128 rows of W, two fragments
// of 64, and prepares the fragments of a block of 16 columns while the tensor cores work on the block before. A
// producer warp keeps a ring of stages full, a step of 128 columns each.
//
// Persistent: each CTA does as many whole tiles as there are full waves. The tiles that are left are too few for all
// multiprocessors, so the steps of each are shared out evenly among several CTAs. Each of those leaves its sums in the
// workspace, waits for the others, and finishes its part of the tokens: it adds the sums of all in ascending order of
// K, so the bits are the same in every run. The last one to leave sets the counters back: the workspace stays as it was
// found.
//
// Sources: PTX ISA 9.7.15 (wgmma), 9.7.9.27 (cp.async.bulk.tensor), 9.7.13.15 (mbarrier), 9.7.19.5 (setmaxnreg).

namespace nvfp4 {

struct alignas(64) TensorMap {
  u8 bytes[128];
};

/// How many CTAs have left their sums of a shared tile, and how many are done with them.
struct Meeting {
  u32 arrived, left;
};

/// Kernel arguments. A gated pair has 2 n rows of weights.
struct GemmArguments {
  const float* bias;
  float* workspace;      // Sums of one tile a CTA.
  Meeting* meetings;     // One a shared tile.
  float scale0, scale1;  // Tensor scales of W, or of gate and up.
  int m, n, k;
  int row_tiles;    // Tiles of rows of W.
  int token_tiles;  // Tiles of tokens.
  int splits;       // CTAs that share a tile of the last wave.
};

constexpr int kPairBytes = 2 * kUnitBytes;

/// Warpgroups side by side, 128 rows each; how many share K there; tokens of a tile.
template <int kRowGroups, int kKGroups, int kTokens_>
struct GemmShape {
  static constexpr int kTokens = kTokens_;
  static constexpr int kPairs = 4 * kRowGroups;
  static constexpr int kWeightBytes = kPairs * kPairBytes, kHalfBytes = kTokens * 128;
  static constexpr int kXAt = (kWeightBytes + 1023) / 1024 * 1024;
  static constexpr int kStageBytes = kXAt + 2 * kHalfBytes;
  static constexpr int kConsumers = 128 * kRowGroups * kKGroups;
  static constexpr int kEights = kTokens / 8;
  static constexpr int kTileFloats = 128 * kRowGroups * kTokens;
};

// TMA.

__device__ __forceinline__ void prefetch_map(const TensorMap& map) {
  asm volatile("prefetch.tensormap [%0];" ::"l"(&map) : "memory");
}
__device__ __forceinline__ void load_tile(u32 to, const TensorMap& map, int c0, int c1, u32 barrier) {
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3}], [%4];" ::
          "r"(to),
      "l"(&map), "r"(c0), "r"(c1), "r"(barrier)
      : "memory");
}
__device__ __forceinline__ void load_tile(u32 to, const TensorMap& map, int c0, int c1, int c2, u32 barrier) {
  asm volatile(
      "cp.async.bulk.tensor.3d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%0], [%1, {%2, %3, %4}], "
      "[%5];" ::"r"(to),
      "l"(&map), "r"(c0), "r"(c1), "r"(c2), "r"(barrier)
      : "memory");
}

// The work.

/// A CTA's part of one tile.
struct Piece {
  int row_tile, token_tile;
  int begin, end;   // Steps.
  int rank, ranks;  // Of the CTAs that share the tile; 0 of 1: nobody else.
};

/// Tiles in an order in which those of one time share rows and tokens: eight token tiles wide.
struct Work {
  int row_tiles, token_tiles, steps, splits;

  __device__ __forceinline__ int waves() const { return row_tiles * token_tiles / gridDim.x; }
  /// Whole tiles, then perhaps one part of a tile.
  __device__ __forceinline__ int pieces() const {
    const int left = row_tiles * token_tiles - waves() * gridDim.x;
    return waves() + (static_cast<int>(blockIdx.x) < left * splits);
  }
  __device__ __forceinline__ Piece piece(int index) const {
    const bool whole = index < waves();
    const int ranks = whole ? 1 : splits, rank = blockIdx.x % ranks;
    const int tile = index * gridDim.x + blockIdx.x / ranks;
    const int band = tile / (8 * row_tiles), within = tile % (8 * row_tiles), width = min(8, token_tiles - band * 8);
    return {within / width, band * 8 + within % width, steps * rank / ranks, steps * (rank + 1) / ranks, rank, ranks};
  }
};

template <class Shape>
__device__ __forceinline__ void gemm_produce(const GemmArguments& a, const TensorMap& weights, const TensorMap& x,
                                             const Work& work, u32 barriers, u32 stages_at, int stages) {
  Ring place;
  int filled = 0;
  for (int i = 0; i < work.pieces(); ++i) {
    const Piece p = work.piece(i);
    for (int s = p.begin; s < p.end; ++s, ++filled, place.advance(stages)) {
      const u32 full = barriers + 16 * place.stage, stage = stages_at + place.stage * Shape::kStageBytes;
      if (filled >= stages) wait(full + 8, place.parity ^ 1);
      arrive_expecting(full, Shape::kWeightBytes + 2 * Shape::kHalfBytes);
      load_tile(stage, weights, 0, 2 * s, p.row_tile * Shape::kPairs, full);
      load_tile(stage + Shape::kXAt, x, s * kStep, p.token_tile * Shape::kTokens, full);
      load_tile(stage + Shape::kXAt + Shape::kHalfBytes, x, s * kStep + 64, p.token_tile * Shape::kTokens, full);
    }
  }
}

template <int kTokens>
struct Sums {
  float d[2][kTokens / 2];  // Of the warp's two row tiles, as wgmma leaves them.
};

/// A warp's weights of a step, or of the half that is its warpgroup's.
template <int kKGroups>
struct StepWords {
  static constexpr int kHalves = 2 / kKGroups, kBlocks = 8 / kKGroups;
  Words codes[2][kHalves], scales[2];

  __device__ __forceinline__ void load(u32 pair, int k_group, int lane) {
#pragma unroll
    for (int t = 0; t < 2; ++t) {
      const u32 unit = pair + t * kUnitBytes;
#pragma unroll
      for (int h = 0; h < kHalves; ++h) codes[t][h] = load_words(unit + (k_group + h) * 512 + lane * 16);
      scales[t] = load_words(unit + kUnitScales + lane / 4 * 16);
      if (kKGroups == 2 && k_group == 1) scales[t].word[0] = scales[t].word[1], scales[t].word[2] = scales[t].word[3];
    }
  }
  /// Of a block, which is known when this is compiled.
  template <class Type>
  __device__ __forceinline__ void fragments(Fragment (&f)[2], int block) const {
#pragma unroll
    for (int t = 0; t < 2; ++t) {
      const u32 row = scales_of_blocks<Type>(scales[t].word[block / 4], block / 2 % 2);
      const u32 row8 = scales_of_blocks<Type>(scales[t].word[2 + block / 4], block / 2 % 2);
      const u32 word = codes[t][block / 4].word[block % 4];
      f[t] = block % 2 ? weights_of<Type, 1>(word, row, row8) : weights_of<Type, 0>(word, row, row8);
    }
  }
};

/// The products of one piece. The fragments of a block are made while the tensor cores work on the two before. Returns
/// with every stage given back.
template <class Type, class Shape, int kKGroups, int kTokens>
__device__ __forceinline__ void gemm_consume(const Piece& p, u32 barriers, u32 stages_at, int stages, Ring& place,
                                             Sums<kTokens>& sums) {
  constexpr int kBlocks = StepWords<kKGroups>::kBlocks;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, k_group = warp / Shape::kPairs;
  u32 before = 0;
  for (int s = p.begin; s < p.end; ++s, place.advance(stages)) {
    const u32 full = barriers + 16 * place.stage, stage = stages_at + place.stage * Shape::kStageBytes;
    wait(full, place.parity);
    StepWords<kKGroups> words;
    words.load(stage + warp % Shape::kPairs * kPairBytes, k_group, lane);
    const u64 x = swizzled_rows(stage + Shape::kXAt + k_group * Shape::kHalfBytes);
#pragma unroll
    for (int j = 0; j < kBlocks; ++j) {
      Fragment f[2];
      words.template fragments<Type>(f, j);
      wgmma_fence();
#pragma unroll
      for (int t = 0; t < 2; ++t)
        Wgmma<kTokens>::template multiply<Type>(sums.d[t], f[t], x + j / 4 * (Shape::kHalfBytes >> 4) + j % 4 * 2);
      wgmma_commit();
      wgmma_wait<2>();
      if (j == 1 && before != 0 && lane == 0) arrive(before);
    }
    before = full + 8;
  }
  wgmma_wait<0>();
  if (lane == 0) arrive(before);
}

__device__ __forceinline__ void consumers_meet(int threads) {
  asm volatile("bar.sync 1, %0;" ::"r"(threads) : "memory");
}

/// One thread: says that the CTA's sums are there, and waits for those of all.
__device__ __forceinline__ void meet(Meeting* meeting, u32 ranks) {
  asm volatile("red.release.gpu.global.add.u32 [%0], 1;" ::"l"(&meeting->arrived) : "memory");
  u32 arrived;
  do asm volatile("ld.acquire.gpu.global.u32 %0, [%1];" : "=r"(arrived) : "l"(&meeting->arrived) : "memory");
  while (arrived < ranks);
}
/// One thread: says that the CTA has read the others' sums. The last one makes the meeting new.
__device__ __forceinline__ void leave(Meeting* meeting, u32 ranks) {
  u32 before;
  asm volatile("atom.acq_rel.gpu.global.add.u32 %0, [%1], 1;" : "=r"(before) : "l"(&meeting->left) : "memory");
  if (before + 1 == ranks) meeting->arrived = 0, meeting->left = 0;
}

/// Where the sums of one CTA lie in its tile of the workspace: for each row tile of a warp and eight tokens, four
/// floats a thread.
template <class Shape>
__device__ __forceinline__ u64 sums_place(const float* tile, int row_tile, int eight) {
  constexpr int kThreads = Shape::kPairs * 32;
  return reinterpret_cast<u64>(tile) + ((row_tile * Shape::kEights + eight) * kThreads + threadIdx.x % kThreads) * 16;
}

struct Quad {
  float v[4];
};
__device__ __forceinline__ void leave_quad(u64 to, const float* v) {
  asm volatile("st.global.cg.v4.f32 [%0], {%1, %2, %3, %4};" ::"l"(to), "f"(v[0]), "f"(v[1]), "f"(v[2]), "f"(v[3])
               : "memory");
}
/// From the second-level cache, where others left it; zeros if not asked for.
__device__ __forceinline__ Quad load_if(bool wanted, u64 from) {
  Quad q = {{0, 0, 0, 0}};
  asm volatile(
      "{\n"
      ".reg .pred wanted;\n"
      "setp.ne.u32 wanted, %4, 0;\n"
      "@wanted ld.global.cg.v4.f32 {%0, %1, %2, %3}, [%5];\n"
      "}"
      : "+f"(q.v[0]), "+f"(q.v[1]), "+f"(q.v[2]), "+f"(q.v[3])
      : "r"(static_cast<u32>(wanted)), "l"(from)
      : "memory");
  return q;
}

/// Adds the sums of the other CTAs of a shared tile to this one's, in ascending order of K, for some eights of tokens.
/// Eight loads are under way at a time.
template <class Shape, int kTokens>
__device__ __forceinline__ void add_others(const GemmArguments& a, const Piece& p, Sums<kTokens>& sums, int begin,
                                           int end) {
  constexpr int kBatch = 2;
  for (int r = 0; r < p.ranks; ++r) {
    if (r == p.rank) continue;
    const float* const tile = a.workspace + static_cast<u64>(blockIdx.x - p.rank + r) * Shape::kTileFloats;
#pragma unroll
    for (int first = 0; first < Shape::kEights; first += kBatch) {
      Quad v[kBatch][2];
#pragma unroll
      for (int i = 0; i < kBatch; ++i)
#pragma unroll
        for (int t = 0; t < 2; ++t)
          v[i][t] = load_if(first + i >= begin && first + i < end, sums_place<Shape>(tile, t, first + i));
#pragma unroll
      for (int i = 0; i < kBatch; ++i)
#pragma unroll
        for (int t = 0; t < 2; ++t)
#pragma unroll
          for (int e = 0; e < 4; ++e) sums.d[t][(first + i) * 4 + e] += v[i][t].v[e];
    }
  }
}

/// Tokens of a warp's outputs that one store takes, and their bytes: a row of 64 swizzled bytes a token, gated 32.
constexpr int kStoreTokens = 16;
template <bool kGated>
constexpr int kStoreBytes = kStoreTokens*(kGated ? 32 : 64);

/// Eight tokens of packed outputs, transposed, into the warp's own shared memory.
template <bool kGated>
__device__ __forceinline__ void stage_tokens(u32 rows, const u32 (&packed)[kGated ? 2 : 4], int lane) {
  if constexpr (kGated)
    asm volatile("stmatrix.sync.aligned.m8n8.x2.trans.shared.b16 [%0], {%1, %2};" ::"r"(
                     rows + lane % 8 * 32 + (lane / 8 % 2 ^ lane % 8 / 4) * 16),
                 "r"(packed[0]), "r"(packed[1])
                 : "memory");
  else
    asm volatile("stmatrix.sync.aligned.m8n8.x4.trans.shared.b16 [%0], {%1, %2, %3, %4};" ::"r"(
                     rows + lane % 8 * 64 + (lane / 8 ^ lane % 8 / 2) * 16),
                 "r"(packed[0]), "r"(packed[1]), "r"(packed[2]), "r"(packed[3])
                 : "memory");
}

__device__ __forceinline__ void store_tile(const TensorMap& map, int c0, int c1, u32 from) {
  asm volatile("cp.async.bulk.tensor.2d.global.shared::cta.tile.bulk_group [%0, {%1, %2}], [%3];" ::"l"(&map), "r"(c0),
               "r"(c1), "r"(from)
               : "memory");
}
__device__ __forceinline__ void publish_to_copies() { asm volatile("fence.proxy.async.shared::cta;" ::: "memory"); }
__device__ __forceinline__ void commit_stores() { asm volatile("cp.async.bulk.commit_group;" ::: "memory"); }
/// Until what was stored has been read from shared memory.
__device__ __forceinline__ void wait_for_stores() { asm volatile("cp.async.bulk.wait_group.read 0;" ::: "memory"); }

/// Until all of it has been written.
__device__ __forceinline__ void finish_stores() { asm volatile("cp.async.bulk.wait_group 0;" ::: "memory"); }

/// Eights of tokens.
struct Share {
  int begin, end;
};
/// Those that a CTA finishes of a tile, of the ones that are its warpgroup's.
template <class Shape>
__device__ __forceinline__ Share share_of(const GemmArguments& a, const Piece& p, int first_eight, int last_eight) {
  constexpr int kUnit = kStoreTokens / 8, kUnits = Shape::kEights / kUnit;
  const int there = (a.m - p.token_tile * Shape::kTokens + 7) / 8;
  return {max(first_eight, kUnits * p.rank / p.ranks * kUnit),
          min(min(last_eight, kUnits * (p.rank + 1) / p.ranks * kUnit), there)};
}

/// A tile, or this CTA's part of its tokens, to y.
template <class Type, class Shape, bool kGated, bool kBias, int kTokens>
__device__ __forceinline__ void write_outputs(const GemmArguments& a, const TensorMap& y, const Piece& p,
                                              Sums<kTokens>& sums, u32 own, int first_eight, const Share& share) {
  const int warp = threadIdx.x / 32 % Shape::kPairs, lane = threadIdx.x % 32;
  const int output = (p.row_tile * Shape::kPairs + warp) * (kGated ? 16 : 32), first_token = p.token_tile * kTokens;
  const float factor0 = a.scale0 * Type::kFactor, factor1 = a.scale1 * Type::kFactor;
  constexpr int kEights = kTokens / 8, kUnit = kStoreTokens / 8;
  const int begin = share.begin, end = share.end;
  float bias[4] = {};
  if constexpr (kBias) {
#pragma unroll
    for (int i = 0; i < 4; ++i) {
      const int n = output + i * 8 + lane / 4;
      bias[i] = n < a.n ? a.bias[n] : 0.0f;
    }
  }
  if (p.ranks > 1) add_others<Shape>(a, p, sums, begin, end);
  if (lane == 0) wait_for_stores();
  __syncwarp();
#pragma unroll
  for (int i = 0; i < kEights; ++i) {
    if (i < begin || i >= end) continue;
    const float* const d0 = sums.d[0] + i * 4;
    const float* const d1 = sums.d[1] + i * 4;
    u32 packed[kGated ? 2 : 4];
#pragma unroll
    for (int r = 0; r < 2; ++r) {
      if constexpr (kGated) {
        packed[r] = Type::pack(silu(d0[2 * r] * factor0) * (d1[2 * r] * factor1),
                               silu(d0[2 * r + 1] * factor0) * (d1[2 * r + 1] * factor1));
      } else {
        packed[r] = Type::pack(d0[2 * r] * factor0 + bias[r], d0[2 * r + 1] * factor0 + bias[r]);
        packed[2 + r] = Type::pack(d1[2 * r] * factor0 + bias[2 + r], d1[2 * r + 1] * factor0 + bias[2 + r]);
      }
    }
    stage_tokens<kGated>(own + (i - first_eight) * (kStoreBytes<kGated> / kUnit), packed, lane);
  }
  publish_to_copies();
  __syncwarp();
  if (lane == 0) {
    for (int i = begin; i < end; i += kUnit)
      store_tile(y, output, first_token + i * 8, own + (i - first_eight) * (kStoreBytes<kGated> / kUnit));
    commit_stores();
  }
}

/// Two warpgroups that share K of the same rows: each gets the sums of one half of the tokens.
template <class Shape, int kTokens>
__device__ __forceinline__ void exchange_sums(Sums<kTokens>& sums, u32 at, int k_group) {
  constexpr int kThreads = Shape::kPairs * 32, kHalf = Shape::kEights / 2;
  const u32 mine = at + (k_group * kThreads + threadIdx.x % kThreads) * 16,
            other = at + ((1 - k_group) * kThreads + threadIdx.x % kThreads) * 16;
  consumers_meet(Shape::kConsumers);  // The sums of the piece before have been read.
#pragma unroll
  for (int t = 0; t < 2; ++t)
#pragma unroll
    for (int i = 0; i < Shape::kEights; ++i)
      if (i / kHalf != k_group)
        store_quad(mine + (t * kHalf + i % kHalf) * kThreads * 32,
                   *reinterpret_cast<const float(*)[4]>(sums.d[t] + i * 4));
  consumers_meet(Shape::kConsumers);
#pragma unroll
  for (int t = 0; t < 2; ++t)
#pragma unroll
    for (int i = 0; i < Shape::kEights; ++i)
      if (i / kHalf == k_group) {
        const Words w = load_words(other + (t * kHalf + i % kHalf) * kThreads * 32);
#pragma unroll
        for (int v = 0; v < 4; ++v) sums.d[t][i * 4 + v] += __uint_as_float(w.word[v]);
      }
}

/// What follows a piece: the tile to y, or a meeting with those who share it. The warpgroup finishes these eights.
template <class Type, class Shape, bool kGated, bool kBias, int kTokens>
__device__ __forceinline__ void gemm_finish(const GemmArguments& a, const TensorMap& y, const Piece& p,
                                            Sums<kTokens>& sums, u32 own, int first_eight, int last_eight) {
  const Share share = share_of<Shape>(a, p, first_eight, last_eight);
  Meeting* const meeting = a.meetings + blockIdx.x / p.ranks;
  if (p.ranks > 1) {
    const float* const tile = a.workspace + static_cast<u64>(blockIdx.x) * Shape::kTileFloats;
#pragma unroll
    for (int t = 0; t < 2; ++t)
#pragma unroll
      for (int i = 0; i < Shape::kEights; ++i) {
        if (i >= first_eight && i < last_eight && (i < share.begin || i >= share.end))
          leave_quad(sums_place<Shape>(tile, t, i), sums.d[t] + i * 4);
      }
    consumers_meet(Shape::kConsumers);
    if (threadIdx.x == 0) meet(meeting, p.ranks);
    consumers_meet(Shape::kConsumers);
  }
  write_outputs<Type, Shape, kGated, kBias>(a, y, p, sums, own, first_eight, share);
  if (p.ranks > 1) {
    consumers_meet(Shape::kConsumers);
    if (threadIdx.x == 0) leave(meeting, p.ranks);
  }
}

template <int kRegisters>
__device__ __forceinline__ void give_registers() {
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(kRegisters));
}
template <int kRegisters>
__device__ __forceinline__ void take_registers() {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(kRegisters));
}

/// Shared memory: barriers, the consumer warps' own, sums that warpgroups exchange, stages at multiples of 1024.
template <class Type, int kRowGroups, int kKGroups, int kTokens, int kStages, bool kGated, bool kBias>
__device__ __forceinline__ void gemm(const GemmArguments& a, const TensorMap& weights, const TensorMap& x,
                                     const TensorMap& y) {
  using Shape = GemmShape<kRowGroups, kKGroups, kTokens>;
  extern __shared__ __align__(1024) u8 memory[];
  const u32 shared = shared_address(memory);
  constexpr int kOwnAt = 1024, kOwnBytes = kTokens / kKGroups / kStoreTokens * kStoreBytes<kGated>,
                kWarps = Shape::kConsumers / 32;
  constexpr int kExchangeAt = kOwnAt + kWarps * kOwnBytes, kExchangeBytes = kKGroups == 2 ? Shape::kTileFloats * 4 : 0;
  constexpr int kStagesAt = (kExchangeAt + kExchangeBytes + 1023) / 1024 * 1024;
  const Work work = {a.row_tiles, a.token_tiles, (a.k + kStep - 1) / kStep, a.splits};
  if (threadIdx.x == Shape::kConsumers) {
    prefetch_map(weights), prefetch_map(x), prefetch_map(y);
    for (int i = 0; i < kStages; ++i) init(shared + 16 * i, 1), init(shared + 16 * i + 8, kWarps);
    publish_barriers();
  }
  __syncthreads();
  if (threadIdx.x >= Shape::kConsumers) {
    give_registers<40>();
    if (threadIdx.x == Shape::kConsumers) gemm_produce<Shape>(a, weights, x, work, shared, shared + kStagesAt, kStages);
    return;
  }
  take_registers<kRowGroups * kKGroups == 2 ? 232 : 208>();
  const int warp = threadIdx.x / 32, k_group = warp / Shape::kPairs;
  const u32 own = shared + kOwnAt + warp * kOwnBytes;
  constexpr int kShare = Shape::kEights / kKGroups;
  Ring place;
  for (int i = 0; i < work.pieces(); ++i) {
    const Piece p = work.piece(i);
    Sums<kTokens> sums = {};
    gemm_consume<Type, Shape, kKGroups>(p, shared, shared + kStagesAt, kStages, place, sums);
    if constexpr (kKGroups == 2) exchange_sums<Shape>(sums, shared + kExchangeAt, k_group);
    gemm_finish<Type, Shape, kGated, kBias>(a, y, p, sums, own, k_group * kShare, (k_group + 1) * kShare);
  }
  if (threadIdx.x % 32 == 0) finish_stores();
}

}  // namespace nvfp4
