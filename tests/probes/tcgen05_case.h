// What the tests of the tcgen05.mma gates share: whether the comparison refuses what a model gives for a case, and
// cases with one scalar changed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/gate/compare.h"
#include "probe_parts.h"
#include "tcgen05_model.h"

namespace assay::probes::tcgen05 {

/// Runs a gate's kernel on the CPU: the output "d", word after word.
using Model = std::vector<std::uint32_t> (*)(const gate::Case&, Fault);

/// What the model gives for a case, nothing where that is Undefined.
inline std::optional<std::vector<std::uint32_t>> outcome(Model model, const gate::Case& launch_case, Fault fault) {
  try {
    return model(launch_case, fault);
  } catch (const Undefined&) {
    return std::nullopt;
  }
}

inline std::size_t mismatches(const gate::Case& expected, const std::vector<std::uint32_t>& observed) {
  return gate::compare(part<gate::Output>(expected, "d"), gate::bytes_of(observed)).mismatches.size();
}

/// Whether the outcome of a fault, or of a changed case, would be refused.
inline bool refused(Model model, const gate::Case& run, const gate::Case& expected, Fault fault = Fault::none) {
  const auto observed = outcome(model, run, fault);
  return !observed || mismatches(expected, *observed) > 0;
}

/// Some case of the probe refuses the fault.
inline bool caught(Model model, const gate::Probe& probe, Fault fault) {
  for (const gate::Case& launch_case : probe.cases)
    if (refused(model, launch_case, launch_case, fault)) return true;
  return false;
}

template <class Bits>
gate::Case with_scalar(gate::Case launch_case, std::string_view name, Bits bits) {
  for (gate::Argument& argument : launch_case.arguments)
    if (auto* scalar = std::get_if<gate::Scalar>(&argument); scalar != nullptr && scalar->name == name)
      scalar->bytes = gate::bytes_of(bits);
  return launch_case;
}

/// The bits of a scalar that can be flipped without the comparison's notice.
template <class Bits>
std::vector<int> unnoticed_bits(Model model, const gate::Case& launch_case, std::string_view name) {
  const auto genuine = scalar_of<Bits>(launch_case, name);
  std::vector<int> bits;
  for (int bit = 0; bit < static_cast<int>(8 * sizeof(Bits)); ++bit)
    if (!refused(model, with_scalar(launch_case, name, static_cast<Bits>(genuine ^ Bits{1} << bit)), launch_case))
      bits.push_back(bit);
  return bits;
}

}  // namespace assay::probes::tcgen05
