#include "harness/cli/publication.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/format.h>

#include "harness/base/file_system.h"
#include "harness/evidence/redact.h"
#include "reports/render_html.h"
#include "reports/render_markdown.h"
#include "reports/report_json.h"

namespace assay::cli {
namespace {

struct Format {
  std::string_view word, file;
  Result<std::string> (*render)(const reports::Report&);
};
constexpr std::array kFormats = {
    Format{"html", "report.html", reports::render_html},
    Format{"md", "report.md",
           [](const reports::Report& report) -> Result<std::string> { return reports::render_markdown(report); }},
    Format{"json", "report.json", reports::render_json}};

std::vector<std::string> all_formats() {
  std::vector<std::string> words;
  for (const Format& format : kFormats) words.emplace_back(format.word);
  return words;
}

std::vector<std::string> split(std::string_view list) {
  std::vector<std::string> words;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    words.emplace_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return words;
}

/// Redaction took out what it knew when the run was recorded; what it missed must not leave now.
Status scan_file(const RenderedFile& file) {
  const std::optional<evidence::Leak> leak = evidence::scan(file.text);
  if (!leak) return ok();
  return Error{fmt::format("{}: offset {}: {}, which must not be published; nothing was written", file.name,
                           leak->offset, leak->what)};
}

/// The number, from 1, of the first line in which two texts differ.
std::size_t first_difference(std::string_view one, std::string_view other) {
  const auto [at, ignored] = std::mismatch(one.begin(), one.end(), other.begin(), other.end());
  return 1 + static_cast<std::size_t>(std::count(one.begin(), at, '\n'));
}

}  // namespace

Result<std::vector<std::string>> parse_formats(std::string_view list) {
  if (list.empty()) return all_formats();
  std::vector<std::string> words = split(list);
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (std::ranges::find(kFormats, words[i], &Format::word) == kFormats.end())
      return Error{fmt::format("--format: unknown word '{}'; html, md and json are known", words[i])};
    if (std::find(words.begin(), words.begin() + static_cast<std::ptrdiff_t>(i), words[i]) !=
        words.begin() + static_cast<std::ptrdiff_t>(i))
      return Error{fmt::format("--format: '{}' is named twice", words[i])};
  }
  return words;
}

Result<std::vector<RenderedFile>> render_files(const reports::Report& report, const std::vector<std::string>& formats) {
  std::vector<RenderedFile> files;
  for (const std::string& word : formats) {
    const Format& format = *std::ranges::find(kFormats, word, &Format::word);
    Result<std::string> text = format.render(report);
    if (!text) return text.error();
    files.push_back({std::string(format.file), *std::move(text)});
    if (Status clean = scan_file(files.back()); !clean) return clean.error();
  }
  return files;
}

Status write_files(const std::filesystem::path& folder, const std::vector<RenderedFile>& files) {
  if (Status made = make_folder(folder); !made) return made;
  for (const RenderedFile& file : files)
    if (Status written = write_file(folder / file.name, file.text); !written) return written;
  return ok();
}

Result<std::vector<std::string>> compare_files(const evidence::VerifiedBundle& bundle,
                                               const std::filesystem::path& folder) {
  const Result<reports::Report> report = reports::make_report(bundle);
  if (!report) return report.error();
  const Result<std::vector<RenderedFile>> files = render_files(*report, all_formats());
  if (!files) return files.error();
  std::vector<std::string> names;
  for (const RenderedFile& file : *files) {
    std::error_code ignored;
    if (!std::filesystem::exists(std::filesystem::symlink_status(folder / file.name, ignored))) continue;
    const Result<std::string> text = read_file(folder / file.name);
    if (!text) return text.error();
    if (*text != file.text)
      return Error{fmt::format("{}:{}: differs from what this bundle renders to; publish it again",
                               (folder / file.name).string(), first_difference(*text, file.text))};
    names.push_back(file.name);
  }
  if (names.empty())
    return Error{fmt::format("{}: holds none of report.html, report.md and report.json", folder.string())};
  return names;
}

}  // namespace assay::cli
