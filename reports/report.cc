#include "reports/report.h"

#include <algorithm>

#include <fmt/format.h>

namespace assay::reports {
namespace {

using evidence::VerifiedRecord;
using evidence::VerifyReport;

constexpr std::string_view kSelfAttested = "self-attested, not independently verified";

bool is_emulation(evidence::DriverLibrary library) {
  return library == evidence::DriverLibrary::emulated || library == evidence::DriverLibrary::unknown;
}

bool is_emulated(const VerifyReport& report) {
  const auto emulated = [](const VerifiedRecord& one) {
    return one.derived.evidence_class == evidence::EvidenceClass::emulated || is_emulation(one.record.driver_library);
  };
  const auto& driver = report.environment.driver;
  return (driver && (is_emulation(driver->kind) || driver->says_emulated)) ||
         std::ranges::any_of(report.records, emulated);
}

void tell_times(Report& report, const VerifyReport& bundle) {
  for (const auto& [record, derived] : bundle.records) {
    if (report.first_utc.empty() || record.started_utc < report.first_utc) report.first_utc = record.started_utc;
    report.last_utc = std::max(report.last_utc, record.finished_utc);
  }
  if (!bundle.challenge) return;
  report.challenge_issuer = bundle.challenge->issuer;
  report.challenge_purpose = bundle.challenge->purpose;
  report.challenge_issued_utc = bundle.challenge->issued_utc;
  report.challenge_expires_utc = bundle.challenge->expires_utc;
}

/// Proven first, as verdicts are listed; gates that ask about images last.
std::vector<std::pair<std::string, std::size_t>> count_verdicts(const std::vector<LadderRow>& ladder) {
  std::vector<std::pair<std::string, std::size_t>> counts;
  for (int i = 0; i <= static_cast<int>(evidence::Verdict::not_applicable); ++i)
    counts.emplace_back(evidence::word(static_cast<evidence::Verdict>(i)), 0);
  counts.emplace_back(kByImage, 0);
  for (const LadderRow& row : ladder)
    ++std::ranges::find(counts, row.verdict, &decltype(counts)::value_type::first)->second;
  std::erase_if(counts, [](const auto& count) { return count.second == 0; });
  return counts;
}

std::vector<MeasuredValue> values_of(const std::vector<VerifiedRecord>& records) {
  std::vector<MeasuredValue> values;
  for (const auto& [record, derived] : records) {
    if (!record.target.empty()) continue;
    for (const evidence::Measurement& measurement : record.measurements) values.push_back({record.gate, measurement});
  }
  return values;
}

/// The device's own target, as device.query recorded it.
std::string own_target(const std::vector<VerifiedRecord>& records) {
  for (const auto& [record, derived] : records)
    for (const evidence::Measurement& one : record.measurements)
      if (one.key == "own_target" && one.value.is_string()) return one.value.string();
  return "";
}

std::vector<std::string> limits_of(const Report& report) {
  std::vector<std::string> limits = {
      "Whoever holds the machine can compute every right answer on its processor and write a consistent bundle without "
      "using the GPU.",
      "Whoever holds a signing key can sign another bundle with it.",
      "Runs that ended otherwise may have been made under other challenges; a report shows one bundle and cannot tell "
      "what was left out."};
  limits.push_back(
      report.challenge_issuer == "self"
          ? "The challenge was issued by the machine itself, so nothing here shows when the run took place."
          : "That the run took place after its challenge was issued rests on its issuer alone.");
  limits.push_back(
      "Only a verifier who sits at the machine, or two parties who do not depend on each other, can settle these.");
  return limits;
}

/// The comparison, and what was published beside each fact of the profile, so that a conflict is shown whole.
void compare_with_profile(Report& report, const VerifyReport& bundle, const std::vector<Profile>& profiles) {
  report.profile = profile_differences(profiles, bundle);
  const Profile* profile = nullptr;
  if (report.profile) {
    const auto found = std::ranges::find(profiles, report.profile->profile, &Profile::id);
    if (found != profiles.end()) profile = &*found;
  }
  report.measured = measured_lines(bundle.records, report.own_target, profile);
  if (profile == nullptr) return;
  for (const Fact& fact : profile->facts)
    if (!fact.also_claimed.empty()) report.also_claimed[fact.key] = fact.also_claimed;
}

}  // namespace

std::string attestation_line(const evidence::Attestation& attestation) {
  const std::string& line = attestation.line;
  const bool trusted = attestation.trust != evidence::Trust::self_attested;
  if (line.find(kSelfAttested) != std::string::npos || (trusted && !line.empty())) return line;
  if (trusted)
    return attestation.trust == evidence::Trust::independent
               ? "independently verified"
               : "signed by a trusted operator; not independently verified";
  if (!line.empty()) return fmt::format("{} ({})", kSelfAttested, line);
  return fmt::format("{}: whoever holds the machine can write a consistent bundle", kSelfAttested);
}

Report make_report(const evidence::VerifiedBundle& verified, ReportInputs inputs) {
  const VerifyReport& bundle = verified.report();
  Report report;
  report.manifest_sha256 = bundle.manifest_sha256;
  report.catalogue_sha256 = std::move(inputs.catalogue_sha256);
  report.rules = bundle.rules.rules;
  report.attestation = bundle.attestation;
  report.attestation_line = attestation_line(bundle.attestation);
  report.environment = bundle.environment;
  tell_times(report, bundle);
  report.emulated = is_emulated(bundle);
  report.records = bundle.records.size();
  report.ladder = gate_ladder(bundle);
  report.verdicts = count_verdicts(report.ladder);
  report.matrix = stage_matrix(bundle.records);
  report.own_target = own_target(bundle.records);
  report.images = image_answers(bundle.records);
  report.codes = legend(bundle.records, inputs.errors);
  report.values = values_of(bundle.records);
  compare_with_profile(report, bundle, inputs.profiles);
  report.kernels = kernel_table(bundle.records);
  report.judgement = std::move(inputs.judgement);
  report.limits = limits_of(report);
  return report;
}

Result<Report> make_report(const evidence::VerifiedBundle& bundle) {
  Result<std::vector<Claim>> catalogue = builtin_claims();
  if (!catalogue) return catalogue.error();
  Result<std::vector<Profile>> profiles = builtin_profiles();
  if (!profiles) return profiles.error();
  Result<ErrorTable> errors = builtin_errors();
  if (!errors) return errors.error();
  std::string digest = catalogue_sha256(*catalogue);
  return make_report(bundle, {.judgement = Guardrail(*std::move(catalogue)).judge(bundle),
                              .catalogue_sha256 = std::move(digest),
                              .profiles = *std::move(profiles),
                              .errors = *std::move(errors)});
}

std::string device_name(const Report& report) { return report.environment.device_name(); }

}  // namespace assay::reports
