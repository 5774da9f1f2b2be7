// What a device question (device.query, device.limits, device.memory, device.state) is handed.
#pragma once

#include "harness/cuda/assembler.h"
#include "harness/cuda/device.h"
#include "harness/cuda/driver.h"
#include "harness/cuda/nvml.h"
#include "harness/gate/gate.h"

namespace assay::gate {

/// The tools of one question, in one child process. The question fills `record.measurements`, and the stages and cases
/// of what it launched.
struct QuestionContext {
  const cuda::DeviceFacts& facts;
  const cuda::DriverIdentity& driver;
  cuda::Device& device;
  const Result<std::unique_ptr<cuda::Nvml>>& nvml;  ///< Its error is an answer to record.
  const Result<std::unique_ptr<cuda::PtxAssembler>>& assembler;
  const Result<std::unique_ptr<cuda::CudaCompiler>>& compiler;
  const Seed& seed;
  evidence::Record& record;
};

}  // namespace assay::gate
