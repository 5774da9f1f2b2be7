// The small kernels with which a device question looks for itself.
//
// What a driver reports and what a launch shows are two answers, so a question may launch kernels of its own: assembled
// for the device's own target, loaded, and every output compared with what the host computed from the challenge. A
// launch that the driver refuses is an answer and leaves the stages alone; a kernel that faults ends the question,
// because the context is gone. Tested by tests/probes/device_limits_test.cc.
#pragma once

#include <string>
#include <string_view>

#include "harness/gate/device_buffers.h"
#include "harness/gate/question.h"

namespace assay::probes {

/// Marks a stage passed, unless it or an earlier one already went wrong.
void pass_stage(evidence::Record&, evidence::Stage);
/// Keeps the first fault of a stage; later stages then count as not reached.
void fail_stage(evidence::Record&, evidence::Stage, evidence::StageStatus, const Error&);
/// Compares the outputs of one launch, in argument order, with the case's oracle: adds a case to the record and fills
/// its verify stage. True: all words agree.
bool record_case(evidence::Record&, const gate::Case&, std::span<const std::vector<std::byte>> observed);

/// How one launch ended.
enum class Ending { agreed, mismatched, refused, faulted };

struct Launched {
  Ending ending = Ending::refused;
  Error error;              ///< Of a refused or faulted launch.
  gate::Observed observed;  ///< Of a launch that finished.
};

/// One entry, loaded on the question's device. The context must outlive it.
class DeviceKernel {
 public:
  /// From a PTX text for the device's own target. The assemble, load and resolve stages of the record are filled.
  static Result<DeviceKernel> from_ptx(gate::QuestionContext&, const gate::Source&, std::string_view entry);
  /// From an image that is ready to load.
  static Result<DeviceKernel> from_image(gate::QuestionContext&, std::span<const std::byte> image,
                                         std::string_view entry);

  /// Launches and waits; reads everything back without comparing it. The ending is `agreed` if it finished.
  Launched launch(const gate::Case&);
  /// The same, then compared with the case's oracle: adds a case to the record and fills the verify stage.
  Launched check(const gate::Case&);
  /// Runs `changed`, a case whose expected outputs differ from those of `original`, against the oracle of `original`:
  /// the comparison must find exactly the words that differ. Fills the negative control.
  void check_negative(const gate::Case& original, const gate::Case& changed);

  cuda::Function function() const { return function_; }

 private:
  DeviceKernel(gate::QuestionContext& context, cuda::Function function) : context_(&context), function_(function) {}

  gate::QuestionContext* context_;
  cuda::Function function_;
};

}  // namespace assay::probes
