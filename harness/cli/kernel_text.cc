#include "harness/cli/kernel_text.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "harness/base/json.h"
#include "harness/cli/terminal.h"

namespace assay::cli {
namespace {

std::vector<const evidence::VerifiedRecord*> records_of(const gate::RunResult& result) {
  std::vector<const evidence::VerifiedRecord*> found;
  for (const evidence::VerifiedRecord& one : result.records) {
    const bool asked = one.record.stopped != evidence::Stopped::not_selected;
    if (asked && is_of_kernel(one.record)) found.push_back(&one);
  }
  return found;
}

}  // namespace

bool is_of_kernel(const gate::GateOutcome& outcome) { return outcome.gate.starts_with("kernel."); }
bool is_of_kernel(const evidence::Record& record) { return record.gate.starts_with("kernel."); }

std::string kernel_text(const gate::RunResult& result, std::size_t width, bool colour) {
  std::vector<std::vector<Cell>> rows;
  for (const evidence::VerifiedRecord* one : records_of(result))
    rows.push_back({{one->record.gate},
                    {one->record.variant},
                    {std::string(evidence::word(one->derived.verdict)), colour_of(one->derived.verdict)},
                    {one->derived.reason}});
  if (rows.empty()) return "";
  return table({"kernel", "problem", "verdict", "why"}, rows, width, colour) + "\n";
}

Json kernel_json(const gate::RunResult& result) {
  Json kernels = Json::array();
  for (const evidence::VerifiedRecord* one : records_of(result))
    kernels.push_back({{"kernel", one->record.gate},
                       {"problem", one->record.variant},
                       {"verdict", evidence::word(one->derived.verdict)},
                       {"class", evidence::word(one->derived.evidence_class)},
                       {"level", evidence::word(one->derived.level)},
                       {"reason", one->derived.reason}});
  return kernels;
}

}  // namespace assay::cli
