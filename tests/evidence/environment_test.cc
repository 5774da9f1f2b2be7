// environment.json field by field: what is read, and what is refused with the field's name.
#include "harness/evidence/environment.h"

#include <functional>
#include <string>

#include "gtest/gtest.h"
#include "harness/base/json.h"
#include "tests/evidence/fixtures.h"

namespace assay::evidence {
namespace {

Json document() {
  Json json = good_environment();
  json["schema"] = Environment::kSchema;
  json["private"] = false;
  json["environment_overrides"] = Json::array({{{"name", "LD_PRELOAD"}, {"value", "set"}}});
  return json;
}

Result<Environment> read(const Json& json) { return environment_from_json(json, "environment.json"); }

std::string refusal(const Json& json) {
  const auto environment = read(json);
  return environment ? "" : environment.error().message;
}

TEST(EnvironmentTest, ReadsEveryField) {
  const auto environment = read(document());
  ASSERT_TRUE(environment) << environment.error().message;
  EXPECT_EQ(environment->tool.name, "assay");
  EXPECT_EQ(environment->tool.version, "0.1.0");
  EXPECT_EQ(environment->tool.git_commit, std::string(40, 'a'));
  EXPECT_FALSE(environment->tool.git_dirty);
  EXPECT_EQ(environment->tool.compiler, "GNU 12.2.0");
  EXPECT_EQ(environment->tool.build_type, "Release");
  EXPECT_EQ(environment->system.kernel, "6.1.0");
  EXPECT_EQ(environment->system.arch, "x86_64");
  EXPECT_EQ(environment->system.distribution, "Debian GNU/Linux 12");
  ASSERT_NE(environment->part("nvJitLink"), nullptr);
  EXPECT_EQ(environment->part("nvJitLink")->sha256, digest_of("nvJitLink"));
  EXPECT_EQ(environment->part("NVRTC"), nullptr);
  ASSERT_EQ(environment->overrides.size(), 1u);
  EXPECT_EQ(environment->overrides[0].name, "LD_PRELOAD");
  ASSERT_TRUE(environment->driver);
  EXPECT_EQ(environment->driver->kind, DriverLibrary::system);
  EXPECT_EQ(environment->driver->api_version, 13000);
  EXPECT_TRUE(environment->driver->kernel_agrees);
  EXPECT_TRUE(environment->driver->opened_device_nodes);
  EXPECT_FALSE(environment->driver->says_emulated);
  EXPECT_FALSE(environment->driver_failure);
  ASSERT_TRUE(environment->device);
  EXPECT_EQ(environment->device->compute_capability, "9.0");
  EXPECT_EQ(environment->device->multiprocessor_count, 132);
  EXPECT_EQ(environment->device_name(), "NVIDIA H100 80GB HBM3");
  EXPECT_FALSE(environment->is_private);
}

TEST(EnvironmentTest, AMachineWithoutADriverSaysSo) {
  Json json = document();
  json["driver"] = json["device"] = nullptr;
  const auto environment = read(json);
  ASSERT_TRUE(environment) << environment.error().message;
  EXPECT_FALSE(environment->driver);
  EXPECT_FALSE(environment->driver_failure);
  EXPECT_EQ(environment->device_name(), "no device");
}

TEST(EnvironmentTest, ADriverThatFailedLeavesItsError) {
  Json json = document();
  json["driver"] = {
      {"error", {{"message", "no"}, {"call", "cuInit"}, {"code", 100}, {"name", "CUDA_ERROR_NO_DEVICE"}}}};
  json["device"] = nullptr;
  const auto environment = read(json);
  ASSERT_TRUE(environment) << environment.error().message;
  EXPECT_FALSE(environment->driver);
  ASSERT_TRUE(environment->driver_failure);
  EXPECT_EQ(environment->driver_failure->code, 100);
  json["driver"]["kind"] = "system";
  EXPECT_EQ(refusal(json), "environment.json: driver: field 'kind': unknown");
}

/// Calls `visit` with a pointer to every object in the document.
void each_object(const Json& json, const Json::json_pointer& at, const std::function<void(Json::json_pointer)>& visit) {
  if (json.is_object()) visit(at);
  if (!json.is_structured()) return;
  for (const auto& item : json.items())
    each_object(item.value(), json.is_array() ? at / std::stoul(item.key()) : at / item.key(), visit);
}

TEST(EnvironmentTest, RefusesUnknownMissingAndMistypedFieldsEverywhere) {
  const Json good = document();
  int objects = 0;
  each_object(good, Json::json_pointer(), [&](const Json::json_pointer& at) {
    ++objects;
    Json spoiled = good;
    spoiled[at]["colour"] = "red";
    EXPECT_NE(refusal(spoiled), "") << at.to_string();
    for (const auto& item : good[at].items()) {
      spoiled = good;
      spoiled[at].erase(item.key());
      EXPECT_NE(refusal(spoiled), "") << at.to_string() << "/" << item.key();
      spoiled = good;
      spoiled[at][item.key()] = Json::array({Json::array()});
      EXPECT_NE(refusal(spoiled), "") << at.to_string() << "/" << item.key();
    }
  });
  EXPECT_EQ(objects, 7);
}

TEST(EnvironmentTest, SaysWhatIsWrong) {
  const auto with = [](const char* pointer, Json value) {
    Json json = document();
    json[Json::json_pointer(pointer)] = std::move(value);
    return refusal(json);
  };
  EXPECT_EQ(with("/schema", "environment/2"),
            "environment.json: field 'schema': 'environment/2' is not 'environment/1', the schema that this build "
            "reads");
  EXPECT_EQ(with("/driver/kind", "real"),
            "environment.json: driver: field 'kind': unknown word 'real', expected one of system, emulated, unknown, "
            "none");
  EXPECT_EQ(with("/driver/sha256", ""),
            "environment.json: driver: field 'sha256': expected 64 lower-case hex digits, found ''");
  EXPECT_NE(with("/device/multiprocessor_count", -1), "");
}

}  // namespace
}  // namespace assay::evidence
