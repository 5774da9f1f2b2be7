// How the observed values stand beside the profile of the device's model.
#include <fmt/format.h>

#include <algorithm>

#include "harness/base/json.h"
#include "reports/drafts.h"
#include "reports/profile_differences.h"
#include "reports/wording.h"

namespace assay::reports {
namespace {

/// "and all of them match", "of which 40 match and 2 differ (warp_size and driver_version)".
std::string counts_of(const ProfileDifferences& differences) {
  std::vector<std::string> differing;
  for (const ProfileRow& row : differences.rows)
    if (row.agreement == Agreement::mismatch) differing.push_back(row.key);
  const std::size_t settled = differences.count(Agreement::conflict_resolved);
  if (settled == 0 && differing.empty()) return "and all of them match";
  std::vector<std::string> counts = {fmt::format("{} match", differences.count(Agreement::match))};
  if (settled > 0) counts.push_back(fmt::format("{} agree with one of several sources", settled));
  if (!differing.empty()) counts.push_back(fmt::format("{} differ ({})", differing.size(), listed(differing)));
  return "of which " + listed(counts);
}

/// The records that facts were compared with, in the order of the facts.
std::vector<std::string> compared_records(const ProfileDifferences& differences) {
  std::vector<std::string> records;
  for (const ProfileRow& row : differences.rows) {
    if (row.record.empty() || row.agreement == Agreement::new_fact) continue;
    if (std::ranges::find(records, row.record) == records.end()) records.push_back(row.record);
  }
  return records;
}

}  // namespace

Drafts draft_profile(const Claim& claim, const BundleView& bundle) {
  if (!bundle.has_device()) return lacking("no device was opened");
  const auto profiles = builtin_profiles();
  if (!profiles) return lacking(profiles.error().message);
  const auto differences = profile_differences(*profiles, bundle.report());
  if (!differences) return lacking(fmt::format("no profile is of {}", with_article(bundle.scope().device)));
  if (differences->compared() == 0)
    return lacking(fmt::format("nothing that profile {} expects was observed", differences->profile));
  if (const ProfileRow* row = differences->first_mismatch(Severity::fail))
    return lacking(fmt::format("profile {} expects {} to be {} {}, observed was {}", differences->profile, row->key,
                               word(row->op), spelled(row->expected), spelled(row->observed)));
  const std::size_t facts = differences->rows.size() - differences->count(Agreement::new_fact);
  return {
      .made = {{.level = evidence::Level::e1,
                .scope = bundle.scope(),
                .sentence = fmt::format(
                    "{} on {} agree with profile {}, version {} of {}, in every fact of severity fail: {} of its {} "
                    "facts were observed, {}.",
                    capitalised(claim.subject), bundle.device_words(), differences->profile, differences->version,
                    differences->as_of, differences->compared(), facts, counts_of(*differences)),
                .records = compared_records(*differences)}},
      .lacks = {}};
}

}  // namespace assay::reports
