// What a stand-in driver saw, for the tests to compare with what they asked for. The tests fetch it by dlsym.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

struct StandInSeen {
  int launches = 0;
  std::array<unsigned, 3> grid{}, block{}, cluster{};
  bool has_cluster = false;
  unsigned dynamic_shared = 0;
  std::uint64_t first_parameter = 0;
  std::array<std::byte, 128> second_parameter{};
  bool parameters_aligned = false;
  int shared_opt_in = 0;
  int non_portable = 0;
  int jit_options = 0;
  bool image_ends_in_zero = false;
  int streams = 0, contexts = 0, events = 0, copies = 0;
  unsigned stream_flags = 99;
  int fills = 0;
  bool capturing = false;  ///< Between the beginning and the end of a capture.
  unsigned capture_mode = 99;
  int captured = 0;  ///< Launches and copies while capturing.
  int graphs = 0, executables = 0, graph_launches = 0;
  bool refuse_instantiation = false;
  std::uint64_t map_first_dimension = 0, map_first_stride = 0;
  unsigned map_rank = 0, map_type = 0, map_swizzle = 0, map_step = 0;
};

extern "C" StandInSeen* stand_in_seen();
