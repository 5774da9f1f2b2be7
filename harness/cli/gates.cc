// `assay gates`: the gate table, for people and with --json for machines.
#include <unistd.h>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/base/json.h"
#include "harness/cli/subcommand.h"
#include "harness/cli/terminal.h"
#include "probes/gates.h"

namespace assay::cli {
namespace {

std::string needs_of(const gate::Gate& row) {
  std::string text;
  for (const gate::Prerequisite& need : row.prerequisites)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", need.gate, evidence::word(need.needs));
  return text;
}

bool implemented(const gate::Gate& row) { return !std::holds_alternative<gate::NotImplemented>(row.method); }

Json to_json(const gate::Gate& row) {
  Json needs = Json::array();
  for (const gate::Prerequisite& need : row.prerequisites)
    needs.push_back({{"gate", need.gate}, {"needs", evidence::word(need.needs)}});
  return {{"id", row.id},
          {"version", row.version},
          {"question", row.question},
          {"instruction", row.instruction},
          {"source", row.source},
          {"home_target", row.home.sm == 0 ? "" : to_string(row.home)},
          {"prerequisites", needs},
          {"proves", row.proves},
          {"does_not_prove", row.does_not_prove},
          {"implemented", implemented(row)}};
}

void print_json() {
  Json list = Json::array();
  for (const gate::Gate& row : probes::gates()) list.push_back(to_json(row));
  if (const auto text = pretty_json(list)) fmt::print("{}", *text);
}

void print_table() {
  std::vector<std::vector<Cell>> rows;
  for (const gate::Gate& row : probes::gates())
    rows.push_back({{std::string(row.id), implemented(row) ? Colour::plain : Colour::dim},
                    {row.home.sm == 0 ? "" : to_string(row.home)},
                    {needs_of(row)},
                    {implemented(row) ? std::string(row.question) : std::string(row.question) + " (not implemented)",
                     implemented(row) ? Colour::plain : Colour::dim}});
  fmt::print("{}", table({"gate", "home target", "needs", "question"}, rows, columns_of(STDOUT_FILENO, 160),
                         takes_colour(STDOUT_FILENO)));
}

}  // namespace

Exit run_gates_list(Arguments arguments) {
  CLI::App app;
  bool json = false;
  app.add_flag("--json", json, "The table as JSON on standard output");
  Exit end = Exit::done;
  if (!parse(app, arguments, *find_subcommand("gates"), end)) return end;
  json ? print_json() : print_table();
  return Exit::done;
}

}  // namespace assay::cli
