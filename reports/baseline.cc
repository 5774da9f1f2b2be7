#include "reports/baseline.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "harness/base/json.h"

namespace assay::reports {
namespace {

using evidence::Verdict;
using evidence::VerifiedRecord;

constexpr std::array<std::string_view, 10> kChanges = {"same", "GAINED",       "LOST",   "CHANGED", "ADDED",
                                                       "GONE", "not selected", "FASTER", "SLOWER",  "AMBIGUOUS"};

/// "tma.load@sm_90a": the record's id without its attempt.
std::string subject_of(const evidence::Record& record) {
  const std::string id = record.id();
  return id.substr(0, id.rfind('#'));
}

/// The first attempt of everything that a run has records of, in the order of the run.
class FirstAttempts {
 public:
  explicit FirstAttempts(const evidence::VerifyReport& report) {
    for (const VerifiedRecord& one : report.records) {
      const auto [at, is_new] = records_.try_emplace(subject_of(one.record), &one);
      if (is_new)
        order_.push_back(at->first);
      else if (one.record.attempt < at->second->record.attempt)
        at->second = &one;
    }
  }
  const std::vector<std::string>& subjects() const { return order_; }
  const VerifiedRecord* find(const std::string& subject) const {
    const auto found = records_.find(subject);
    return found == records_.end() ? nullptr : found->second;
  }

 private:
  std::map<std::string, const VerifiedRecord*> records_;
  std::vector<std::string> order_;
};

bool holds(const VerifiedRecord& one) {
  const Verdict verdict = one.derived.verdict;
  return verdict == Verdict::proven || verdict == Verdict::reported || verdict == Verdict::agrees;
}

bool is_wrong(const VerifiedRecord& one) {
  const Verdict verdict = one.derived.verdict;
  const bool control = std::ranges::any_of(evidence::kControls, [&](const evidence::ControlField& field) {
    return one.record.controls.*field.status == evidence::ControlStatus::failed;
  });
  return control || verdict == Verdict::mismatch || verdict == Verdict::faulted || verdict == Verdict::hung;
}

/// The code that ended an attempt, by its name if it has one; empty if nothing did.
std::string code_of(const evidence::Record& record) {
  for (const evidence::StageResult& stage : record.stages)
    if (stage.status == evidence::StageStatus::refused || stage.status == evidence::StageStatus::failed)
      return stage.code == 0 ? stage.name : fmt::format("{}", stage.code);
  return "";
}

/// "refused 209", "proven".
std::string answer_of(const VerifiedRecord& one) {
  const std::string code = code_of(one.record);
  return fmt::format("{}{}{}", evidence::word(one.derived.verdict), code.empty() ? "" : " ", code);
}

bool selected(const VerifiedRecord& one) { return one.record.stopped != evidence::Stopped::not_selected; }

Change change_of(const VerifiedRecord& before, const VerifiedRecord& after) {
  if (!selected(after)) return selected(before) ? Change::unasked : Change::same;
  if (holds(before) && !holds(after)) return Change::lost;
  if (!holds(before) && holds(after)) return Change::gained;
  return answer_of(before) == answer_of(after) ? Change::same : Change::changed;
}

/// What a reader must know of an answer that is otherwise the same or changed.
std::string note_of(const VerifiedRecord& before, const VerifiedRecord& after, Change change) {
  std::string note = change == Change::same ? "" : after.derived.reason;
  if (before.record.gate_version != after.record.gate_version)
    note += fmt::format("{}gate version {} was {}", note.empty() ? "" : "; ", after.record.gate_version,
                        before.record.gate_version);
  return note;
}

Difference compare_answers(const std::string& subject, const VerifiedRecord* before, const VerifiedRecord* after) {
  Difference difference{.subject = subject};
  if (before != nullptr) difference.before = answer_of(*before);
  if (after != nullptr) difference.after = answer_of(*after);
  if (before != nullptr && after != nullptr) {
    difference.change = change_of(*before, *after);
    difference.note = note_of(*before, *after, difference.change);
  } else if (after != nullptr) {
    difference.change = holds(*after) ? Change::gained : Change::added;
    difference.note = after->derived.reason;
  } else {
    difference.change = holds(*before) ? Change::lost : Change::gone;
    difference.note = "no record of it any more";
  }
  difference.wrong_now = after != nullptr && is_wrong(*after);
  return difference;
}

/// Whether nothing was asked of it: such a record has nothing that could be lost.
bool said_nothing(const VerifiedRecord& one) {
  return one.derived.verdict == Verdict::not_run || one.derived.verdict == Verdict::not_applicable;
}

/// The gates that a run was not asked for. Each has one record, without a target.
std::set<std::string> unselected(const evidence::VerifyReport& report) {
  std::set<std::string> gates;
  for (const VerifiedRecord& one : report.records)
    if (!selected(one)) gates.insert(one.record.gate);
  return gates;
}

std::vector<Difference> compare_gates(const FirstAttempts& before, const FirstAttempts& after,
                                      const std::set<std::string>& unasked) {
  std::vector<Difference> differences;
  for (const std::string& subject : before.subjects()) {
    const VerifiedRecord *was = before.find(subject), *is = after.find(subject);
    if (is == nullptr && said_nothing(*was)) continue;
    if (is == nullptr && unasked.contains(was->record.gate))
      differences.push_back({.subject = subject, .change = Change::unasked, .before = answer_of(*was)});
    else
      differences.push_back(compare_answers(subject, was, is));
  }
  for (const std::string& subject : after.subjects()) {
    const VerifiedRecord* is = after.find(subject);
    if (before.find(subject) == nullptr && selected(*is)) differences.push_back(compare_answers(subject, nullptr, is));
  }
  return differences;
}

/// Speeds of launches that are proven on both sides; of any other, a speed means nothing.
std::vector<Difference> compare_speeds(const FirstAttempts& before, const FirstAttempts& after) {
  std::vector<Difference> differences;
  for (const std::string& subject : before.subjects()) {
    const VerifiedRecord *was = before.find(subject), *is = after.find(subject);
    if (is == nullptr || !holds(*was) || !holds(*is)) continue;
    if (!was->record.performance || !is->record.performance) continue;
    Difference difference = compare(*was->record.performance, *is->record.performance);
    difference.subject = subject;
    differences.push_back(std::move(difference));
  }
  return differences;
}

std::string text_of(const evidence::Measurement& measured) {
  const evidence::Scalar& value = measured.value;
  const std::string text = value.is_null() ? "unread" : value.is_string() ? value.string() : to_string(value);
  return measured.unit.empty() || value.is_null() ? text : text + " " + measured.unit;
}

const evidence::Measurement* find(const evidence::Record& record, std::string_view key) {
  const auto found = std::ranges::find(record.measurements, key, &evidence::Measurement::key);
  return found == record.measurements.end() ? nullptr : &*found;
}

/// Values of device questions; other records measure nothing that is compared.
std::vector<Difference> compare_measurements(const FirstAttempts& before, const FirstAttempts& after) {
  std::vector<Difference> differences;
  for (const std::string& subject : after.subjects()) {
    const VerifiedRecord *was = before.find(subject), *is = after.find(subject);
    if (was == nullptr || !is->record.target.empty()) continue;
    for (const evidence::Measurement& measured : is->record.measurements) {
      const evidence::Measurement* old = find(was->record, measured.key);
      Difference difference{.subject = fmt::format("{}.{}", subject, measured.key), .after = text_of(measured)};
      difference.before = old == nullptr ? "" : text_of(*old);
      difference.change = old == nullptr                          ? Change::added
                          : difference.before == difference.after ? Change::same
                                                                  : Change::changed;
      differences.push_back(std::move(difference));
    }
    for (const evidence::Measurement& measured : was->record.measurements)
      if (find(is->record, measured.key) == nullptr)
        differences.push_back({.subject = fmt::format("{}.{}", subject, measured.key),
                               .change = Change::gone,
                               .before = text_of(measured)});
  }
  return differences;
}

/// Ids of the supported claims of `in` that `other` does not support.
std::vector<std::string> only_in(const Judgement& in, const Judgement& other) {
  std::vector<std::string> ids;
  for (const SupportedClaim& claim : in.supported)
    if (std::ranges::none_of(other.supported, [&](const SupportedClaim& one) { return one.id() == claim.id(); }))
      ids.push_back(claim.id());
  return ids;
}

std::string_view driver_kind(const evidence::Environment& environment) {
  return environment.driver ? evidence::word(environment.driver->kind) : "none";
}

std::string device_of(const evidence::Environment& environment) {
  if (!environment.device) return "no device";
  return fmt::format("{} ({})", environment.device->name, environment.device->compute_capability);
}

/// Why two bundles are not about the same thing; empty if they are.
std::string scope_difference(const evidence::Environment& before, const evidence::Environment& after) {
  const auto differ = [](std::string_view what, std::string_view was, std::string_view is) {
    return was == is ? std::string() : fmt::format("another {}: {}, was {}", what, is, was);
  };
  if (std::string text = differ("kind of driver", driver_kind(before), driver_kind(after)); !text.empty()) return text;
  return differ("device", device_of(before), device_of(after));
}

bool have_other_devices(const evidence::Environment& before, const evidence::Environment& after) {
  return before.device && after.device && driver_kind(before) == driver_kind(after) &&
         device_of(before) != device_of(after);
}

bool fails(const Difference& difference) {
  const Change change = difference.change;
  return change == Change::lost || change == Change::gone || change == Change::slower || difference.wrong_now;
}

CheckOutcome outcome_of(const Difference& difference) {
  if (fails(difference)) return CheckOutcome::failed;
  return difference.change == Change::unasked ? CheckOutcome::not_applicable : CheckOutcome::met;
}

CheckRow row_of(const Difference& difference, std::string_view kind) {
  return {.id = fmt::format("baseline {}{}", kind, difference.subject),
          .family = "baseline",
          .name = std::string(kind) + difference.subject,
          .outcome = outcome_of(difference),
          .asked = difference.before.empty() ? "-" : difference.before,
          .found = std::string(word(difference.change)),
          .why = fmt::format("{}{}{}", difference.after.empty() ? "nothing" : difference.after,
                             difference.note.empty() ? "" : ": ", difference.note)};
}

Json to_json(const std::vector<Difference>& differences) {
  Json list = Json::array();
  for (const Difference& one : differences)
    list.push_back({{"subject", one.subject},
                    {"change", word(one.change)},
                    {"before", one.before},
                    {"after", one.after},
                    {"note", one.note}});
  return list;
}

}  // namespace

std::string_view word(Change change) { return kChanges[static_cast<std::size_t>(change)]; }

Comparison compare(const Compared& before, const Compared& after) {
  Comparison comparison;
  comparison.environment = compare(before.bundle.environment, after.bundle.environment);
  comparison.not_compared = scope_difference(before.bundle.environment, after.bundle.environment);
  comparison.other_device = have_other_devices(before.bundle.environment, after.bundle.environment);
  if (!comparison.not_compared.empty()) return comparison;
  const FirstAttempts was(before.bundle), is(after.bundle);
  comparison.gates = compare_gates(was, is, unselected(after.bundle));
  comparison.performance = compare_speeds(was, is);
  comparison.measurements = compare_measurements(was, is);
  comparison.claims_gained = only_in(after.claims, before.claims);
  comparison.claims_lost = only_in(before.claims, after.claims);
  return comparison;
}

std::vector<CheckRow> rows_of(const Comparison& comparison) {
  if (!comparison.not_compared.empty())
    return {{.id = "baseline scope",
             .family = "baseline",
             .name = "scope",
             .outcome = comparison.other_device ? CheckOutcome::not_applicable : CheckOutcome::unproven,
             .asked = "equal scope",
             .found = "another",
             .why = "not compared: " + comparison.not_compared}};
  std::vector<CheckRow> rows;
  for (const Difference& one : comparison.gates) rows.push_back(row_of(one, ""));
  for (const Difference& one : comparison.performance) rows.push_back(row_of(one, "speed of "));
  return rows;
}

std::vector<CheckRow> stale_rows(std::span<const EnvironmentDifference> differences, std::size_t claims) {
  std::vector<CheckRow> rows;
  for (const EnvironmentDifference& one : differences)
    if (one.makes_stale)
      rows.push_back(
          {.id = "environment " + one.what,
           .family = "stale",
           .name = one.what,
           .outcome = CheckOutcome::failed,
           .asked = one.after,
           .found = "STALE",
           .why = fmt::format("{} claims were made with {} and are stale with {}", claims, one.before, one.after)});
  if (rows.empty())
    rows.push_back({.id = "environment",
                    .family = "stale",
                    .name = "device, driver, toolchain",
                    .outcome = CheckOutcome::met,
                    .asked = "the same",
                    .found = "same",
                    .why = fmt::format("{} claims are of this environment", claims)});
  return rows;
}

Json to_json(const Comparison& comparison) {
  Json environment = Json::array();
  for (const EnvironmentDifference& one : comparison.environment)
    environment.push_back(
        {{"what", one.what}, {"before", one.before}, {"after", one.after}, {"makes_stale", one.makes_stale}});
  return {{"schema", "bundle-diff/1"},
          {"not_compared", comparison.not_compared},
          {"environment", environment},
          {"gates", to_json(comparison.gates)},
          {"performance", to_json(comparison.performance)},
          {"measurements", to_json(comparison.measurements)},
          {"claims_gained", comparison.claims_gained},
          {"claims_lost", comparison.claims_lost}};
}

}  // namespace assay::reports
