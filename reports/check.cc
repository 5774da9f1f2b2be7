#include "reports/check.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "harness/base/json.h"

namespace assay::reports {
namespace {

constexpr std::array<std::string_view, 6> kOutcomes = {"met",      "waived",         "failed",
                                                       "unproven", "does not apply", "environment"};
constexpr std::array<std::string_view, 5> kConclusions = {"environment", "failed", "unproven", "nothing applies",
                                                          "holds"};
/// In the order in which a person wants to hear of them.
constexpr std::array<CheckOutcome, 6> kTold = {CheckOutcome::environment, CheckOutcome::failed,
                                               CheckOutcome::unproven,    CheckOutcome::waived,
                                               CheckOutcome::met,         CheckOutcome::not_applicable};

/// An outcome in a sentence about so many rows; what somebody waived is told loudly.
std::string_view told(CheckOutcome outcome, std::size_t rows) {
  if (outcome == CheckOutcome::waived) return "WAIVED";
  return outcome == CheckOutcome::not_applicable && rows != 1 ? "do not apply" : word(outcome);
}

Json to_json(const CheckRow& row) {
  return {{"id", row.id},
          {"family", row.family},
          {"name", row.name},
          {"outcome", word(row.outcome)},
          {"asked", row.asked},
          {"found", row.found},
          {"why", row.why},
          {"level", row.level},
          {"class", row.evidence_class},
          {"waiver", row.waiver}};
}

}  // namespace

std::string_view word(CheckOutcome outcome) { return kOutcomes[static_cast<std::size_t>(outcome)]; }
std::string_view word(Conclusion conclusion) { return kConclusions[static_cast<std::size_t>(conclusion)]; }

CheckSubject subject_of(const evidence::VerifyReport& report, std::string bundle, std::string policy) {
  const evidence::Environment& environment = report.environment;
  CheckSubject subject{.bundle = std::move(bundle),
                       .manifest_sha256 = report.manifest_sha256,
                       .policy = std::move(policy),
                       .device = environment.device_name(),
                       .attestation = report.attestation.line};
  if (environment.device) subject.compute_capability = environment.device->compute_capability;
  if (environment.driver) {
    subject.driver = environment.driver->driver_version;
    subject.emulated = environment.driver->kind != evidence::DriverLibrary::system;
  }
  return subject;
}

std::vector<CheckRow> environment_rows(const evidence::Environment& environment) {
  if (!environment.driver_failure) return {};
  const evidence::Environment::DriverFailure& failure = *environment.driver_failure;
  return {{.id = "environment driver",
           .family = "environment",
           .name = "driver",
           .outcome = CheckOutcome::environment,
           .asked = "answers",
           .found = failure.name.empty() ? "no answer" : failure.name,
           .why = "no device answered: " + failure.message}};
}

Conclusion conclude(std::span<const CheckRow> rows) {
  if (count(rows, CheckOutcome::environment) > 0) return Conclusion::environment;
  if (count(rows, CheckOutcome::failed) > 0) return Conclusion::failed;
  if (count(rows, CheckOutcome::unproven) > 0) return Conclusion::unproven;
  if (count(rows, CheckOutcome::not_applicable) == rows.size()) return Conclusion::nothing_applies;
  return Conclusion::holds;
}

std::size_t count(std::span<const CheckRow> rows, CheckOutcome outcome) {
  return static_cast<std::size_t>(std::ranges::count(rows, outcome, &CheckRow::outcome));
}

std::string tally(std::span<const CheckRow> rows) {
  std::string text;
  for (const CheckOutcome outcome : kTold) {
    const std::size_t found = count(rows, outcome);
    if (found == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", found, told(outcome, found));
  }
  return text.empty() ? "nothing compared" : text;
}

std::vector<std::pair<std::string, std::vector<CheckRow>>> by_family(std::span<const CheckRow> rows) {
  std::vector<std::pair<std::string, std::vector<CheckRow>>> families;
  for (const CheckRow& row : rows) {
    const auto found = std::ranges::find_if(families, [&](const auto& one) { return one.first == row.family; });
    if (found == families.end())
      families.push_back({row.family, {row}});
    else
      found->second.push_back(row);
  }
  return families;
}

std::string lowest_level(std::span<const CheckRow> rows) {
  std::string lowest = "none";
  for (const CheckRow& row : rows) {
    if (row.evidence_class.empty()) continue;
    if (row.level == "none") return "none";
    if (lowest == "none" || row.level < lowest) lowest = row.level;
  }
  return lowest;
}

Json to_json(const CheckReport& report) {
  Json rows = Json::array();
  for (const CheckRow& row : report.rows) rows.push_back(to_json(row));
  const CheckSubject& subject = report.subject;
  return {{"schema", "check-report/1"},
          {"bundle", subject.bundle},
          {"manifest_sha256", subject.manifest_sha256},
          {"policy", subject.policy},
          {"scope",
           {{"device", subject.device},
            {"compute_capability", subject.compute_capability},
            {"driver", subject.driver},
            {"emulated", subject.emulated}}},
          {"attestation", subject.attestation},
          {"rows", rows},
          {"notes", report.notes},
          {"refused_claims", report.refused_claims},
          {"conclusion", word(conclude(report.rows))}};
}

}  // namespace assay::reports
