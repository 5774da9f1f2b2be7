#include "reports/github.h"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

#include "harness/base/json.h"

namespace assay::reports {
namespace {

/// Longest message of an annotation: GitHub shows the first 4096 bytes, and cuts the rest without a word.
constexpr std::size_t kLongestMessage = 3900;

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
    text.replace(at, what.size(), with);
}

/// The message of a workflow command.
std::string escaped_data(std::string_view text) {
  std::string out = clean_utf8(text);
  replace_all(out, "%", "%25");
  replace_all(out, "\r", "%0D");
  replace_all(out, "\n", "%0A");
  return out;
}

/// The value of a command's property.
std::string escaped_property(std::string_view text) {
  std::string out = escaped_data(text);
  replace_all(out, ":", "%3A");
  replace_all(out, ",", "%2C");
  return out;
}

/// A cell of a Markdown table: nothing in it is markup, a link, a mention or HTML, and it is one line.
std::string escaped_markdown(std::string_view text) {
  constexpr std::string_view kMarkup = "\\`*_{}[]()#+!|~$:@";
  std::string out;
  for (const char c : clean_utf8(text)) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '\n' || c == '\t') {
      out += ' ';
    } else {
      if (kMarkup.find(c) != std::string_view::npos) out += '\\';
      out += c;
    }
  }
  return out;
}

bool is_bad(const CheckRow& row) {
  return row.outcome == CheckOutcome::failed || row.outcome == CheckOutcome::unproven ||
         row.outcome == CheckOutcome::environment;
}

std::string told(const CheckRow& row) {
  return fmt::format("{}: {}: asked {}, found {}: {}{}", row.id, word(row.outcome), row.asked, row.found, row.why,
                     row.waiver.empty() ? "" : "; " + row.waiver);
}

/// Whole UTF-8 characters of at most `size` bytes.
std::string_view cut(std::string_view text, std::size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return text.substr(0, size);
}

/// One message for all of them, with how many were left out.
std::string folded(const std::vector<const CheckRow*>& rows) {
  std::string text;
  std::size_t told_rows = 0;
  for (const CheckRow* row : rows) {
    const std::string line = clean_utf8(told(*row));
    if (told_rows > 0 && text.size() + line.size() > kLongestMessage) break;
    text += fmt::format("{}{}", told_rows == 0 ? "" : "\n", cut(line, kLongestMessage));
    ++told_rows;
  }
  if (told_rows < rows.size()) text += fmt::format("\nand {} more", rows.size() - told_rows);
  return text;
}

template <class Wanted>
std::string annotation(std::string_view command, std::string_view title, const std::vector<CheckRow>& rows,
                       Wanted wanted) {
  std::vector<const CheckRow*> chosen;
  for (const CheckRow& row : rows)
    if (wanted(row)) chosen.push_back(&row);
  if (chosen.empty()) return "";
  return fmt::format("::{} title={}::{}\n", command, escaped_property(title), escaped_data(folded(chosen)));
}

std::string_view mark(CheckOutcome outcome) {
  switch (outcome) {
    case CheckOutcome::met:
      return "\u2705";
    case CheckOutcome::waived:
      return "\u26A0\uFE0F";
    case CheckOutcome::not_applicable:
      return "\u2796";
    case CheckOutcome::failed:
    case CheckOutcome::unproven:
    case CheckOutcome::environment:
      break;
  }
  return "\u274C";
}

std::string table_row(const CheckRow& row) {
  return fmt::format("| {} {} | {} | {} | {} | {} |\n", mark(row.outcome), word(row.outcome), escaped_markdown(row.id),
                     escaped_markdown(row.asked), escaped_markdown(row.found),
                     escaped_markdown(row.waiver.empty() ? row.why : row.waiver + "; " + row.why));
}

std::string summary_head(const CheckReport& report) {
  const CheckSubject& subject = report.subject;
  std::string text =
      fmt::format("## {}assay check: {}\n\n", subject.emulated ? "EMULATED " : "", word(conclude(report.rows)));
  text += fmt::format(
      "{}{}{}; bundle `{}`\n\n{}\n\n", escaped_markdown(subject.device),
      subject.compute_capability.empty() ? "" : ", compute capability " + escaped_markdown(subject.compute_capability),
      subject.driver.empty() ? "" : ", driver " + escaped_markdown(subject.driver), cut(subject.manifest_sha256, 64),
      escaped_markdown(subject.attestation));
  text += fmt::format("**{}**\n\n", tally(report.rows));
  for (const std::string& note : report.notes) text += fmt::format("- {}\n", escaped_markdown(note));
  if (!report.notes.empty()) text += "\n";
  return text + "| result | requirement | asked | found | why |\n|---|---|---|---|---|\n";
}

}  // namespace

std::string github_annotations(const CheckReport& report) {
  std::string text;
  for (const auto& [family, rows] : by_family(report.rows)) {
    const std::string title = fmt::format("assay check: {}", family);
    text += annotation("error", title, rows, is_bad);
    text += annotation("warning", title + ": WAIVED", rows,
                       [](const CheckRow& row) { return row.outcome == CheckOutcome::waived; });
  }
  for (const std::string& note : report.notes)
    text += fmt::format("::notice title=assay check::{}\n", escaped_data(note));
  return text;
}

std::string github_fenced(std::string_view text, std::string_view token) {
  return fmt::format("::stop-commands::{}\n{}{}::{}::\n", token, text, text.ends_with('\n') ? "" : "\n", token);
}

std::string github_summary(const CheckReport& report, std::size_t room) {
  constexpr std::size_t kForNotice = 128;
  std::vector<const CheckRow*> rows;
  for (const CheckRow& row : report.rows) rows.push_back(&row);
  std::ranges::stable_sort(rows, {}, [](const CheckRow* row) {
    return is_bad(*row) ? 0 : row->outcome == CheckOutcome::waived ? 1 : row->outcome == CheckOutcome::met ? 2 : 3;
  });
  std::string text = summary_head(report);
  if (text.size() + kForNotice > room) return "";
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string line = table_row(*rows[i]);
    if (text.size() + line.size() + kForNotice > room)
      return text +
             fmt::format("\n**Cut here: {} of {} rows do not fit; the whole is in the JUnit and JSON reports.**\n",
                         rows.size() - i, rows.size());
    text += line;
  }
  return text;
}

std::string github_outputs(const CheckReport& report) {
  std::string claims;
  for (const std::string& id : report.refused_claims) claims += (claims.empty() ? "" : ",") + id;
  std::string text = fmt::format("result={}\nlevel={}\nbundle_sha256={}\n", word(conclude(report.rows)),
                                 lowest_level(report.rows), report.subject.manifest_sha256);
  std::erase_if(claims, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  text += fmt::format("refused_claims={}\n", claims);
  constexpr std::array<std::pair<std::string_view, CheckOutcome>, 6> kCounts = {
      {{"met", CheckOutcome::met},
       {"waived", CheckOutcome::waived},
       {"failed", CheckOutcome::failed},
       {"unproven", CheckOutcome::unproven},
       {"not_applicable", CheckOutcome::not_applicable},
       {"environment", CheckOutcome::environment}}};
  for (const auto& [name, outcome] : kCounts) text += fmt::format("{}={}\n", name, count(report.rows, outcome));
  return text;
}

}  // namespace assay::reports
