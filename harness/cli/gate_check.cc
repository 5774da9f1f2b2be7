#include "harness/cli/gate_check.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <span>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "harness/base/target.h"
#include "harness/cli/all_gates.h"
#include "harness/gate/attempt.h"
#include "harness/gate/workload.h"
#include "reports/errors.h"

namespace assay::cli {
namespace {

using evidence::Record;
using evidence::Stage;
using evidence::StageStatus;

const gate::Gate* known_gate(std::span<const gate::Gate> table, std::string_view id, std::int64_t version) {
  const gate::Gate* row = gate::find_gate(table, id);
  return row != nullptr && row->version == version ? row : nullptr;
}

bool is_question(const gate::Gate& row) { return std::holds_alternative<gate::DeviceQuestion>(row.method); }

std::string differs(std::string_view what, std::string_view says, std::string_view is) {
  return fmt::format("{} is '{}', the gate's own is '{}'", what, says, is);
}

std::string wrong_words(const gate::Gate& row, const Record& record) {
  if (record.instruction != row.instruction) return differs("instruction", record.instruction, row.instruction);
  return "";
}

bool has_variants(const gate::Gate& row) {
  return std::holds_alternative<gate::MakeImages>(row.method) || is_kernel(row);
}

/// What only some gates can have, or be stopped by.
std::string wrong_kind(const gate::Gate& row, const Record& record) {
  if (is_question(row) && !record.target.empty()) return "a device question has no target";
  if (!has_variants(row) && !record.variant.empty())
    return fmt::format("variant '{}', but the gate has none", record.variant);
  if (record.performance && !is_kernel(row)) return "performance is told, but no launch of this gate is timed";
  return "";
}

/// The files that records of this kind of gate keep; anything more is a file that nobody reads.
std::span<const std::string_view> roles_of(const gate::Gate& row) {
  static constexpr std::array<std::string_view, 4> kOfProbes = {"ptx", "cubin", "witness-with", "witness-without"};
  static constexpr std::array<std::string_view, 5> kOfImages = {"cuda", "ptx", "built", "image", "native"};
  if (std::holds_alternative<gate::MakeProbe>(row.method)) return kOfProbes;
  if (std::holds_alternative<gate::MakeImages>(row.method)) return kOfImages;
  if (is_kernel(row)) return gate::kWorkloadRoles;
  return {};
}

std::string wrong_role(const gate::Gate& row, const Record& record) {
  const auto roles = roles_of(row);
  for (const auto& [role, digest] : record.artifacts)
    if (std::ranges::find(roles, role) == roles.end())
      return fmt::format("artifact '{}', of which records of this gate have none", role);
  return "";
}

/// A launch stands on every prerequisite of the gate.
std::string wrong_prerequisites(const gate::Gate& row, const Record& record) {
  if (record.target.empty() || record.stage(Stage::launch).status == StageStatus::not_reached) return "";
  for (const gate::Prerequisite& need : row.prerequisites) {
    const auto is_it = [&](const evidence::PrerequisiteResult& one) {
      return one.gate == need.gate && one.needs == need.needs;
    };
    if (std::ranges::any_of(record.prerequisites, is_it)) continue;
    return fmt::format("launched without its prerequisite {} ({} needed)", need.gate, word(need.needs));
  }
  return "";
}

/// A refusal is quoted in public, so it must be what the assembler said.
std::string wrong_quote(const Record& record, const evidence::ReadArtifact& read) {
  const evidence::StageResult& assemble = record.stage(Stage::assemble);
  if (assemble.status != StageStatus::refused || assemble.message.empty()) return "";
  if (read(assemble.log_sha256).find(assemble.message) != std::string::npos) return "";
  return fmt::format("the assembler's log does not hold '{}'", assemble.message);
}

/// What one verification makes once and uses for every record.
class GateCheck {
 public:
  GateCheck(std::span<const gate::Gate> table, std::shared_ptr<GateTexts> texts)
      : table_(table), texts_(std::move(texts)) {
    const auto errors = reports::builtin_errors();
    if (!errors) return;
    for (const reports::ErrorRow& row : errors->rows()) codes_.insert(row.codes.begin(), row.codes.end());
  }

  std::string check(const Record& record, const evidence::ReadArtifact& read) {
    const gate::Gate* row = known_gate(table_, record.gate, record.gate_version);
    if (row == nullptr) return "";
    for (std::string wrong : {wrong_words(*row, record), wrong_kind(*row, record), wrong_role(*row, record),
                              wrong_prerequisites(*row, record)})
      if (!wrong.empty()) return wrong;
    for (std::string wrong : {wrong_text(*row, record, read), wrong_workload(*row, record, read),
                              wrong_quote(record, read), wrong_code(record)})
      if (!wrong.empty()) return wrong;
    return wrong_source(*row, record);
  }

 private:
  std::string wrong_text(const gate::Gate& row, const Record& record, const evidence::ReadArtifact& read);
  static std::string wrong_workload(const gate::Gate& row, const Record& record, const evidence::ReadArtifact& read);
  std::string wrong_code(const Record& record) const;
  static std::string wrong_source(const gate::Gate& row, const Record& record);

  std::span<const gate::Gate> table_;
  std::shared_ptr<GateTexts> texts_;
  std::map<std::int64_t, std::string> codes_;  ///< Of drivers, with the names that CUDA gives them.
};

/// A text as an assembler reads it. Redaction takes numbers of a manual's sections for addresses, and comments hold
/// those.
std::string without_comments(const std::string& text) {
  std::string code;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t comment = std::min(text.find("//", at), text.size());
    code.append(text, at, comment - at);
    at = std::min(text.find('\n', comment), text.size());
  }
  return code;
}

/// The text of an instruction gate is the gate's own, filled in for the record's target.
std::string GateCheck::wrong_text(const gate::Gate& row, const Record& record, const evidence::ReadArtifact& read) {
  const GateText* text = texts_->of(row.id, row.version);
  if (text == nullptr || record.stage(Stage::assemble).status == StageStatus::not_reached) return "";
  const auto target = parse_target(record.target);
  if (!target) return target.error().message;
  const auto named = record.artifacts.find("ptx");
  if (named == record.artifacts.end()) return "assembled, but the text is not kept";
  const gate::Source& source = text->source;
  if (without_comments(read(named->second)) != without_comments(gate::with_instruction(source, *target)))
    return fmt::format("the text that was assembled is not the gate's own for {}", record.target);
  const std::string version = to_string(std::max(source.floor, ptx_version_floor(*target)));
  return record.ptx_version == version ? "" : differs("ptx_version", record.ptx_version, version);
}

/// The text of a kernel is what the row's plan is for the problem and the limits on record.
std::string GateCheck::wrong_workload(const gate::Gate& row, const Record& record, const evidence::ReadArtifact& read) {
  const auto* workload = std::get_if<const gate::Workload*>(&row.method);
  if (workload == nullptr || record.stage(Stage::assemble).status == StageStatus::not_reached) return "";
  const Result<gate::WorkloadText> text = (*workload)->text(record);
  if (!text) return text.error().message;
  const auto named = record.artifacts.find("cuda");
  if (named == record.artifacts.end()) return "compiled, but the text is not kept";
  if (without_comments(read(named->second)) == without_comments(text->source)) return "";
  return fmt::format("the text that was compiled is not the row's own for {} on such a device", record.variant);
}

/// A driver's code and its name are told in public as one.
std::string GateCheck::wrong_code(const Record& record) const {
  for (const evidence::StageResult& stage : record.stages) {
    if (!stage.name.starts_with("CUDA_ERROR_")) continue;
    const auto known = codes_.find(stage.code);
    if (known != codes_.end() && known->second != stage.name)
      return fmt::format("{} is {}, the record says {}", stage.code, known->second, stage.name);
  }
  return "";
}

/// What an edited image was built for is the table's to say.
std::string GateCheck::wrong_source(const gate::Gate& row, const Record& record) {
  const auto* make = std::get_if<gate::MakeImages>(&row.method);
  const auto device = parse_target(record.target);
  if (make == nullptr || !record.edit || !device) return "";
  const std::vector<gate::ImageAttempt> images = (*make)({}, *device);
  const auto image = std::ranges::find(images, record.variant, &gate::ImageAttempt::variant);
  if (image == images.end()) return fmt::format("variant '{}', which the gate does not have", record.variant);
  const std::string source = to_string(image->source);
  return record.edit->source == source ? "" : differs("source of the edit", record.edit->source, source);
}

}  // namespace

bool knows_gate(std::string_view gate, std::int64_t version) {
  return known_gate(all_gates(), gate, version) != nullptr;
}

std::vector<std::string> variants(std::string_view gate, std::int64_t version, std::string_view target) {
  const gate::Gate* row = known_gate(all_gates(), gate, version);
  const auto* workload = row == nullptr ? nullptr : std::get_if<const gate::Workload*>(&row->method);
  if (workload != nullptr) return (*workload)->variants();
  const auto* make = row == nullptr ? nullptr : std::get_if<gate::MakeImages>(&row->method);
  const auto device = parse_target(target);
  if (make == nullptr || !device) return {};
  std::vector<std::string> names;
  for (const gate::ImageAttempt& image : (*make)({}, *device)) names.push_back(image.variant);
  return names;
}

namespace {

evidence::CheckGate check_of(std::shared_ptr<GateCheck> check) {
  return [check = std::move(check)](const Record& record, const evidence::ReadArtifact& read) {
    return check->check(record, read);
  };
}

}  // namespace

evidence::CheckGate gate_check(std::shared_ptr<GateTexts> texts) {
  return check_of(std::make_shared<GateCheck>(all_gates(), std::move(texts)));
}

evidence::CheckGate gate_check(std::span<const gate::Gate> table) {
  return check_of(std::make_shared<GateCheck>(table, std::make_shared<GateTexts>()));
}

}  // namespace assay::cli
