#include "reports/profile_differences.h"

#include <algorithm>

#include "reports/profile_observations.h"

namespace assay::reports {
namespace {

using evidence::VerifyReport;

ProfileRow row_of(const Profile& profile, const Fact& fact, const Observations& seen) {
  ProfileRow row{.key = fact.key,
                 .op = fact.op,
                 .expected = fact.expected,
                 .unit = fact.unit,
                 .severity = fact.severity,
                 .confidence = fact.confidence,
                 .sources = fact.sources};
  if (const auto found = seen.find(fact.key); found != seen.end()) {
    row.observed = found->second.value;
    row.observed_unit = found->second.unit;
    row.record = found->second.record;
  }
  row.agreement = compare(profile, fact.key, row.observed, row.observed_unit);
  return row;
}

const Profile* profile_of(std::span<const Profile> profiles, const VerifyReport& report) {
  if (!report.environment.device) return nullptr;
  const evidence::Environment::Device& device = *report.environment.device;
  return match_profile(profiles, device.name, device.compute_capability);
}

}  // namespace

std::size_t ProfileDifferences::count(Agreement agreement) const {
  return static_cast<std::size_t>(std::ranges::count(rows, agreement, &ProfileRow::agreement));
}

std::size_t ProfileDifferences::compared() const {
  return count(Agreement::match) + count(Agreement::mismatch) + count(Agreement::conflict_resolved);
}

const ProfileRow* ProfileDifferences::first_mismatch(Severity severity) const {
  const auto found = std::ranges::find_if(
      rows, [&](const ProfileRow& row) { return row.agreement == Agreement::mismatch && row.severity == severity; });
  return found == rows.end() ? nullptr : &*found;
}

std::optional<ProfileDifferences> profile_differences(std::span<const Profile> profiles, const VerifyReport& report) {
  const Profile* profile = profile_of(profiles, report);
  if (profile == nullptr) return std::nullopt;
  const Observations seen = observations(report);
  ProfileDifferences differences{
      .profile = profile->id, .version = profile->version, .as_of = profile->as_of, .notice = profile->notice};
  for (const Fact& fact : profile->facts) differences.rows.push_back(row_of(*profile, fact, seen));
  for (const auto& [key, observed] : seen)
    if (profile->find(key) == nullptr)
      differences.rows.push_back({.key = key,
                                  .observed = observed.value,
                                  .observed_unit = observed.unit,
                                  .agreement = Agreement::new_fact,
                                  .record = observed.record});
  return differences;
}

}  // namespace assay::reports
