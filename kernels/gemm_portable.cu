// W4A16 GEMM for sm_80 and later: y = x W^T for more tokens than decode takes, on mma.sync.
//
// The product is turned round: weights are the A operand, dequantised in registers from fragment order, and tokens are
// n. A block owns a tile of rows by tokens and keeps a ring of stages of 64 columns under way with cp.async: of each
// unit the codes of that half and its scales, and the tokens' columns in rows of 128 swizzled bytes, from where
// ldmatrix hands them out. A warp multiplies kWarpTiles row tiles by kWarpTokens tokens; each weight that it
// dequantises serves all of these tokens, and each token that it loads all of these rows: both matter, since mma.sync
// leaves issue slots and shared-memory bandwidth scarce. movmatrix turns the outputs, so that a token's features are
// written side by side.
//
// Where tiles are too few for the device, K is split among blocks. Each leaves its sums in memory and counts itself;
// the last one adds all of them in ascending order of K, whoever it is, so the bits are the same in every run, and no
// block waits for another, so they need not be resident together. It sets the tile's counter back.
//
// Sources: PTX ISA 9.7.9.25.3 (cp.async), 9.7.14.5.8, .15 and .17 (mma, ldmatrix, movmatrix), 9.7.13.5 (membar).

namespace nvfp4 {

/// A gated pair has 2 n rows of weights.
struct GemmProblem {
  const u8* weights;
  const u16* x;
  u16* y;
  const float* bias;
  float* sums;           // With splits: a block's, a thread at a time.
  u32* arrivals;         // With splits: how many blocks of a tile have left theirs.
  float scale0, scale1;  // Tensor scales of W, or of gate and up.
  int m, n, k;
  int row_tiles;  // Of W.
};

constexpr int kHalf = 64;                  // Columns of a stage.
constexpr int kHalfUnitBytes = 512 + 128;  // Codes of half a unit, and all of its scales.
constexpr int kTokenHalfBytes = kHalf * 2;

/// kRowWarps by kTokenWarps warps.
template <int kRowWarps_, int kTokenWarps_, int kWarpTiles_, int kWarpTokens_, int kStages_>
struct GemmTile {
  static constexpr int kRowWarps = kRowWarps_, kTokenWarps = kTokenWarps_, kStages = kStages_;
  static constexpr int kWarpTiles = kWarpTiles_, kWarpTokens = kWarpTokens_;  // Of a warp.
  static constexpr int kTiles = kRowWarps * kWarpTiles, kTokens = kTokenWarps * kWarpTokens;
  static constexpr int kWarps = kRowWarps * kTokenWarps, kThreads = 32 * kWarps;
  static constexpr int kWeightBytes = kTiles * kHalfUnitBytes;
  static constexpr int kStageBytes = kWeightBytes + kTokens * kTokenHalfBytes;
  static constexpr int kEights = kWarpTokens / 8;
};

template <class Tile>
using GemmSums = float[Tile::kWarpTiles][Tile::kEights][4];

/// What a block does.
struct GemmPart {
  int first_tile, first_token;
  int begin, end;  // Halves of steps.
};

/// Tiles in an order in which those of one time share rows and tokens: eight token tiles wide.
template <class Tile>
__device__ __forceinline__ GemmPart part_of_block(const GemmProblem& p) {
  const int row_blocks = (p.row_tiles + Tile::kTiles - 1) / Tile::kTiles;
  const int token_blocks = (p.m + Tile::kTokens - 1) / Tile::kTokens;
  const int block = blockIdx.x, band = block / (8 * row_blocks), within = block % (8 * row_blocks);
  const int width = min(8, token_blocks - band * 8);
  const int halves = (p.k + kHalf - 1) / kHalf, rank = blockIdx.y, ranks = gridDim.y;
  return {within / width * Tile::kTiles, (band * 8 + within % width) * Tile::kTokens,
          static_cast<int>(static_cast<long long>(halves) * rank / ranks),
          static_cast<int>(static_cast<long long>(halves) * (rank + 1) / ranks)};
}

/// A thread's copies for each stage.
template <class Tile>
struct StageCopies {
  static constexpr int kTilesAWarp = (Tile::kTiles + Tile::kWarps - 1) / Tile::kWarps;
  static constexpr int kTokensAPass = Tile::kThreads / 8, kPasses = Tile::kTokens / kTokensAPass;
  static_assert(Tile::kTokens % kTokensAPass == 0 && Tile::kTiles % kTilesAWarp == 0);

  const u8* units[kTilesAWarp];  // Of step 0.
  const u16* x;                  // The thread's first token, column 0 of its piece.
  u64 x_pass;                    // Elements from one of its tokens to the next.
  int tokens;                    // How many of its tokens there are.
  int column, k;
  u32 weights_to, x_to;  // In a stage.

  __device__ __forceinline__ StageCopies(const GemmProblem& p, const GemmPart& part) {
    const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, steps = (p.k + kStep - 1) / kStep;
#pragma unroll
    for (int i = 0; i < kTilesAWarp; ++i) {
      // A tile past the last one is read as the last one; its rows are not written.
      const int tile = min(part.first_tile + warp * kTilesAWarp + i, p.row_tiles - 1);
      units[i] = unit_of(p.weights, tile, 0, steps) + lane * 16;
    }
    weights_to = warp * kTilesAWarp * kHalfUnitBytes + lane * 16;
    const int token = threadIdx.x / 8, piece = threadIdx.x % 8, there = p.m - part.first_token - token;
    tokens = there > 0 ? (there + kTokensAPass - 1) / kTokensAPass : 0;
    column = piece * 8, k = p.k;
    x_pass = static_cast<u64>(kTokensAPass) * p.k;
    x = p.x + (tokens > 0 ? static_cast<u64>(part.first_token + token) * p.k : 0);
    x_to = Tile::kWeightBytes + token * kTokenHalfBytes + (piece ^ token % 8) * 16;
  }

  __device__ __forceinline__ void begin(u32 stage, int half) const {
    const bool copies = Tile::kTiles >= Tile::kWarps * kTilesAWarp || threadIdx.x / 32 * kTilesAWarp < Tile::kTiles;
    const u64 unit = static_cast<u64>(half / 2) * (2 * kUnitBytes), codes = unit + half % 2 * 512;
    if (copies) {
#pragma unroll
      for (int i = 0; i < kTilesAWarp; ++i) {
        copy_streamed(stage + weights_to + i * kHalfUnitBytes, units[i] + codes);
        if (threadIdx.x % 32 < 8)
          copy_streamed(stage + weights_to + i * kHalfUnitBytes + 512, units[i] + unit + kUnitScales);
      }
    }
    const int from = half * kHalf + column;
    const u16* token = x + (from < k ? from : 0);
#pragma unroll
    for (int i = 0; i < kPasses; ++i)
      copy_or_zero(stage + x_to + i * kTokensAPass * kTokenHalfBytes, i < tokens ? token + i * x_pass : x,
                   i < tokens && from < k);
  }
};

/// A warp's weights of a stage.
template <class Tile>
struct StageWords {
  Words codes[Tile::kWarpTiles];
  u32 scales[Tile::kWarpTiles][2];  // Of rows g and g + 8.

  __device__ __forceinline__ void load(u32 units, int half, int lane) {
#pragma unroll
    for (int i = 0; i < Tile::kWarpTiles; ++i) {
      codes[i] = load_words(units + i * kHalfUnitBytes + lane * 16);
      const Words all = load_words(units + i * kHalfUnitBytes + 512 + lane / 4 * 16);
      scales[i][0] = half % 2 ? all.word[1] : all.word[0];
      scales[i][1] = half % 2 ? all.word[3] : all.word[2];
    }
  }
  /// Of block j of 16 columns, which is known when this is compiled.
  template <class Type>
  __device__ __forceinline__ Fragment fragment(int i, int j) const {
    const u32 row = scales_of_blocks<Type>(scales[i][0], j / 2), row8 = scales_of_blocks<Type>(scales[i][1], j / 2);
    return j % 2 ? weights_of<Type, 1>(codes[i].word[j], row, row8) : weights_of<Type, 0>(codes[i].word[j], row, row8);
  }
};

/// The products of a stage. `tokens` is the lane's row of x for ldmatrix, `turn` its swizzle.
template <class Type, class Tile>
__device__ __forceinline__ void multiply_stage(GemmSums<Tile>& sums, u32 units, u32 tokens, u32 turn, int half,
                                               int lane) {
  StageWords<Tile> words;
  words.load(units, half, lane);
#pragma unroll
  for (int j = 0; j < 4; ++j) {
    u32 x[Tile::kEights * 2];
#pragma unroll
    for (int e = 0; e < Tile::kEights; e += 2)
      load_matrices(x + e * 2, tokens + e * 8 * kTokenHalfBytes + (turn ^ j * 2 * 16));
#pragma unroll
    for (int i = 0; i < Tile::kWarpTiles; ++i) {
      const Fragment weights = words.template fragment<Type>(i, j);
#pragma unroll
      for (int e = 0; e < Tile::kEights; ++e) Type::mma(sums[i][e], weights, x[e * 2], x[e * 2 + 1]);
    }
  }
}

/// The products of a part.
template <class Type, class Tile>
__device__ __forceinline__ void multiply_part(const GemmProblem& p, const GemmPart& part, GemmSums<Tile>& sums) {
  extern __shared__ __align__(128) u8 memory[];
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const u32 shared = shared_address(memory);
  const StageCopies<Tile> copies(p, part);
#pragma unroll
  for (int s = 0; s < Tile::kStages - 1; ++s) {
    if (part.begin + s < part.end) copies.begin(shared + s * Tile::kStageBytes, part.begin + s);
    commit_copies();
  }
  // Matrices of ldmatrix: tokens 0-7 at the first 8 columns of a block, at the second 8, then tokens 8-15.
  const u32 units = warp % Tile::kRowWarps * (Tile::kWarpTiles * kHalfUnitBytes);
  const int token = warp / Tile::kRowWarps * Tile::kWarpTokens + lane / 16 * 8 + lane % 8;
  const u32 tokens = Tile::kWeightBytes + token * kTokenHalfBytes, turn = (lane / 8 % 2 ^ lane % 8) * 16;
  int stage = 0, free_stage = Tile::kStages - 1;
  for (int half = part.begin; half < part.end; ++half) {
    wait_for_copies<Tile::kStages - 2>();
    __syncthreads();  // All copies of this stage are there, and all warps are done with the one before.
    if (half + Tile::kStages - 1 < part.end)
      copies.begin(shared + free_stage * Tile::kStageBytes, half + Tile::kStages - 1);
    commit_copies();
    const u32 at = shared + stage * Tile::kStageBytes;
    multiply_stage<Type, Tile>(sums, at + units, at + tokens, turn, half, lane);
    free_stage = stage;
    stage = stage + 1 == Tile::kStages ? 0 : stage + 1;
  }
}

// Splits.

__device__ __forceinline__ void store_sums(float* to, const float (&v)[4]) {
  asm volatile("st.global.cg.v4.f32 [%0], {%1, %2, %3, %4};" ::"l"(to), "f"(v[0]), "f"(v[1]), "f"(v[2]), "f"(v[3])
               : "memory");
}
/// From the second-level cache, where other blocks left it.
__device__ __forceinline__ void add_sums(float (&v)[4], const float* from) {
  float a, b, c, d;
  asm volatile("ld.global.cg.v4.f32 {%0, %1, %2, %3}, [%4];"
               : "=f"(a), "=f"(b), "=f"(c), "=f"(d)
               : "l"(from)
               : "memory");
  v[0] += a, v[1] += b, v[2] += c, v[3] += d;
}

/// Whether this block is the last of its tile to come here. The flag lies in the ring, whose copies are all used up.
__device__ __forceinline__ bool comes_last(u32* arrivals) {
  extern __shared__ __align__(128) u8 memory[];
  bool& last = *reinterpret_cast<bool*>(memory);
  __threadfence();
  __syncthreads();
  if (threadIdx.x == 0) last = atomicAdd(arrivals, 1) + 1 == gridDim.y;
  __syncthreads();
  __threadfence();
  return last;
}

/// Leaves this block's sums. The last one has those of all, added in the order of the splits; the others are done.
template <class Tile>
__device__ __forceinline__ bool add_splits(const GemmProblem& p, GemmSums<Tile>& sums) {
  constexpr u64 kBlock = Tile::kTiles * 16 * Tile::kTokens, kQuads = Tile::kThreads * 4;
  u32* const arrivals = p.arrivals + blockIdx.x;
  float* const tile = p.sums + blockIdx.x * (gridDim.y * kBlock) + threadIdx.x * 4;
  float* const mine = tile + blockIdx.y * kBlock;
#pragma unroll
  for (int i = 0; i < Tile::kWarpTiles; ++i)
#pragma unroll
    for (int e = 0; e < Tile::kEights; ++e) store_sums(mine + (i * Tile::kEights + e) * kQuads, sums[i][e]);
  if (!comes_last(arrivals)) return false;
#pragma unroll
  for (int i = 0; i < Tile::kWarpTiles; ++i)
#pragma unroll
    for (int e = 0; e < Tile::kEights; ++e) {
      float total[4] = {};
      const float* from = tile + (i * Tile::kEights + e) * kQuads;
#pragma unroll 4
      for (int s = 0; s < gridDim.y; ++s, from += kBlock) add_sums(total, from);
#pragma unroll
      for (int v = 0; v < 4; ++v) sums[i][e][v] = total[v];
    }
  if (threadIdx.x == 0) *arrivals = 0;
  return true;
}

// Outputs.

/// Rows become columns, of an 8x8 matrix of 16-bit elements.
__device__ __forceinline__ u32 transposed(u32 v) {
  u32 d;
  asm volatile("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;" : "=r"(d) : "r"(v));
  return d;
}

/// Two neighbouring outputs of a token.
__device__ __forceinline__ void store_pair(const GemmProblem& p, int token, int n, u32 pair) {
  if (token >= p.m || n >= p.n) return;
  u16* const to = p.y + static_cast<u64>(token) * p.n + n;
  if (p.n % 2 == 0) {
    *reinterpret_cast<u32*>(to) = pair;
    return;
  }
  to[0] = static_cast<u16>(pair);
  if (n + 1 < p.n) to[1] = static_cast<u16>(pair >> 16);
}

template <class Type, class Tile, bool kGated, bool kBias>
__device__ __forceinline__ void write_outputs(const GemmProblem& p, const GemmPart& part, const GemmSums<Tile>& sums) {
  constexpr int kOfOutput = kGated ? 2 : 1;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32, group = lane / 4, t = lane % 4;
  const int first_row = (part.first_tile + warp % Tile::kRowWarps * Tile::kWarpTiles) / kOfOutput * 16;
  const int first_token = part.first_token + warp / Tile::kRowWarps * Tile::kWarpTokens + group;
  const float factor0 = p.scale0 * Type::kFactor, factor1 = p.scale1 * Type::kFactor;
#pragma unroll
  for (int i = 0; i < Tile::kWarpTiles; i += kOfOutput) {
    const int row = first_row + i / kOfOutput * 16;
    float bias[2] = {};
    if constexpr (kBias) {
#pragma unroll
      for (int r = 0; r < 2; ++r) bias[r] = row + r * 8 + group < p.n ? p.bias[row + r * 8 + group] : 0.0f;
    }
    u32 pairs[Tile::kEights][2];  // Of a token, its outputs row + 8 r + 2 t and the next.
    __syncwarp();
#pragma unroll
    for (int e = 0; e < Tile::kEights; ++e)
#pragma unroll
      for (int r = 0; r < 2; ++r) {
        float out[2];
#pragma unroll
        for (int c = 0; c < 2; ++c) {
          out[c] = sums[i][e][2 * r + c] * factor0;
          if constexpr (kGated) out[c] = silu(out[c]) * (sums[i + kOfOutput - 1][e][2 * r + c] * factor1);
          if constexpr (kBias) out[c] += bias[r];
        }
        pairs[e][r] = transposed(Type::pack(out[0], out[1]));
      }
#pragma unroll
    for (int e = 0; e < Tile::kEights; ++e)
#pragma unroll
      for (int r = 0; r < 2; ++r) store_pair(p, first_token + e * 8, row + r * 8 + t * 2, pairs[e][r]);
  }
}

/// The kernel: blockIdx.x is the tile, blockIdx.y the split.
template <class Type, class Tile, bool kGated, bool kBias, bool kSplit>
__device__ __forceinline__ void gemm_portable(const GemmProblem& p) {
  const GemmPart part = part_of_block<Tile>(p);
  GemmSums<Tile> sums = {};
  multiply_part<Type, Tile>(p, part, sums);
  if constexpr (kSplit)
    if (!add_splits<Tile>(p, sums)) return;
  write_outputs<Type, Tile, kGated, kBias>(p, part, sums);
}

}  // namespace nvfp4
