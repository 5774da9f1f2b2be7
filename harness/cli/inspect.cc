// `assay inspect`: what a cubin, a fatbin or a host library states about its images, and what an artifact's folder
// holds.
#include <unistd.h>

#include <filesystem>
#include <optional>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/base/json.h"
#include "harness/cli/artifact_summary.h"
#include "harness/cli/image_file.h"
#include "harness/cli/inspection.h"
#include "harness/cli/subcommand.h"
#include "harness/cli/terminal.h"

namespace assay::cli {
namespace {

Exit inspect_folder(const std::string& folder, bool json) {
  const Result<Json> summary = summarize_artifact(folder);
  if (!summary) return complain("inspect", summary.error(), Exit::integrity);
  if (!json) {
    fmt::print("{}: {}", folder, artifact_text(*summary, columns_of(STDOUT_FILENO, 160), takes_colour(STDOUT_FILENO)));
    return Exit::done;
  }
  const Result<std::string> text = pretty_json(*summary);
  if (!text) return complain("inspect", text.error(), Exit::integrity);
  fmt::print("{}", *text);
  return Exit::done;
}

}  // namespace

Exit run_inspect(Arguments arguments) {
  CLI::App app;
  std::string file;
  std::optional<std::size_t> entry;
  bool json = false, list = false;
  app.add_option("FILE", file,
                 "A cubin, a fatbin, a library, object or program of the host, or the folder of an NVFP4 artifact")
      ->required();
  app.add_option("--entry", entry, "Number of the fatbin's entry to look into, counted from 0");
  app.add_flag("--list", list, "List every entry of a fatbin, however many");
  app.add_flag("--json", json, "The document as JSON on standard output");
  Exit end = Exit::done;
  if (!parse(app, arguments, *find_subcommand("inspect"), end)) return end;

  std::error_code unreadable;
  if (std::filesystem::is_directory(file, unreadable)) return inspect_folder(file, json);
  const Result<std::vector<std::byte>> bytes = read_image_file(file);
  if (!bytes) return complain("inspect", bytes.error(), Exit::usage);
  const Result<Json> document = inspect_bytes(*bytes, entry);
  if (!document) {
    const bool usage = document.error().name == "no such entry";
    return complain("inspect", Error{fmt::format("{}: {}", file, document.error().message)},
                    usage ? Exit::usage : Exit::integrity);
  }
  if (!json) {
    fmt::print(
        "{}: {}", file,
        inspection_text(
            *document, {.width = columns_of(STDOUT_FILENO, 160), .colour = takes_colour(STDOUT_FILENO), .list = list}));
    return Exit::done;
  }
  const Result<std::string> text = pretty_json(*document);
  if (!text) return complain("inspect", text.error(), Exit::integrity);
  fmt::print("{}", *text);
  return Exit::done;
}

}  // namespace assay::cli
