#include "probes/device_query.h"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/base/json.h"
#include "probes/device_measurements.h"

namespace assay::probes {
namespace {

/// Where the card sits identifies it, so these answered attributes stay out of every record.
constexpr std::array<std::string_view, 3> kIdentifying = {"pci_bus_id", "pci_device_id", "pci_domain_id"};

/// The unit that cuda.h gives an attribute; most are counts and flags.
std::string_view unit_of(std::string_view attribute) {
  if (attribute.ends_with("clock_rate")) return "kHz";
  if (attribute == "global_memory_bus_width") return "bit";
  constexpr std::array<std::string_view, 6> kBytes = {"total_constant_memory",         "l2_cache_size",
                                                      "max_persisting_l2_cache_size",  "max_pitch",
                                                      "max_access_policy_window_size", "texture_alignment"};
  const bool bytes =
      attribute.find("shared_memory_per") != attribute.npos || std::ranges::find(kBytes, attribute) != kBytes.end();
  return bytes ? "B" : "";
}

/// A number that this build has no name for; reported only as part of a count.
bool nameless(const cuda::Attribute& attribute) { return attribute.name.starts_with("attribute_"); }

void attributes(const cuda::DeviceFacts& facts, evidence::Record& record) {
  Measurements attribute(record, "cuDeviceGetAttribute");
  std::int64_t answered = 0, refused = 0, without_name = 0;
  std::map<int, int> refusals;
  for (const cuda::Attribute& a : facts.attributes) {
    if (a.code != 0) {
      ++refused;
      ++refusals[a.code];
      if (!nameless(a)) attribute.missing(a.name, unit_of(a.name), fmt::format("refused with CUresult {}", a.code));
      continue;
    }
    ++answered;
    if (std::ranges::find(kIdentifying, a.name) != kIdentifying.end()) continue;
    if (nameless(a)) ++without_name;
    attribute.value(a.name, unit_of(a.name), a.value);
  }
  std::vector<std::string> by_code;
  for (const auto& [code, count] : refusals) by_code.push_back(fmt::format("CUresult {}: {}", code, count));
  attribute.value("attributes_answered", "", answered, fmt::format("{} of them without a name here", without_name));
  attribute.value("attributes_refused", "", refused, fmt::format("{}", fmt::join(by_code, ", ")));
}

void nvml(const Result<std::unique_ptr<cuda::Nvml>>& opened, evidence::Record& record) {
  Measurements nvml(record, "NVML");
  if (!opened) {
    nvml.missing("driver_version", "", opened.error().message);
    nvml.missing("nvml_max_sm_clock", "kHz", opened.error().message);
    nvml.missing("nvml_power_limit", "mW", opened.error().message);
    return;
  }
  nvml.value("driver_version", "", (*opened)->driver_version());
  nvml.reading("nvml_max_sm_clock", "kHz", (*opened)->max_sm_clock_khz());
  nvml.reading("nvml_power_limit", "mW", (*opened)->power_limit_mw());
}

}  // namespace

void ask_device_query(gate::QuestionContext& context) {
  const cuda::DeviceFacts& facts = context.facts;
  Measurements(context.record, "cuDeviceGetName").value("device_name", "", clean_utf8(facts.name));
  Measurements(context.record, "cuDeviceTotalMem")
      .value("total_global_memory", "B", static_cast<std::int64_t>(facts.total_bytes));
  Measurements(context.record, "cuDriverGetVersion").value("driver_api_version", "", context.driver.api_version);
  Measurements(context.record, "derived").value("own_target", "", to_string(facts.own_target()));
  attributes(facts, context.record);
  nvml(context.nvml, context.record);
}

}  // namespace assay::probes
