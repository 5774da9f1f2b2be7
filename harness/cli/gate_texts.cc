#include "harness/cli/gate_texts.h"

#include <variant>

#include "harness/gate/attempt.h"
#include "probes/gates.h"

namespace assay::cli {

const GateText* GateTexts::of(std::string_view gate, std::int64_t version) {
  const gate::Gate* row = gate::find_gate(probes::gates(), gate);
  const auto* make = row == nullptr ? nullptr : std::get_if<gate::MakeProbe>(&row->method);
  if (make == nullptr || row->version != version) return nullptr;
  const auto made = made_.find(gate);
  if (made != made_.end()) return &made->second;
  const gate::Probe probe = (*make)({});
  GateText text{.source = probe.source, .kernels = {}};
  for (const gate::Case& one : probe.cases) text.kernels.emplace(one.entry);
  return &made_.emplace(gate, std::move(text)).first->second;
}

}  // namespace assay::cli
