#include "probes/device_query.h"

#include "tests/probes/device_fixture.h"

namespace assay::probes {
namespace {

using DeviceQueryTest = DeviceQuestionTest;

TEST_F(DeviceQueryTest, ReportsWhatTheDriverAnswersWithUnits) {
  set_attribute("multiprocessor_count", 132);
  set_attribute("max_shared_memory_per_block_optin", 232448);
  set_attribute("clock_rate", 1980000);
  set_attribute("global_memory_bus_width", 5120);
  ask(ask_device_query);
  EXPECT_EQ(measured("device_name").value, "Scripted GPU");
  EXPECT_EQ(measured("own_target").value, "sm_90a");
  EXPECT_EQ(measured("driver_api_version").value, 13000);
  EXPECT_EQ(measured("total_global_memory").unit, "B");
  EXPECT_EQ(measured("multiprocessor_count").value, 132);
  EXPECT_EQ(measured("multiprocessor_count").unit, "");
  EXPECT_EQ(measured("max_shared_memory_per_block_optin").unit, "B");
  EXPECT_EQ(measured("clock_rate").unit, "kHz");
  EXPECT_EQ(measured("global_memory_bus_width").unit, "bit");
  EXPECT_EQ(measured("attributes_answered").value, 4);
  EXPECT_TRUE(device.launched.empty());
}

TEST_F(DeviceQueryTest, ARefusedAttributeIsNullWithItsCode) {
  set_attribute("multiprocessor_count", 132);
  set_attribute("numa_config", 0, 1);
  set_attribute("host_numa_id", 0, 801);
  ask(ask_device_query);
  EXPECT_TRUE(measured("numa_config").value.is_null());
  EXPECT_EQ(measured("numa_config").note, "refused with CUresult 1");
  EXPECT_EQ(measured("attributes_refused").value, 2);
  EXPECT_EQ(measured("attributes_refused").note, "CUresult 1: 1, CUresult 801: 1");
}

TEST_F(DeviceQueryTest, LeavesIdentifiersOut) {
  set_attribute("pci_bus_id", 79);
  set_attribute("pci_device_id", 0);
  set_attribute("pci_domain_id", 3);
  ask(ask_device_query);
  for (const evidence::Measurement& m : record.measurements) {
    EXPECT_FALSE(m.key.starts_with("pci_")) << m.key;
    EXPECT_EQ(to_string(m.value).find("secret"), std::string::npos) << m.key;
    EXPECT_EQ(to_string(m.value).find("4f:00"), std::string::npos) << m.key;
  }
}

TEST_F(DeviceQueryTest, WhatNvmlCannotReadIsNullAndNotZero) {
  nvml.max_sm_clock = {1980000, ""};
  ask(ask_device_query);
  EXPECT_EQ(measured("driver_version").value, "580.159.04");
  EXPECT_EQ(measured("nvml_max_sm_clock").value, 1980000);
  EXPECT_TRUE(measured("nvml_power_limit").value.is_null());
  EXPECT_EQ(measured("nvml_power_limit").note, "NVML_ERROR_NOT_SUPPORTED");
}

TEST_F(DeviceQueryTest, NoNvmlIsAnAnswer) {
  has_nvml = false;
  ask(ask_device_query);
  EXPECT_TRUE(measured("driver_version").value.is_null());
  EXPECT_EQ(measured("driver_version").note, "libnvidia-ml.so.1 was not found");
}

}  // namespace
}  // namespace assay::probes
