#include "probes/device_memory.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "probes/device_limit_search.h"
#include "probes/device_measurements.h"

namespace assay::probes {
namespace {

constexpr std::uint64_t kGranularity = 2u << 20;  // the driver maps device memory in pages of 2 MiB
constexpr std::int64_t kOutOfMemory = 2;          // CUDA_ERROR_OUT_OF_MEMORY
constexpr int kQuestions = 20;                    // a working allocation of tens of gigabytes costs milliseconds

std::string differs(std::int64_t mine, std::int64_t other, std::string_view whose) {
  return mine == other ? "" : fmt::format("differs: {} says {} B", whose, other);
}

void report_driver(const gate::QuestionContext& context, const Result<cuda::MemoryInfo>& info) {
  const auto total = static_cast<std::int64_t>(context.facts.total_bytes);
  Measurements(context.record, "cuDeviceTotalMem").value("total_global_memory", "B", total);
  Measurements driver(context.record, "cuMemGetInfo");
  if (!info) {
    driver.missing("mem_get_info_free", "B", info.error().message);
    return driver.missing("mem_get_info_total", "B", info.error().message);
  }
  driver.value("mem_get_info_free", "B", static_cast<std::int64_t>(info->free_bytes));
  const auto info_total = static_cast<std::int64_t>(info->total_bytes);
  driver.value("mem_get_info_total", "B", info_total, differs(info_total, total, "cuDeviceTotalMem"));
}

void report_nvml(const gate::QuestionContext& context, const Result<cuda::MemoryInfo>& info) {
  Measurements nvml(context.record, "NVML");
  const cuda::Reading<cuda::NvmlMemory> memory =
      context.nvml ? (*context.nvml)->memory() : cuda::Reading<cuda::NvmlMemory>{{}, context.nvml.error().message};
  nvml.value("nvml_memory_info", "", memory.value ? "NVML_SUCCESS" : memory.why_not);
  if (!memory.value) {
    for (std::string_view key : {"nvml_memory_total", "nvml_memory_free", "nvml_memory_used"})
      nvml.missing(key, "B", memory.why_not);
    return;
  }
  const auto put = [&](std::string_view key, std::uint64_t bytes, std::optional<std::uint64_t> driver) {
    const auto mine = static_cast<std::int64_t>(bytes);
    const auto other = static_cast<std::int64_t>(driver.value_or(bytes));
    nvml.value(key, "B", mine, differs(mine, other, "cuMemGetInfo"));
  };
  using Bytes = std::optional<std::uint64_t>;
  put("nvml_memory_total", memory.value->total_bytes, info ? Bytes(info->total_bytes) : std::nullopt);
  put("nvml_memory_free", memory.value->free_bytes, info ? Bytes(info->free_bytes) : std::nullopt);
  put("nvml_memory_used", memory.value->used_bytes, std::nullopt);
}

void report_host(evidence::Record& record, const Result<HostMemory>& host) {
  Measurements meminfo(record, "/proc/meminfo");
  if (!host) {
    meminfo.missing("host_memory_total", "B", host.error().message);
    return meminfo.missing("host_memory_available", "B", host.error().message);
  }
  meminfo.value("host_memory_total", "B", host->total_bytes);
  meminfo.value("host_memory_available", "B", host->available_bytes);
}

/// Device memory that is the host's own memory.
bool shares_host_memory(const cuda::DeviceFacts& facts) {
  return facts.attribute("integrated") != 0 || facts.attribute("pageable_memory_access_uses_host_page_tables") != 0;
}

void report_sharing(const gate::QuestionContext& context) {
  Measurements attribute(context.record, "cuDeviceGetAttribute");
  for (std::string_view key : {"integrated", "pageable_memory_access", "pageable_memory_access_uses_host_page_tables"})
    attribute.value(key, "", context.facts.attribute(key));
}

/// What may be asked for at most, and why not more.
struct Ceiling {
  std::uint64_t bytes = 0;
  std::string note;
};

Ceiling ceiling_for(const cuda::DeviceFacts& facts, const cuda::MemoryInfo& info, const Result<HostMemory>& host) {
  const std::uint64_t device = std::min(info.free_bytes, info.total_bytes);
  if (!shares_host_memory(facts)) return {device, ""};
  if (!host) return {0, "not asked: the memory is shared with the host, and MemAvailable could not be read"};
  const std::uint64_t spare = static_cast<std::uint64_t>(host->available_bytes) / 10 * 9;
  if (spare >= device) return {device, ""};
  return {spare, "asked up to 90 % of MemAvailable: the memory is shared with the host"};
}

/// Whether `bytes` can be had and used. False: refused. Error: it was given but could not be written or did not hold.
Result<bool> usable(cuda::Device& device, std::uint64_t bytes, const std::array<std::byte, 16>& mark) {
  const Result<cuda::Address> base = device.allocate(bytes);
  if (!base && base.error().code != kOutOfMemory) return base.error();
  if (!base) return false;
  const auto hold = [&]() -> Status {
    for (cuda::Address at : {*base, *base + bytes - mark.size()}) {
      if (Status s = device.write(at, mark); !s) return s;
      std::array<std::byte, 16> back{};
      if (Status s = device.read(at, back); !s) return s;
      if (back != mark) return Error{fmt::format("an allocation of {} B did not hold what was written", bytes)};
    }
    return ok();
  };
  const Status held = hold();
  const Status released = device.release(*base);
  if (!held) return held.error();
  if (!released) return released.error();
  return true;
}

void ask_largest(gate::QuestionContext& context, const Ceiling& ceiling) {
  Measurements allocation(context.record, "cuMemAlloc");
  const std::uint64_t pages = ceiling.bytes / kGranularity;
  if (pages == 0)
    return allocation.missing("largest_allocation", "B", ceiling.note.empty() ? "no memory is free" : ceiling.note);
  gate::ChallengeStream stream(context.seed, "mark");
  std::array<std::byte, 16> mark{};
  stream.fill(mark);
  const Result<Bracket> limit = find_limit({0, pages + 1}, pages, kQuestions, [&](std::uint64_t size) {
    return usable(context.device, size * kGranularity, mark);
  });
  if (!limit) return allocation.missing("largest_allocation", "B", limit.error().message);
  if (limit->works == 0) return allocation.missing("largest_allocation", "B", "every size was refused");
  std::string note = ceiling.note;
  if (!limit->exact())
    note += fmt::format("{}{} B were refused, sizes between were not asked", note.empty() ? "" : "; ",
                        limit->refused * kGranularity);
  allocation.value("largest_allocation", "B", static_cast<std::int64_t>(limit->works * kGranularity), note);
}

}  // namespace

Result<HostMemory> read_host_memory(const std::filesystem::path& meminfo) {
  std::ifstream file(meminfo);
  std::map<std::string, std::int64_t> kibibytes;
  for (std::string name, unit; file >> name;) {
    std::int64_t value = 0;
    if (file >> value) kibibytes[name] = value;
    std::getline(file, unit);
  }
  if (!kibibytes.contains("MemTotal:") || !kibibytes.contains("MemAvailable:"))
    return Error{fmt::format("{}: MemTotal or MemAvailable is missing", meminfo.string())};
  return HostMemory{kibibytes["MemTotal:"] * 1024, kibibytes["MemAvailable:"] * 1024};
}

void ask_device_memory(gate::QuestionContext& context) { ask_device_memory(context, "/proc/meminfo"); }

void ask_device_memory(gate::QuestionContext& context, const std::filesystem::path& meminfo) {
  const Result<cuda::MemoryInfo> info = context.device.memory_info();
  const Result<HostMemory> host = read_host_memory(meminfo);
  report_driver(context, info);
  report_nvml(context, info);
  report_host(context.record, host);
  report_sharing(context);
  if (info)
    ask_largest(context, ceiling_for(context.facts, *info, host));
  else
    Measurements(context.record, "cuMemAlloc").missing("largest_allocation", "B", info.error().message);
}

}  // namespace assay::probes
