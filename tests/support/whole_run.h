// The records of a run that was asked for a few gates only: of every other gate it is on record that it was not.
#pragma once

#include <algorithm>
#include <vector>

#include "harness/evidence/derive.h"
#include "probes/gates.h"
#include "tests/evidence/fixtures.h"

namespace assay::test {

/// `records`, and after them what a run writes of each gate that it left out.
inline std::vector<evidence::Record> whole_run(std::vector<evidence::Record> records) {
  evidence::Record left_out;
  left_out.stopped = evidence::Stopped::not_selected;
  left_out.started_utc = left_out.finished_utc = records.back().started_utc;
  left_out.monotonic_ns = records.back().monotonic_ns;
  std::vector<evidence::Record> whole = records;
  for (const gate::Gate& gate : probes::gates()) {
    const auto same = [&](const evidence::Record& record) { return record.gate == gate.id; };
    if (std::any_of(records.begin(), records.end(), same)) continue;
    left_out.gate = gate.id;
    left_out.gate_version = gate.version;
    left_out.instruction = gate.instruction;
    left_out.proves = gate.proves;
    left_out.does_not_prove = gate.does_not_prove;
    whole.push_back(left_out);
  }
  return whole;
}

}  // namespace assay::test
