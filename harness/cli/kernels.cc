// `assay kernels`: the kernel table, for people and with --json for machines.
#include <unistd.h>

#include <algorithm>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/base/json.h"
#include "harness/cli/subcommand.h"
#include "harness/cli/terminal.h"
#include "kernels/catalogue.h"
#include "kernels/problems.h"

namespace assay::cli {
namespace {

std::string needs_of(const kernels::Kernel& row) {
  std::vector<std::string> needs;
  for (const gate::Prerequisite& need : row.needs)
    needs.push_back(fmt::format("{} {}", need.gate, evidence::word(need.needs)));
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

void print_table() {
  std::vector<std::vector<Cell>> rows;
  for (const kernels::Kernel& row : kernels::catalogue())
    rows.push_back({{std::string(row.id)},
                    {std::string(word(row.lane))},
                    {std::string(row.summary)},
                    {needs_of(row)},
                    {fmt::format("{}", fmt::join(problems_of(row), "; "))}});
  fmt::print("{}", table({"kernel", "lane", "what", "needs", "problems of a run"}, rows, columns_of(STDOUT_FILENO, 160),
                         takes_colour(STDOUT_FILENO)));
  fmt::print(
      "\nEvery row is held against a reference made from the run's challenge; --json tells which, and the bound.\n");
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
