// A survey on the wire between child and parent: which driver answered, and for which device.
#include <array>

#include "harness/base/json.h"
#include "harness/gate/attempt.h"

namespace assay::gate {
namespace {

constexpr std::array kLibraryKinds = {"system", "emulated", "unknown"};

Json to_json(const cuda::DriverIdentity& driver) {
  return {{"kind", kLibraryKinds[static_cast<std::size_t>(driver.kind)]},
          {"path_class", driver.path_class},
          {"sha256", driver.sha256},
          {"api_version", driver.api_version},
          {"driver_version", driver.driver_version},
          {"kernel_module_version", driver.kernel_module_version},
          {"kernel_agrees", driver.kernel_agrees},
          {"opened_device_nodes", driver.opened_device_nodes},
          {"says_emulated", driver.says_emulated}};
}

Result<cuda::DriverIdentity> driver_from_json(const Json& json) {
  cuda::DriverIdentity driver;
  ObjectReader reader(json, "survey: driver");
  const std::string kind = reader.string("kind");
  for (std::size_t i = 0; i < kLibraryKinds.size(); ++i)
    if (kind == kLibraryKinds[i]) driver.kind = static_cast<cuda::LibraryKind>(i);
  driver.path_class = reader.string("path_class");
  driver.sha256 = reader.sha256("sha256", true);
  driver.api_version = static_cast<int>(reader.integer("api_version", 0, 1'000'000));
  driver.driver_version = reader.string("driver_version");
  driver.kernel_module_version = reader.string("kernel_module_version");
  driver.kernel_agrees = reader.boolean("kernel_agrees");
  driver.opened_device_nodes = reader.boolean("opened_device_nodes");
  driver.says_emulated = reader.boolean("says_emulated");
  if (Status read = reader.finish(); !read) return read.error();
  return driver;
}

}  // namespace

Json to_json(const Survey& survey) {
  const cuda::DeviceFacts& device = survey.device;
  return {{"driver", to_json(survey.driver)},
          {"device",
           {{"ordinal", device.ordinal},
            {"name", device.name},
            {"uuid", device.uuid},
            {"pci_bus_id", device.pci_bus_id},
            {"major", device.major},
            {"minor", device.minor},
            {"total_bytes", device.total_bytes},
            {"multiprocessor_count", device.attribute("multiprocessor_count")}}}};
}

Result<Survey> survey_from_json(const Json& json) {
  Survey survey;
  ObjectReader reader(json, "survey");
  Result<cuda::DriverIdentity> driver = driver_from_json(reader.object("driver"));
  if (!driver) return driver.error();
  survey.driver = *std::move(driver);
  ObjectReader device(reader.object("device"), "survey: device");
  survey.device.ordinal = static_cast<int>(device.integer("ordinal", 0, 1023));
  survey.device.name = device.string("name");
  survey.device.uuid = device.string("uuid");
  survey.device.pci_bus_id = device.string("pci_bus_id");
  survey.device.major = static_cast<int>(device.integer("major", 0, 99));
  survey.device.minor = static_cast<int>(device.integer("minor", 0, 9));
  survey.device.total_bytes = static_cast<std::uint64_t>(device.integer("total_bytes", 0));
  survey.device.attributes.push_back(
      {"multiprocessor_count", 0, device.integer("multiprocessor_count", 0, 100'000), 0});
  if (Status read = device.finish(); !read) return read.error();
  if (Status read = reader.finish(); !read) return read.error();
  return survey;
}

}  // namespace assay::gate
