#include "harness/evidence/bundle.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "harness/base/json.h"

namespace assay::evidence {
namespace {

Result<RequiredGate> read_required_gate(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  RequiredGate gate{.gate = reader.string("gate"), .gate_version = reader.integer("gate_version", 1)};
  if (const Status status = reader.finish(); !status) return status.error();
  return gate;
}

}  // namespace

Json to_json(const RunRules& rules) {
  Json gates = Json::array();
  for (const RequiredGate& gate : rules.gates) {
    gates.push_back({{"gate", gate.gate}, {"gate_version", gate.gate_version}});
  }
  return {{"schema", RunRules::kSchema}, {"rules", rules.rules}, {"gates", std::move(gates)}};
}

Result<RunRules> run_rules_from_json(const Json& json, std::string_view where) {
  ObjectReader reader(json, std::string(where));
  if (const std::string schema = reader.string("schema"); schema != RunRules::kSchema) {
    reader.fault("schema",
                 fmt::format("'{}' is not '{}', the schema that this build reads", schema, RunRules::kSchema));
  }
  RunRules rules{.rules = reader.string("rules"), .gates = {}};
  const Json& gates = reader.array("gates");
  if (const Status status = reader.finish(); !status) return status.error();
  for (const Json& element : gates) {
    auto gate = read_required_gate(element, fmt::format("{}: gates[{}]", where, rules.gates.size()));
    if (!gate) return gate.error();
    const auto same = [&](const RequiredGate& other) { return other.gate == gate->gate; };
    if (std::any_of(rules.gates.begin(), rules.gates.end(), same)) {
      return Error{.message = fmt::format("{}: gates[{}]: '{}' is named twice", where, rules.gates.size(), gate->gate)};
    }
    rules.gates.push_back(*std::move(gate));
  }
  return rules;
}

}  // namespace assay::evidence
