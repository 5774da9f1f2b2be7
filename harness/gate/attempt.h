// The child's side of a run: one request in on standard input, lines of JSON out on standard output.
//
// The parent never opens a driver. Whatever may crash, hang or poison a context happens in a child that serves one
// request:
//
//   survey     which driver, which device; then the gate device.query
//   question   other device questions, one after the other as long as none faults
//   probe      one instruction gate on the device's own target
//   assemble   the assemble stage of many (gate, target) pairs; no driver is opened
//   images     attempts of one gate at edited images, one after the other as long as none faults
//   workload   attempts of one workload, one after the other as long as none faults
//   foreign    assemble, and what another target than the device's gave is handed to the driver's loader, never
//   launched
//
// Lines: {"survey":{...}}, {"tool":{...}}, {"at":STAGE,"record":{...}} when a stage begins, {"record":{...}} when an
// attempt is over. If the child dies, the last "at" line says where. Files (texts, images, logs) go to a scratch folder
// by digest. Tested by tests/gate/attempt_test.cc.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/json_fwd.h"
#include "harness/base/result.h"
#include "harness/cuda/driver.h"
#include "harness/evidence/record.h"
#include "harness/gate/gate.h"

namespace assay::gate {

/// What one attempt is about.
struct AttemptWork {
  std::string gate;
  std::string target;   ///< Empty for device questions.
  std::string variant;  ///< Of a gate that makes several attempts: which; else empty.
  int attempt = 1;      ///< From 1; what is asked again has a number, and inputs, of its own.
};

struct AttemptRequest {
  enum class Kind { survey, question, probe, assemble, foreign, images, workload } kind = Kind::survey;
  std::vector<AttemptWork> work;  ///< One for survey and probe; else as many as share a child.
  std::string nonce;              ///< 64 hex digits.
  std::string driver;             ///< --driver as the user wrote it; empty: automatic.
  std::string device;             ///< Index or UUID.
  std::string scratch;            ///< Folder for artifacts, named by digest.
  std::string cache;              ///< Folder of the compile cache; empty: none.
  std::vector<evidence::PrerequisiteResult> prerequisites;  ///< As the parent found them.
  std::string unmet;                                        ///< Why nothing may be launched; empty: go on.
  PatchedLaunch allowed = PatchedLaunch::none;              ///< Which edited images may be launched.
};

Json to_json(const AttemptRequest&);
Result<AttemptRequest> attempt_request_from_json(const Json&);

/// What a survey found; also the parent's view of it.
struct Survey {
  cuda::DriverIdentity driver;
  cuda::DeviceFacts device;  ///< Name, UUID, PCI id, capability; attributes are in the record of device.query.
};
Json to_json(const Survey&);
Result<Survey> survey_from_json(const Json&);

/// A record with everything filled in that is known before the attempt begins.
evidence::Record start_record(const Gate&, std::string_view target, std::string_view variant = "");

/// The seed of every image attempt of a gate on a device of this target; `nonce` is hex.
Seed image_seed(std::string_view nonce, const Gate&, Target device);
/// The target in the record of an image attempt: what it was built for, or the device's once it is edited to look so.
std::string image_target(const ImageAttempt&, Target device);

/// The row with this id, or null.
const Gate* find_gate(std::span<const Gate> table, std::string_view id);

/// Serves one request; `print` is given each line without its newline. The copy probe is the positive control.
Status serve_attempt(const AttemptRequest&, std::span<const Gate> table, MakeProbe copy_control,
                     const std::function<void(std::string_view)>& print);

}  // namespace assay::gate
