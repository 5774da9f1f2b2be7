#include "harness/cuda/query_facts.h"

#include <fmt/format.h>

#include <array>
#include <span>

#include "harness/base/digest.h"
#include "harness/cuda/attribute_names.h"

namespace assay::cuda {
namespace {

// Newer drivers answer numbers that this build has no name for; asking a little further records them.
constexpr int kLastAttributeAsked = 200;

Attribute ask_attribute(const DriverTable& driver, CUdevice device, int number, std::string name) {
  int value = 0;
  const auto code = driver.cuDeviceGetAttribute(&value, static_cast<CUdevice_attribute>(number), device);
  return {.name = std::move(name), .number = number, .value = code == 0 ? value : 0, .code = static_cast<int>(code)};
}

std::vector<Attribute> ask_attributes(const DriverTable& driver, CUdevice device) {
  std::vector<Attribute> answers;
  auto named = attribute_names();
  for (int number = 1; number <= kLastAttributeAsked; ++number) {
    if (!named.empty() && named.front().number == number) {
      answers.push_back(ask_attribute(driver, device, number, std::string(named.front().name)));
      named = named.subspan(1);
    } else if (!attribute_is_secret(number)) {
      auto answer = ask_attribute(driver, device, number, fmt::format("attribute_{}", number));
      if (answer.code == 0) answers.push_back(std::move(answer));
    }
  }
  return answers;
}

Result<CUdevice> device_of(const DriverTable& driver, int ordinal) {
  CUdevice device = 0;
  auto got = driver.check(driver.cuDeviceGet(&device, ordinal), "cuDeviceGet", fmt::format("device {}", ordinal));
  if (!got) return got.error();
  return device;
}

Result<std::string> ask_text(const DriverTable& driver, CUresult (*call)(char*, int, CUdevice), const char* call_name,
                             CUdevice device) {
  std::array<char, 256> text{};
  auto got = driver.check(call(text.data(), static_cast<int>(text.size() - 1), device), call_name,
                          fmt::format("device {}", device));
  if (!got) return got.error();
  return std::string(text.data());
}

}  // namespace

Result<std::string> query_uuid(const DriverTable& driver, int ordinal) {
  auto device = device_of(driver, ordinal);
  if (!device) return device.error();
  CUuuid uuid{};
  auto got = driver.check(driver.cuDeviceGetUuid_v2(&uuid, *device), "cuDeviceGetUuid_v2",
                          fmt::format("UUID of device {}", ordinal));
  if (!got) return got.error();
  auto text = hex(std::as_bytes(std::span(uuid.bytes)));
  for (std::size_t dash : {8u, 13u, 18u, 23u}) text.insert(dash, 1, '-');
  return "GPU-" + text;
}

Result<DeviceFacts> query_facts(const DriverTable& driver, int ordinal) {
  auto device = device_of(driver, ordinal);
  if (!device) return device.error();
  auto name = ask_text(driver, driver.cuDeviceGetName, "cuDeviceGetName", *device);
  if (!name) return name.error();
  auto bus = ask_text(driver, driver.cuDeviceGetPCIBusId, "cuDeviceGetPCIBusId", *device);
  if (!bus) return bus.error();
  auto uuid = query_uuid(driver, ordinal);
  if (!uuid) return uuid.error();
  std::size_t bytes = 0;
  auto total = driver.check(driver.cuDeviceTotalMem_v2(&bytes, *device), "cuDeviceTotalMem_v2",
                            fmt::format("memory size of device {}", ordinal));
  if (!total) return total.error();

  DeviceFacts facts{.ordinal = ordinal,
                    .name = *name,
                    .uuid = *uuid,
                    .pci_bus_id = *bus,
                    .total_bytes = bytes,
                    .attributes = ask_attributes(driver, *device)};
  facts.major = static_cast<int>(facts.attribute("compute_capability_major"));
  facts.minor = static_cast<int>(facts.attribute("compute_capability_minor"));
  return facts;
}

}  // namespace assay::cuda
