#include "tests/reports/check_fixtures.h"

#include <utility>

#include "harness/base/json.h"

namespace assay::reports {

evidence::Environment h100_environment() {
  Json json = evidence::good_environment();
  json["schema"] = "environment/1";
  json["private"] = false;
  auto environment = evidence::environment_from_json(json, "environment.json");
  EXPECT_TRUE(environment) << environment.error().message;
  return *environment;
}

evidence::VerifyReport report_of(const std::vector<evidence::Record>& records, evidence::Environment environment) {
  evidence::VerifyReport report;
  report.intact = true;
  for (const evidence::Record& record : records) report.records.push_back({record, *evidence::derive(record)});
  report.challenge = evidence::good_challenge();
  report.environment = std::move(environment);
  report.manifest_sha256 = evidence::digest_of("manifest");
  return report;
}

evidence::Record h100_query() {
  evidence::Record record = evidence::good_question();
  record.measurements.push_back({.key = "own_target", .source = "device", .unit = "", .value = "sm_90a", .note = ""});
  return record;
}

evidence::Record emulated_record(std::string gate) {
  evidence::Record record = evidence::good_record(std::move(gate));
  record.driver_library = evidence::DriverLibrary::emulated;
  record.target = "sm_121a";
  return record;
}

evidence::Environment emulated_gb10_environment() {
  evidence::Environment environment = h100_environment();
  environment.driver->kind = evidence::DriverLibrary::emulated;
  environment.device->name = "NVIDIA GB10 (emulated)";
  environment.device->compute_capability = "12.1";
  return environment;
}

evidence::Environment no_device_environment() {
  evidence::Environment environment = h100_environment();
  environment.driver.reset();
  environment.device.reset();
  return environment;
}

CheckRow row(CheckOutcome outcome, std::string id, std::string family) {
  return {.id = id,
          .family = std::move(family),
          .name = id.substr(id.find(' ') + 1),
          .outcome = outcome,
          .asked = "proven",
          .found = outcome == CheckOutcome::met ? "proven" : "refused",
          .why = "the reason",
          .level = outcome == CheckOutcome::met ? "E5" : "E2",
          .evidence_class = "real-execution"};
}

CheckReport check_of(std::vector<CheckRow> rows) {
  CheckReport report{.subject = subject_of(report_of({}), "runs/today", "release"), .rows = std::move(rows)};
  return report;
}

}  // namespace assay::reports
