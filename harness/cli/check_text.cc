#include "harness/cli/check_text.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "harness/cli/terminal.h"

namespace assay::cli {
namespace {

using reports::Change;
using reports::CheckOutcome;
using reports::CheckRow;
using reports::Difference;

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

bool is_worth_a_line(const CheckRow& row) {
  return row.family != "baseline" || row.outcome != CheckOutcome::met || row.found != reports::word(Change::same);
}

std::string head(const reports::CheckSubject& subject, bool colour) {
  std::string text = paint(subject.device, Colour::bold, colour);
  if (!subject.compute_capability.empty()) text += ", compute capability " + subject.compute_capability;
  if (!subject.driver.empty()) text += ", driver " + subject.driver;
  if (subject.emulated) text = paint("EMULATED ", Colour::yellow, colour) + text;
  return fmt::format("{}\nbundle {}  {}\n{}\n\n", text, subject.manifest_sha256.substr(0, 12), subject.bundle,
                     paint(subject.attestation, Colour::dim, colour));
}

std::string conclusion(const reports::CheckReport& report, int exit, bool colour) {
  const reports::Conclusion conclusion = reports::conclude(report.rows);
  const bool holds = conclusion == reports::Conclusion::holds;
  const std::string name = report.subject.policy.empty() ? "" : fmt::format("policy {} ", report.subject.policy);
  return fmt::format("{}{}: {} (exit {})\n", name,
                     paint(reports::word(conclusion), holds ? Colour::green : Colour::red, colour),
                     reports::tally(report.rows), exit);
}

Colour colour_of(Change change) {
  switch (change) {
    case Change::gained:
    case Change::faster:
      return Colour::green;
    case Change::lost:
    case Change::gone:
    case Change::slower:
      return Colour::red;
    case Change::changed:
    case Change::ambiguous:
      return Colour::yellow;
    case Change::added:
      return Colour::blue;
    case Change::same:
    case Change::unasked:
      break;
  }
  return Colour::dim;
}

/// A heading and a table of what differs; nothing if nothing was compared.
std::string section(const std::string& name, const std::vector<Difference>& differences, std::size_t width,
                    bool colour) {
  if (differences.empty()) return "";
  Rows rows;
  for (const Difference& one : differences)
    if (one.change != Change::same)
      rows.push_back({{std::string(reports::word(one.change)), colour_of(one.change)},
                      {one.subject},
                      {one.before.empty() ? "-" : one.before},
                      {one.after.empty() ? "-" : one.after},
                      {one.note}});
  const std::size_t same = differences.size() - rows.size();
  std::string text =
      fmt::format("{}: {} of {} the same\n", paint(name, Colour::bold, colour), same, differences.size());
  if (!rows.empty()) text += table({"change", "what", "before", "now", "why"}, rows, width, colour);
  return text + "\n";
}

std::string environment_section(const reports::Comparison& comparison, std::size_t width, bool colour) {
  if (comparison.environment.empty()) return paint("environment", Colour::bold, colour) + ": the same\n\n";
  Rows rows;
  for (const reports::EnvironmentDifference& one : comparison.environment)
    rows.push_back({{one.what, one.makes_stale ? Colour::yellow : Colour::plain},
                    {one.before},
                    {one.after, one.makes_stale ? Colour::yellow : Colour::plain}});
  return paint("environment", Colour::bold, colour) + "\n" + table({"what", "before", "now"}, rows, width, colour) +
         "\n";
}

std::string claims_section(const reports::Comparison& comparison, bool colour) {
  std::string text = paint("claims", Colour::bold, colour);
  if (comparison.claims_gained.empty() && comparison.claims_lost.empty()) return text + ": the same\n";
  text += "\n";
  for (const std::string& id : comparison.claims_lost) text += paint("LOST    ", Colour::red, colour) + id + "\n";
  for (const std::string& id : comparison.claims_gained) text += paint("GAINED  ", Colour::green, colour) + id + "\n";
  return text;
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
  const std::size_t same = report.rows.size() - told.size();
  if (same > 0) text += fmt::format("{} rows of the baseline are the same\n", same);
  for (const std::string& note : report.notes) text += paint(note, Colour::dim, colour) + "\n";
  return text + conclusion(report, exit, colour);
}

std::string diff_text(const reports::Comparison& comparison, std::size_t width, bool colour) {
  std::string text = environment_section(comparison, width, colour);
  if (!comparison.not_compared.empty())
    return text + fmt::format("{}: {}\n", paint("not compared", Colour::yellow, colour), comparison.not_compared);
  return text + section("gates", comparison.gates, width, colour) +
         section("speed", comparison.performance, width, colour) +
         section("measurements", comparison.measurements, width, colour) + claims_section(comparison, colour);
}

}  // namespace assay::cli
