// What executed: instruction gates and kernels.
#include <fmt/format.h>

#include <algorithm>

#include "harness/base/json.h"
#include "reports/drafts.h"
#include "reports/wording.h"

namespace assay::reports {
namespace {

using evidence::ControlStatus;
using evidence::EvidenceClass;
using evidence::Performance;
using evidence::Record;
using evidence::Verdict;
using evidence::VerifiedRecord;

constexpr std::int64_t kFewestSamples = 5;

bool is_proven(const VerifiedRecord& one) {
  return one.derived.verdict == Verdict::proven && one.derived.evidence_class == EvidenceClass::real_execution &&
         one.record.image == evidence::ImageKind::native;
}

/// A later attempt is never proven, because only a first one counts; it may still not have gone wrong.
bool right_again(const VerifiedRecord& one) {
  const Record& record = one.record;
  const bool compared = !record.cases.empty() && std::ranges::all_of(record.cases, [](const auto& result) {
    return result.compared > 0 && result.mismatches == 0;
  });
  const bool controlled = std::ranges::all_of(
      evidence::kControls, [&](const auto& control) { return record.controls.*control.status == ControlStatus::ok; });
  return record.attempt > 1 && one.derived.evidence_class == EvidenceClass::real_execution &&
         record.image == evidence::ImageKind::native &&
         record.stage(evidence::Stage::verify).status == evidence::StageStatus::ok && compared && controlled;
}

/// The first record that does not bear the claim out; empty if all do, the first attempt proven.
std::string fault_in(const BundleView::Records& records) {
  for (const VerifiedRecord* one : records)
    if (!is_proven(*one) && !right_again(*one)) return gate_ending(*one);
  if (!is_proven(*records.front())) return gate_ending(*records.front());
  return "";
}

std::int64_t compared(const Record& record) {
  std::int64_t all = 0;
  for (const evidence::CaseResult& result : record.cases) all += result.compared;
  return all;
}

/// "14 cases, 19712 words equal to the oracle under a fresh challenge, 5 controls ok".
std::string comparison(const Record& record) {
  return fmt::format("{}, {} equal to the oracle under a fresh challenge, {} controls ok",
                     counted(static_cast<std::int64_t>(record.cases.size()), "case"), counted(compared(record), "word"),
                     evidence::kControls.size());
}

/// "5 cases, 31744 values equal to the reference or within its bound, under a fresh challenge, 5 controls ok".
std::string agreement(const Record& record) {
  return fmt::format("{}, {} equal to the reference or within its bound, under a fresh challenge, {} controls ok",
                     counted(static_cast<std::int64_t>(record.cases.size()), "case"),
                     counted(compared(record), "value"), evidence::kControls.size());
}

/// How the toolchain put it: as the instruction, or as a call that the driver answers.
std::string executes(const Record& record, const Scope& scope) {
  const std::string built = fmt::format("assembled for {} by {}", scope.target, scope.assembler);
  if (record.witness.lowering != "driver-call") return fmt::format("executes correctly when {}", built);
  const std::string call =
      record.witness.externs.empty() ? "" : fmt::format(" ({})", name_of(record.witness.externs.front()));
  return fmt::format("gives right results through a call into this driver{}, to which it is lowered when {}", call,
                     built);
}

Draft base_of(const VerifiedRecord& one, const BundleView& bundle) {
  return {.evidence_class = one.derived.evidence_class,
          .level = one.derived.level,
          .scope = bundle.scope(one.record),
          .records = {one.record.id()}};
}

BundleView::Records kernels_of(const BundleView& bundle) {
  BundleView::Records found;
  for (const VerifiedRecord& one : bundle.report().records)
    if (is_of_kernel(one.record)) found.push_back(&one);
  return found;
}

/// "kernel nvfp4_gemm (m128)".
std::string kernel_words(const Record& record) {
  const std::string name = name_of(record.gate.substr(std::string_view("kernel.").size()));
  return record.variant.empty() ? "kernel " + name : fmt::format("kernel {} ({})", name, name_of(record.variant));
}

/// Attempts of one kernel, by what they are of; in the order of the first ones.
std::vector<BundleView::Records> by_subject(const BundleView::Records& records) {
  std::vector<BundleView::Records> groups;
  for (const VerifiedRecord* one : records) {
    const auto same = std::ranges::find_if(
        groups, [&](const auto& group) { return subject_key(group.front()->record) == subject_key(one->record); });
    if (same == groups.end())
      groups.push_back({one});
    else
      same->push_back(one);
  }
  return groups;
}

/// What a timed launch lacks to be spoken of; empty if nothing.
std::string fault_in(const std::optional<Performance>& performance) {
  if (!performance) return "no launch was timed";
  const Performance& timed = *performance;
  if (timed.samples < kFewestSamples)
    return fmt::format("{} of the {} timed launches that are needed", timed.samples, kFewestSamples);
  if (timed.median_ns <= 0) return "the median is not on record";
  if (timed.spread_ns <= 0) return "the spread of the launches is not on record";
  if (!timed.clock_khz_before || !timed.clock_khz_after) return "clocks could not be read";
  if (timed.throttle != "none") return fmt::format("throttled, or not readable: {}", name_of(timed.throttle));
  if (timed.floor.empty() || timed.floor_ns <= 0) return "nothing that it is held against was timed in the same run";
  return "";
}

/// "31.2 TFLOP/s and 812.0 GB/s", as far as they were counted.
std::string rates(const Performance& timed) {
  // Operations a nanosecond are GFLOP/s; bytes a nanosecond are GB/s.
  std::vector<std::string> rates;
  if (timed.operations > 0) rates.push_back(decimal(timed.operations, timed.median_ns, 1) + " GFLOP/s");
  if (timed.bytes > 0) rates.push_back(decimal(timed.bytes, timed.median_ns, 1) + " GB/s");
  return rates.empty() ? "" : fmt::format(", which is {}", listed(rates));
}

std::string speed(const Performance& timed) {
  return fmt::format(
      "took {} at the median of {} launches (median absolute deviation {}; {}){}, {} times its floor, {}, which took "
      "{} in the "
      "same run, with the SM clock at {} before and {} after and nothing throttled",
      time_of(timed.median_ns), timed.samples, time_of(timed.spread_ns), name_of(timed.launch), rates(timed),
      decimal(timed.median_ns, timed.floor_ns, 2), name_of(timed.floor), time_of(timed.floor_ns),
      measured(Json(*timed.clock_khz_before), "kHz"), measured(Json(*timed.clock_khz_after), "kHz"));
}

}  // namespace

Drafts draft_capability(const Claim& claim, const BundleView& bundle) {
  const std::string& gate = claim.gates.front();
  if (!bundle.has_device()) return lacking("no device was opened");
  if (bundle.of_gate(gate).empty()) return lacking(fmt::format("gate {} has no record", gate));
  const BundleView::Records records = bundle.at_own_target(gate);
  if (records.empty())
    return lacking(fmt::format("gate {} has no record at {}, the device's own target", gate, bundle.own_target()));
  if (const std::string fault = fault_in(records); !fault.empty()) return lacking(fault);
  const VerifiedRecord& one = *records.front();
  Draft draft = base_of(one, bundle);
  if (draft.scope.assembler.empty()) return lacking("environment.json does not name the assembler");
  draft.sentence = fmt::format("On {}, {} {}: {}.", bundle.device_words(), claim.subject,
                               executes(one.record, draft.scope), comparison(one.record));
  return {.made = {std::move(draft)}, .lacks = {}};
}

Drafts draft_correctness(const Claim&, const BundleView& bundle) {
  Drafts drafts;
  for (const BundleView::Records& records : by_subject(kernels_of(bundle))) {
    const VerifiedRecord& one = *records.front();
    const std::string key = subject_key(one.record);
    Draft draft = base_of(one, bundle);
    std::string fault = fault_in(records);
    if (fault.empty() && !bundle.has_device()) fault = "no device was opened";
    if (fault.empty() && draft.scope.assembler.empty()) fault = "environment.json does not name the compiler";
    if (!fault.empty()) {
      drafts.lacks.push_back({key, std::move(fault)});
      continue;
    }
    draft.key = key;
    draft.sentence =
        fmt::format("On {}, {} computes correctly when built for {} by {}: {}.", bundle.device_words(),
                    kernel_words(one.record), draft.scope.target, draft.scope.assembler, agreement(one.record));
    drafts.made.push_back(std::move(draft));
  }
  return or_lacking(std::move(drafts), "no kernel is on record");
}

Drafts draft_throughput(const Claim&, const BundleView& bundle) {
  Drafts drafts;
  for (const BundleView::Records& records : by_subject(kernels_of(bundle))) {
    const VerifiedRecord& one = *records.front();
    const std::string key = subject_key(one.record);
    Draft draft = base_of(one, bundle);
    std::string fault = fault_in(records);
    if (fault.empty()) fault = fault_in(one.record.performance);
    if (fault.empty() && !bundle.has_device()) fault = "no device was opened";
    if (fault.empty() && draft.scope.assembler.empty()) fault = "environment.json does not name the compiler";
    if (!fault.empty()) {
      drafts.lacks.push_back({key, std::move(fault)});
      continue;
    }
    draft.key = key;
    draft.sentence = fmt::format("On {}, {}, built for {} by {}, {}; the same launch gave the right result ({}).",
                                 bundle.device_words(), kernel_words(one.record), draft.scope.target,
                                 draft.scope.assembler, speed(*one.record.performance), agreement(one.record));
    drafts.made.push_back(std::move(draft));
  }
  return or_lacking(std::move(drafts), "no kernel is on record");
}

}  // namespace assay::reports
