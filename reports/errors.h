// What an error shows and what it does not: one table (errors.json), from which every report prints.
//
// A driver's code means one thing at one stage and another at the next (500 at load: something that the image asks the
// driver for is missing; at resolve: the kernel's name is wrong), and 999 with a log is an answer about an image while
// 999 without one is trouble of the machine. So a row is found by outcome, code, stage, kind of image and whether there
// was a log. What no row covers is answered as such: from an unknown code nothing may be concluded. The rows for
// people: docs/errors.md. Tested by tests/reports/errors_test.cc.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/evidence/record.h"

namespace assay::reports {

/// How something ended; only `driver_code` has a CUresult.
enum class Outcome { driver_code, assembler_refusal, child_signal, child_exit, watchdog, wrong_data, right_data };
/// "driver-code".
std::string_view word(Outcome);

/// One ending of one record.
struct Occurrence {
  Outcome outcome = Outcome::driver_code;
  std::int64_t code = 0;  ///< The CUresult; for a child its signal or exit code.
  std::string name;       ///< "CUDA_ERROR_NOT_FOUND", "SIGSEGV"; empty if it has none.
  std::string stage;      ///< A stage of the record, or "open" before there was anything to load.
  evidence::ImageKind image = evidence::ImageKind::none;
  bool has_log = false;
};

/// One row of the table.
struct ErrorRow {
  Outcome outcome = Outcome::driver_code;
  std::map<std::int64_t, std::string> codes;  ///< With the names that CUDA gives them; empty unless `driver_code`.
  std::vector<std::string> stages;
  std::string image;  ///< "any", or the one kind that the row is of.
  std::string log;    ///< "any", "with" or "without".
  std::string shows, does_not_show;
  std::string record_as;             ///< "gate:arch-refused": one word for one cause, for machines.
  std::vector<std::string> sources;  ///< "measured" (on an H100), "documented", "reported", "inferred", "design".
  std::string remedy;                ///< May be empty.
};

class ErrorTable {
 public:
  static constexpr std::string_view kSchema = "errors/1";

  explicit ErrorTable(std::vector<ErrorRow> rows) : rows_(std::move(rows)) {}
  const std::vector<ErrorRow>& rows() const { return rows_; }
  /// The row for this ending, one of the very image and log before one of any; null if there is none.
  const ErrorRow* find(const Occurrence&) const;

 private:
  std::vector<ErrorRow> rows_;
};

/// Reads the table; `name` starts every message. Strict: an unknown field or word, a row without its texts, codes where
/// there are none or none where there are, or two rows for one ending are errors.
Result<ErrorTable> parse_errors(std::string_view text, std::string_view name);
/// The table that is built in. It is the project's own, so an error is a fault of the build.
Result<ErrorTable> builtin_errors();

/// What may be said of an ending.
struct Explanation {
  bool known = false;
  std::string name;  ///< As recorded, else as the row has it.
  std::string shows, does_not_show, record_as, remedy;
  std::vector<std::string> sources;
};
/// The row's words, or those for an ending that no row covers.
Explanation explain(const ErrorTable&, const Occurrence&);

/// How this record's attempt ended: what refused or failed with a code, how its child died, what its outputs were. A
/// right answer of a native image is no ending that needs explaining, and a refusal by something other than the
/// driver or the assembler (a library that is not there) speaks for itself.
std::vector<Occurrence> occurrences(const evidence::Record&);

}  // namespace assay::reports
