#include "reports/measured.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/base/json.h"

namespace assay::reports {
namespace {

/// Looks measurements up by key over all device questions of a run.
class Values {
 public:
  explicit Values(std::span<const evidence::VerifiedRecord> records) : records_(records) {}

  const evidence::Measurement* find(std::string_view key) const {
    for (const auto& [record, derived] : records_) {
      if (!record.target.empty() || record.gate == "device.query") continue;
      const auto& list = record.measurements;
      const auto found = std::ranges::find(list, key, &evidence::Measurement::key);
      if (found != list.end() && !found->value.is_null()) return &*found;
    }
    return nullptr;
  }

  std::optional<std::int64_t> integer(std::string_view key) const {
    const auto* found = find(key);
    if (found == nullptr || !found->value.is_integer()) return std::nullopt;
    return found->value.integer();
  }

 private:
  std::span<const evidence::VerifiedRecord> records_;
};

/// The phrases whose value was read, joined with commas.
class Phrases {
 public:
  template <class Format>
  Phrases& add(std::optional<std::int64_t> value, Format format) {
    if (!value) return *this;
    text_ += (text_.empty() ? "" : ", ") + format(*value);
    return *this;
  }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

std::string gigabytes(std::int64_t bytes) { return fmt::format("{:.2f} GB", static_cast<double>(bytes) / 1e9); }
std::string terabytes_a_second(std::int64_t rate) {
  return fmt::format("{:.2f} TB/s", static_cast<double>(rate) / 1e12);
}

auto suffixed(std::string_view suffix) {
  return [suffix](std::int64_t value) { return fmt::format("{} {}", value, suffix); };
}
auto sized(std::string_view suffix) {
  return [suffix](std::int64_t bytes) { return fmt::format("{} {}", gigabytes(bytes), suffix); };
}

std::string multiprocessors(const Values& values) {
  return Phrases()
      .add(values.integer("multiprocessor_count"), suffixed("reported"))
      .add(values.integer("multiprocessors_measured"), suffixed("counted by a kernel"))
      .text();
}

std::string shared_memory(const Values& values, std::string_view own_target) {
  return Phrases()
      .add(values.integer("max_shared_memory_per_block_optin"), suffixed("B reported"))
      .add(values.integer("dynamic_shared_memory_measured"), suffixed("B launched and touched"))
      .add(values.integer(fmt::format("static_shared_memory_{}", own_target)),
           [&](std::int64_t bytes) { return fmt::format("{} B static assembled for {}", bytes, own_target); })
      .text();
}

std::string clusters(const Values& values) {
  std::string ran, other;
  for (const int size : {1, 2, 4, 8, 16}) {
    const auto* launched = values.find(fmt::format("exec_cluster_size_{}", size));
    const auto* code = values.find(fmt::format("launch_cluster_size_{}", size));
    if (launched != nullptr && launched->value == "passed") {
      ran += fmt::format("{}{}", ran.empty() ? "" : ", ", size);
    } else if (code != nullptr && code->value.is_string()) {
      other += fmt::format("; {}: {}", size, code->value.string());
    }
  }
  return ran.empty() ? "" : fmt::format("sizes {} ran{}", ran, other);
}

std::string memory(const Values& values) {
  return Phrases()
      .add(values.integer("mem_get_info_total"), sized("by CUDA"))
      .add(values.integer("nvml_memory_total"), sized("by NVML"))
      .add(values.integer("largest_allocation"), sized("in one allocation"))
      .add(values.integer("host_memory_available"), sized("available on the host"))
      .text();
}

/// A rate beside what the profile expects of it.
std::string rate(const Values& values, const Profile* profile, std::string_view key) {
  const auto value = values.integer(key);
  if (!value) return "";
  std::string text = terabytes_a_second(*value);
  const Fact* fact = profile == nullptr ? nullptr : profile->find(key);
  if (fact == nullptr || !fact->expected.is_number_integer()) return text;
  const std::string_view verdict = word(compare(*profile, key, Json(*value), "B/s"));
  return text + fmt::format(" (profile {}: {} of {} {})", profile->id, verdict, fact->expected.get<std::int64_t>(),
                            fact->unit);
}

std::string state(const Values& values) {
  std::string text =
      Phrases()
          .add(values.integer("load_sm_clock_high"), [](std::int64_t khz) { return fmt::format("{} MHz", khz / 1000); })
          .add(values.integer("load_power_high"),
               [](std::int64_t mw) { return fmt::format("{} W", (mw + 500) / 1000); })
          .add(values.integer("load_temperature_high"), suffixed("C"))
          .text();
  const auto* throttle = values.find("load_throttle_reasons");
  if (throttle != nullptr) text += fmt::format(", throttled by {}", throttle->note.empty() ? "?" : throttle->note);
  return text;
}

}  // namespace

MeasuredLines measured_lines(std::span<const evidence::VerifiedRecord> records, std::string_view own_target,
                             const Profile* profile) {
  const Values values(records);
  MeasuredLines lines = {{"multiprocessors", multiprocessors(values)},
                         {"shared memory a block", shared_memory(values, own_target)},
                         {"clusters", clusters(values)},
                         {"memory", memory(values)},
                         {"read", rate(values, profile, "bench_read_bandwidth")},
                         {"copy, read + written", rate(values, profile, "bench_copy_bandwidth")},
                         {"under load", state(values)}};
  std::erase_if(lines, [](const auto& line) { return line.second.empty(); });
  return lines;
}

}  // namespace assay::reports
