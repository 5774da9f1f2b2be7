// Instruction x target x stage: how far each gate's text came for each target, in one word a cell.
//
// A pure function of a run's records. A cell tells the furthest of the software stages: the assembler's answer, and
// where a device was present the loader's answer to the image; for the device's own target the verdict. Images of
// cubin.arch_patch have no place in it: they are listed by what the loader said to them. Tested by
// tests/reports/stage_matrix_test.cc.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "harness/evidence/verify.h"

namespace assay::reports {

struct StageMatrix {
  struct Row {
    std::string gate;
    std::vector<std::string> cells;  ///< As many as targets.
  };
  std::vector<std::string> targets;  ///< "sm_90a", by SM number.
  std::vector<Row> rows;             ///< In the order of the records.
};

/// "refused" (the assembler), "assembles" (no loader was asked), "209" (it assembles, the loader's code), "loads",
/// another word for what went wrong; of a target that was launched on, the verdict; "-" where nothing is on record.
StageMatrix stage_matrix(std::span<const evidence::VerifiedRecord>);

/// One answer, and the images that got it.
struct ImageAnswer {
  std::string answer;                 ///< "801 CUDA_ERROR_NOT_SUPPORTED at load", "loads", "the edit does not fit"...
  std::vector<std::string> variants;  ///< In the order of the records.
};
std::vector<ImageAnswer> image_answers(std::span<const evidence::VerifiedRecord>);

}  // namespace assay::reports
