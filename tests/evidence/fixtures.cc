#include "tests/evidence/fixtures.h"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <utility>

#include "harness/base/json.h"
#include "harness/evidence/bundle_writer.h"

namespace assay::evidence {

std::string digest_of(std::string_view text) { return hex(sha256(text)); }

Controls good_controls() {
  return {.positive = ControlStatus::ok,
          .home_target = ControlStatus::ok,
          .negative = ControlStatus::ok,
          .canary = ControlStatus::ok,
          .witness = ControlStatus::ok};
}

CaseResult good_case(std::string name, std::int64_t compared) {
  return {.name = std::move(name),
          .inputs_sha256 = digest_of("inputs"),
          .expected_sha256 = digest_of("expected"),
          .observed_sha256 = digest_of("observed"),
          .compared = compared,
          .mismatches = 0,
          .first_mismatch = ""};
}

Record good_record(std::string gate) {
  Record record;
  record.gate = std::move(gate);
  record.target = "sm_90a";
  record.driver_library = DriverLibrary::system;
  record.image = ImageKind::native;
  record.instruction = "cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes";
  record.ptx_version = "8.0";
  for (StageResult& stage : record.stages) stage = {.status = StageStatus::ok, .wall_ns = 1000};
  record.cases = {good_case()};
  record.controls = good_controls();
  record.witness = {.opcodes = {0x3b4}, .lowering = "instruction", .disassembler = "agrees", .externs = {}};
  record.process = ProcessResult{.exit_code = 0, .signal = 0, .timed_out = false, .wall_ns = 5000};
  record.started_utc = "2026-11-22T12:00:05Z";
  record.finished_utc = "2026-11-22T12:00:06Z";
  record.monotonic_ns = 10;
  record.proves = "the instruction executes";
  record.does_not_prove = "anything about other devices";
  return record;
}

ImageEdit an_edit() {
  return {.source = "sm_100a",
          .bytes = {{.offset = 49, .was = 100, .is = 90}},
          .code = Likeness::identical,
          .mercury = Likeness::identical};
}

std::string built_image() { return std::string(49, 'x') + "d" + "rest"; }

std::string edited_image() { return std::string(49, 'x') + "Z" + "rest"; }

Record patched_record() {
  Record record = good_record("cubin.arch_patch");
  record.image = ImageKind::patched;
  record.edit = an_edit();
  record.artifacts = {{"built", digest_of(built_image())}, {"image", digest_of(edited_image())}};
  return record;
}

Record good_question(std::string gate) {
  Record record;
  record.gate = std::move(gate);
  record.driver_library = DriverLibrary::system;
  record.measurements = {
      {.key = "multiprocessor_count", .source = "cuDeviceGetAttribute", .unit = "", .value = 132, .note = ""},
      {.key = "power", .source = "NVML", .unit = "mW", .value = nullptr, .note = "not supported"}};
  record.started_utc = "2026-11-22T12:00:05Z";
  record.finished_utc = "2026-11-22T12:00:05Z";
  record.monotonic_ns = 5;
  return record;
}

Performance good_performance() {
  return {.samples = 20,
          .warmups = 3,
          .median_ns = 41'000,
          .spread_ns = 300,
          .bytes = 1 << 20,
          .operations = 2 << 20,
          .launch = "grid 132x1x1, block 128x1x1, cluster 1, shared 49152 B",
          .floor = "plain read of the same bytes",
          .floor_ns = 30'000,
          .clock_khz_before = 1'980'000,
          .clock_khz_after = 1'755'000,
          .power_mw = 310'000,
          .temperature_c = std::nullopt,
          .throttle = "none"};
}

Record ended_at(Stage stage, StageStatus status, Record record) {
  const auto last = static_cast<std::size_t>(stage);
  record.stages[last] = {.status = status, .code = 700, .name = "CODE", .call = "call", .message = "message"};
  for (std::size_t i = last + 1; i < kStageCount; ++i) record.stages[i] = {};
  if (stage < Stage::verify) record.cases.clear();
  return record;
}

Challenge good_challenge() {
  Challenge challenge = make_challenge("test", *parse_utc("2026-11-22T12:00:00Z"));
  for (std::size_t i = 0; i < challenge.nonce.size(); ++i) challenge.nonce[i] = static_cast<std::byte>(i);
  return challenge;
}

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void write_text(const std::filesystem::path& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(text.data(), static_cast<std::streamsize>(text.size()));
}

const Redactor& test_redactor() {
  static const Redactor redactor({.host = "lab-gx10", .user = "alice", .home = "/home/alice", .identifiers = {}},
                                 Digest{});
  return redactor;
}

Json good_environment() {
  return {
      {"tool",
       {{"name", "assay"},
        {"version", "0.1.0"},
        {"git_commit", std::string(40, 'a')},
        {"git_dirty", false},
        {"compiler", "GNU 12.2.0"},
        {"build_type", "Release"}}},
      {"os", {{"kernel", "6.1.0"}, {"arch", "x86_64"}, {"distribution", "Debian GNU/Linux 12"}}},
      {"toolchain",
       {{{"name", "nvJitLink"}, {"version", "13.0"}, {"path_class", "toolkit"}, {"sha256", digest_of("nvJitLink")}}}},
      {"environment_overrides", Json::array()},
      {"driver",
       {{"driver_version", "580.159.04"},
        {"kernel_module_version", "580.159.04"},
        {"api_version", 13000},
        {"kind", "system"},
        {"path_class", "system"},
        {"sha256", digest_of("libcuda")},
        {"kernel_agrees", true},
        {"opened_device_nodes", true},
        {"says_emulated", false}}},
      {"device",
       {{"name", "NVIDIA H100 80GB HBM3"},
        {"compute_capability", "9.0"},
        {"multiprocessor_count", 132},
        {"total_bytes", 85017493504},
        {"uuid_token", "85dc2fb9402b3528"},
        {"pci_token", "c47dbda0b089492b"}}}};
}

void write_bundle(const std::filesystem::path& folder, const std::vector<Record>& records,
                  const std::vector<std::string>& artifacts, const Redactor* redactor) {
  write_bundle(folder, records, artifacts, redactor, good_environment());
}

void write_bundle(const std::filesystem::path& folder, const std::vector<Record>& records,
                  const std::vector<std::string>& artifacts, const Redactor* redactor, const Json& environment) {
  auto writer = BundleWriter::create(folder, good_challenge(), redactor);
  ASSERT_TRUE(writer) << writer.error().message;
  for (const std::string& artifact : artifacts) ASSERT_TRUE(writer->add_artifact(artifact));
  std::vector<RequiredGate> gates;
  for (const Record& record : records) {
    const RequiredGate gate{record.gate, record.gate_version};
    if (std::find(gates.begin(), gates.end(), gate) == gates.end()) gates.push_back(gate);
    const auto derived = writer->append(record);
    ASSERT_TRUE(derived) << derived.error().message;
  }
  writer->set_gates(gates);
  writer->set_environment(environment);
  const auto digest = writer->finish();
  ASSERT_TRUE(digest) << digest.error().message;
}

std::vector<std::string> messages(const VerifyReport& report) {
  std::vector<std::string> lines;
  for (const Finding& finding : report.findings) lines.push_back(to_string(finding));
  return lines;
}

}  // namespace assay::evidence
