#include "tests/reports/report_fixture.h"

#include <algorithm>
#include <utility>

#include "harness/base/file_system.h"
#include "harness/base/json.h"
#include "harness/evidence/bundle_writer.h"
#include "harness/evidence/verified_bundle.h"

namespace assay::reports {

Report report_of(const std::filesystem::path& folder) {
  const Result<evidence::VerifiedBundle> bundle = evidence::VerifiedBundle::open(folder);
  EXPECT_TRUE(bundle) << bundle.error().message << "\n" << bundle.error().log;
  if (!bundle) return {};
  Result<Report> report = make_report(*bundle);
  EXPECT_TRUE(report) << report.error().message;
  return report ? *std::move(report) : Report{};
}

Report report_of(const std::vector<evidence::Record>& records, const Json& environment) {
  const TemporaryFolder folder;
  const std::filesystem::path bundle = folder.path() / "bundle";
  auto writer = evidence::BundleWriter::create(bundle, evidence::good_challenge(), &evidence::test_redactor());
  EXPECT_TRUE(writer) << writer.error().message;
  if (!writer) return {};
  std::vector<evidence::RequiredGate> gates;
  for (const evidence::Record& record : records) {
    const evidence::RequiredGate gate{record.gate, record.gate_version};
    if (std::find(gates.begin(), gates.end(), gate) == gates.end()) gates.push_back(gate);
    EXPECT_TRUE(writer->append(record));
  }
  writer->set_gates(gates);
  writer->set_environment(environment);
  EXPECT_TRUE(writer->finish());
  return report_of(bundle);
}

Report report_of(const std::vector<evidence::Record>& records) {
  return report_of(records, evidence::good_environment());
}

Report emulated_report() {
  evidence::Record record = evidence::good_record();
  record.driver_library = evidence::DriverLibrary::emulated;
  Json environment = evidence::good_environment();
  environment["driver"]["kind"] = "emulated";
  environment["driver"]["says_emulated"] = true;
  environment["driver"]["kernel_module_version"] = "";
  environment["driver"]["kernel_agrees"] = false;
  environment["driver"]["opened_device_nodes"] = false;
  return report_of({record}, environment);
}

Report timed_report() {
  evidence::Record first = evidence::good_record("tma.load"), second = evidence::good_record("tma.multicast");
  first.performance = second.performance = evidence::good_performance();
  second.performance->operations = 0;
  evidence::Record read = evidence::good_question("device.state");
  read.measurements = {
      {.key = "bench_read_bandwidth", .source = "kernel", .unit = "B/s", .value = 3'000'000'000'000, .note = ""}};
  return report_of({read, first, second});
}

Report hostile_report() {
  evidence::Record question = evidence::good_question();
  question.measurements.push_back(
      {.key = "device_name", .source = "cuDeviceGetName", .unit = "", .value = kHostile, .note = kHostile});
  evidence::Record refused =
      evidence::ended_at(evidence::Stage::load, evidence::StageStatus::refused, evidence::good_record());
  refused.stage(evidence::Stage::load).message = kHostile;
  refused.stage(evidence::Stage::load).name = kHostile;
  refused.controls = {};
  refused.witness = {};
  Json environment = evidence::good_environment();
  environment["device"]["name"] = kHostile;
  environment["driver"]["driver_version"] = environment["driver"]["kernel_module_version"] = kHostile;
  return report_of({question, refused}, environment);
}

}  // namespace assay::reports
