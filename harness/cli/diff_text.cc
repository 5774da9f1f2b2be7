#include "harness/cli/diff_text.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "harness/cli/terminal.h"

namespace assay::cli {
namespace {

using reports::Change;
using reports::Difference;

using Rows = std::vector<std::vector<Cell>>;

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

/// Where the reason matters, and not only the answer.
bool is_explained(const Difference& one) {
  return one.wrong_now || one.change == Change::lost || one.change == Change::gained || one.change == Change::gone ||
         one.change == Change::slower || one.change == Change::faster || one.change == Change::ambiguous;
}

/// Differences that one line tells: the same change of one gate, for several targets or images.
struct Group {
  const Difference* first = nullptr;
  std::vector<std::string> where;  ///< "sm_100a", "[edit.magic]".
};

/// The gate of "tma.load@sm_90a" and of "cubin.arch_patch[edit.magic]@sm_90a", and what is left of it.
std::pair<std::string, std::string> parted(const std::string& subject) {
  const std::size_t image = subject.find('['), target = subject.rfind('@');
  if (image != std::string::npos)
    return {subject.substr(0, image), subject.substr(image, subject.rfind(']') + 1 - image)};
  if (target != std::string::npos) return {subject.substr(0, target), subject.substr(target + 1)};
  return {subject, ""};
}

std::vector<Group> grouped(const std::vector<Difference>& differences) {
  std::vector<Group> groups;
  std::map<std::string, std::size_t> at;
  for (const Difference& one : differences) {
    if (one.change == Change::same) continue;
    const auto [gate, where] = parted(one.subject);
    const std::string key = is_explained(one)
                                ? one.subject
                                : fmt::format("{}\n{}\n{}\n{}", gate, reports::word(one.change), one.before, one.after);
    const auto [found, is_new] = at.try_emplace(key, groups.size());
    if (is_new) groups.push_back({.first = &one});
    groups[found->second].where.push_back(where);
  }
  return groups;
}

/// "tma.load@sm_90a", "tma.load@ 7 targets", "cubin.arch_patch: 3 images".
std::string name_of(const Group& group) {
  if (group.where.size() == 1) return group.first->subject;
  const bool images = group.where.front().starts_with('[');
  return fmt::format("{}, {} {}", parted(group.first->subject).first, group.where.size(),
                     images ? "images" : "targets");
}

/// What explains a line: the reason, or which targets or images it is about.
std::string why_of(const Group& group) {
  if (is_explained(*group.first)) return group.first->note;
  if (group.where.size() == 1) return "";
  std::string text;
  for (const std::string& where : group.where) text += (text.empty() ? "" : " ") + where;
  return text;
}

/// A heading and a table of what differs; nothing if nothing was compared.
std::string section(const std::string& name, const std::vector<Difference>& differences, std::size_t width,
                    bool colour) {
  if (differences.empty()) return "";
  const auto same = static_cast<std::size_t>(std::ranges::count(differences, Change::same, &Difference::change));
  Rows rows;
  for (const Group& group : grouped(differences)) {
    const Difference& one = *group.first;
    rows.push_back({{std::string(reports::word(one.change)), colour_of(one.change)},
                    {name_of(group)},
                    {one.before.empty() ? "-" : one.before},
                    {one.after.empty() ? "-" : one.after},
                    {why_of(group)}});
  }
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

/// Instances of one family share a line.
void add_claims(const std::vector<std::string>& ids, Change change, Rows& rows) {
  std::vector<std::pair<std::string, std::string>> families;
  for (const std::string& id : ids) {
    const std::size_t slash = std::min(id.find('/'), id.size());
    const std::string family = id.substr(0, slash), key = id.substr(std::min(slash + 1, id.size()));
    const auto found = std::ranges::find_if(families, [&](const auto& one) { return one.first == family; });
    if (found == families.end())
      families.emplace_back(family, key);
    else
      found->second += " " + key;
  }
  for (const auto& [family, keys] : families)
    rows.push_back({{std::string(reports::word(change)), colour_of(change)}, {family}, {keys}});
}

std::string claims_section(const reports::Comparison& comparison, std::size_t width, bool colour) {
  const std::string name = paint("claims", Colour::bold, colour);
  Rows rows;
  add_claims(comparison.claims_lost, Change::lost, rows);
  add_claims(comparison.claims_gained, Change::gained, rows);
  if (rows.empty()) return name + ": the same\n";
  return name + "\n" + table({"change", "claim", "of which"}, rows, width, colour);
}

}  // namespace

std::string diff_text(const reports::Comparison& comparison, std::size_t width, bool colour) {
  std::string text = environment_section(comparison, width, colour);
  if (!comparison.not_compared.empty())
    return text + fmt::format("{}: {}\n", paint("not compared", Colour::yellow, colour), comparison.not_compared);
  return text + section("gates", comparison.gates, width, colour) +
         section("speed", comparison.performance, width, colour) +
         section("measurements", comparison.measurements, width, colour) + claims_section(comparison, width, colour);
}

}  // namespace assay::cli
