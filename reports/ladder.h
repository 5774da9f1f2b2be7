// The gate ladder: how far each gate of a run came on this device, one row a gate.
//
// The row is read from the record that speaks for the gate: its first attempt on the device's own text, or, where no
// device was asked, the text that came furthest. A gate that asks about many images has no one record that speaks for
// it; its row tells how the images fared together, and carries no verdict. Of a kernel the first problem that was not
// done right speaks, or the first. Tested by tests/reports/ladder_test.cc.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "harness/evidence/verify.h"

namespace assay::reports {

/// A stage of a row. `mixed`: ok for some images, not for others. `not_asked`: a device question needs no such stage.
enum class Rung { ok, refused, failed, mixed, not_reached, not_asked };
/// "not-reached".
std::string_view word(Rung);

/// What stands for the verdict of a gate that asks about many images.
inline constexpr std::string_view kByImage = "by image";

struct LadderRow {
  std::string gate;
  std::string record;  ///< Id of the record that speaks for the gate; empty where many images do.
  std::string target;  ///< "sm_90a"; empty for device questions and for images.
  std::array<Rung, evidence::kStageCount> rungs{};
  std::string evidence_class, level, verdict;  ///< Words of the record; of many images "" and "by image".
  std::string reason;
};

/// In the order of the run's gates.
std::vector<LadderRow> gate_ladder(const evidence::VerifyReport&);

}  // namespace assay::reports
