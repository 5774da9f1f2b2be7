#include "harness/cli/bench_child.h"

#include <cstdio>
#include <iostream>

#include <fmt/format.h>

#include "harness/base/json.h"
#include "kernels/run_kernel.h"

namespace assay::cli {
namespace {

std::string last_line(std::string_view log) {
  while (log.ends_with('\n')) log.remove_suffix(1);
  const std::size_t line = log.rfind('\n');
  return clean_utf8(line == std::string_view::npos ? log : log.substr(line + 1));
}

}  // namespace

kernels::DeviceLimits OpenBench::limits() const { return kernels::limits_of(facts, target()); }

Result<OpenBench> open_bench(const std::string& driver_name, const std::string& device_name, const std::string& cache) {
  Result<cuda::DriverChoice> choice = cuda::DriverChoice{};
  if (!driver_name.empty()) choice = cuda::parse_driver_choice(driver_name);
  if (!choice) return choice.error();
  const Result<cuda::Driver> driver = cuda::Driver::open(*choice);
  if (!driver) return driver.error();
  const Result<int> ordinal = driver->find_device(device_name);
  if (!ordinal) return ordinal.error();
  Result<cuda::DeviceFacts> facts = driver->facts(*ordinal);
  if (!facts) return facts.error();
  Result<std::unique_ptr<cuda::Device>> device = driver->open_device(*ordinal);
  if (!device) return device.error();
  Result<std::unique_ptr<cuda::CudaCompiler>> compiler = cuda::open_cuda_compiler();
  if (!compiler) return compiler.error();
  OpenBench opened{.facts = *std::move(facts), .device = *std::move(device), .nvml = nullptr, .compiler = nullptr};
  opened.compiler = cache.empty() ? *std::move(compiler) : cuda::with_cache(*std::move(compiler), cache);
  if (auto nvml = cuda::open_nvml(opened.facts.pci_bus_id)) opened.nvml = *std::move(nvml);
  return opened;
}

Result<std::vector<std::byte>> accepted(Result<cuda::Assembly> assembly, std::string_view name) {
  if (!assembly) return assembly.error();
  if (assembly->accepted) return std::move(assembly->cubin);
  return Error{.message = fmt::format("{}: {}", name, assembly->log.substr(0, assembly->log.find('\n'))),
               .log = assembly->log};
}

kernels::bench::Compile compile_for(const OpenBench& bench) {
  return [&bench](std::string_view source, std::string_view name) {
    return accepted(bench.compiler->compile(source, name, bench.target()), name);
  };
}

std::string read_bench_request() {
  std::string input(kLongestBenchRequest + 1, '\0');
  std::cin.read(input.data(), static_cast<std::streamsize>(input.size()));
  input.resize(static_cast<std::size_t>(std::cin.gcount()));
  return input;
}

void print_line(std::string_view line) {
  fmt::print("{}\n", line);
  std::fflush(stdout);
}

std::string how_it_ended(const ChildResult& child) {
  if (child.timed_out) return "hung: the limit passed and its process was ended";
  if (child.signal != 0) return fmt::format("its process ended by {}", child.signal_name);
  const std::string said = last_line(child.log);
  return said.empty() ? fmt::format("its process ended with {}", child.exit_code) : said;
}

}  // namespace assay::cli
