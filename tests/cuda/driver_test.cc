#include "harness/cuda/driver.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "harness/base/digest.h"
#include "harness/base/file_system.h"
#include "harness/cuda/driver_identity.h"
#include "harness/cuda/file_digest.h"
#include "tests/cuda/stand_in/open.h"

namespace assay::cuda {
namespace {

namespace fs = std::filesystem;

/// The failure of a stand-in that must not open, with its message.
Error failure_of(const std::string& stand_in) {
  auto driver = open_stand_in(stand_in);
  EXPECT_FALSE(driver) << stand_in << " opened";
  return driver ? Error{} : driver.error();
}

TEST(DriverChoiceTest, ReadsEveryForm) {
  using Kind = DriverChoice::Kind;
  EXPECT_EQ(parse_driver_choice("system")->kind, Kind::system);
  EXPECT_EQ(parse_driver_choice("emulated")->kind, Kind::emulated);
  EXPECT_EQ(parse_driver_choice("emulated:b200")->argument, "b200");
  EXPECT_EQ(parse_driver_choice("./libcuda.so.1")->kind, Kind::path);
}

TEST(DriverChoiceTest, RefusesAnythingElse) {
  for (const char* text : {"", "sytem", "emulated:", "libcuda.so.1"}) {
    auto choice = parse_driver_choice(text);
    ASSERT_FALSE(choice) << text;
    EXPECT_EQ(choice.error().message,
              "driver '" + std::string(text) + "': expected system, emulated, emulated:PROFILE or a path with a '/'");
  }
}

TEST(DriverOpenTest, NoDeviceIsTheDriversOwnAnswer) {
  const auto error = failure_of("no_device");
  EXPECT_EQ(open_failure(error), OpenFailure::no_device);
  EXPECT_EQ(error.message,
            "starting the driver: cuInit answered 100 CUDA_ERROR_NO_DEVICE; check nvidia-smi -L, CUDA_VISIBLE_DEVICES, "
            "and that a container was given the GPU");
  EXPECT_EQ(error.code, 100);
}

TEST(DriverOpenTest, ABrokenDriverIsNamedFromTheBuiltInTable) {
  const auto error = failure_of("broken");
  EXPECT_EQ(open_failure(error), OpenFailure::init_failed);
  EXPECT_EQ(error.name, "CUDA_ERROR_UNKNOWN");
  EXPECT_EQ(error.message,
            "starting the driver: cuInit answered 999 CUDA_ERROR_UNKNOWN; run nvidia-smi and read the kernel log, then "
            "reload nvidia_uvm or reboot");
}

TEST(DriverOpenTest, AMismatchSaysHowToEndIt) {
  const auto error = failure_of("mismatch");
  EXPECT_EQ(error.code, 803);
  EXPECT_EQ(error.message,
            "starting the driver: cuInit answered 803 CUDA_ERROR_SYSTEM_DRIVER_MISMATCH; library and kernel module "
            "differ: reboot, or reload the nvidia module");
}

TEST(DriverOpenTest, AnOldDriverIsRefusedByItsVersion) {
  const auto error = failure_of("too_old");
  EXPECT_EQ(open_failure(error), OpenFailure::too_old);
  EXPECT_EQ(
      error.message,
      "the driver answers for CUDA 11.0, this program needs 12.0: install an NVIDIA driver of version 525 or later");
}

TEST(DriverOpenTest, AMissingSymbolIsNamed) {
  const auto error = failure_of("missing_symbols");
  EXPECT_EQ(open_failure(error), OpenFailure::missing_symbol);
  EXPECT_EQ(error.name, "cuDeviceGetCount");
  EXPECT_NE(error.message.find("missing_symbols.so exports no cuDeviceGetCount: not a libcuda"), std::string::npos);
}

TEST(DriverOpenTest, AMissingLibraryKeepsTheLoadersWords) {
  const auto error = failure_of("nowhere");
  EXPECT_EQ(open_failure(error), OpenFailure::not_found);
  EXPECT_NE(error.message.find("nowhere.so: cannot open shared object file"), std::string::npos);
}

TEST(DriverOpenTest, TheEmulatedDriverIsAnAnswerWhereItWasNotBuilt) {
  auto driver = Driver::open({.kind = DriverChoice::Kind::emulated, .argument = {}});
  ASSERT_FALSE(driver);
  EXPECT_EQ(open_failure(driver.error()), OpenFailure::not_built);
  EXPECT_TRUE(driver.error().message.starts_with("this build has no emulated driver (")) << driver.error().message;
}

TEST(DriverOpenTest, AutomaticTakesTheEmulatedDriverOnlyWhereThereIsNoSign) {
  auto driver = Driver::open({});
  const bool no_signs = !driver && open_failure(driver.error()) == OpenFailure::no_signs;
  const bool emulated = driver && driver->identity().says_emulated;
  EXPECT_EQ(no_signs || emulated, nvidia_signs().empty());
}

TEST(DriverOpenTest, SettlesTheEnvironmentBeforeStarting) {
  ::setenv("CUDA_MODULE_LOADING", "LAZY", 1);
  ASSERT_TRUE(open_stand_in("good"));
  EXPECT_STREQ(std::getenv("CUDA_MODULE_LOADING"), "EAGER");
  EXPECT_STREQ(std::getenv("CUDA_CACHE_DISABLE"), "1");
}

TEST(DriverIdentityTest, AStandInIsNeverTheSystems) {
  auto driver = open_stand_in("good");
  ASSERT_TRUE(driver);
  const auto& identity = driver->identity();
  EXPECT_EQ(identity.kind, LibraryKind::unknown);
  EXPECT_EQ(identity.path_class, "project");
  EXPECT_EQ(identity.api_version, 13000);
  EXPECT_FALSE(identity.kernel_agrees);
  EXPECT_FALSE(identity.says_emulated);
  EXPECT_EQ(identity.sha256, hex(*sha256_file(stand_in_path("good"))));
}

TEST(DriverIdentityTest, TheMarkerMakesItEmulated) {
  auto driver = open_stand_in("emulated");
  ASSERT_TRUE(driver);
  EXPECT_TRUE(driver->identity().says_emulated);
  EXPECT_EQ(driver->identity().kind, LibraryKind::emulated);
}

TEST(DriverIdentityTest, SystemNeedsEveryCondition) {
  DriverIdentity genuine{.kernel_agrees = true, .opened_device_nodes = true};
  EXPECT_EQ(library_kind(genuine, true), LibraryKind::system);
  EXPECT_EQ(library_kind(genuine, false), LibraryKind::unknown);
  auto disagreeing = genuine, without_nodes = genuine, marked = genuine;
  disagreeing.kernel_agrees = false;
  without_nodes.opened_device_nodes = false;
  marked.says_emulated = true;
  EXPECT_EQ(library_kind(disagreeing, true), LibraryKind::unknown);
  EXPECT_EQ(library_kind(without_nodes, true), LibraryKind::unknown);
  EXPECT_EQ(library_kind(marked, true), LibraryKind::emulated);
}

TEST(DriverIdentityTest, ReadsTheVersionOfTheFileName) {
  EXPECT_EQ(version_in_file_name("/usr/lib/x86_64-linux-gnu/libcuda.so.580.159.04"), "580.159.04");
  EXPECT_EQ(version_in_file_name("/usr/lib/libcuda.so.590.10"), "590.10");
  EXPECT_EQ(version_in_file_name("/usr/lib/libcuda.so.1"), "");
  EXPECT_EQ(version_in_file_name("/usr/lib/wsl/lib/libcuda.so.1.1"), "");
  EXPECT_EQ(version_in_file_name("/usr/lib/other.so.580.159.04"), "");
}

TEST(DriverIdentityTest, ReadsTheKernelModulesVersion) {
  TemporaryFolder root;
  EXPECT_EQ(kernel_module_version(root.path()), "");
  fs::create_directories(root.path() / "sys/module/nvidia");
  ASSERT_TRUE(write_file(root.path() / "sys/module/nvidia/version", "570.86.15\n"));
  EXPECT_EQ(kernel_module_version(root.path()), "570.86.15");
  fs::create_directories(root.path() / "proc/driver/nvidia");
  ASSERT_TRUE(write_file(root.path() / "proc/driver/nvidia/version",
                         "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.159.04  Release Build\n"
                         "GCC version:  gcc version 13.3.0 (Ubuntu 13.3.0-6ubuntu2~24.04)\n"));
  EXPECT_EQ(kernel_module_version(root.path()), "580.159.04");
}

TEST(DriverIdentityTest, SeesDeviceNodesAmongTheOpenFiles) {
  TemporaryFolder descriptors;
  fs::create_symlink("/dev/null", descriptors.path() / "0");
  EXPECT_FALSE(holds_device_node(descriptors.path()));
  fs::create_symlink("/dev/nvidia0", descriptors.path() / "7");
  EXPECT_TRUE(holds_device_node(descriptors.path()));
}

TEST(NvidiaSignsTest, AnEmptyMachineHasNone) {
  TemporaryFolder root;
  EXPECT_TRUE(nvidia_signs(root.path()).empty());
}

TEST(NvidiaSignsTest, ListsLibraryNodesModuleAndPciDevices) {
  TemporaryFolder root;
  const auto at = [&](const char* path) { return root.path() / path; };
  for (const char* folder : {"usr/lib64", "dev", "sys/module/nvidia", "sys/bus/pci/devices/0000:01:00.0",
                             "sys/bus/pci/devices/0000:02:00.0"}) {
    fs::create_directories(at(folder));
  }
  // A dangling link is a sign too: somebody meant a driver to be here.
  fs::create_symlink("libcuda.so.580.159.04", at("usr/lib64/libcuda.so.1"));
  for (const char* node : {"dev/nvidiactl", "dev/nvidia0", "dev/null"}) ASSERT_TRUE(write_file(at(node), ""));
  ASSERT_TRUE(write_file(at("sys/module/nvidia/version"), "580.159.04\n"));
  ASSERT_TRUE(write_file(at("sys/bus/pci/devices/0000:01:00.0/vendor"), "0x10de\n"));
  ASSERT_TRUE(write_file(at("sys/bus/pci/devices/0000:02:00.0/vendor"), "0x8086\n"));
  EXPECT_EQ(nvidia_signs(root.path()),
            (std::vector<std::string>{"library " + at("usr/lib64/libcuda.so.1").string(), "device node /dev/nvidia0",
                                      "device node /dev/nvidiactl", "kernel module nvidia 580.159.04",
                                      "1 PCI device of vendor 0x10de"}));
}

TEST(DriverDevicesTest, FindsByIndexAndByUuid) {
  auto driver = open_stand_in("good");
  ASSERT_TRUE(driver);
  EXPECT_EQ(*driver->device_count(), 2);
  EXPECT_EQ(*driver->find_device("1"), 1);
  EXPECT_EQ(*driver->find_device("GPU-f0f1f2f3-f4f5-f6f7-f8f9-fafbfcfdfe01"), 1);
}

TEST(DriverDevicesTest, RefusesWhatIsNotThere) {
  auto driver = open_stand_in("good");
  ASSERT_TRUE(driver);
  for (const char* selector : {"2", "-1", "", "1x", "GPU-0"}) {
    auto found = driver->find_device(selector);
    ASSERT_FALSE(found) << selector;
    EXPECT_EQ(found.error().message, "no device '" + std::string(selector) +
                                         "': the driver lists 2 devices; name an index from 0 or a UUID (GPU-...)");
  }
}

}  // namespace
}  // namespace assay::cuda
