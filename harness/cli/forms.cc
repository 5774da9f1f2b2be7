// `assay forms`: what the installed assembler says to every instruction form for every target, and where that is not
// what is written down.
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/base/file_system.h"
#include "harness/base/json.h"
#include "harness/cli/subcommand.h"
#include "harness/cli/terminal.h"
#include "harness/cuda/assembler.h"
#include "probes/form_matrix.h"

namespace assay::cli {
namespace {

using probes::Form;
using probes::FormAnswer;
using probes::FormComparison;
using probes::FormDifference;
using probes::FormMatrix;
using probes::FormRow;

struct Options {
  std::vector<std::string> forms, targets;
  bool json = false, data = false, no_cache = false;
};

/// The forms that fit one of the patterns. Error: a pattern that none fits.
Result<std::vector<Form>> chosen_forms(const std::vector<std::string>& patterns) {
  const Result<std::vector<Form>> all = probes::builtin_forms();
  if (!all || patterns.empty()) return all;
  for (const std::string& pattern : patterns)
    if (std::ranges::none_of(*all, [&](const Form& form) { return probes::fits(form.id, pattern); }))
      return Error{fmt::format("--form: no form fits '{}'; 'assay forms' lists them", pattern)};
  std::vector<Form> chosen;
  for (const Form& form : *all)
    if (std::ranges::any_of(patterns, [&](const std::string& pattern) { return probes::fits(form.id, pattern); }))
      chosen.push_back(form);
  return chosen;
}

/// The targets of the matrix that were named, in its order. Error: a name that is none of them.
Result<std::vector<Target>> chosen_targets(const std::vector<std::string>& names) {
  const auto all = probes::form_targets();
  if (names.empty()) return std::vector<Target>(all.begin(), all.end());
  for (const std::string& name : names)
    if (std::ranges::none_of(all, [&](Target target) { return to_string(target) == name; }))
      return Error{
          fmt::format("--target: '{}' is none of {} to {}", name, to_string(all.front()), to_string(all.back()))};
  std::vector<Target> chosen;
  for (const Target target : all)
    if (std::ranges::find(names, to_string(target)) != names.end()) chosen.push_back(target);
  return chosen;
}

std::string_view mark(const FormAnswer& answer) {
  if (!answer.accepted) return ".";
  return answer.messages.empty() ? "+" : "a";
}

Colour colour_of(const FormAnswer& answer) {
  if (!answer.accepted) return Colour::dim;
  return answer.messages.empty() ? Colour::green : Colour::yellow;
}

/// "100a" over its column.
std::string column_name(Target target) { return to_string(target).substr(3); }

std::size_t longest_form(const FormMatrix& matrix) {
  std::size_t longest = 0;
  for (const FormRow& row : matrix.rows) longest = std::max(longest, row.form.size());
  return longest;
}

/// Empty where it was not asked for.
std::string lowest(const FormMatrix& matrix, const FormRow& row) {
  if (row.lowest) return to_string(*row.lowest);
  return matrix.targets.size() == probes::form_targets().size() ? "-" : "";
}

void print_heading(const FormMatrix& matrix, std::size_t width, bool colour) {
  std::string line = fmt::format("{:<{}}  from ", "", width + 2);
  for (const Target target : matrix.targets) line += " " + column_name(target);
  fmt::print("{}\n", paint(line, Colour::bold, colour));
}

void print_row(const FormMatrix& matrix, const FormRow& row, std::size_t width, bool colour) {
  std::string line = fmt::format("  {:<{}}  {:<5}", row.form, width, lowest(matrix, row));
  for (std::size_t i = 0; i < row.answers.size(); ++i) {
    const std::size_t padding = column_name(matrix.targets[i]).size() - 1;
    line += " " + paint(mark(row.answers[i]), colour_of(row.answers[i]), colour);
    if (i + 1 < row.answers.size()) line += std::string(padding, ' ');
  }
  fmt::print("{}\n", line);
}

void print_matrix(const FormMatrix& matrix) {
  const bool colour = takes_colour(STDOUT_FILENO);
  const std::size_t width = longest_form(matrix);
  fmt::print("{}: + accepted, a accepted with an advisory, . refused; from: the lowest .version\n\n", matrix.assembler);
  print_heading(matrix, width, colour);
  std::string_view family;
  for (const FormRow& row : matrix.rows) {
    if (row.family != family) fmt::print("{}\n", paint(row.family, Colour::bold, colour));
    family = row.family;
    print_row(matrix, row, width, colour);
  }
}

/// Cells in which the assembler said the same, under the words that it said to the first of them.
struct Message {
  const FormAnswer* first;
  std::vector<std::pair<const FormRow*, std::string>> cells;  ///< The targets of a row, joined.
};

std::vector<Message> messages_of(const FormMatrix& matrix) {
  std::vector<Message> messages;
  for (const FormRow& row : matrix.rows)
    for (std::size_t i = 0; i < row.answers.size(); ++i) {
      const FormAnswer& answer = row.answers[i];
      if (answer.messages.empty()) continue;
      auto found = std::ranges::find_if(messages, [&](const Message& one) { return *one.first == answer; });
      if (found == messages.end()) found = messages.insert(messages.end(), {&answer, {}});
      if (found->cells.empty() || found->cells.back().first != &row) found->cells.push_back({&row, ""});
      found->cells.back().second += " " + to_string(matrix.targets[i]);
    }
  return messages;
}

/// The assembler's own lines of a log, whole.
std::vector<std::string> verbatim(std::string_view log) {
  std::vector<std::string> lines;
  while (!log.empty()) {
    const std::string_view line = log.substr(0, log.find('\n'));
    log.remove_prefix(std::min(line.size() + 1, log.size()));
    if (line.starts_with("ptxas ")) lines.push_back(clean_utf8(line));
  }
  return lines;
}

void print_messages(const FormMatrix& matrix) {
  const std::vector<Message> messages = messages_of(matrix);
  if (messages.empty()) return;
  fmt::print("\nIn its own words, as they were said to the first cell of each group:\n");
  for (const Message& message : messages) {
    fmt::print("\n");
    for (const auto& [row, targets] : message.cells)
      fmt::print("  {} {} for{}\n", message.first->accepted ? "accepted" : "refused", row->form, targets);
    for (const std::string& line : verbatim(message.first->log)) fmt::print("    {}\n", line);
  }
}

std::string to_string(const FormDifference& difference) {
  return fmt::format("{}{}{}: expected '{}', is '{}'", difference.form, difference.target.empty() ? "" : " for ",
                     difference.target, difference.expected, difference.said);
}

void print_comparison(const FormMatrix& expected, const FormMatrix& said, const FormComparison& comparison) {
  const std::size_t count = comparison.differences.size();
  if (comparison.same_assembler)
    fmt::print("\n{} forms x {} targets: {} differ from the data\n", said.rows.size(), said.targets.size(), count);
  else
    fmt::print("\nThe data is of {}, this is {}: {} differ, which fails nothing\n", expected.assembler, said.assembler,
               count);
  for (const FormDifference& difference : comparison.differences) fmt::print("  {}\n", to_string(difference));
}

Json to_json(const FormMatrix& matrix, const FormRow& row) {
  Json answers = Json::array();
  for (std::size_t i = 0; i < row.answers.size(); ++i)
    answers.push_back({{"target", assay::to_string(matrix.targets[i])},
                       {"accepted", row.answers[i].accepted},
                       {"messages", row.answers[i].messages},
                       {"log", clean_utf8(row.answers[i].log)}});
  return {{"form", row.form},
          {"family", row.family},
          {"lowest", row.lowest ? assay::to_string(*row.lowest) : ""},
          {"answers", answers}};
}

Json to_json(const FormDifference& difference) {
  return {{"form", difference.form},
          {"target", difference.target},
          {"expected", difference.expected},
          {"said", difference.said}};
}

void print_json(const Json& document) {
  if (const auto text = pretty_json(document)) fmt::print("{}", *text);
}

Json document(const FormMatrix& expected, const FormMatrix& said, const FormComparison& comparison) {
  Json rows = Json::array(), differences = Json::array();
  for (const FormRow& row : said.rows) rows.push_back(to_json(said, row));
  for (const FormDifference& difference : comparison.differences) differences.push_back(to_json(difference));
  return {{"schema", "forms/1"},
          {"assembler", said.assembler},
          {"version", assay::to_string(probes::kFormVersion)},
          {"data_of", expected.assembler},
          {"forms", rows},
          {"differences", differences},
          {"failed", comparison.failed()}};
}

Exit show(const FormMatrix& said, const Options& options) {
  if (options.data) {
    print_json(probes::form_data(said));
    return Exit::done;
  }
  const Result<FormMatrix> expected = probes::expected_forms();
  if (!expected) return complain("forms", expected.error(), Exit::integrity);
  const FormComparison comparison = probes::compare_forms(*expected, said);
  if (options.json) {
    print_json(document(*expected, said, comparison));
  } else {
    print_matrix(said);
    print_messages(said);
    print_comparison(*expected, said, comparison);
  }
  return comparison.failed() ? Exit::failed : Exit::done;
}

Exit ask(const Options& options) {
  const Result<std::vector<Form>> forms = chosen_forms(options.forms);
  if (!forms) return complain("forms", forms.error(), Exit::usage);
  const Result<std::vector<Target>> targets = chosen_targets(options.targets);
  if (!targets) return complain("forms", targets.error(), Exit::usage);
  Result<std::unique_ptr<cuda::PtxAssembler>> assembler = cuda::open_ptx_assembler();
  if (!assembler) return complain("forms", assembler.error(), Exit::environment);
  if (!options.no_cache) assembler = cuda::with_cache(*std::move(assembler), cache_folder() / "compiled");
  const Result<FormMatrix> said = probes::ask_forms(**assembler, *forms, *targets);
  if (!said) return complain("forms", said.error(), Exit::environment);
  return show(*said, options);
}

}  // namespace

Exit run_forms(Arguments arguments) {
  CLI::App app;
  Options options;
  app.add_option("--form", options.forms, "Only forms that fit, '*' is any text; may be repeated");
  app.add_option("--target", options.targets, "Only this target (sm_121a); may be repeated");
  app.add_flag("--no-cache", options.no_cache, "Assemble everything anew");
  CLI::Option* json = app.add_flag("--json", options.json, "Answers and differences as JSON on standard output");
  app.add_flag("--data", options.data, "The answers as the data file ptx/forms/expected.json")->excludes(json);
  Exit end = Exit::done;
  if (!parse(app, arguments, *find_subcommand("forms"), end)) return end;
  return ask(options);
}

}  // namespace assay::cli
