// A conversion: a checkpoint in, an NVFP4 artifact out.
//
// The layout of the output follows from the plan alone, before a weight is read. Then units of work, the members of one
// fused group or one tensor that is copied, run on as many threads as asked for. Each reads its weights twice, for the
// group's largest magnitude and to quantise, in pieces of bounded size; so memory grows with threads and not with the
// model, and every byte is the same for any number of threads.
//
// The output grows in OUT.part, file by file, and gets its name at the very end. A conversion that was killed goes on
// with the files that it had finished, if it is asked for the same thing of the same master; one that fails leaves
// nothing. Tested by tests/artifact/convert_test.cc and resume_test.cc.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/base/json.h"
#include "harness/base/result.h"
#include "kernels/artifact/checkpoint.h"
#include "kernels/artifact/modelopt.h"
#include "kernels/artifact/plan.h"
#include "kernels/artifact/progress.h"
#include "kernels/nvfp4/rows.h"

namespace assay::artifact {

/// The input scale of a module for whose activations no data was seen: it covers |x| up to 168 and keeps full precision
/// down to blocks whose largest is 0.006.
inline constexpr float kInputScale = 0x1p-4f;

struct ConvertOptions {
  nvfp4::Method method = nvfp4::Method::sweep;
  nvfp4::TensorScale tensor_scale = nvfp4::TensorScale::pow2;
  Algo algo = Algo::w4a16;
  Dialect dialect = Dialect::modelopt;
  unsigned threads = 1;
  std::uint64_t file_bytes = 5'000'000'000;  ///< Largest payload of one file.
};

struct ConvertedModule {
  std::string module;
  std::int64_t outputs = 0, inputs = 0;
  float tensor_scale = 0;  ///< s2.
  nvfp4::Noise noise;
};

struct Conversion {
  std::vector<ConvertedModule> modules;             ///< In the plan's order.
  std::uint64_t bytes_before = 0, bytes_after = 0;  ///< Payloads of all tensors.
  std::size_t files = 0, files_resumed = 0;
};

/// In OUT.part: what the conversion is of, and the files that are finished.
inline constexpr std::string_view kConversionJournal = ".conversion.jsonl";

/// Where an unfinished conversion lies: OUT with ".part" behind it.
std::filesystem::path part_of(const std::filesystem::path& out);

/// Writes the tensors of the artifact into part_of(out), and the index where there are several files. Error: a weight
/// that is NaN or infinite, named with its tensor, row and column; the master changed while it was read; the file
/// system's. After an error nothing is left. Error too, then nothing is touched: another process is at it.
Result<Conversion> convert_tensors(const Checkpoint&, const Plan&, const ConvertOptions&,
                                   const std::filesystem::path& out, const OnProgress&);

}  // namespace assay::artifact
