#include "harness/cli/recompute.h"

#include <fmt/format.h>

#include "harness/cli/all_gates.h"
#include "harness/gate/attempt.h"
#include "harness/gate/image_likeness.h"
#include "harness/gate/run_probe.h"
#include "harness/gate/workload.h"

namespace assay::cli {
namespace {

/// Of an image that ran: the reading that the record names. One that there is not has cases of nobody.
Result<evidence::Recomputed> recompute(const gate::Gate& gate, gate::MakeImages make, const evidence::Record& record,
                                       const Digest& nonce) {
  evidence::Recomputed recomputed{.known_version = true};
  const Result<Target> device = parse_target(record.target);
  if (!device) return device.error();
  for (const gate::ImageAttempt& image : make(gate::image_seed(hex(nonce), gate, *device), *device)) {
    if (image.variant != record.variant) continue;
    if (static_cast<bool>(image.edit) != (record.image == evidence::ImageKind::patched))
      return Error{fmt::format("image '{}' is {}, the record says {}", image.variant,
                               image.edit ? "an edited one" : "as it was built", evidence::word(record.image))};
    for (const gate::Reading& reading : image.readings)
      if (!record.cases.empty() && reading.expected.name == record.cases.front().name)
        recomputed.cases.push_back(gate::digests(reading.expected));
  }
  return recomputed;
}

Result<evidence::Recomputed> recompute(const gate::Workload& workload, const evidence::Record& record,
                                       const gate::Seed& seed) {
  Result<std::vector<evidence::CaseDigests>> cases = workload.recompute(record, seed);
  if (!cases) return cases.error();
  return evidence::Recomputed{.known_version = true, .cases = *std::move(cases)};
}

}  // namespace

std::string compare_images(const evidence::ImageEdit& told, std::string_view image, std::string_view native) {
  const auto bytes = [](std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); };
  const gate::CodeLikeness found = gate::code_likeness(bytes(image), bytes(native));
  const auto differs = [](std::string_view copy, evidence::Likeness says, evidence::Likeness is) {
    return fmt::format("{} is said to be {} beside the native build's, it is {}", copy, word(says), word(is));
  };
  if (told.code != found.code) return differs("its .text", told.code, found.code);
  if (told.mercury != found.mercury) return differs("its Mercury copy", told.mercury, found.mercury);
  return "";
}

Result<evidence::Recomputed> recompute(const evidence::Record& record, const Digest& nonce) {
  return recompute_among(all_gates(), record, nonce);
}

Result<evidence::Recomputed> recompute_among(std::span<const gate::Gate> table, const evidence::Record& record,
                                             const Digest& nonce) {
  evidence::Recomputed recomputed;
  const gate::Gate* gate = gate::find_gate(table, record.gate);
  if (gate == nullptr || gate->version != record.gate_version) return recomputed;
  if (const auto* images = std::get_if<gate::MakeImages>(&gate->method))
    return recompute(*gate, *images, record, nonce);
  const gate::Seed seed = gate::derive_seed(nonce, record.gate, record.target, std::to_string(record.attempt));
  if (const auto* workload = std::get_if<const gate::Workload*>(&gate->method))
    return recompute(**workload, record, seed);
  const auto* make = std::get_if<gate::MakeProbe>(&gate->method);
  if (make == nullptr) return recomputed;
  recomputed.known_version = true;
  const gate::Probe probe = (*make)(seed);
  for (const gate::Case& one : probe.cases) recomputed.cases.push_back(gate::digests(one));
  return recomputed;
}

}  // namespace assay::cli
