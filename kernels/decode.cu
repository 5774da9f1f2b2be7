// W4A16 decode: y = x W^T for up to 32 tokens, at the speed at which weights arrive.
//
// Every warp streams for itself. It owns one or two row tiles and each k_warps-th step of 128 columns, keeps the next
// steps under way with cp.async into slots of its own, and multiplies the oldest: a word of codes becomes an A fragment
// of mma.sync, tokens are n. Warps that share the columns of their steps (a team: row_warps of them, side by side)
// share the x of the step too, which lies in the slot beside their weights; they meet once a step in a barrier of their
// own. A team of one warp needs none. So nothing waits for the CTA until the end, and bytes keep coming while others
// multiply.
//
// Three things decide the speed besides the bytes of W under way. x is read once a team and step, 2 m bytes a column
// against 9 a tile, out of L2: the more tokens, the more rows a team must have. The integer pipe turns codes into
// fragments at about half the time in which they arrive, so that what is not overlapped shows: hence small work a warp
// and many warps. And all that comes before the first copy counts in full: hence a CTA of two dimensions, and no
// division.
//
// K is shared by the teams of a CTA and, where a CTA would have too few rows for its x, by the CTAs of a cluster. Sums
// stay in registers; at the end each warp leaves them in the shared memory of the CTA that finishes those rows, and
// after the only barrier of all warps they are added in a fixed order, so the bits are the same in every run.
//
// Sources: PTX ISA 9.7.9.25.3 (cp.async), 9.7.14.5.8 and .15 (mma, ldmatrix), 9.7.13.1 and .4 (bar, barrier.cluster).

namespace nvfp4 {

/// Kernel arguments. A gated pair has 2 n rows of weights. A CTA has 32 * row_warps by k_warps threads, at most 15
/// teams of more than one warp.
struct DecodeArguments {
  const u8* weights;
  const u16* x;
  u16* y;
  const float* bias;
  float scale0, scale1;  // Tensor scales of W, or of gate and up.
  int m, n, k;
  int row_tiles;  // Of W, even.
  int row_warps;  // Of a team.
  int k_warps;    // Teams of a CTA.
};

constexpr int kTokenStride = kStep * 2 + 16;  // x of a step in a slot; 16 bytes more, so that ldmatrix meets all banks.

/// A slot: the units of a step of all row tiles of a team, then its x, a row a token. Slots begin at multiples of 128,
/// since a copy of a line to two rows of banks takes twice as long.
__host__ __device__ constexpr int decode_slot_bytes(int row_tiles, int m) {
  return row_tiles * kUnitBytes + (m * kTokenStride + 127) / 128 * 128;
}

/// Shared memory of a CTA: `slots` slots of each team, then sums, 512 bytes a fragment.
__host__ __device__ constexpr int decode_shared_bytes(int row_tiles, int k_warps, int slots, int m, int token_tiles,
                                                      int ranks) {
  const int fragments = (row_tiles * token_tiles + 2 * ranks - 1) / (2 * ranks) * (2 * ranks);
  return k_warps * (slots * decode_slot_bytes(row_tiles, m) + fragments * 512);
}

/// store_quad, to the same place in the shared memory of a CTA of the cluster.
__device__ __forceinline__ void store_quad_at(u32 to, u32 rank, const float (&v)[4]) {
  asm volatile(
      "{\n"
      ".reg .u32 there;\n"
      "mapa.shared::cluster.u32 there, %0, %1;\n"
      "st.shared::cluster.v4.f32 [there], {%2, %3, %4, %5};\n"
      "}" ::"r"(to),
      "r"(rank), "f"(v[0]), "f"(v[1]), "f"(v[2]), "f"(v[3])
      : "memory");
}
/// Says that this CTA runs; nobody writes to the shared memory of one that may not.
__device__ __forceinline__ void cluster_started() {
  asm volatile("barrier.cluster.arrive.relaxed.aligned;" ::: "memory");
}
__device__ __forceinline__ void wait_for_cluster() {
  asm volatile("barrier.cluster.wait.acquire.aligned;" ::: "memory");
}

__device__ __forceinline__ void team_barrier(int team, int threads) {
  if (threads == 32)
    __syncwarp();
  else
    asm volatile("bar.sync %0, %1;" ::"r"(team + 1), "r"(threads) : "memory");
}

/// A lane's part in copying a step: pieces of 16 bytes of its warp's units, and of x for the team.
template <int kTiles>
struct StepCopies {
  const u8* weights;  // Of the next step.
  const u8* x;        // Row of the first token.
  u64 x_pass;         // Bytes from one of its tokens to the next.
  int column, k;      // Of the next step's piece of x.
  int token, tokens_a_pass, m;
  u32 weights_at, x_at;  // In a slot.

  __device__ __forceinline__ void begin(u32 slot, u32 weights_stride, int columns_stride, int lane) {
    constexpr int kWhole = kTiles * kUnitBytes / 512, kRest = kTiles * kUnitBytes % 512 / 16;
    const u32 to = slot + weights_at;
#pragma unroll
    for (int i = 0; i < kWhole; ++i) copy_streamed(to + i * 512, weights + i * 512);
    if (lane < kRest) copy_streamed(to + kWhole * 512, weights + kWhole * 512);
    weights += weights_stride;

    const bool there = column < k;
    const u8* from = x + (there ? column * 2 : 0);
    u32 to_x = slot + x_at;
    for (int t = token; t < m; t += tokens_a_pass, from += x_pass, to_x += tokens_a_pass * kTokenStride)
      copy_or_zero(to_x, from, there);
    column += columns_stride;
  }
};

/// Where ldmatrix finds a token of the tile that begins at `first`, from the first row of x. Nobody looks at the column
/// of a token that is not there, so it is whatever lies in banks that no other row of the tile meets, before the tile's
/// first row.
__device__ __forceinline__ int token_place(int first, int row, int m) {
  const int missing = first + row - max(m, first + 1);
  return missing < 0 ? min(first + row, m - 1) * kTokenStride : min(first, m - 1) * kTokenStride - (missing + 1) * 16;
}

/// One step of a warp: its units at `units`, each lane's rows of x at `token_row`. What lies past K is zero in both.
template <class Type, int kTiles, int kTokenTiles>
__device__ __forceinline__ void decode_step(float (&sums)[kTiles][kTokenTiles][4], u32 units,
                                            const u32 (&token_row)[kTokenTiles], int lane) {
  Words scales[kTiles];
#pragma unroll
  for (int i = 0; i < kTiles; ++i) scales[i] = load_words(units + i * kUnitBytes + kUnitScales + lane / 4 * 16);
#pragma unroll
  for (int half = 0; half < 2; ++half) {
    Words words[kTiles];
#pragma unroll
    for (int i = 0; i < kTiles; ++i) words[i] = load_words(units + i * kUnitBytes + half * 512 + lane * 16);
    u32 tokens[kTokenTiles][8];
#pragma unroll
    for (int t = 0; t < kTokenTiles; ++t) {
      load_matrices(tokens[t], token_row[t] + half * 128);
      load_matrices(tokens[t] + 4, token_row[t] + half * 128 + 64);
    }
#pragma unroll
    for (int pair = 0; pair < 2; ++pair)
#pragma unroll
      for (int i = 0; i < kTiles; ++i) {
        const u32 row = scales_of_blocks<Type>(scales[i].word[half], pair);
        const u32 row8 = scales_of_blocks<Type>(scales[i].word[2 + half], pair);
        const Fragment even = weights_of<Type, 0>(words[i].word[pair * 2], row, row8);
        const Fragment odd = weights_of<Type, 1>(words[i].word[pair * 2 + 1], row, row8);
#pragma unroll
        for (int t = 0; t < kTokenTiles; ++t) {
          Type::mma(sums[i][t], even, tokens[t][pair * 4], tokens[t][pair * 4 + 1]);
          Type::mma(sums[i][t], odd, tokens[t][pair * 4 + 2], tokens[t][pair * 4 + 3]);
        }
      }
  }
}

/// Where the sums of a cluster meet. A block is the fragment of one output tile and token tile (of gate and up, two
/// fragments); CTA `block % kRanks` finishes it and has, of each team of each CTA, its fragments.
template <int kTokenTiles, int kRanks, bool kGated>
struct Sums {
  static constexpr int kOfBlock = kGated ? 2 : 1;
  u32 at;
  int blocks;

  __device__ __forceinline__ u32 source_bytes() const { return (blocks + kRanks - 1) / kRanks * kOfBlock * 512; }
  __device__ __forceinline__ u32 place(int source, int block, int fragment, int lane) const {
    return at + source * source_bytes() + (block / kRanks * kOfBlock + fragment) * 512 + lane * 16;
  }

  /// Leaves a fragment of row tile `tile` of the CTA where it will be added.
  __device__ __forceinline__ void leave(int source, int tile, int token_tile, int lane, const float (&v)[4]) const {
    const int block = tile / kOfBlock * kTokenTiles + token_tile;
    const u32 to = place(source, block, tile % kOfBlock, lane);
    if constexpr (kRanks == 1)
      store_quad(to, v);
    else
      store_quad_at(to, block % kRanks, v);
  }

  /// The sum of all sources, in their order.
  __device__ __forceinline__ void add_up(float (&v)[4], int sources, int block, int fragment, int lane) const {
    u32 from = place(0, block, fragment, lane);
#pragma unroll 4
    for (int s = 0; s < sources; ++s, from += source_bytes()) {
      const Words w = load_words(from);
#pragma unroll
      for (int e = 0; e < 4; ++e) v[e] += __uint_as_float(w.word[e]);
    }
  }
};

/// The blocks of this CTA, one a warp at a time: sums, scales, silu, bias, y.
template <class Type, int kTokenTiles, int kRanks, bool kGated, bool kBias>
__device__ __forceinline__ void decode_finish(const DecodeArguments& a, const Sums<kTokenTiles, kRanks, kGated>& sums,
                                              int first_tile, int rank, int warp, int lane) {
  constexpr int kOfBlock = kGated ? 2 : 1;
  for (int block = warp * kRanks + rank; block < sums.blocks; block += a.row_warps * a.k_warps * kRanks) {
    const int first_token = block % kTokenTiles * 8 + lane % 4 * 2;
    const int row = (first_tile / kOfBlock + block / kTokenTiles) * 16 + lane / 4;
    if (first_token >= a.m) continue;
    float v[kOfBlock][4] = {};
#pragma unroll
    for (int i = 0; i < kOfBlock; ++i) sums.add_up(v[i], a.k_warps * kRanks, block, i, lane);
#pragma unroll
    for (int e = 0; e < 4; ++e) {
      const int token = first_token + e % 2, n = row + e / 2 * 8;
      if (token >= a.m || n >= a.n) continue;
      float out = v[0][e] * (a.scale0 * Type::kFactor);
      if constexpr (kGated) out = silu(out) * (v[1][e] * (a.scale1 * Type::kFactor));
      if constexpr (kBias) out += a.bias[n];
      a.y[static_cast<u64>(token) * a.n + n] = round_to<Type>(out);
    }
  }
}

/// The kernel. kTiles: row tiles of a warp; kSlots: slots of a team, one of them being read; kRanks: CTAs of a cluster.
template <class Type, int kTiles, int kTokenTiles, int kSlots, int kRanks, bool kGated, bool kBias>
__device__ __forceinline__ void decode(const DecodeArguments& a) {
  extern __shared__ __align__(128) u8 memory[];
  const int lane = threadIdx.x % 32, row_warp = threadIdx.x / 32, team = threadIdx.y, team_threads = blockDim.x;
  int rank = 0;
  if constexpr (kRanks > 1) {
    rank = cluster_rank();
    cluster_started();
  }
  const int steps = (a.k + kStep - 1) / kStep, end = steps * (rank + 1) / kRanks;
  int step = steps * rank / kRanks + team;
  const int first_tile = blockIdx.x / kRanks * a.row_warps * kTiles;
  const int tile = min(first_tile + row_warp * kTiles, a.row_tiles - kTiles);  // Past the last one, a tile to ignore.

  const u32 x_at = a.row_warps * kTiles * kUnitBytes, slot_bytes = decode_slot_bytes(a.row_warps * kTiles, a.m);
  const u32 shared = shared_address(memory), ring = shared + team * kSlots * slot_bytes,
            ring_end = ring + kSlots * slot_bytes;
  const int token = threadIdx.x / 16, piece = threadIdx.x % 16;
  StepCopies<kTiles> copies = {unit_of(a.weights, tile, step, steps) + lane * 16,
                               reinterpret_cast<const u8*>(a.x + static_cast<u64>(token) * a.k),
                               static_cast<u64>(team_threads / 16) * a.k * 2,
                               step * kStep + piece * 8,
                               a.k,
                               token,
                               team_threads / 16,
                               a.m,
                               static_cast<u32>(row_warp * kTiles * kUnitBytes + lane * 16),
                               x_at + token * kTokenStride + piece * 16};
  const u32 weights_stride = a.k_warps * 2 * kUnitBytes;
  const int columns_stride = a.k_warps * kStep;
#pragma unroll
  for (int i = 0; i < kSlots - 1; ++i) {
    if (step + i * a.k_warps < end) copies.begin(ring + i * slot_bytes, weights_stride, columns_stride, lane);
    commit_copies();
  }

  float sums[kTiles][kTokenTiles][4] = {};
  u32 token_row[kTokenTiles];
#pragma unroll
  for (int t = 0; t < kTokenTiles; ++t) token_row[t] = x_at + token_place(t * 8, lane % 8, a.m) + lane / 8 * 16;
  u32 slot = ring, free_slot = ring_end - slot_bytes;
  for (; step < end; step += a.k_warps) {
    wait_for_copies<kSlots - 2>();
    team_barrier(team, team_threads);
    if (step + (kSlots - 1) * a.k_warps < end) copies.begin(free_slot, weights_stride, columns_stride, lane);
    commit_copies();
    u32 rows[kTokenTiles];
#pragma unroll
    for (int t = 0; t < kTokenTiles; ++t) rows[t] = slot + token_row[t];
    decode_step<Type, kTiles, kTokenTiles>(sums, slot + row_warp * kTiles * kUnitBytes, rows, lane);
    free_slot = slot;
    slot += slot_bytes;
    if (slot == ring_end) slot = ring;
  }

  using Meeting = Sums<kTokenTiles, kRanks, kGated>;
  const Meeting meeting = {shared + a.k_warps * kSlots * slot_bytes,
                           a.row_warps * kTiles / Meeting::kOfBlock * kTokenTiles};
  if constexpr (kRanks > 1) wait_for_cluster();
#pragma unroll
  for (int i = 0; i < kTiles; ++i)
#pragma unroll
    for (int t = 0; t < kTokenTiles; ++t)
      meeting.leave(rank * a.k_warps + team, row_warp * kTiles + i, t, lane, sums[i][t]);
  if constexpr (kRanks == 1)
    __syncthreads();
  else
    cluster_barrier();
  decode_finish<Type, kTokenTiles, kRanks, kGated, kBias>(a, meeting, first_tile, rank, team * a.row_warps + row_warp,
                                                          lane);
}

}  // namespace nvfp4
