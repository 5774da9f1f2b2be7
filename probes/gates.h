// THE gate table.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/gate/gate.h"

namespace assay::probes {

/// Every gate in run order. Ids are never renamed and never reused; the first row is device.query.
std::span<const gate::Gate> gates();

/// The copy probe, which every instruction gate runs before and after itself as its positive control.
gate::MakeProbe copy_control();

/// The gates that every run labelled by these rules has records of, in run order; empty for rules that are not known
/// here. A gate that joins the table joins the set of new rules: sets of rules that bundles exist of never change.
std::vector<std::string> gate_set(std::string_view rules);

}  // namespace assay::probes
