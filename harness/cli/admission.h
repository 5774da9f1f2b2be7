// The gates that kernels need, asked before anything is timed, and the device kept for the one who asked.
//
// Gates are asked for their verdicts alone: a figure is no bundle, so nothing of them is kept. Tested by
// tests/cli/bench_kernels_test.cc and tests/cli/run_layers_test.cc.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "harness/base/file_system.h"
#include "harness/base/json_fwd.h"
#include "harness/cli/exit.h"
#include "harness/gate/runner.h"

namespace assay::cli {

/// The gates' verdicts, the survey and the lock that keeps other runs off the device meanwhile.
struct Admission {
  gate::RunResult result;
  std::optional<HostLock> lock;

  std::optional<evidence::Verdict> verdict(std::string_view gate) const;
  /// Empty: everything that is needed holds here.
  std::string unmet(std::span<const gate::Prerequisite> needs) const;
  evidence::DriverLibrary library() const;
};

struct AdmissionRequest {
  std::string command;         ///< Who complains.
  std::string driver, device;  ///< As for `assay run`.
  std::string nonce;           ///< 64 hexadecimal digits.
  bool cache = true, quiet = false;
};

/// A nonce that no run had before.
std::string fresh_nonce();

/// Asks these gates and what they need. Nothing: a line on standard error has said why, and `end` is the code to end
/// with.
std::optional<Admission> admit(const AdmissionRequest&, std::span<const gate::Prerequisite>, Exit& end);

/// "NVIDIA H100, compute capability 9.0, driver 13.0", and the same for machines, with the gates' verdicts.
std::string heading(const Admission&, bool colour);
Json heading_json(const Admission&);

/// Says that a command was interrupted; returns its code.
Exit interrupted(std::string_view command, int signal);

}  // namespace assay::cli
