// What sentences are made of, looked up in a verified report: the device's own target, the records there, who
// assembled, and the words for the scope. Tested by tests/reports/guardrail_test.cc.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/evidence/verify.h"
#include "reports/guardrail.h"

namespace assay::reports {

class BundleView {
 public:
  /// The report must outlive the view.
  explicit BundleView(const evidence::VerifyReport& report);

  using Records = std::vector<const evidence::VerifiedRecord*>;

  const evidence::VerifyReport& report() const { return report_; }
  /// Why nothing can be said of this bundle at all: an emulated driver library, labels that were not recomputed. Empty:
  /// something can.
  const std::string& silence() const { return silence_; }
  bool has_device() const { return report_.environment.device && report_.environment.driver; }
  /// "sm_90a": the most specific target of the device; empty without a device.
  const std::string& own_target() const { return own_target_; }

  /// All records of a gate, in the order of the run.
  Records of_gate(std::string_view gate) const;
  /// The records of a gate's own text at the device's own target: no named attempts, nothing of a foreign target. Also
  /// those that never came to a target (not implemented, not selected), which tell why there are no others.
  Records at_own_target(std::string_view gate) const;
  /// Whether the driver is on record as taking and running native images: the copy control is proven.
  bool takes_native_images() const;
  /// A value that one of the gate's records has, or null; also null where it could not be read.
  const evidence::Measurement* measurement(std::string_view gate, std::string_view key) const;

  /// Device and driver, and where there is a record what it was assembled for and by what.
  Scope scope() const;
  Scope scope(const evidence::Record&) const;
  /// "nvJitLink 13.0": what made this record's image; empty if the environment does not tell.
  std::string assembler_of(const evidence::Record&) const;
  /// "an NVIDIA H100 80GB HBM3 (compute capability 9.0, driver 580.159.04)".
  std::string device_words() const;
  /// "driver 580.159.04 on an NVIDIA H100 80GB HBM3 (compute capability 9.0)".
  std::string driver_words() const;

 private:
  const evidence::VerifyReport& report_;
  std::string own_target_;
  std::string silence_;
};

/// Whether a record is of a kernel of the catalogue: its variants are problems, not images.
inline bool is_of_kernel(const evidence::Record& record) { return record.gate.starts_with("kernel."); }

/// The record without its attempt, as instances of families are called: "cubin.arch_patch[edit.magic]@sm_90a".
std::string subject_key(const evidence::Record&);
/// "gate tcgen05.alloc is refused: assembler refused: ...", as a refused claim tells it.
std::string gate_ending(const evidence::VerifiedRecord&);

}  // namespace assay::reports
