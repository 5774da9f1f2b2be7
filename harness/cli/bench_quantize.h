// How fast weights become NVFP4 on this machine's CPU, beside a plain copy of the same bytes and beside a peer.
//
// All of it in one run, on the same BF16 tensors in memory, on the same number of threads, taking turns, so that a busy
// machine slows all of them: an absolute rate says little, a ratio says what it costs. The peer is the Python package
// compressed-tensors on CPU, if the interpreter that is named has it; it quantises as rtn does.
// Nothing here decides anything; speed is in no test. Tested by tests/cli/bench_test.cc for what it prints.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/base/json_fwd.h"
#include "harness/base/result.h"

namespace assay::cli {

struct BenchQuantizeOptions {
  std::int64_t outputs = 4096, inputs = 4096;
  unsigned threads = 1, runs = 7;
  std::string peer;  ///< A Python interpreter; empty: no peer.
};

/// Seconds of each run of one contestant, sorted.
struct Timing {
  std::string name;
  std::vector<double> seconds;

  double median() const { return seconds[seconds.size() / 2]; }
};

struct BenchQuantize {
  BenchQuantizeOptions options;
  std::string peer_version;     ///< "compressed-tensors 0.20.0, torch 2.9.1"; empty without a peer.
  std::vector<Timing> timings;  ///< copy, rtn, 4o6, sweep, and the peer.
};

/// Error: the peer could not be run or does not have the package.
Result<BenchQuantize> bench_quantize(const BenchQuantizeOptions&);

/// bench-quantize/1.
Json to_json(const BenchQuantize&);
std::string to_text(const BenchQuantize&, bool colour);

}  // namespace assay::cli
