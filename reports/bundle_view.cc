#include "reports/bundle_view.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "harness/base/target.h"
#include "reports/wording.h"

namespace assay::reports {
namespace {

using evidence::DriverLibrary;
using evidence::Environment;
using evidence::Record;
using evidence::VerifiedRecord;
using evidence::VerifyReport;

/// 90 of "9.0"; 0 if it is no capability.
int sm_of(std::string_view capability) {
  int major = 0, minor = 0;
  const char* end = capability.data() + capability.size();
  const auto first = std::from_chars(capability.data(), end, major);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '.') return 0;
  const auto second = std::from_chars(first.ptr + 1, end, minor);
  return second.ec == std::errc() && second.ptr == end && minor < 10 ? 10 * major + minor : 0;
}

/// As the harness names it: architecture-specific from 9.0 on.
std::string own_target_of(const VerifyReport& report) {
  if (!report.environment.device) return "";
  const int sm = sm_of(report.environment.device->compute_capability);
  return sm == 0 ? "" : to_string(Target{.sm = sm, .suffix = sm >= 90 ? 'a' : ' '});
}

bool is_emulation(DriverLibrary library) {
  return library == DriverLibrary::emulated || library == DriverLibrary::unknown;
}

std::string silence_of(const VerifyReport& report, const std::string& own_target) {
  if (report.environment.driver && is_emulation(report.environment.driver->kind))
    return fmt::format("the driver library is {}; nothing that it answers supports a claim",
                       word(report.environment.driver->kind));
  for (const VerifiedRecord& one : report.records)
    if (is_emulation(one.record.driver_library))
      return fmt::format("{} was answered by a driver library that is {}; nothing of such a run supports a claim",
                         one.record.id(), word(one.record.driver_library));
  if (report.labels_not_recomputed > 0)
    return fmt::format("the labels of {} follow rules that this build does not know",
                       counted(static_cast<std::int64_t>(report.labels_not_recomputed), "record"));
  if (report.environment.device && own_target.empty())
    return fmt::format("environment.json: '{}' is no compute capability",
                       report.environment.device->compute_capability);
  return "";
}

}  // namespace

BundleView::BundleView(const VerifyReport& report)
    : report_(report), own_target_(own_target_of(report)), silence_(silence_of(report, own_target_)) {}

BundleView::Records BundleView::of_gate(std::string_view gate) const {
  Records found;
  for (const VerifiedRecord& one : report_.records)
    if (one.record.gate == gate) found.push_back(&one);
  return found;
}

BundleView::Records BundleView::at_own_target(std::string_view gate) const {
  Records found = of_gate(gate);
  std::erase_if(found, [&](const VerifiedRecord* one) {
    const bool elsewhere = !one->record.target.empty() && one->record.target != own_target_;
    return elsewhere || !one->record.variant.empty() || one->record.stopped == evidence::Stopped::foreign_target;
  });
  return found;
}

bool BundleView::takes_native_images() const {
  const Records copies = at_own_target("control.copy");
  return !copies.empty() && copies.front()->derived.verdict == evidence::Verdict::proven;
}

const evidence::Measurement* BundleView::measurement(std::string_view gate, std::string_view key) const {
  for (const VerifiedRecord* one : of_gate(gate)) {
    const auto& list = one->record.measurements;
    const auto found = std::ranges::find(list, key, &evidence::Measurement::key);
    if (found != list.end() && !found->value.is_null()) return &*found;
  }
  return nullptr;
}

Scope BundleView::scope() const {
  Scope scope;
  if (report_.environment.device) {
    scope.device = name_of(report_.environment.device->name);
    scope.compute_capability = report_.environment.device->compute_capability;
  }
  if (report_.environment.driver) scope.driver = name_of(report_.environment.driver->driver_version);
  return scope;
}

Scope BundleView::scope(const Record& record) const {
  Scope whole = scope();
  whole.assembler = assembler_of(record);
  whole.target = record.target;
  return whole;
}

std::string BundleView::assembler_of(const Record& record) const {
  const std::string_view name = record.artifacts.contains("cuda") ? "NVRTC" : "nvJitLink";
  const Environment::Part* part = report_.environment.part(name);
  return part == nullptr ? "" : name_of(fmt::format("{} {}", part->name, part->version));
}

std::string BundleView::device_words() const {
  const Scope all = scope();
  return fmt::format("{} (compute capability {}, driver {})", with_article(all.device), all.compute_capability,
                     all.driver);
}

std::string BundleView::driver_words() const {
  const Scope all = scope();
  return fmt::format("driver {} on {} (compute capability {})", all.driver, with_article(all.device),
                     all.compute_capability);
}

std::string subject_key(const Record& record) {
  std::string key = record.id();
  return key.substr(0, key.rfind('#'));
}

std::string gate_ending(const VerifiedRecord& one) {
  const std::string attempt = one.record.attempt > 1 ? fmt::format(", attempt {},", one.record.attempt) : "";
  return fmt::format("gate {}{} is {}: {}", one.record.gate, attempt, word(one.derived.verdict), one.derived.reason);
}

}  // namespace assay::reports
