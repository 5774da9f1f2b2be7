#include "harness/evidence/environment_rules.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "harness/base/target.h"
#include "harness/evidence/bundle.h"
#include "harness/evidence/ledger.h"

namespace assay::evidence {
namespace {

Finding finding(std::string_view rule, std::string message) {
  return {rule, std::string(kEnvironmentFile), std::move(message)};
}

// --- fields that say nothing
// ------------------------------------------------------------------------------------------

bool all_zero(std::string_view digits) { return !digits.empty() && digits.find_first_not_of('0') == std::string::npos; }

bool says_nothing(std::string_view text) {
  return text.find_first_not_of(' ') == std::string_view::npos || text == "unknown";
}

/// Collects the fields at fault under their names in the file.
class Meaning {
 public:
  void text(std::string_view field, std::string_view value) {
    if (says_nothing(value)) fault(field, fmt::format("'{}' says nothing", value));
  }
  void digits(std::string_view field, std::string_view value) {
    if (all_zero(value)) fault(field, "is all zero");
  }
  void number(std::string_view field, std::int64_t value) {
    if (value < 1) fault(field, fmt::format("{} says nothing", value));
  }
  std::vector<Finding> take() { return std::move(findings_); }

 private:
  void fault(std::string_view field, std::string_view why) {
    findings_.push_back(finding("meaningful", fmt::format("field '{}': {}", field, why)));
  }
  std::vector<Finding> findings_;
};

/// A program built outside a work tree of its own says so in place of the commit: unfit to publish, and no forgery.
void check(const Environment::Tool& tool, Meaning& meaning) {
  meaning.text("tool.name", tool.name);
  meaning.text("tool.version", tool.version);
  meaning.text("tool.compiler", tool.compiler);
  if (tool.git_commit.empty()) meaning.text("tool.git_commit", tool.git_commit);
  meaning.digits("tool.git_commit", tool.git_commit);
}

/// The version of a library that is not the installed one may be written nowhere.
void check(const Environment::Driver& driver, Meaning& meaning) {
  meaning.text("driver.path_class", driver.path_class);
  meaning.digits("driver.sha256", driver.sha256);
  meaning.number("driver.api_version", driver.api_version);
  if (driver.kind == DriverLibrary::system) meaning.text("driver.driver_version", driver.driver_version);
}

void check(const Environment::Device& device, Meaning& meaning) {
  meaning.text("device.name", device.name);
  meaning.text("device.compute_capability", device.compute_capability);
  meaning.number("device.total_bytes", device.total_bytes);
  meaning.text("device.uuid_token", device.uuid_token);
  meaning.digits("device.uuid_token", device.uuid_token);
  meaning.text("device.pci_token", device.pci_token);
  meaning.digits("device.pci_token", device.pci_token);
}

// --- against the records
// ----------------------------------------------------------------------------------------------

bool was_launched(const Record& record) { return record.stage(Stage::launch).status == StageStatus::ok; }

std::optional<std::string> wrong_driver(const std::optional<Environment::Driver>& driver, const Record& record) {
  if (record.driver_library == DriverLibrary::none) return std::nullopt;
  if (!driver) {
    if (record.stage(Stage::load).status != StageStatus::ok && !was_launched(record)) return std::nullopt;
    return fmt::format("no driver, but {} has an image that driver library {} loaded", record.id(),
                       word(record.driver_library));
  }
  if (driver->kind == record.driver_library) return std::nullopt;
  return fmt::format("driver kind {}, but {} has driver library {}", word(driver->kind), record.id(),
                     word(record.driver_library));
}

/// A driver's own answer to a question of the record; null if it was not asked, or not answered.
const Scalar* answer(const Record& record, std::string_view call, std::string_view key) {
  const auto found = std::ranges::find_if(record.measurements,
                                          [&](const Measurement& one) { return one.key == key && one.source == call; });
  return found == record.measurements.end() || found->value.is_null() ? nullptr : &found->value;
}

/// Holds what environment.json says against what the driver answered in the record.
class Answers {
 public:
  explicit Answers(const Record& record) : record_(record) {}
  void hold(std::string_view rule, std::string_view call, std::string_view key, std::string_view field,
            const Scalar& said) {
    const Scalar* answered = answer(record_, call, key);
    if (answered == nullptr || *answered == said) return;
    findings_.push_back(finding(rule, fmt::format("{} is {}, but {} of {} is {}", field, to_string(said), key,
                                                  record_.id(), to_string(*answered))));
  }
  std::vector<Finding> take() { return std::move(findings_); }

 private:
  const Record& record_;
  std::vector<Finding> findings_;
};

/// "9.0" of 9 and 0, once both were answered.
std::optional<std::string> capability(const Record& record) {
  const Scalar* major = answer(record, "cuDeviceGetAttribute", "compute_capability_major");
  const Scalar* minor = answer(record, "cuDeviceGetAttribute", "compute_capability_minor");
  if (major == nullptr || minor == nullptr) return std::nullopt;
  return fmt::format("{}.{}", to_string(*major), to_string(*minor));
}

/// 90 of "9.0"; 0 of what is no capability.
int capability_number(std::string text) {
  std::erase(text, '.');
  const auto target = parse_target("sm_" + text);
  return target ? target->sm : 0;
}

/// Code for one architecture runs on exactly its own (PTX ISA, section 11.1.2).
std::optional<std::string> wrong_target(const Environment::Device& device, const Record& record) {
  if (record.image != ImageKind::native || !was_launched(record)) return std::nullopt;
  const auto target = parse_target(record.target);
  if (!target || target->suffix != 'a' || target->sm == capability_number(device.compute_capability))
    return std::nullopt;
  return fmt::format("device.compute_capability is \"{}\", but {} was launched", device.compute_capability,
                     record.id());
}

std::vector<Finding> wrong_device(const std::optional<Environment::Device>& device, const Record& record) {
  if (!device) {
    if (!was_launched(record)) return {};
    return {finding("device", fmt::format("no device, but {} was launched on one", record.id()))};
  }
  Answers answers(record);
  answers.hold("device", "cuDeviceGetName", "device_name", "device.name", device->name);
  answers.hold("device", "cuDeviceTotalMem", "total_global_memory", "device.total_bytes", device->total_bytes);
  answers.hold("device", "cuDeviceGetAttribute", "multiprocessor_count", "device.multiprocessor_count",
               device->multiprocessor_count);
  std::vector<Finding> findings = answers.take();
  if (const auto answered = capability(record); answered && *answered != device->compute_capability)
    findings.push_back(finding("device", fmt::format("device.compute_capability is \"{}\", but {} answered \"{}\"",
                                                     device->compute_capability, record.id(), *answered)));
  if (auto wrong = wrong_target(*device, record)) findings.push_back(finding("device", *std::move(wrong)));
  return findings;
}

/// A device without multiprocessors; where the driver refused to count them, 0 is all that an honest run has.
std::optional<Finding> no_multiprocessors(const Environment::Device& device, std::span<const VerifiedRecord> records) {
  const auto refused = [](const VerifiedRecord& one) {
    return std::ranges::any_of(one.record.measurements, [](const Measurement& asked) {
      return asked.key == "multiprocessor_count" && asked.value.is_null();
    });
  };
  if (device.multiprocessor_count > 0 || std::ranges::any_of(records, refused)) return std::nullopt;
  return finding("meaningful", "field 'device.multiprocessor_count': 0 says nothing");
}

/// The library's version stands for the module's too, so both are one where they agree.
std::optional<std::string> wrong_agreement(const Environment::Driver& driver) {
  if (driver.says_emulated && driver.kind != DriverLibrary::emulated)
    return fmt::format("the library says that it is emulated, but driver kind is {}", word(driver.kind));
  if (driver.kernel_agrees && driver.kernel_module_version != driver.driver_version)
    return fmt::format("the library is said to agree with the kernel module, but is {} beside '{}'",
                       driver.driver_version, driver.kernel_module_version);
  return std::nullopt;
}

/// The target for which code is assembled to run on the device; empty if its capability is none.
std::string own_target(const Environment::Device& device) {
  constexpr int kFirstWithOwnCode = 90;
  const int sm = capability_number(device.compute_capability);
  return sm == 0 ? "" : to_string(Target{.sm = sm, .suffix = sm >= kFirstWithOwnCode ? 'a' : ' '});
}

}  // namespace

std::vector<Finding> meaningless_fields(const Environment& environment) {
  Meaning meaning;
  check(environment.tool, meaning);
  meaning.text("os.kernel", environment.system.kernel);
  meaning.text("os.arch", environment.system.arch);
  for (std::size_t i = 0; i < environment.toolchain.size(); ++i) {
    const Environment::Part& part = environment.toolchain[i];
    meaning.text(fmt::format("toolchain[{}].name", i), part.name);
    meaning.text(fmt::format("toolchain[{}].version", i), part.version);
    meaning.digits(fmt::format("toolchain[{}].sha256", i), part.sha256);
  }
  if (environment.driver) check(*environment.driver, meaning);
  if (environment.device) check(*environment.device, meaning);
  return meaning.take();
}

std::vector<Finding> against_environment(const Environment& environment, std::span<const VerifiedRecord> records) {
  std::vector<Finding> findings;
  const auto& driver = environment.driver;
  if (driver)
    if (auto wrong = wrong_agreement(*driver)) findings.push_back(finding("driver-library", *std::move(wrong)));
  if (environment.device)
    if (auto none = no_multiprocessors(*environment.device, records)) findings.push_back(*std::move(none));
  for (const auto& [record, derived] : records) {
    if (auto wrong = wrong_driver(driver, record)) findings.push_back(finding("driver-library", *std::move(wrong)));
    if (driver) {
      Answers answers(record);
      answers.hold("driver-library", "cuDriverGetVersion", "driver_api_version", "driver.api_version",
                   driver->api_version);
      for (Finding& one : answers.take()) findings.push_back(std::move(one));
    }
    for (Finding& one : wrong_device(environment.device, record)) findings.push_back(std::move(one));
  }
  return findings;
}

std::vector<Finding> left_out_at_home(const Environment& environment, std::span<const VerifiedRecord> records) {
  const std::string own = environment.device ? own_target(*environment.device) : "";
  std::map<std::string_view, bool> asked;  // gates with targets, to whether one is the device's own
  for (const auto& [record, derived] : records)
    if (!record.target.empty()) asked[record.gate] |= record.target == own;
  std::vector<Finding> findings;
  for (const auto& [gate, at_home] : asked) {
    if (at_home || own.empty()) continue;
    findings.push_back({"gate-list", std::string(kLedgerFile),
                        fmt::format("no record of gate '{}' at {}, the device's own target", gate, own)});
  }
  return findings;
}

std::vector<Finding> left_out_variants(const Environment& environment, std::span<const VerifiedRecord> records,
                                       const Variants& variants) {
  const std::string own = environment.device ? own_target(*environment.device) : "";
  std::map<std::pair<std::string_view, std::int64_t>, std::set<std::string_view>> found;
  for (const auto& [record, derived] : records)
    if (!record.variant.empty()) found[{record.gate, record.gate_version}].insert(record.variant);
  std::vector<Finding> findings;
  for (const auto& [gate, there] : found)
    for (const std::string& variant : variants(gate.first, gate.second, own))
      if (!there.contains(variant))
        findings.push_back(
            {"gate-list", std::string(kLedgerFile), fmt::format("no record of {}[{}]", gate.first, variant)});
  return findings;
}

}  // namespace assay::evidence
