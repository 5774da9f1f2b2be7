// Which gates a whole run has records of, by the rules that label it. Tested by tests/probes/gates_test.cc.
#include <algorithm>
#include <array>
#include <iterator>
#include <span>

#include "probes/gates.h"

namespace assay::probes {
namespace {

constexpr std::string_view kFirst[] = {
    "device.query",     "device.limits",    "device.memory", "device.state", "control.copy",    "control.arithmetic",
    "control.mma_bf16", "cubin.arch_patch", "tcgen05.alloc", "tcgen05.ld",   "tcgen05.mma.f16", "tcgen05.mma.mxf4nvf4",
    "tcgen05.mma.pair", "tma.load",         "tma.multicast", "tma.gather4",  "tma.scatter4",    "tma.reduce",
    "mma.fp8",          "cvt.fp4",          "mma.fp4",       "wgmma.bf16"};

struct Set {
  std::string_view rules;
  std::span<const std::string_view> gates;
};
constexpr std::array kSets = {Set{"rules/1", kFirst}, Set{"rules/2", kFirst}, Set{"rules/3", kFirst}};

}  // namespace

std::vector<std::string> gate_set(std::string_view rules) {
  const auto found = std::ranges::find(kSets, rules, &Set::rules);
  if (found == kSets.end()) return {};
  return {found->gates.begin(), found->gates.end()};
}

}  // namespace assay::probes
