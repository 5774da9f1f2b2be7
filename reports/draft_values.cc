// What was read off a device: reported values and measured limits.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "harness/base/json.h"
#include "reports/drafts.h"
#include "reports/wording.h"

namespace assay::reports {
namespace {

using evidence::Measurement;
using evidence::Verdict;
using evidence::VerifiedRecord;

constexpr std::int64_t kFewestLaunches = 5;

/// Who answers behind a source: "the driver" for its calls.
std::string who(std::string_view source) {
  if (source == "kernel") return "a kernel";
  if (source == "assembler") return "the assembler";
  if (source == "/proc/meminfo") return "the host";
  if (source == "cuMemAlloc" || source == "cuMemcpyDtoDAsync") return std::string(source);
  return source.starts_with("cu") ? "the driver" : name_of(source);
}

/// What the source did to come by the value: nobody else chooses the verb.
std::string clause_start(const Measurement& one, const std::string& assembler) {
  if (one.source == "kernel") return one.value == "passed" ? "a kernel ran in" : "a kernel measured";
  if (one.source == "assembler") return assembler.empty() ? "the assembler accepts" : assembler + " accepts";
  if (one.source == "cuMemAlloc") return "cuMemAlloc gave";
  if (one.source == "cuMemcpyDtoDAsync") return "cuMemcpyDtoDAsync ran at";
  return who(one.source) + " reports";
}

/// "232448 B of shared memory"; of a launch that ran only what ran.
std::string value_words(const Measurement& one, const std::string& of) {
  return one.value == "passed" ? of : fmt::format("{} {}", measured(one.value, one.unit), of);
}

std::string with_target(std::string text, const std::string& target) {
  constexpr std::string_view kPlace = "{target}";
  if (const auto at = text.find(kPlace); at != std::string::npos) text.replace(at, kPlace.size(), target);
  return text;
}

/// Values in order, those of one clause together: "a kernel measured A and B", "the driver reports C".
struct Clause {
  std::string start;
  std::vector<std::string> values;
};
void add(std::vector<Clause>& clauses, const Measurement& one, const std::string& of, const std::string& assembler) {
  const std::string start = clause_start(one, assembler);
  if (clauses.empty() || clauses.back().start != start) clauses.push_back({start, {}});
  clauses.back().values.push_back(value_words(one, of));
}

std::string told(const std::vector<Clause>& clauses) {
  std::string text;
  for (std::size_t i = 0; i < clauses.size(); ++i)
    text += fmt::format("{}{} {}",
                        i == 0                    ? ""
                        : i + 1 == clauses.size() ? ", and "
                                                  : ", ",
                        clauses[i].start, listed(clauses[i].values));
  return text;
}

/// Empty if every record of the gate is an answered question.
std::string unanswered(const std::string& gate, const BundleView& bundle) {
  const BundleView::Records records = bundle.of_gate(gate);
  if (records.empty()) return fmt::format("gate {} has no record", gate);
  for (const VerifiedRecord* one : records)
    if (one->derived.verdict != Verdict::reported) return gate_ending(*one);
  return "";
}

/// A word that tells of a launch which did not pass is no limit that held.
bool did_not_hold(const Measurement& one) {
  return one.source == "kernel" && one.value.is_string() && one.value != "passed";
}

/// N of "median of N; ..."; 0 if the note does not say it.
std::int64_t launches_in(std::string_view note) {
  constexpr std::string_view kStart = "median of ";
  if (!note.starts_with(kStart)) return 0;
  note.remove_prefix(kStart.size());
  std::int64_t count = 0;
  const auto read = std::from_chars(note.data(), note.data() + note.size(), count);
  return read.ec == std::errc() ? count : 0;
}

/// A rate counts with its number of launches, and only of a device that nothing held back.
std::string fault_in_rate(const std::string& gate, const Measurement& median, const BundleView& bundle) {
  if (launches_in(median.note) < kFewestLaunches)
    return fmt::format("{}: {} timed launches or more are not on record", median.key, kFewestLaunches);
  const Measurement* throttle = bundle.measurement(gate, "load_throttle_reasons");
  if (throttle == nullptr) return "whether the device was throttled could not be read";
  if (throttle->value != 0) return fmt::format("measured while the device was throttled: {}", name_of(throttle->note));
  return "";
}

std::string answered_of(const VerifiedRecord& one) {
  const auto& list = one.record.measurements;
  const auto answered = std::ranges::count_if(list, [](const Measurement& m) { return !m.value.is_null(); });
  return fmt::format("{} of {} values answered", answered, list.size());
}

/// Who answered, each once: "the driver", "NVML", "the host". What was done and timed is no answer.
std::vector<std::string> askers(const VerifiedRecord& one) {
  std::vector<std::string> names;
  for (const Measurement& measured : one.record.measurements) {
    const std::string name = who(measured.source);
    const bool answers = name == "the driver" || name == "the host" || name == "NVML";
    if (!answers || measured.value.is_null() || std::ranges::find(names, name) != names.end()) continue;
    names.push_back(name);
  }
  return names;
}

}  // namespace

Drafts draft_query(const Claim& claim, const BundleView& bundle) {
  const std::string& gate = claim.gates.front();
  if (!bundle.has_device()) return lacking("no device was opened");
  if (std::string fault = unanswered(gate, bundle); !fault.empty()) return lacking(std::move(fault));
  const VerifiedRecord& one = *bundle.of_gate(gate).front();
  std::vector<std::string> values;
  for (const Quantity& quantity : claim.measurements)
    if (const Measurement* found = bundle.measurement(gate, quantity.key))
      values.push_back(value_words(*found, quantity.of));
  const std::vector<std::string> names = askers(one);
  if (names.empty()) return lacking(fmt::format("gate {} holds no answer of a driver", gate));
  return {.made = {{.level = evidence::Level::e1,
                    .scope = bundle.scope(),
                    .sentence = fmt::format("On {}, {} report{} {}: {}{}{}.", bundle.device_words(), listed(names),
                                            names.size() == 1 ? "s" : "", claim.subject, answered_of(one),
                                            values.empty() ? "" : ", among them ", listed(values)),
                    .records = {one.record.id()}}},
          .lacks = {}};
}

Drafts draft_limit(const Claim& claim, const BundleView& bundle) {
  const std::string& gate = claim.gates.front();
  if (!bundle.has_device()) return lacking("no device was opened");
  if (std::string fault = unanswered(gate, bundle); !fault.empty()) return lacking(std::move(fault));
  const std::string assembler = bundle.assembler_of(bundle.of_gate(gate).front()->record);
  std::vector<Clause> clauses;
  std::int64_t launches = 0;
  for (const Quantity& quantity : claim.measurements) {
    const std::string key = with_target(quantity.key, bundle.own_target());
    const Measurement* found = bundle.measurement(gate, key);
    if (found == nullptr) return lacking(fmt::format("{} was not read", key));
    if (did_not_hold(*found)) continue;
    if (found->unit == "B/s" && launches == 0) {
      if (std::string fault = fault_in_rate(gate, *found, bundle); !fault.empty()) return lacking(std::move(fault));
      launches = launches_in(found->note);
    }
    add(clauses, *found, with_target(quantity.of, bundle.own_target()), assembler);
  }
  if (clauses.empty()) return lacking("nothing of it held");
  const VerifiedRecord& one = *bundle.of_gate(gate).front();
  const std::string timed =
      launches == 0 ? "" : fmt::format(", in {} launches while nothing throttled the device", launches);
  return {.made = {{.evidence_class = one.derived.evidence_class,
                    .level = one.derived.level,
                    .scope = bundle.scope(),
                    .sentence = fmt::format("On {}, {}{}.", bundle.device_words(), told(clauses), timed),
                    .records = {one.record.id()}}},
          .lacks = {}};
}

}  // namespace assay::reports
