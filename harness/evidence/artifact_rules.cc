#include "harness/evidence/artifact_rules.h"

#include <fmt/format.h>

#include "harness/base/file_system.h"
#include "harness/evidence/closed_world.h"

namespace assay::evidence {

/// The bytes of an artifact; empty if it is not there.
std::string ArtifactRules::read(std::string_view digest) const {
  const std::string name(digest);
  if (!kept_.contains(name)) return {};
  const Result<std::string> bytes = read_file(folder_ / kArtifactFolder / name);
  return bytes ? *bytes : std::string();
}

std::string ArtifactRules::read_role(const Record& record, std::string_view role) const {
  const auto named = record.artifacts.find(std::string(role));
  return named == record.artifacts.end() ? std::string() : read(named->second);
}

void ArtifactRules::name(std::string_view what, const std::string& digest, const std::string& where,
                         std::vector<Finding>& findings) {
  if (digest.empty()) return;
  if (!kept_.contains(digest))
    findings.push_back({"artifact", where, fmt::format("{} names artifact {}, which is not there", what, digest)});
}

/// The image as it was built, with the edited bytes in place, is the image that was handed over.
std::string ArtifactRules::wrong_edit(const Record& record) const {
  if (!record.edit) return "";
  std::string built = read_role(record, "built");
  for (const ByteEdit& byte : record.edit->bytes) {
    const auto offset = static_cast<std::size_t>(byte.offset);
    if (offset >= built.size() || static_cast<std::uint8_t>(built[offset]) != byte.was)
      return fmt::format("the built image has no byte {} at {}", byte.was, byte.offset);
    built[offset] = static_cast<char>(byte.is);
  }
  const std::string image = read_role(record, "image");
  if (built != image) return "the edited bytes do not lead from the built image to the one that was handed over";
  if (!options_.compare_images) return "";
  return options_.compare_images(*record.edit, image, read_role(record, "native"));
}

/// Where a native image was handed to a loader, its bytes are kept, and are what the record says of them.
std::string ArtifactRules::wrong_image(const Record& record) const {
  const bool loaded = record.stage(Stage::load).status != StageStatus::not_reached;
  if (!options_.check_image || record.image != ImageKind::native || record.target.empty() || !loaded) return "";
  return options_.check_image(record, [&](std::string_view role) { return read_role(record, role); });
}

std::vector<Finding> ArtifactRules::add(const Record& record, const std::string& where) {
  std::vector<Finding> findings;
  const auto note = [&](std::string_view rule, std::string message) {
    if (!message.empty()) findings.push_back({rule, where, std::move(message)});
  };
  for (const auto& [role, digest] : record.artifacts) name(role, digest, where, findings);
  for (std::size_t i = 0; i < kStageCount; ++i)
    name(fmt::format("log of {}", word(static_cast<Stage>(i))), record.stages[i].log_sha256, where, findings);
  note("edit", wrong_edit(record));
  note("image", wrong_image(record));
  if (options_.check_gate)
    note("gate-table", options_.check_gate(record, [&](std::string_view digest) { return read(digest); }));
  return findings;
}

}  // namespace assay::evidence
