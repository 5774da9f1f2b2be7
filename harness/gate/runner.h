// The parent's side of a run: every gate of the table in order, each attempt in a child under a watchdog, every outcome
// one record.
//
// The parent opens no driver and loads no image. It asks children (attempt.h), turns a child that crashed, hung or said
// nothing into the record of what it was doing, checks prerequisites against the verdicts so far, and hands each record
// to the journal before it goes on. Running and showing are apart: the observer only looks. Tested by
// tests/gate/runner_test.cc with scripted children.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/child.h"
#include "harness/base/json.h"
#include "harness/base/result.h"
#include "harness/evidence/derive.h"
#include "harness/evidence/record.h"
#include "harness/evidence/verify.h"
#include "harness/gate/attempt.h"
#include "harness/gate/gate.h"

namespace assay::gate {

/// Where records and artifacts go; the bundle writer in a real run.
class Journal {
 public:
  virtual ~Journal() = default;
  /// Keeps an artifact (scrubbed if it is text) and returns the digest under which it is kept.
  virtual Result<std::string> keep(std::span<const std::byte> bytes) = 0;
  /// Labels and writes the record; on disk when it returns.
  virtual Result<evidence::Derived> append(const evidence::Record&) = 0;
};

/// Told what happens; prints progress.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void begins(std::string_view gate, std::string_view what) = 0;
  virtual void ended(const evidence::Record&, const evidence::Derived&) = 0;
};

/// What one gate came to: its record on the device, or the one for its home target where there is no device; of a gate
/// that the run was not asked for, the record that says so.
struct GateOutcome {
  std::string gate;
  evidence::Record record;
  evidence::Derived derived;
  int assembled = 0, assemble_asked = 0;  ///< Targets that accepted the text, of how many.
  bool selected() const { return record.stopped != evidence::Stopped::not_selected; }
};

struct RunOptions {
  std::string executable;  ///< Program that serves attempts: `EXECUTABLE attempt`.
  std::string nonce;       ///< 64 hex digits.
  std::string driver;      ///< --driver as written; empty: automatic.
  std::string device = "0";
  std::filesystem::path cache;  ///< Compile cache; empty: none.
  bool use_driver = true;       ///< False: no sign of a driver on this machine; only toolchain stages run.
  std::string why_no_driver;    ///< The line that goes with it.
  std::chrono::milliseconds attempt_limit{30'000};
  std::chrono::milliseconds run_limit{600'000};
  std::vector<std::string> only;  ///< Gate ids; empty: all. Prerequisites are added, the rest is told as not selected.
  PatchedLaunch patched_launch = PatchedLaunch::none;  ///< Which edited images may be launched.
  /// Asked once it is known which device answered; an Error ends the run before anything is recorded. May be empty.
  std::function<Status(const Survey&)> claim;
  std::function<Result<ChildResult>(const ChildRequest&)> spawn = run_child;
};

struct RunResult {
  std::vector<GateOutcome> outcomes;              ///< Of every row, in table order.
  std::vector<evidence::VerifiedRecord> records;  ///< All of them, as they were written.
  std::optional<Survey> survey;                   ///< Absent if no driver or device answered.
  std::optional<Error> driver_error;              ///< Why not, if one was asked for.
  bool unwell = false;                            ///< After an edited image ran, the device did not answer as before.
  Json tools = Json::array();                     ///< Identities of the toolchain libraries that answered.
  int interrupted = 0;                            ///< Signal number, or 0.
};

/// Error: the journal could not be written (full disk), or a child could not be started at all.
Result<RunResult> run_gates(std::span<const Gate> table, const RunOptions&, Journal&, Observer&);

/// The table's rows that `only` names with everything they need, in table order. Error: an unknown id.
Result<std::vector<const Gate*>> select_gates(std::span<const Gate> table, std::span<const std::string> only);

}  // namespace assay::gate
