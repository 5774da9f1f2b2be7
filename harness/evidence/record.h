// One attempt at one gate, as it is written down.
//
// A record holds what happened, in closed vocabularies, and nothing that anybody concluded: class, level, verdict and
// the one-line reason are computed from it by derive() (derive.h), stored beside it for readers, and computed again by
// every verifier. Integers and strings only, because floating point prints differently on different machines; units
// stand in the names. The schema is written down in docs/evidence.md and docs/schema/gate-record.schema.json. Tested by
// tests/evidence/record_test.cc.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/json_fwd.h"
#include "harness/base/result.h"
#include "harness/evidence/scalar.h"

namespace assay::evidence {

/// The six stages of an attempt, in order.
enum class Stage { assemble, load, resolve, launch, complete, verify };
inline constexpr std::size_t kStageCount = 6;
/// What a stage came to. `refused`: software said no, with a code. `failed`: it was tried and went wrong.
enum class StageStatus { ok, refused, failed, not_reached };

enum class EvidenceClass { driver_signal, patched_cubin, real_execution, emulated };
enum class Level { none, e1, e2, e3, e4, e5, p1, p2, p3 };
enum class Verdict { proven, reported, agrees, mismatch, refused, faulted, hung, unresolved, not_run, not_applicable };

/// Which libcuda answered. `none`: only a toolchain was asked, or there was no driver. `unknown` is some other library
/// that is not the installed driver's own: its records are emulated.
enum class DriverLibrary { system, emulated, unknown, none };
/// What was loaded; `none` if nothing was.
enum class ImageKind { native, patched, supplied, none };
/// Why an attempt ended before its last stage without anything having gone wrong.
enum class Stopped {
  no,
  no_device,
  prerequisite,
  foreign_target,
  not_implemented,
  not_applicable,
  no_assembler,
  run_limit,
  load_only,
  not_selected  ///< The run was asked for other gates.
};
enum class ControlStatus { ok, failed, not_run };

struct StageResult {
  StageStatus status = StageStatus::not_reached;
  std::int64_t code = 0;   ///< The API's own code; for a killed child the signal number.
  std::string name;        ///< The code's name: "CUDA_ERROR_NO_BINARY_FOR_GPU", "SIGSEGV".
  std::string call;        ///< The call that gave it.
  std::string message;     ///< One line.
  std::string log_sha256;  ///< Artifact with the whole log; empty if there was none.
  std::int64_t wall_ns = 0;
};

/// The comparison of one launch's outputs.
struct CaseResult {
  std::string name;
  std::string inputs_sha256;    ///< Of all inputs, scalars and map shapes, in argument order.
  std::string expected_sha256;  ///< Of all expected outputs and bounds, in argument order.
  std::string observed_sha256;  ///< Of all outputs as read back, in argument order.
  std::int64_t compared = 0;    ///< 32-bit words or elements; 0 is never agreement.
  std::int64_t mismatches = 0;
  std::string first_mismatch;  ///< "d[17]: expected 0x3f800000, observed 0x00000000"; empty if none.
};

/// The controls of docs/design.md, each of which must be `ok` before a right answer counts.
struct Controls {
  ControlStatus positive = ControlStatus::not_run;     ///< A plain copy kernel before and after, same process.
  ControlStatus home_target = ControlStatus::not_run;  ///< The same text assembles for its home target.
  ControlStatus negative = ControlStatus::not_run;     ///< A changed operand moved exactly the predicted words.
  ControlStatus canary = ControlStatus::not_run;       ///< Guard words and inputs unchanged.
  ControlStatus witness = ControlStatus::not_run;      ///< The loaded machine code holds the instruction.
};

/// The controls by name, in the order in which they are told.
struct ControlField {
  std::string_view name;
  ControlStatus Controls::*status;
};
inline constexpr std::array<ControlField, 5> kControls{{{"positive", &Controls::positive},
                                                        {"home_target", &Controls::home_target},
                                                        {"negative", &Controls::negative},
                                                        {"canary", &Controls::canary},
                                                        {"witness", &Controls::witness}}};

/// How the witness was found.
struct Witness {
  std::vector<std::int64_t> opcodes;  ///< Low 12 bits of the machine words that only the text with the instruction has.
  std::string lowering;               ///< "instruction", "driver-call" or "absent"; empty if not asked.
  std::string disassembler;           ///< "agrees", "disagrees", "not present" or "failed".
  std::vector<std::string> externs;   ///< `__cuda_syscall_*` that only the text with the instruction calls.
};

/// One prerequisite and what was found for it in the same run.
struct PrerequisiteResult {
  std::string gate;
  Verdict needs = Verdict::proven;
  Verdict found = Verdict::not_run;
};

/// A value that was asked for: one attribute, one NVML reading, one measured limit.
struct Measurement {
  std::string key;     ///< Snake case, unique in the record, the API's own name where it has one.
  std::string source;  ///< The call or kernel that gave it: "cuDeviceGetAttribute", "NVML", "kernel".
  std::string unit;    ///< "B", "kHz", "mW", "GB/s x 1000"...; empty for counts and names.
  Scalar value;        ///< Integer, string or boolean; null: could not be read, never 0.
  std::string note;    ///< Why it could not be read, or what it differs from; may be empty.
};

/// The child process that ran the attempt.
struct ProcessResult {
  std::int64_t exit_code = 0;
  std::int64_t signal = 0;
  bool timed_out = false;
  std::int64_t wall_ns = 0;
};

/// A timed launch. Speed counts only beside a right answer of the same launch, so it stands in that launch's record.
struct Performance {
  std::int64_t samples = 0;  ///< Timed launches; 5 at least before a claim rests on them.
  std::int64_t warmups = 0;
  std::int64_t median_ns = 0;
  std::int64_t spread_ns = 0;   ///< Median absolute deviation.
  std::int64_t bytes = 0;       ///< Moved by one launch; 0 if not counted.
  std::int64_t operations = 0;  ///< Multiplications and additions of one launch; 0 if not counted.
  std::string launch;           ///< "grid 132x1x1, block 128x1x1, cluster 1, shared 49152 B".
  std::string floor;            ///< What it is held against, timed in the same run: "plain read of the same bytes".
  std::int64_t floor_ns = 0;    ///< That floor's median; 0 if there is none.
  std::optional<std::int64_t> clock_khz_before, clock_khz_after, power_mw, temperature_c;  ///< Absent: not readable.
  std::string throttle;  ///< "none", reasons joined by ", ", or "not readable".
};

/// How one copy of an edited image's code compares with that of the native build; `not_compared` also where neither has
/// such a copy.
enum class Likeness { identical, different, not_compared };

/// One byte of an image that is not as it was built.
struct ByteEdit {
  std::int64_t offset = 0, was = 0, is = 0;
  bool operator==(const ByteEdit&) const = default;
};

/// An edited image against the one that it was made from, and against what the toolchain builds for this device.
struct ImageEdit {
  std::string source;                         ///< The target for which the image was built: "sm_100a".
  std::vector<ByteEdit> bytes;                ///< In order of their offsets; never empty.
  Likeness code = Likeness::not_compared;     ///< `.text.*`
  Likeness mercury = Likeness::not_compared;  ///< `.nv.capmerc.text.*`
  bool operator==(const ImageEdit&) const = default;
};

struct Record {
  static constexpr std::string_view kSchema = "gate-record/3";

  std::string gate;
  std::int64_t gate_version = 1;
  std::string variant;  ///< Which of a gate's named attempts this is: "sm-byte"; empty where a gate has one.
  std::string target;   ///< "sm_90a"; empty for device questions.
  std::int64_t attempt = 1;
  DriverLibrary driver_library = DriverLibrary::none;
  ImageKind image = ImageKind::none;
  Stopped stopped = Stopped::no;
  std::string stopped_why;  ///< One line that goes with `stopped`; may be empty.
  std::string instruction;  ///< The PTX form that was asked for; empty for device questions.
  std::string ptx_version;  ///< "8.0"; empty if no text was assembled.
  std::array<StageResult, kStageCount> stages;
  std::vector<CaseResult> cases;
  Controls controls;
  std::string control_note;  ///< What a failed control found, one line; empty if none failed.
  Witness witness;
  std::optional<ImageEdit> edit;  ///< Of a patched image; absent for every other.
  std::vector<PrerequisiteResult> prerequisites;
  std::vector<Measurement> measurements;
  std::optional<Performance> performance;        ///< Of a launch that was timed.
  std::map<std::string, std::string> artifacts;  ///< Role ("ptx", "cubin", "log") to sha256.
  std::optional<ProcessResult> process;          ///< Absent if no child was needed.
  std::string started_utc;                       ///< "2026-11-22T21:59:05Z".
  std::string finished_utc;
  std::int64_t monotonic_ns = 0;       ///< At the start, to order a run.
  std::string proves, does_not_prove;  ///< Copied from the gate table.

  StageResult& stage(Stage s) { return stages[static_cast<std::size_t>(s)]; }
  const StageResult& stage(Stage s) const { return stages[static_cast<std::size_t>(s)]; }
  /// Sets a stage that was not ok. The attempt ended there, whatever an earlier case had reached.
  void end_at(Stage s, StageResult result);
  /// "tma.load@sm_90a#1"; "device.query#1" without a target; "cubin.arch_patch[sm-byte]@sm_90a#1" of a variant.
  std::string id() const;
};

/// Whether the driver, the device or the context could not be opened: `load` tells why, and no image was handed to
/// anybody.
bool opening_failed(const Record&);

/// Words as they stand in records: lower case, '-' between words; a level is spelled as it is called ("E5").
std::string_view word(Stage);
std::string_view word(StageStatus);
std::string_view word(EvidenceClass);
std::string_view word(Level);
std::string_view word(Verdict);
std::string_view word(DriverLibrary);
std::string_view word(ImageKind);
std::string_view word(Stopped);
std::string_view word(ControlStatus);
std::string_view word(Likeness);

/// The inverse for words that readers meet outside records (ledger lines, policies). Error: not a word of the set.
Result<EvidenceClass> parse_class(std::string_view);
Result<Level> parse_level(std::string_view);
Result<Verdict> parse_verdict(std::string_view);
Result<Stage> parse_stage(std::string_view);
Result<DriverLibrary> parse_driver_library(std::string_view);

/// The raw record as JSON, with its schema but without the derived labels and the chain.
Json to_json(const Record&);
/// Strict: unknown field, missing field, wrong type or unknown word is an error that names the field.
Result<Record> record_from_json(const Json&, std::string_view where);

}  // namespace assay::evidence
