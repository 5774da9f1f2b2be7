// environment.json tells what a run was made with, and nothing by which a machine or a person is known.
#include "harness/cli/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "harness/base/json.h"
#include "tests/support/json.h"

namespace assay::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kUuid = "GPU-f0f1f2f3-f4f5-f6f7-f8f9-fafbfcfdfe01";
constexpr const char* kPciAddress = "0000:4e:00.0";

gate::RunResult on_a_device() {
  gate::RunResult result;
  result.survey.emplace();
  result.survey->driver.driver_version = "580.159.04";
  result.survey->driver.path_class = "system";
  result.survey->device.name = "NVIDIA GB10";
  result.survey->device.uuid = kUuid;
  result.survey->device.pci_bus_id = kPciAddress;
  result.survey->device.major = 12;
  result.survey->device.minor = 1;
  return result;
}

evidence::Redactor keyed(std::byte value) {
  Digest salt;
  salt.fill(value);
  return {evidence::Secrets{}, salt};
}

Json described(const gate::RunResult& result, std::byte salt = std::byte{1}) {
  return describe_environment(result, keyed(salt));
}

TEST(EnvironmentTest, TellsDeviceAndDriver) {
  const Json environment = described(on_a_device());
  EXPECT_EQ(environment.at("device").at("name"), "NVIDIA GB10");
  EXPECT_EQ(environment.at("device").at("compute_capability"), "12.1");
  EXPECT_EQ(environment.at("driver").at("driver_version"), "580.159.04");
  EXPECT_EQ(environment.at("tool").at("name"), "assay");
  EXPECT_TRUE(canonical_json(environment)) << "it must be strict JSON";
}

TEST(EnvironmentTest, TellsNobodyWhoseMachineItIs) {
  ::setenv("HOME", "/home/jane.roe", 1);
  ::setenv("USER", "jane.roe", 1);
  ::setenv("LD_LIBRARY_PATH", "/home/jane.roe/lib", 1);
  ::setenv("CUDA_HOME", "/home/jane.roe/cuda", 1);
  ::setenv("CUDA_MODULE_LOADING", "LAZY", 1);
  const std::string text = *canonical_json(described(on_a_device()));
  for (const char* name : {"LD_LIBRARY_PATH", "CUDA_HOME"}) ::unsetenv(name);

  std::array<char, 256> host{};
  ASSERT_EQ(::gethostname(host.data(), host.size() - 1), 0);
  for (const std::string& secret : {std::string("jane.roe"), std::string("/home"), '"' + std::string(host.data()) + '"',
                                    std::string(kUuid), std::string("f0f1f2f3"), std::string(kPciAddress)})
    EXPECT_THAT(text, Not(HasSubstr(secret)));
  // That a variable was there is told, a path in it is not.
  EXPECT_THAT(text, HasSubstr(R"({"name":"LD_LIBRARY_PATH","value":"set"})"));
  EXPECT_THAT(text, HasSubstr(R"({"name":"CUDA_HOME","value":"set"})"));
  EXPECT_THAT(text, HasSubstr(R"({"name":"CUDA_MODULE_LOADING","value":"LAZY"})"));
}

TEST(EnvironmentTest, ADeviceHasOneTokenPerSalt) {
  const auto tokens = [](std::byte salt) {
    const Json device = described(on_a_device(), salt).at("device");
    return std::pair{device.at("uuid_token").get<std::string>(), device.at("pci_token").get<std::string>()};
  };
  const auto first = tokens(std::byte{1});
  EXPECT_EQ(first.first.size(), 16u);
  EXPECT_NE(first.first, first.second);
  EXPECT_EQ(tokens(std::byte{1}), first);
  EXPECT_NE(tokens(std::byte{2}).first, first.first);
  EXPECT_NE(tokens(std::byte{2}).second, first.second);
}

TEST(EnvironmentTest, TellsWhyADriverDidNotAnswer) {
  gate::RunResult result;
  EXPECT_TRUE(described(result).at("driver").is_null());
  EXPECT_TRUE(described(result).at("device").is_null());
  result.driver_error = Error{"starting the driver: refused", "cuInit", 803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"};
  EXPECT_EQ(described(result).at("driver"), test::parsed(R"({"error": {"message": "starting the driver: refused",
      "call": "cuInit", "code": 803, "name": "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"}})"));
}

}  // namespace
}  // namespace assay::cli
