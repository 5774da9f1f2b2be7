#include "harness/evidence/bundle_writer.h"

#include <fmt/format.h>

#include "harness/base/digest.h"
#include "harness/base/file_system.h"
#include "harness/base/json.h"
#include "harness/evidence/closed_world.h"
#include "harness/evidence/environment.h"
#include "harness/evidence/ledger.h"

namespace assay::evidence {
namespace {

namespace fs = std::filesystem;

Status write_document(const fs::path& path, const Json& json) {
  auto text = pretty_json(json);
  if (!text) return Error{.message = fmt::format("{}: {}", path.filename().string(), text.error().message)};
  return write_file(path, *text);
}

Status make_empty_folder(const fs::path& folder) {
  std::error_code error;  // A folder that cannot be listed is not there yet, or cannot be made.
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().filename() == kArtifactFolder && fs::is_empty(entry.path(), error)) continue;
    return Error{.message = fmt::format("{}: not empty; a bundle gets a folder of its own", folder.string())};
  }
  return make_folder(folder / kArtifactFolder);
}

}  // namespace

/// `challenge` is the text of challenge.json.
Result<BundleWriter> BundleWriter::begin(const fs::path& folder, std::string_view challenge, const Redactor* redactor) {
  if (const Status made = make_empty_folder(folder); !made) return made.error();
  if (const Status written = write_file(folder / kChallengeFile, challenge); !written) return written.error();
  auto ledger = Ledger::create(folder / kLedgerFile, hex(sha256(challenge)));
  if (!ledger) return ledger.error();
  return BundleWriter(folder, *std::move(ledger), redactor);
}

Result<BundleWriter> BundleWriter::create(const fs::path& folder, const Challenge& challenge,
                                          const Redactor* redactor) {
  const auto text = pretty_json(evidence::to_json(challenge));
  return text ? begin(folder, *text, redactor) : text.error();
}

Result<BundleWriter> BundleWriter::create(const fs::path& folder, const IssuedChallenge& challenge,
                                          const Redactor* redactor) {
  auto writer = begin(folder, challenge.payload, redactor);
  if (!writer) return writer;
  const Status written = write_file(folder / kChallengeEnvelopeFile, challenge.envelope);
  if (!written) return written.error();
  return writer;
}

Result<std::string> BundleWriter::keep(std::string_view bytes) {
  const std::string digest = hex(sha256(bytes));
  const fs::path path = folder_ / kArtifactFolder / digest;
  std::error_code error;
  if (fs::exists(path, error)) return digest;
  if (const Status written = write_file(path, bytes, Durable::later); !written) return written.error();
  return digest;
}

Result<std::string> BundleWriter::add_artifact(std::string_view bytes) {
  const std::string given = hex(sha256(bytes));
  if (const auto known = kept_.find(given); known != kept_.end()) return known->second;
  const bool binary = is_binary(bytes);
  if (redactor_ != nullptr && binary) {
    if (const auto leak = scan(bytes)) {
      return Error{.message = fmt::format("artifact {}: {} at offset {} of a binary; build it with neutral names",
                                          given, leak->what, leak->offset)};
    }
  }
  auto digest = redactor_ != nullptr && !binary ? keep(redactor_->text(bytes)) : keep(bytes);
  if (digest) kept_[given] = *digest;
  return digest;
}

Result<std::string> BundleWriter::add_artifact(std::span<const std::byte> bytes) {
  return add_artifact(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

void BundleWriter::point_to_kept_artifacts(Record& record) const {
  const auto point = [this](std::string& digest) {
    if (const auto found = kept_.find(digest); found != kept_.end()) digest = found->second;
  };
  for (StageResult& stage : record.stages) point(stage.log_sha256);
  for (auto& [role, digest] : record.artifacts) point(digest);
}

Result<Derived> BundleWriter::append(Record record) {
  for_each_free_text(record, [](std::string& text) { text = clean_utf8(text); });
  if (redactor_ != nullptr) record = redactor_->record(std::move(record));
  point_to_kept_artifacts(record);
  const auto derived = derive(record, rules_.rules);
  if (!derived) return Error{.message = fmt::format("unknown rule set '{}'", rules_.rules)};
  if (const Status written = ledger_.append(record, *derived); !written) return written.error();
  return *derived;
}

Result<Json> BundleWriter::environment_document() const {
  if (!environment_.is_object()) return Error{.message = fmt::format("{}: not an object", kEnvironmentFile)};
  Json document = redactor_ != nullptr ? redactor_->json(environment_) : environment_;
  document["schema"] = Environment::kSchema;
  document["private"] = redactor_ == nullptr;
  return document;
}

Result<std::string> BundleWriter::finish() {
  auto environment = environment_document();
  if (!environment) return environment.error();
  if (const Status status = write_document(folder_ / kEnvironmentFile, *environment); !status) return status.error();
  if (const Status status = write_document(folder_ / kRulesFile, evidence::to_json(rules_)); !status) {
    return status.error();
  }
  if (const Status status = ledger_.done(); !status) return status.error();
  // A manifest must not outlive the artifacts that it names.
  if (const Status status = sync_file_system_of(folder_); !status) return status.error();
  return write_manifest(folder_);
}

}  // namespace assay::evidence
