#include "harness/cli/environment.h"

#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "harness/base/build_info.h"
#include "harness/base/file_system.h"
#include "harness/base/json.h"

namespace assay::cli {
namespace {

Json describe_tool() {
  const BuildInfo build = build_info();
  return {{"name", "assay"},
          {"version", build.version},
          {"git_commit", build.git_commit},
          {"git_dirty", build.git_dirty},
          {"compiler", build.compiler},
          {"build_type", build.build_type}};
}

/// PRETTY_NAME of /etc/os-release, or empty.
std::string distribution() {
  const Result<std::string> text = read_file(std::filesystem::path("/usr/lib/os-release"), 1u << 16);
  if (!text) return "";
  constexpr std::string_view kKey = "PRETTY_NAME=\"";
  const std::size_t begin = text->find(kKey);
  if (begin == std::string::npos) return "";
  const std::size_t value = begin + kKey.size();
  return text->substr(value, text->find('"', value) - value);
}

/// "6.8.0" of "6.8.0-45-somebodys-build": what follows the numbers may name who built it, or where.
std::string_view version_of(std::string_view release) {
  return release.substr(0, release.find_first_not_of("0123456789."));
}

Json describe_os() {
  utsname name{};
  uname(&name);
  return {{"kernel", version_of(name.release)}, {"arch", name.machine}, {"distribution", distribution()}};
}

/// Variables that change what a driver does. Paths may tell of a person, so of those only the presence is kept.
Json describe_overrides() {
  constexpr std::array<std::string_view, 6> kSwitches = {"CUDA_FORCE_PTX_JIT",  "CUDA_DISABLE_PTX_JIT",
                                                         "CUDA_CACHE_DISABLE",  "CUDA_LAUNCH_BLOCKING",
                                                         "CUDA_MODULE_LOADING", "CUDA_DEVICE_ORDER"};
  Json overrides = Json::array();
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::string_view name = text.substr(0, text.find('='));
    const bool concerns =
        name.starts_with("CUDA_") || name.starts_with("NVIDIA_") || name == "LD_PRELOAD" || name == "LD_LIBRARY_PATH";
    if (!concerns) continue;
    const bool is_switch = std::ranges::find(kSwitches, name) != kSwitches.end();
    overrides.push_back(
        {{"name", name}, {"value", is_switch ? text.substr(name.size() + 1) : std::string_view("set")}});
  }
  std::sort(overrides.begin(), overrides.end());
  return overrides;
}

Json describe_driver(const gate::RunResult& result) {
  if (!result.survey) {
    if (!result.driver_error) return nullptr;
    return {{"error",
             {{"message", result.driver_error->message},
              {"call", result.driver_error->call},
              {"code", result.driver_error->code},
              {"name", result.driver_error->name}}}};
  }
  Json driver = gate::to_json(*result.survey).at("driver");
  return driver;
}

Json describe_device(const gate::RunResult& result, const evidence::Redactor& redactor) {
  if (!result.survey) return nullptr;
  const cuda::DeviceFacts& device = result.survey->device;
  return {{"name", device.name},
          {"compute_capability", fmt::format("{}.{}", device.major, device.minor)},
          {"multiprocessor_count", device.attribute("multiprocessor_count")},
          {"total_bytes", device.total_bytes},
          {"uuid_token", redactor.token("gpu_uuid", device.uuid)},
          {"pci_token", redactor.token("pci_bus_id", device.pci_bus_id)}};
}

}  // namespace

Json describe_environment(const gate::RunResult& result, const evidence::Redactor& redactor) {
  return {{"tool", describe_tool()},           {"os", describe_os()},
          {"toolchain", result.tools},         {"environment_overrides", describe_overrides()},
          {"driver", describe_driver(result)}, {"device", describe_device(result, redactor)}};
}

}  // namespace assay::cli
