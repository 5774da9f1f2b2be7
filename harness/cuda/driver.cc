#include "harness/cuda/driver.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <utility>

#include "harness/cuda/driver_identity.h"
#include "harness/cuda/driver_table.h"
#include "harness/cuda/file_digest.h"
#include "harness/cuda/open_device.h"
#include "harness/cuda/query_facts.h"
#include "harness/cuda/shared_library.h"

namespace assay::cuda {
namespace {

namespace fs = std::filesystem;

constexpr int kOldestApi = 12000;

// `call` of the errors that no API call explains; open_failure reads them back.
constexpr const char* kSearch = "nvidia_signs";
constexpr const char* kEmulated = "emulated";

std::string_view remedy(CUresult code) {
  switch (code) {
    case CUDA_ERROR_NOT_INITIALIZED:
      return "check that /dev/nvidia* exist and that this user may open them";
    case CUDA_ERROR_STUB_LIBRARY:
      return "this is the toolkit's stub, take its folder out of LD_LIBRARY_PATH";
    case CUDA_ERROR_DEVICE_UNAVAILABLE:
      return "another process has the device exclusively, see nvidia-smi";
    case CUDA_ERROR_NO_DEVICE:
      return "check nvidia-smi -L, CUDA_VISIBLE_DEVICES, and that a container was given the GPU";
    case CUDA_ERROR_OPERATING_SYSTEM:
      return "check that this user may open /dev/nvidia*, and the kernel log";
    case CUDA_ERROR_SYSTEM_NOT_READY:
      return "start nvidia-fabricmanager and wait until nvidia-smi works";
    case CUDA_ERROR_SYSTEM_DRIVER_MISMATCH:
      return "library and kernel module differ: reboot, or reload the nvidia module";
    case CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE:
      return "take the cuda-compat library out of LD_LIBRARY_PATH";
    default:
      return "run nvidia-smi and read the kernel log, then reload nvidia_uvm or reboot";
  }
}

/// One module in one context is what a gate measures: nothing is loaded lazily, nothing comes from an earlier run.
void settle_environment() {
  ::setenv("CUDA_MODULE_LOADING", "EAGER", 1);
  ::setenv("CUDA_CACHE_DISABLE", "1", 1);
}

Status initialise(const DriverTable& driver) {
  auto started = driver.check(driver.cuInit(0), "cuInit", "starting the driver");
  if (started) return started;
  auto error = started.error();
  error.message += fmt::format("; {}", remedy(static_cast<CUresult>(error.code)));
  return error;
}

Status accept_version(int api_version) {
  if (api_version >= kOldestApi) return ok();
  return Error{.message = fmt::format("the driver answers for CUDA {}.{}, this program needs 12.0: install an NVIDIA "
                                      "driver of version 525 or later",
                                      api_version / 1000, api_version % 1000 / 10),
               .call = "cuDriverGetVersion"};
}

fs::path emulated_library() { return program_folder() / "emulated" / "libcuda.so.1"; }

Result<std::string> emulated_name(const std::string& profile) {
  const auto file = emulated_library();
  std::error_code failed;
  if (!fs::exists(file, failed)) {
    return Error{.message = fmt::format("this build has no emulated driver ({} is missing)", file.string()),
                 .call = kEmulated};
  }
  if (!profile.empty()) ::setenv("ASSAY_EMULATED_DEVICE", profile.c_str(), 1);
  return file.string();
}

Result<std::string> automatic_name() {
  if (!nvidia_signs().empty()) return std::string("libcuda.so.1");
  auto emulated = emulated_name("");
  if (emulated) return emulated;
  return Error{
      .message = fmt::format("no sign of an NVIDIA driver or device (library, device node, kernel module, PCI), "
                             "and {}",
                             emulated.error().message),
      .call = kSearch};
}

/// The name to hand to the loader.
Result<std::string> library_name(const DriverChoice& choice) {
  switch (choice.kind) {
    case DriverChoice::Kind::automatic:
      return automatic_name();
    case DriverChoice::Kind::system:
      return std::string("libcuda.so.1");
    case DriverChoice::Kind::emulated:
      return emulated_name(choice.argument);
    case DriverChoice::Kind::path:
      return choice.argument;
  }
  return Error{.message = "unknown kind of driver choice"};
}

}  // namespace

Result<DriverChoice> parse_driver_choice(std::string_view text) {
  using Kind = DriverChoice::Kind;
  constexpr std::string_view kProfile = "emulated:";
  if (text == "system") return DriverChoice{.kind = Kind::system, .argument = {}};
  if (text == "emulated") return DriverChoice{.kind = Kind::emulated, .argument = {}};
  if (text.starts_with(kProfile) && text.size() > kProfile.size()) {
    return DriverChoice{.kind = Kind::emulated, .argument = std::string(text.substr(kProfile.size()))};
  }
  if (text.find('/') != std::string_view::npos) return DriverChoice{.kind = Kind::path, .argument = std::string(text)};
  return Error{.message =
                   fmt::format("driver '{}': expected system, emulated, emulated:PROFILE or a path with a '/'", text)};
}

OpenFailure open_failure(const Error& error) {
  if (error.call == kSearch) return OpenFailure::no_signs;
  if (error.call == kEmulated) return OpenFailure::not_built;
  if (error.call == "dlopen") return OpenFailure::not_found;
  if (error.call == "dlsym") return OpenFailure::missing_symbol;
  if (error.call == "cuDriverGetVersion" && error.code == 0) return OpenFailure::too_old;
  return error.code == CUDA_ERROR_NO_DEVICE ? OpenFailure::no_device : OpenFailure::init_failed;
}

Driver::Driver(std::shared_ptr<const DriverTable> table, DriverIdentity identity)
    : table_(std::move(table)), identity_(std::move(identity)) {}

Result<Driver> Driver::open(const DriverChoice& choice) {
  const auto installed = installed_libcuda();
  auto name = library_name(choice);
  if (!name) return name.error();
  auto library = SharedLibrary::open(*name);
  if (!library) return library.error();
  auto table = DriverTable::load(*library);
  if (!table) return table.error();
  settle_environment();
  if (auto started = initialise(**table); !started) return started.error();
  auto identity = identify(*library, **table, installed);
  if (!identity) return identity.error();
  if (auto accepted = accept_version(identity->api_version); !accepted) return accepted.error();
  return Driver(*table, *identity);
}

const DriverIdentity& Driver::identity() const { return identity_; }

Result<int> Driver::device_count() const {
  int count = 0;
  auto counted = table_->check(table_->cuDeviceGetCount(&count), "cuDeviceGetCount", "counting devices");
  if (!counted) return counted.error();
  return count;
}

Result<int> Driver::find_device(std::string_view selector) const {
  auto count = device_count();
  if (!count) return count.error();
  int ordinal = -1;
  const auto [end, fault] = std::from_chars(selector.data(), selector.data() + selector.size(), ordinal);
  const bool is_index = fault == std::errc{} && end == selector.data() + selector.size();
  if (is_index && ordinal >= 0 && ordinal < *count) return ordinal;
  for (int candidate = 0; !is_index && candidate < *count; ++candidate) {
    auto uuid = query_uuid(*table_, candidate);
    if (!uuid) return uuid.error();
    if (*uuid == selector) return candidate;
  }
  return Error{.message = fmt::format("no device '{}': the driver lists {} device{}; name an index from 0 or a UUID "
                                      "(GPU-...)",
                                      selector, *count, *count == 1 ? "" : "s")};
}

Result<DeviceFacts> Driver::facts(int ordinal) const { return query_facts(*table_, ordinal); }

Result<std::unique_ptr<Device>> Driver::open_device(int ordinal) const { return cuda::open_device(table_, ordinal); }

}  // namespace assay::cuda
