// `assay kernels`: the kernel table, for people and with --json for machines.
#include <unistd.h>

#include <set>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/base/json.h"
#include "harness/cli/subcommand.h"
#include "harness/cli/terminal.h"
#include "kernels/catalogue.h"
#include "kernels/problems.h"

namespace assay::cli {
namespace {

/// "wgmma.bf16, tma.load"; a verdict only where it is not `proven`.
std::string needs_of(const kernels::Kernel& row) {
  std::vector<std::string> needs;
  for (const gate::Prerequisite& need : row.needs)
    needs.push_back(need.needs == evidence::Verdict::proven
                        ? std::string(need.gate)
                        : fmt::format("{} {}", need.gate, evidence::word(need.needs)));
  return fmt::format("{}", fmt::join(needs, ", "));
}

std::vector<std::string> problems_of(const kernels::Kernel& row) {
  std::vector<std::string> names;
  for (const kernels::Problem& problem : row.problems) names.push_back(name_of(row.operation, problem));
  return names;
}

Json to_json(const kernels::Kernel& row) {
  Json needs = Json::array();
  for (const gate::Prerequisite& need : row.needs)
    needs.push_back({{"gate", need.gate}, {"needs", evidence::word(need.needs)}});
  return {{"id", row.id},
          {"version", row.version},
          {"lane", word(row.lane)},
          {"operation", words(row.operation)},
          {"summary", row.summary},
          {"source", row.source},
          {"needs", needs},
          {"home_target", to_string(row.home)},
          {"instruction", row.form.instruction},
          {"problems", problems_of(row)},
          {"reference", kernels::reference_of(row.operation)},
          {"bound", kernels::bound_of(row.operation)}};
}

void print_json() {
  Json list = Json::array();
  for (const kernels::Kernel& row : kernels::catalogue()) list.push_back(to_json(row));
  if (const auto text = pretty_json(list)) fmt::print("{}", *text);
}

void print_rows(std::size_t width, bool colour) {
  std::vector<std::vector<Cell>> rows;
  for (const kernels::Kernel& row : kernels::catalogue())
    rows.push_back({{std::string(row.id)}, {std::string(word(row.lane))}, {needs_of(row)}, {std::string(row.summary)}});
  fmt::print("{}", table({"kernel", "lane", "needs proven", "what"}, rows, width, colour));
}

/// What `assay run` asks, once for all rows that are asked the same.
void print_problems(std::size_t width, bool colour) {
  std::vector<std::vector<Cell>> rows;
  std::set<const kernels::Problem*> told;
  for (const kernels::Kernel& row : kernels::catalogue()) {
    if (!told.insert(row.problems.data()).second) continue;
    std::vector<std::string> ids;
    for (const kernels::Kernel& other : kernels::catalogue())
      if (other.problems.data() == row.problems.data()) ids.emplace_back(other.id.substr(other.id.find('_') + 1));
    rows.push_back({{fmt::format("{}", fmt::join(ids, ", "))}, {fmt::format("{}", fmt::join(problems_of(row), "; "))}});
  }
  fmt::print("\n{}", table({"rows", "problems of a run"}, rows, width, colour));
}

/// What outputs are held against, once an operation.
void print_references(std::size_t width, bool colour) {
  std::vector<std::vector<Cell>> rows;
  for (const kernels::Operation operation : {kernels::Operation::w4a16_product, kernels::Operation::prepare_weights,
                                             kernels::Operation::quantize_activations})
    rows.push_back({{std::string(kernels::words(operation))},
                    {fmt::format("{}: {}", kernels::reference_of(operation), kernels::bound_of(operation))}});
  fmt::print("\n{}", table({"operation", "held against"}, rows, width, colour));
}

void print_table() {
  const std::size_t width = columns_of(STDOUT_FILENO, 160);
  const bool colour = takes_colour(STDOUT_FILENO);
  print_rows(width, colour);
  print_problems(width, colour);
  print_references(width, colour);
}

}  // namespace

Exit run_kernels_list(Arguments arguments) {
  CLI::App app;
  bool json = false;
  app.add_flag("--json", json, "The table as JSON on standard output");
  Exit end = Exit::done;
  if (!parse(app, arguments, *find_subcommand("kernels"), end)) return end;
  json ? print_json() : print_table();
  return Exit::done;
}

}  // namespace assay::cli
