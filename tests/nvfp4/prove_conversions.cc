// Every float32 through our conversions and those of CUDA's headers. scripts/prove-conversions builds and runs it.
//
//   assay_prove_conversions [THREADS]     exit 0: equal; 1: one differs; 77: no headers
#include <atomic>
#include <bit>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "tests/nvfp4/toolkit.h"

namespace assay::nvfp4 {
namespace {

constexpr std::uint64_t kFloats = std::uint64_t{1} << 32, kPiece = std::uint64_t{1} << 22;

/// The least bits of which the two make different codes, of all; kFloats for none.
std::uint64_t least_difference(const ToolkitConversion& conversion, unsigned threads) {
  std::atomic<std::uint64_t> next = 0, least = kFloats;
  const auto work = [&] {
    for (std::uint64_t first = next.fetch_add(kPiece); first < kFloats; first = next.fetch_add(kPiece)) {
      const auto found = conversion.first_difference(first, first + kPiece);
      std::uint64_t before = least;
      while (found && *found < before && !least.compare_exchange_weak(before, *found)) {
      }
    }
  };
  std::vector<std::thread> pool;
  for (unsigned i = 0; i < threads; ++i) pool.emplace_back(work);
  for (std::thread& thread : pool) thread.join();
  return least;
}

bool prove(const ToolkitConversion& conversion, unsigned threads) {
  const auto begin = std::chrono::steady_clock::now();
  const std::uint64_t least = least_difference(conversion, threads);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  const std::string name(conversion.name);
  if (least == kFloats) {
    std::printf("%s: all %llu floats give the code of CUDA's header (%.0f s)\n", name.c_str(),
                static_cast<unsigned long long>(kFloats), took.count());
    return true;
  }
  const auto bits = static_cast<std::uint32_t>(least);
  const auto value = std::bit_cast<float>(bits);
  std::printf("%s: 0x%08x (%g) gives 0x%x, CUDA's header has 0x%x; the first that differs\n", name.c_str(), bits,
              static_cast<double>(value), conversion.ours(value), conversion.theirs(value));
  return false;
}

}  // namespace
}  // namespace assay::nvfp4

int main(int argc, char** argv) {
  using namespace assay::nvfp4;
  if (toolkit_conversions().empty()) {
    std::printf("SKIPPED: %s\n", std::string(why_no_toolkit()).c_str());
    return 77;
  }
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  const unsigned threads = argc > 1 ? static_cast<unsigned>(std::strtoul(argv[1], nullptr, 10)) : cores;
  bool equal = true;
  for (const ToolkitConversion& conversion : toolkit_conversions()) equal = prove(conversion, threads) && equal;
  return equal ? 0 : 1;
}
