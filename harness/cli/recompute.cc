#include "harness/cli/recompute.h"

#include "harness/gate/attempt.h"
#include "harness/gate/run_probe.h"
#include "probes/gates.h"

namespace assay::cli {

Result<evidence::Recomputed> recompute(const evidence::Record& record, const Digest& nonce) {
  evidence::Recomputed recomputed;
  const gate::Gate* gate = gate::find_gate(probes::gates(), record.gate);
  const auto* make = gate == nullptr ? nullptr : std::get_if<gate::MakeProbe>(&gate->method);
  if (make == nullptr || gate->version != record.gate_version) return recomputed;
  recomputed.known_version = true;
  const gate::Probe probe =
      (*make)(gate::derive_seed(nonce, record.gate, record.target, std::to_string(record.attempt)));
  for (const gate::Case& one : probe.cases) recomputed.cases.push_back(gate::digests(one));
  return recomputed;
}

}  // namespace assay::cli
