#include "kernels/bench/watch.h"

#include <algorithm>

namespace assay::kernels::bench {
namespace {

/// gpu_idle, applications_clocks_setting, display_clock_setting.
constexpr std::int64_t kNoSlowing = 0x1 | 0x2 | 0x100;

void raise(std::optional<std::int64_t>& highest, const std::optional<std::int64_t>& now) {
  if (now) highest = std::max(highest.value_or(*now), *now);
}

}  // namespace

void Watch::look() {
  if (nvml_ == nullptr) return;
  const std::optional<std::int64_t> clock = nvml_->sm_clock_khz().value;
  if (!first_clock_) first_clock_ = clock;
  last_clock_ = clock;
  raise(power_, nvml_->power_mw().value);
  raise(temperature_, nvml_->temperature_c().value);
  if (const auto now = nvml_->throttle_reasons().value) reasons_ = reasons_.value_or(0) | (*now & ~kNoSlowing);
}

void Watch::stamp(evidence::Performance& performance) const {
  performance.clock_khz_before = first_clock_;
  performance.clock_khz_after = last_clock_;
  performance.power_mw = power_;
  performance.temperature_c = temperature_;
  performance.throttle = reasons_ ? cuda::throttle_words(*reasons_) : "not readable";
}

}  // namespace assay::kernels::bench
