// environment.json held against the records of its run: one row a disagreement, and honest runs that have none.
#include "harness/evidence/environment_rules.h"

#include <functional>
#include <string>

#include <fmt/format.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/base/json.h"
#include "tests/evidence/fixtures.h"

namespace assay::evidence {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

/// What the driver answers when it is asked for the device.
Record asked_device() {
  Record record = good_question();
  const auto add = [&](const char* key, const char* call, Scalar value) {
    record.measurements.push_back({.key = key, .source = call, .unit = "", .value = std::move(value), .note = ""});
  };
  add("device_name", "cuDeviceGetName", "NVIDIA H100 80GB HBM3");
  add("total_global_memory", "cuDeviceTotalMem", 85017493504);
  add("driver_api_version", "cuDriverGetVersion", 13000);
  add("compute_capability_major", "cuDeviceGetAttribute", 9);
  add("compute_capability_minor", "cuDeviceGetAttribute", 0);
  return record;
}

Environment environment() {
  Json json = good_environment();
  json["schema"] = Environment::kSchema;
  json["private"] = false;
  return *environment_from_json(json, "here");
}

std::vector<VerifiedRecord> run() { return {{asked_device(), {}}, {good_record(), {}}}; }

std::vector<std::string> lines(const std::vector<Finding>& findings) {
  std::vector<std::string> lines;
  for (const Finding& finding : findings) lines.push_back(fmt::format("[{}] {}", finding.rule, to_string(finding)));
  return lines;
}

struct Row {
  const char* what;
  std::function<void(Environment&, std::vector<VerifiedRecord>&)> change;
  const char* line;
};

std::vector<Row> disagreements() {
  using Records = std::vector<VerifiedRecord>;
  return {
      {"an emulated library under real records",
       [](Environment& e, Records&) {
         e.driver->kind = DriverLibrary::emulated;
         e.driver->says_emulated = true;
       },
       "[driver-library] environment.json: driver kind emulated, but device.query#1 has driver library system"},
      {"an unknown library under real records",
       [](Environment& e, Records&) { e.driver->kind = DriverLibrary::unknown; },
       "[driver-library] environment.json: driver kind unknown, but tma.load@sm_90a#1 has driver library system"},
      {"emulated records over a real library",
       [](Environment&, Records& r) { r[1].record.driver_library = DriverLibrary::emulated; },
       "[driver-library] environment.json: driver kind system, but tma.load@sm_90a#1 has driver library emulated"},
      {"a library that says what it is", [](Environment& e, Records&) { e.driver->says_emulated = true; },
       "[driver-library] environment.json: the library says that it is emulated, but driver kind is system"},
      {"no driver under loaded images", [](Environment& e, Records&) { e.driver.reset(); },
       "[driver-library] environment.json: no driver, but tma.load@sm_90a#1 has an image that driver library system "
       "loaded"},
      {"another API version", [](Environment& e, Records&) { e.driver->api_version = 13020; },
       "[driver-library] environment.json: driver.api_version is 13020, but driver_api_version of device.query#1 is "
       "13000"},
      {"no device under a launch", [](Environment& e, Records&) { e.device.reset(); },
       "[device] environment.json: no device, but tma.load@sm_90a#1 was launched on one"},
      {"another name", [](Environment& e, Records&) { e.device->name = "NVIDIA B200"; },
       "[device] environment.json: device.name is \"NVIDIA B200\", but device_name of device.query#1 is \"NVIDIA H100 "
       "80GB HBM3\""},
      {"another capability", [](Environment& e, Records&) { e.device->compute_capability = "10.0"; },
       "[device] environment.json: device.compute_capability is \"10.0\", but device.query#1 answered \"9.0\""},
      {"code of another architecture", [](Environment& e, Records&) { e.device->compute_capability = "10.0"; },
       "[device] environment.json: device.compute_capability is \"10.0\", but tma.load@sm_90a#1 was launched"},
      {"more multiprocessors", [](Environment& e, Records&) { e.device->multiprocessor_count = 148; },
       "[device] environment.json: device.multiprocessor_count is 148, but multiprocessor_count of device.query#1 is "
       "132"},
      {"no multiprocessors", [](Environment& e, Records&) { e.device->multiprocessor_count = 0; },
       "[meaningful] environment.json: field 'device.multiprocessor_count': 0 says nothing"},
      {"more memory", [](Environment& e, Records&) { e.device->total_bytes += 1; },
       "[device] environment.json: device.total_bytes is 85017493505, but total_global_memory of device.query#1 is "
       "85017493504"},
  };
}

TEST(EnvironmentRulesTest, AnHonestRunAgreesWithItsEnvironment) {
  EXPECT_THAT(lines(against_environment(environment(), run())), IsEmpty());
  EXPECT_THAT(lines(meaningless_fields(environment())), IsEmpty());
}

TEST(EnvironmentRulesTest, NamesEveryDisagreement) {
  for (const Row& row : disagreements()) {
    Environment changed = environment();
    std::vector<VerifiedRecord> records = run();
    row.change(changed, records);
    EXPECT_THAT(lines(against_environment(changed, records)), Contains(row.line)) << row.what;
  }
}

/// A machine without a driver, one whose driver fails, one whose driver answers half of what it is asked.
TEST(EnvironmentRulesTest, LetsHonestRunsBe) {
  Environment bare = environment();
  bare.driver.reset();
  bare.device.reset();
  bare.system.distribution.clear();
  Record toolchain = ended_at(Stage::load, StageStatus::not_reached);
  toolchain.driver_library = DriverLibrary::none;
  Record refused = ended_at(Stage::load, StageStatus::refused, good_question());
  const std::vector<VerifiedRecord> without{{toolchain, {}}, {refused, {}}};
  EXPECT_THAT(lines(against_environment(bare, without)), IsEmpty());
  EXPECT_THAT(lines(meaningless_fields(bare)), IsEmpty());

  Record silent = asked_device();
  for (Measurement& one : silent.measurements) one.value = nullptr;
  Environment uncounted = environment();
  uncounted.device->multiprocessor_count = 0;
  EXPECT_THAT(lines(against_environment(uncounted, std::vector<VerifiedRecord>{{silent, {}}})), IsEmpty());

  Environment archive = environment();
  archive.tool.git_commit = "unknown";  // unfit to publish, and nothing worse
  archive.driver->kind = DriverLibrary::unknown;
  archive.driver->driver_version.clear();
  EXPECT_THAT(lines(meaningless_fields(archive)), IsEmpty());
}

/// The image of a family, and a patched one, may run on another number than theirs.
TEST(EnvironmentRulesTest, OnlyNativeCodeOfOneArchitectureIsHeldAgainstTheCapability) {
  Record family = good_record();
  family.target = "sm_100f";
  Record plain = good_record();
  plain.target = "sm_80";
  Record patched = patched_record();
  patched.target = "sm_121a";
  const std::vector<VerifiedRecord> records{{family, {}}, {plain, {}}, {patched, {}}};
  EXPECT_THAT(lines(against_environment(environment(), records)), IsEmpty());
}

TEST(EnvironmentRulesTest, AModuleThatAgreesIsOfTheLibrarysVersion) {
  Environment other = environment();
  other.driver->kernel_module_version = "570.1.2";
  EXPECT_THAT(lines(against_environment(other, run())),
              ElementsAre("[driver-library] environment.json: the library is said to agree with the kernel module, but "
                          "is 580.159.04 beside '570.1.2'"));
  other.driver->kernel_agrees = false;  // then it is unfit to publish, and no forgery
  EXPECT_THAT(lines(against_environment(other, run())), IsEmpty());
}

Record at(std::string target, std::string gate = "tma.load") {
  Record record = ended_at(Stage::assemble, StageStatus::refused, good_record(std::move(gate)));
  record.target = std::move(target);
  return record;
}

TEST(EnvironmentRulesTest, AGateThatWasAskedForOtherTargetsWasAskedForTheDevicesOwn) {
  const std::vector<VerifiedRecord> whole{{at("sm_100a"), {}}, {at("sm_90a"), {}}, {good_question(), {}}};
  EXPECT_THAT(lines(left_out_at_home(environment(), whole)), IsEmpty());
  const std::vector<VerifiedRecord> cut{{at("sm_100a"), {}}, {at("sm_90a", "mma.fp8"), {}}};
  EXPECT_THAT(lines(left_out_at_home(environment(), cut)),
              ElementsAre("[gate-list] gates.jsonl: no record of gate 'tma.load' at sm_90a, the device's own target"));
  Environment toolchain = environment();
  toolchain.device.reset();
  EXPECT_THAT(lines(left_out_at_home(toolchain, cut)), IsEmpty());
  Environment older = environment();
  older.device->compute_capability = "8.6";
  EXPECT_THAT(lines(left_out_at_home(older, std::vector<VerifiedRecord>{{at("sm_86"), {}}})), IsEmpty());
}

TEST(EnvironmentRulesTest, NamedAttemptsAreAllThereOrNone) {
  const Variants two = [](std::string_view gate, std::int64_t version, std::string_view target) {
    EXPECT_EQ(version, 1);
    EXPECT_EQ(target, "sm_90a");
    return gate == "cubin.arch_patch" ? std::vector<std::string>{"a", "b"} : std::vector<std::string>();
  };
  Record a = patched_record(), b = a;
  a.variant = "a";
  b.variant = "b";
  EXPECT_THAT(lines(left_out_variants(environment(), std::vector<VerifiedRecord>{{a, {}}, {b, {}}}, two)), IsEmpty());
  EXPECT_THAT(lines(left_out_variants(environment(), run(), two)), IsEmpty());
  EXPECT_THAT(lines(left_out_variants(environment(), std::vector<VerifiedRecord>{{b, {}}}, two)),
              ElementsAre("[gate-list] gates.jsonl: no record of cubin.arch_patch[a]"));
}

TEST(EnvironmentRulesTest, AFieldThatSaysNothingIsNamed) {
  const std::string zeros(64, '0');
  const std::vector<std::pair<std::function<void(Environment&)>, const char*>> rows{
      {[](Environment& e) { e.tool.name = ""; }, "field 'tool.name': '' says nothing"},
      {[](Environment& e) { e.tool.version = "unknown"; }, "field 'tool.version': 'unknown' says nothing"},
      {[](Environment& e) { e.tool.compiler = "  "; }, "field 'tool.compiler': '  ' says nothing"},
      {[](Environment& e) { e.tool.git_commit = ""; }, "field 'tool.git_commit': '' says nothing"},
      {[](Environment& e) { e.tool.git_commit = std::string(40, '0'); }, "field 'tool.git_commit': is all zero"},
      {[](Environment& e) { e.system.kernel = ""; }, "field 'os.kernel': '' says nothing"},
      {[](Environment& e) { e.system.arch = ""; }, "field 'os.arch': '' says nothing"},
      {[](Environment& e) { e.toolchain[0].version = ""; }, "field 'toolchain[0].version': '' says nothing"},
      {[](Environment& e) { e.toolchain[0].name = ""; }, "field 'toolchain[0].name': '' says nothing"},
      {[&](Environment& e) { e.toolchain[0].sha256 = zeros; }, "field 'toolchain[0].sha256': is all zero"},
      {[](Environment& e) { e.driver->path_class = ""; }, "field 'driver.path_class': '' says nothing"},
      {[&](Environment& e) { e.driver->sha256 = zeros; }, "field 'driver.sha256': is all zero"},
      {[](Environment& e) { e.driver->api_version = 0; }, "field 'driver.api_version': 0 says nothing"},
      {[](Environment& e) { e.driver->driver_version = ""; }, "field 'driver.driver_version': '' says nothing"},
      {[](Environment& e) { e.device->name = ""; }, "field 'device.name': '' says nothing"},
      {[](Environment& e) { e.device->compute_capability = ""; }, "field 'device.compute_capability': '' says nothing"},
      {[](Environment& e) { e.device->total_bytes = 0; }, "field 'device.total_bytes': 0 says nothing"},
      {[](Environment& e) { e.device->uuid_token = ""; }, "field 'device.uuid_token': '' says nothing"},
      {[](Environment& e) { e.device->pci_token = std::string(16, '0'); }, "field 'device.pci_token': is all zero"},
  };
  for (const auto& [change, message] : rows) {
    Environment changed = environment();
    change(changed);
    EXPECT_THAT(lines(meaningless_fields(changed)),
                ElementsAre("[meaningful] environment.json: " + std::string(message)));
  }
}

}  // namespace
}  // namespace assay::evidence
