#include "harness/cuda/facts.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "harness/cuda/attribute_names.h"
#include "tests/cuda/stand_in/open.h"

namespace assay::cuda {
namespace {

TEST(AttributeNamesTest, NumbersAscendAndNamesAreUnique) {
  std::set<std::string_view> names;
  int last = 0;
  for (const auto& attribute : attribute_names()) {
    EXPECT_GT(attribute.number, last);
    EXPECT_TRUE(names.insert(attribute.name).second) << attribute.name;
    EXPECT_FALSE(attribute_is_secret(attribute.number)) << attribute.name;
    last = attribute.number;
  }
  EXPECT_EQ(last, 147);
  EXPECT_EQ(names.size(), 144U);  // 1 to 147 without the three of the PCI address
}

class FactsTest : public testing::Test {
 protected:
  void SetUp() override {
    auto driver = open_stand_in("good");
    ASSERT_TRUE(driver);
    for (int ordinal : {0, 1}) {
      auto facts = driver->facts(ordinal);
      ASSERT_TRUE(facts);
      (ordinal == 0 ? first_ : second_) = *facts;
    }
    beyond_ = driver->facts(2).error();
  }
  static const Attribute* find(const DeviceFacts& facts, int number) {
    const auto found = std::ranges::find(facts.attributes, number, &Attribute::number);
    return found == facts.attributes.end() ? nullptr : &*found;
  }

  DeviceFacts first_, second_;
  Error beyond_;
};

TEST_F(FactsTest, HoldWhatTheDriverSays) {
  EXPECT_EQ(first_.name, "Stand-in");
  EXPECT_EQ(first_.uuid, "GPU-f0f1f2f3-f4f5-f6f7-f8f9-fafbfcfdfe00");
  EXPECT_EQ(first_.pci_bus_id, "0000:01:00.0");
  EXPECT_EQ(first_.total_bytes, std::uint64_t{5} << 30);
  EXPECT_EQ(first_.attribute("max_threads_per_block"), 1001);
  EXPECT_EQ(first_.attribute("shared_memory_per_block"), 1008);
  EXPECT_EQ(first_.attribute("max_shared_memory_per_block_optin"), 1097);
}

TEST_F(FactsTest, ARefusedAttributeKeepsItsCodeAndIsNoValue) {
  const auto* refused = find(first_, 16);
  ASSERT_NE(refused, nullptr);
  EXPECT_EQ(refused->name, "multiprocessor_count");
  EXPECT_EQ(refused->code, 1);
  EXPECT_EQ(refused->value, 0);
  EXPECT_EQ(first_.attribute("multiprocessor_count", 7), 7);
}

TEST_F(FactsTest, AnAnsweredNumberWithoutANameIsKept) {
  ASSERT_NE(find(first_, 150), nullptr);
  EXPECT_EQ(find(first_, 150)->name, "attribute_150");
  EXPECT_EQ(find(first_, 151), nullptr);
}

TEST_F(FactsTest, ThePciAddressIsNoAttribute) {
  for (int number : {33, 34, 50}) EXPECT_EQ(find(first_, number), nullptr) << number;
}

TEST_F(FactsTest, OwnTargetHasASuffixFromNinePointZero) {
  EXPECT_EQ(to_string(first_.own_target()), "sm_90a");
  EXPECT_EQ(to_string(second_.own_target()), "sm_86");
  EXPECT_EQ(to_string(DeviceFacts{.major = 12, .minor = 1}.own_target()), "sm_121a");
}

TEST_F(FactsTest, ADeviceThatIsNotThereIsAnError) {
  EXPECT_EQ(beyond_.message, "device 2: cuDeviceGet answered 101 CUDA_ERROR_INVALID_DEVICE");
}

}  // namespace
}  // namespace assay::cuda
