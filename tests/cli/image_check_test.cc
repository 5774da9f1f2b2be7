// Images of a recorded run, each told as it is and as it is not.
#include "harness/cli/image_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "harness/base/file_system.h"
#include "harness/cli/recompute.h"
#include "harness/evidence/closed_world.h"
#include "probes/gates.h"
#include "tests/evidence/forger.h"

namespace assay::cli {
namespace {

namespace fs = std::filesystem;
using evidence::ImageKind;
using evidence::Record;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const fs::path& published() {
  static const fs::path folder = fs::path(ASSAY_SOURCE_DIR) / "docs/results/h100/all-gates";
  return folder;
}

class ImageCheckTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    for (auto& one : evidence::verify_bundle(published()).records) records_.push_back(std::move(one.record));
  }
  static std::string check(const Record& record) {
    return image_check()(record, [&](std::string_view role) -> std::string {
      const auto named = record.artifacts.find(std::string(role));
      if (named == record.artifacts.end()) return "";
      return *read_file(published() / "artifacts" / named->second);
    });
  }
  static Record relabelled(Record record) {
    record.image = ImageKind::native;
    record.edit.reset();
    return record;
  }
  static Record find(std::string_view id) {
    const auto found = std::ranges::find_if(records_, [&](const Record& record) { return record.id() == id; });
    EXPECT_NE(found, records_.end()) << id;
    return *found;
  }
  inline static std::vector<Record> records_;
};

TEST_F(ImageCheckTest, EveryNativeImageOfTheRunIsOne) {
  int checked = 0;
  for (const Record& record : records_) {
    if (record.image != ImageKind::native || record.target.empty()) continue;
    EXPECT_EQ(check(record), "") << record.id();
    ++checked;
  }
  EXPECT_EQ(checked, 133);
}

TEST_F(ImageCheckTest, NoEditedImagePassesForANativeOne) {
  int refused = 0;
  for (const Record& record : records_) {
    if (record.image != ImageKind::patched) continue;
    EXPECT_EQ(check(relabelled(record)), "image '" + record.variant + "' is an edited one, the record says native");
    ++refused;
  }
  EXPECT_EQ(refused, 55);
}

/// Under the name of a gate that edits nothing, only the bytes are left to tell.
TEST_F(ImageCheckTest, AnImageOfAnotherTargetIsToldByItsBytes) {
  int refused = 0;
  for (Record record : records_) {
    if (record.image != ImageKind::patched || record.edit->source == "sm_90a") continue;
    record.gate = "mma.fp8";
    EXPECT_THAT(check(relabelled(record)), AnyOf(StartsWith("its "), StartsWith("the image cannot be read: ")))
        << record.variant;
    ++refused;
  }
  EXPECT_GE(refused, 30);
}

TEST_F(ImageCheckTest, TheWitnessIsLookedForAgain) {
  const Record good = find("wgmma.bf16@sm_90a#1");
  ASSERT_EQ(check(good), "");
  Record other = good;
  other.witness.opcodes = {0x7ff};
  EXPECT_EQ(check(other), "its code does not hold opcode 0x7ff, which the witness names");
  other.witness.opcodes.clear();
  EXPECT_EQ(check(other), "the witness says that the instruction was found, and names no opcode");
  other = good;
  other.artifacts["witness-without"] = good.artifacts.at("witness-with");
  EXPECT_EQ(check(other), "the kept images show lowering 'absent', the witness says otherwise");
  other = good;
  other.artifacts["cubin"] = good.artifacts.at("witness-without");
  EXPECT_THAT(check(other), StartsWith("its code does not hold opcode 0x"));
  other = good;
  other.artifacts.clear();
  EXPECT_EQ(check(other), "an image was handed to the driver, but none is kept");
}

TEST_F(ImageCheckTest, TheKernelsOfTheGateAreInItsImage) {
  const Record good = find("tma.load@sm_90a#1"), other = find("tma.reduce@sm_90a#1");
  ASSERT_EQ(check(good), "");
  Record swapped = good;
  for (const char* role : {"cubin", "witness-with", "witness-without"})
    swapped.artifacts[role] = other.artifacts.at(role);
  swapped.witness = other.witness;
  EXPECT_EQ(check(swapped), "the image holds no kernel 'load', which the gate launches");
}

TEST_F(ImageCheckTest, OfAFatbinEachCubinIsLookedAt) {
  Record fatbin = find("cubin.arch_patch[fatbin.native]@sm_90a#1");
  EXPECT_EQ(check(fatbin), "");
  fatbin.artifacts["image"] = find("cubin.arch_patch[fatbin.foreign]@sm_100a#1").artifacts.at("image");
  EXPECT_EQ(check(fatbin), "its ELF header says sm_100, the record says sm_90a");
}

/// The whole way: a record relabelled in a bundle that is sealed again.
TEST_F(ImageCheckTest, ARelabelledRecordOfAWholeBundleIsRefused) {
  const TemporaryFolder folder;
  const fs::path bundle = folder.path() / "bundle";
  fs::copy(published(), bundle, fs::copy_options::recursive);
  const auto patched =
      std::ranges::find_if(records_, [](const Record& one) { return one.image == ImageKind::patched; });
  const auto line = static_cast<std::size_t>(patched - records_.begin());
  evidence::forge_record(bundle, line, "rules/2", [](Record& record) { record = relabelled(record); });
  evidence::VerifyOptions options;
  options.check_image = image_check();
  const auto lines = evidence::messages(evidence::verify_bundle(bundle, options));
  EXPECT_THAT(lines, ::testing::ElementsAre(StartsWith("gates.jsonl:" + std::to_string(line + 1) + ": image '")));
}

}  // namespace
}  // namespace assay::cli
