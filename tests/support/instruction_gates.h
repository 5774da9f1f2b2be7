// The instruction gates of the table as parameters of a test, printed by their ids.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <ostream>
#include <string>
#include <variant>
#include <vector>

#include "probes/gates.h"

namespace assay::test {

struct GateRow {
  const gate::Gate* row = nullptr;
};
inline void PrintTo(const GateRow& gate, std::ostream* out) { *out << gate.row->id; }

inline std::vector<GateRow> instruction_gates() {
  std::vector<GateRow> rows;
  for (const gate::Gate& row : probes::gates())
    if (std::holds_alternative<gate::MakeProbe>(row.method)) rows.push_back({&row});
  return rows;
}

inline std::string gate_name(const testing::TestParamInfo<GateRow>& info) {
  std::string name(info.param.row->id);
  std::ranges::replace(name, '.', '_');
  return name;
}

}  // namespace assay::test
