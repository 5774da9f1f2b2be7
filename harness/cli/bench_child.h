// The children that measure: what each of them opens, how it is asked, and how it ended.
// Tested by tests/cli/bench_kernels_test.cc and tests/cli/run_layers_test.cc.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/child.h"
#include "harness/base/result.h"
#include "harness/cuda/assembler.h"
#include "harness/cuda/driver.h"
#include "harness/cuda/nvml.h"
#include "kernels/bench/bind.h"
#include "kernels/kernel.h"

namespace assay::cli {

/// The device and the tools of one request.
struct OpenBench {
  cuda::DeviceFacts facts;
  std::unique_ptr<cuda::Device> device;
  std::unique_ptr<cuda::Nvml> nvml;  ///< Null where NVML does not answer.
  std::unique_ptr<cuda::CudaCompiler> compiler;

  Target target() const { return facts.own_target(); }
  kernels::DeviceLimits limits() const;
};

/// `cache`: folder of the compile cache; empty: none.
Result<OpenBench> open_bench(const std::string& driver, const std::string& device, const std::string& cache);

/// The image of what was accepted; else the first line of the refusal.
Result<std::vector<std::byte>> accepted(Result<cuda::Assembly>, std::string_view name);
/// Compiles for the device, which must outlive it.
kernels::bench::Compile compile_for(const OpenBench&);

/// A request on standard input, whole and at most a megabyte; what is longer is left for the parser to refuse.
inline constexpr std::size_t kLongestBenchRequest = 1u << 20;
std::string read_bench_request();
/// A line of standard output that the parent sees at once.
void print_line(std::string_view line);

/// One line.
std::string how_it_ended(const ChildResult&);

}  // namespace assay::cli
