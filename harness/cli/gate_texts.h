// What an instruction gate launches: its PTX text and its kernels, which do not depend on the challenge.
//
// A gate gives them with its inputs and oracles, which take a hundred times longer; a verification asks for every
// record, so it keeps them by gate. Tested by tests/cli/gate_check_test.cc and tests/cli/image_check_test.cc.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "harness/gate/gate.h"

namespace assay::cli {

struct GateText {
  gate::Source source;
  std::set<std::string> kernels;  ///< Entries of all its cases.
};

/// Of one verification, in one thread.
class GateTexts {
 public:
  /// Null: this build has no instruction gate of this id and version.
  const GateText* of(std::string_view gate, std::int64_t version);

 private:
  std::map<std::string, GateText, std::less<>> made_;
};

}  // namespace assay::cli
