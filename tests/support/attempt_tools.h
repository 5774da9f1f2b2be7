// What run_probe needs besides a device, kept in memory.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "harness/base/digest.h"
#include "harness/cuda/assembler.h"
#include "harness/gate/run_probe.h"

namespace assay::test {

/// Artifacts by digest, and the stages in the order in which they were reached.
class MemoryLog : public gate::AttemptLog {
 public:
  std::string keep(std::span<const std::byte> bytes) override {
    const std::string name = hex(sha256(bytes));
    kept[name] = {bytes.begin(), bytes.end()};
    return name;
  }
  void reached(evidence::Stage stage, const evidence::Record&) override { stages.push_back(stage); }

  std::map<std::string, std::vector<std::byte>> kept;
  std::vector<evidence::Stage> stages;
};

/// A disassembler that is not there.
inline gate::Disassemble no_disassembler() {
  return [](std::span<const std::byte>) -> Result<std::string> { return Error{"none in this test"}; };
}

inline gate::Seed test_seed(std::string_view gate = "test") {
  const std::vector<std::byte> nonce(32, std::byte{0x5a});
  return gate::derive_seed(nonce, gate, "sm_90a");
}

}  // namespace assay::test
