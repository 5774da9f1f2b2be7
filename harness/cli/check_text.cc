#include "harness/cli/check_text.h"

#include <algorithm>
#include <map>
#include <vector>

#include <fmt/format.h>

#include "harness/cli/terminal.h"
#include "reports/baseline.h"

namespace assay::cli {
namespace {

using reports::Change;
using reports::CheckOutcome;
using reports::CheckRow;

using Rows = std::vector<std::vector<Cell>>;

Colour colour_of(CheckOutcome outcome) {
  switch (outcome) {
    case CheckOutcome::met:
      return Colour::green;
    case CheckOutcome::failed:
    case CheckOutcome::environment:
      return Colour::red;
    case CheckOutcome::unproven:
    case CheckOutcome::waived:
      return Colour::yellow;
    case CheckOutcome::not_applicable:
      break;
  }
  return Colour::dim;
}

/// In the order of what a person has to do about it.
int urgency(CheckOutcome outcome) {
  switch (outcome) {
    case CheckOutcome::environment:
      return 0;
    case CheckOutcome::failed:
      return 1;
    case CheckOutcome::unproven:
      return 2;
    case CheckOutcome::waived:
      return 3;
    case CheckOutcome::met:
      return 4;
    case CheckOutcome::not_applicable:
      break;
  }
  return 5;
}

std::string result_word(CheckOutcome outcome) {
  return outcome == CheckOutcome::waived ? "WAIVED" : std::string(reports::word(outcome));
}

/// Of a baseline only what fails and what was gained; the rest is counted, and `assay diff` shows it.
bool is_worth_a_line(const CheckRow& row) {
  if (row.family != "baseline" || row.outcome != CheckOutcome::met) return true;
  return row.found == reports::word(Change::gained) || row.found == reports::word(Change::faster);
}

/// "18 same, 95 CHANGED", of the rows of a baseline that have no line.
std::string counted(const reports::CheckReport& report) {
  std::map<std::string, std::size_t> counts;
  for (const CheckRow& row : report.rows)
    if (!is_worth_a_line(row)) ++counts[row.found];
  std::string text;
  for (const auto& [found, number] : counts) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", number, found);
  return text.empty() ? "" : fmt::format("baseline, not shown: {} (assay diff shows them)\n", text);
}

std::string head(const reports::CheckSubject& subject, bool colour) {
  std::string text = paint(subject.device, Colour::bold, colour);
  if (!subject.compute_capability.empty()) text += ", compute capability " + subject.compute_capability;
  if (!subject.driver.empty()) text += ", driver " + subject.driver;
  if (subject.emulated) text = paint("EMULATED ", Colour::yellow, colour) + text;
  return fmt::format("{}\nbundle {}  {}\n{}\n\n", text, subject.manifest_sha256.substr(0, 12), subject.bundle,
                     paint(subject.attestation, Colour::dim, colour));
}

/// "policy h100 holds".
std::string sentence(const reports::CheckReport& report) {
  const std::string what = report.subject.policy.empty() ? "the comparison" : "policy " + report.subject.policy;
  switch (reports::conclude(report.rows)) {
    case reports::Conclusion::environment:
      return what + " cannot be judged: no device answered";
    case reports::Conclusion::failed:
      return what + " failed";
    case reports::Conclusion::unproven:
      return what + " is unproven";
    case reports::Conclusion::nothing_applies:
      return what + " does not apply here";
    case reports::Conclusion::holds:
      break;
  }
  return what + " holds";
}

std::string conclusion(const reports::CheckReport& report, int exit, bool colour) {
  const Colour shade = exit == 0 ? Colour::green : exit == 77 ? Colour::yellow : Colour::red;
  return fmt::format("{}: {} (exit {})\n", paint(sentence(report), shade, colour), reports::tally(report.rows), exit);
}

}  // namespace

std::string check_text(const reports::CheckReport& report, int exit, std::size_t width, bool colour) {
  std::vector<const CheckRow*> told;
  for (const CheckRow& row : report.rows)
    if (is_worth_a_line(row)) told.push_back(&row);
  std::ranges::stable_sort(told, {}, [](const CheckRow* row) { return urgency(row->outcome); });
  Rows rows;
  for (const CheckRow* row : told)
    rows.push_back({{result_word(row->outcome), colour_of(row->outcome)},
                    {row->id},
                    {row->asked},
                    {row->found, colour_of(row->outcome)},
                    {row->waiver.empty() ? row->why : fmt::format("{}; {}", row->waiver, row->why)}});
  std::string text = head(report.subject, colour);
  if (!rows.empty()) text += table({"result", "requirement", "asked", "found", "why"}, rows, width, colour) + "\n";
  text += counted(report);
  for (const std::string& note : report.notes) text += paint(note, Colour::dim, colour) + "\n";
  return text + conclusion(report, exit, colour);
}

}  // namespace assay::cli
