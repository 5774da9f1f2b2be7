// The form matrix: what an assembler says to every instruction form for every target, and how it differs from what is
// written down.
//
// Refusals speak through the error log, advisories through the info log. A message is compared without the place that
// stands before it (file, line), since that is the place in our own text, and with its target as <T>. The data,
// ptx/forms/expected.json, is the matrix of one assembler in the same form that `assay forms --data` prints; a
// difference is a fault with that assembler, and news with any other. Tested by tests/probes/forms_test.cc.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/json_fwd.h"
#include "harness/base/result.h"
#include "harness/cuda/assembler.h"
#include "probes/forms.h"

namespace assay::probes {

/// What the assembler said to one form for one target: a cell.
struct FormAnswer {
  bool accepted = false;
  std::vector<std::string>
      messages;     ///< "error   : Feature '.rs' not supported on .target '<T>'"; advisories if accepted.
  std::string log;  ///< The whole log, verbatim. Not in the data, and not compared.

  friend bool operator==(const FormAnswer& a, const FormAnswer& b) {
    return a.accepted == b.accepted && a.messages == b.messages;
  }
};

struct FormRow {
  std::string form, family;
  std::vector<FormAnswer> answers;  ///< In the order of the matrix's targets.
  /// The lowest `.version` with which a target takes the form; a target that came later asks for its own lowest.
  /// Absent if no target takes it, or if not asked.
  std::optional<PtxVersion> lowest;
};

struct FormMatrix {
  static constexpr std::string_view kDataSchema = "form-answers/1";

  std::string assembler;  ///< "nvJitLink 13.0"
  std::vector<Target> targets;
  std::vector<FormRow> rows;
};

/// The assembler's lines of a log, without their place, `target` as <T>.
std::vector<std::string> messages_of(std::string_view log, Target target);

/// Asks for every form and target; the lowest version too if all targets are asked for. Error: the assembler could not
/// be asked.
Result<FormMatrix> ask_forms(cuda::PtxAssembler&, std::span<const Form>, std::span<const Target>);

/// Whether the form is taken for the target with this `.version`.
Result<bool> takes_version(cuda::PtxAssembler&, const Form&, Target, PtxVersion);

/// The PTX ISA versions from sm_90's first on, in order.
std::span<const PtxVersion> form_versions();

/// One cell, or one lowest version, that is not as written down.
struct FormDifference {
  std::string form;
  std::string target;  ///< Empty for the lowest version.
  std::string expected, said;
};

/// What `said` holds, against the data; forms and targets that were not asked for are left out.
struct FormComparison {
  bool same_assembler = false;
  std::vector<FormDifference> differences;
  /// Differences count only with the assembler that the data is of.
  bool failed() const { return same_assembler && !differences.empty(); }
};
FormComparison compare_forms(const FormMatrix& expected, const FormMatrix& said);

/// The matrix as data: a row a form, a character a target ('+' accepted, a letter for messages; capital: accepted).
Json form_data(const FormMatrix&);
/// Reads data. Strict: an unknown field, target or letter, a row of another length, a form twice is an error.
Result<FormMatrix> parse_form_data(std::string_view text, std::string_view name);
/// The data that is built in.
Result<FormMatrix> expected_forms();

}  // namespace assay::probes
