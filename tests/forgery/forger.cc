#include "tests/forgery/forger.h"

#include <algorithm>
#include <utility>

#include "harness/base/json.h"
#include "harness/cli/recompute.h"
#include "harness/cli/verify_options.h"
#include "harness/evidence/bundle_writer.h"
#include "harness/evidence/ledger.h"
#include "harness/evidence/statement.h"
#include "harness/evidence/utc.h"
#include "harness/evidence/verified_bundle.h"
#include "probes/gates.h"
#include "tests/support/json.h"

namespace assay::forgery {
namespace {

using evidence::BundleWriter;
using evidence::DriverLibrary;

const fs::path kRecorded = ASSAY_SOURCE_DIR "/docs/results/h100/all-gates";
constexpr const char* kIssued = "2026-11-27T02:37:00Z";  // just before the recorded run began

// --- A small run, made of what the recorded one has at the device's own target ---

bool is_of_small_run(const Record& record) {
  return record.attempt == 1 && record.variant.empty() && (record.target.empty() || record.target == "sm_90a");
}

std::vector<Record> recorded_records() {
  std::vector<Record> records;
  for (Json& line : evidence::read_lines(kRecorded)) {
    if (line.contains("done")) continue;
    for (const char* key : {"derived", "record_id", "prev_sha256"}) line.erase(key);
    Record record = *evidence::record_from_json(line, "recorded");
    if (is_of_small_run(record)) records.push_back(std::move(record));
  }
  return records;
}

/// As right a run of the gate as the recorded one was, under another challenge.
void answer_anew(Record& record, const Digest& nonce) {
  const auto again = cli::recompute(record, nonce);
  if (!again || !again->known_version) return;
  for (std::size_t i = 0; i < record.cases.size(); ++i) {
    record.cases[i].name = again->cases.at(i).name;
    record.cases[i].compared = again->cases.at(i).compared;
    record.cases[i].inputs_sha256 = again->cases.at(i).inputs_sha256;
    record.cases[i].expected_sha256 = again->cases.at(i).expected_sha256;
    if (again->cases.at(i).exact) record.cases[i].observed_sha256 = again->cases.at(i).observed_if_right;
  }
}

/// As an emulated library would have left it: it takes PTX, and says what it is.
void emulate(Record& record) {
  if (record.driver_library != DriverLibrary::none) record.driver_library = DriverLibrary::emulated;
  for (evidence::PrerequisiteResult& one : record.prerequisites)
    if (one.found == evidence::Verdict::proven) one.found = evidence::Verdict::agrees;
}

std::vector<Record> small_run(const Digest& nonce, bool emulated) {
  std::vector<Record> records = recorded_records();
  for (Record& record : records) {
    answer_anew(record, nonce);
    if (emulated) emulate(record);
  }
  Record left_out;
  left_out.gate = "cubin.arch_patch";
  left_out.stopped = evidence::Stopped::not_selected;
  for (const auto& gate : probes::gates()) {
    if (gate.id != left_out.gate) continue;
    left_out.proves = gate.proves;
    left_out.does_not_prove = gate.does_not_prove;
    left_out.instruction = gate.instruction;
  }
  left_out.started_utc = left_out.finished_utc = records.back().started_utc;
  left_out.monotonic_ns = records.back().monotonic_ns;
  records.push_back(left_out);
  return records;
}

Json environment(bool emulated) {
  Json environment = test::parsed(evidence::read_text(kRecorded / evidence::kEnvironmentFile));
  for (const char* key : {"schema", "private"}) environment.erase(key);
  if (!emulated) return environment;
  environment["driver"].update({{"kind", "emulated"},
                                {"says_emulated", true},
                                {"kernel_agrees", false},
                                {"kernel_module_version", ""},
                                {"opened_device_nodes", false},
                                {"path_class", "other"},
                                {"sha256", evidence::digest_of("an emulated libcuda")}});
  return environment;
}

void fill(BundleWriter& writer, const Digest& nonce, bool emulated) {
  for (const Record& record : small_run(nonce, emulated)) {
    for (const auto& [role, digest] : record.artifacts)
      ASSERT_TRUE(writer.add_artifact(evidence::read_text(kRecorded / "artifacts" / digest)));
    for (const evidence::StageResult& stage : record.stages) {
      if (stage.log_sha256.empty()) continue;
      ASSERT_TRUE(writer.add_artifact(evidence::read_text(kRecorded / "artifacts" / stage.log_sha256)));
    }
    const auto derived = writer.append(record);
    ASSERT_TRUE(derived) << derived.error().message;
  }
  std::vector<evidence::RequiredGate> gates;
  for (const gate::Gate& gate : probes::gates()) gates.push_back({std::string(gate.id), gate.version});
  writer.set_gates(gates);
  writer.set_environment(environment(emulated));
  const auto sealed = writer.finish();
  ASSERT_TRUE(sealed) << sealed.error().message;
}

evidence::Challenge own_challenge() {
  evidence::Challenge challenge = evidence::make_challenge("test", *evidence::parse_utc(kIssued));
  for (std::size_t i = 0; i < challenge.nonce.size(); ++i) challenge.nonce[i] = static_cast<std::byte>(i);
  return challenge;
}

void write_own_run(const fs::path& folder, bool emulated) {
  const evidence::Challenge challenge = own_challenge();
  auto writer = BundleWriter::create(folder, challenge, &evidence::test_redactor());
  ASSERT_TRUE(writer) << writer.error().message;
  fill(*writer, challenge.nonce, emulated);
}

/// Asks for all that the small run has.
void write_answer(const fs::path& folder) {
  evidence::Demands demands{.gates = {"tma.multicast", "wgmma.bf16"}, .purpose = "test"};
  const auto issued = evidence::issue_challenge(demands, evidence::verifier_key(), *evidence::parse_utc(kIssued));
  ASSERT_TRUE(issued) << issued.error().message;
  evidence::write_text(folder.parent_path() / "challenge.dsse.json", issued->envelope);
  auto writer = BundleWriter::create(folder, *issued, &evidence::test_redactor());
  ASSERT_TRUE(writer) << writer.error().message;
  fill(*writer, issued->challenge.nonce, false);
}

/// Files that no record names any more would give the forger away.
void sweep(const fs::path& bundle) {
  const std::string ledger = evidence::read_text(bundle / evidence::kLedgerFile);
  std::vector<fs::path> unnamed;
  for (const auto& file : fs::directory_iterator(bundle / evidence::kArtifactFolder))
    if (ledger.find(file.path().filename().string()) == std::string::npos) unnamed.push_back(file.path());
  for (const fs::path& file : unnamed) fs::remove(file);
  evidence::seal_again(bundle);
}

std::string rules_of(const fs::path& bundle) {
  return test::parsed(evidence::read_text(bundle / evidence::kRulesFile)).at("rules");
}

}  // namespace

void write_good_bundle(Start start, const fs::path& folder) {
  switch (start) {
    case Start::signed_run:
    case Start::emulated_run:
      write_own_run(folder, start == Start::emulated_run);
      break;
    case Start::answered_run:
      write_answer(folder);
      break;
    case Start::recorded_run:
      fs::copy(kRecorded, folder, fs::copy_options::recursive);
      break;
  }
  const Status done = evidence::sign_bundle(folder, cli::verify_options(false), evidence::operator_key());
  ASSERT_TRUE(done) << done.error().message << "\n" << done.error().log;
}

void write_trust(const fs::path& file, const evidence::TrustFile& trust) {
  Json keys = Json::array();
  for (const evidence::TrustedKey& entry : trust.keys) keys.push_back(evidence::to_json(entry));
  evidence::write_text(file, spelled(Json{{"schema", evidence::TrustFile::kSchema}, {"keys", keys}}));
}

// --- Forging ---

std::size_t line_of(const Lines& lines, std::string_view record_id) {
  const auto found = std::ranges::find_if(
      lines, [&](const Json& line) { return line.contains("record_id") && line.at("record_id") == record_id; });
  EXPECT_NE(found, lines.end()) << record_id;
  return static_cast<std::size_t>(found - lines.begin());
}

Forge field(const std::string& record_id, const std::string& pointer, const Json& value) {
  return lines([=](Lines& all) { all.at(line_of(all, record_id))[Json::json_pointer(pointer)] = value; });
}

Forge record(const std::string& record_id, const std::function<void(Record&)>& edit) {
  return [=](const fs::path& bundle) {
    evidence::forge_record(bundle, line_of(evidence::read_lines(bundle), record_id), rules_of(bundle), edit);
    sweep(bundle);
  };
}

Forge lines(const std::function<void(Lines&)>& edit) {
  return [=](const fs::path& bundle) {
    evidence::forge_lines(bundle, edit);
    sweep(bundle);
  };
}

Forge document(std::string_view file, const std::function<void(Json&)>& edit) {
  return [=](const fs::path& bundle) { evidence::forge_document(bundle, file, edit); };
}

Forge text(std::string_view file, const std::function<void(std::string&)>& edit) {
  return [=](const fs::path& bundle) {
    std::string bytes = evidence::read_text(bundle / file);
    edit(bytes);
    evidence::write_text(bundle / file, bytes);
    if (file != evidence::kManifestFile) evidence::seal_again(bundle);
  };
}

Forge both(Forge first, Forge second) {
  return [=](const fs::path& bundle) {
    first(bundle);
    second(bundle);
  };
}

std::string keep(const fs::path& bundle, std::string_view bytes) {
  const std::string digest = evidence::digest_of(bytes);
  evidence::write_text(bundle / evidence::kArtifactFolder / digest, bytes);
  return digest;
}

std::string artifact_of(const fs::path& bundle, const std::string& record_id, const std::string& role) {
  const Lines all = evidence::read_lines(bundle);
  return all.at(line_of(all, record_id)).at("artifacts").at(role);
}

void sign_anyhow(const fs::path& bundle, const evidence::PrivateKey& key) {
  const Json before = evidence::claims_in(test::parsed(evidence::read_text(bundle / evidence::kStatementFile)));
  unsign(bundle);
  const evidence::VerifyOptions options = cli::verify_options(false);
  evidence::VerifyReport report = evidence::verify_bundle(bundle, options);
  const Json claims = evidence::claims_again(report, options).value_or(before);
  const std::string payload = *canonical_json(evidence::make_statement(report, claims));
  evidence::write_text(bundle / evidence::kStatementFile, payload);
  evidence::write_text(bundle / evidence::kPublicKeyFile, key.public_key().pem());
  evidence::write_text(
      bundle / evidence::kEnvelopeFile,
      *evidence::envelope_text(*evidence::sign_payload(std::string(evidence::kStatementPayloadType), payload, key)));
}

void unsign(const fs::path& bundle) {
  for (const std::string_view name : evidence::kSignatureFiles) fs::remove(bundle / name);
}

// --- Rows ---

std::vector<Command> three(const std::string& says) {
  return {{{"verify", "--recompute", "--trust", "TRUST", "BUNDLE"}, 4, says},
          {{"claims", "BUNDLE", "--trust", "TRUST"}, 4, says},
          {{"publish", "BUNDLE", "--trust", "TRUST", "--out", "OUT"}, 4, says}};
}

}  // namespace assay::forgery
