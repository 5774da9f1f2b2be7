#include "probes/forms.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "ptx/form_texts.h"

namespace assay::probes {
namespace {

constexpr std::string_view kMarker = "// @form ";

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \n");
  return begin == std::string_view::npos ? std::string_view()
                                         : text.substr(begin, text.find_last_not_of(" \n") - begin + 1);
}

/// The text up to the next marker, which it removes from `rest`.
std::string_view up_to_marker(std::string_view& rest) {
  const std::size_t marker = std::min(rest.find(kMarker), rest.size());
  const std::string_view before = rest.substr(0, marker);
  rest.remove_prefix(marker);
  return before;
}

std::string_view first_line(std::string_view text) { return text.substr(0, text.find('\n')); }

}  // namespace

Result<std::vector<Form>> parse_forms(std::string_view text, std::string_view family) {
  std::string_view rest = text;
  const std::string_view setup = trimmed(up_to_marker(rest));
  std::vector<Form> forms;
  while (!rest.empty()) {
    rest.remove_prefix(kMarker.size());
    const std::string_view id = trimmed(first_line(rest));
    rest.remove_prefix(first_line(rest).size());
    const std::string_view statements = trimmed(up_to_marker(rest));
    if (id.empty() || id.find(' ') != std::string_view::npos)
      return Error{fmt::format("{}: '{}' is no id of a form; write one word after '@form'", family, id)};
    if (statements.empty()) return Error{fmt::format("{}: the form '{}' has no statements", family, id)};
    forms.push_back({id, family, setup, statements});
  }
  if (forms.empty()) return Error{fmt::format("{}: holds no '{}'", family, trimmed(kMarker))};
  return forms;
}

Result<std::vector<Form>> builtin_forms() {
  std::vector<Form> all;
  for (const EmbeddedText& file : form_texts()) {
    if (file.stem == "expected") continue;
    Result<std::vector<Form>> family = parse_forms(file.text, file.stem);
    if (!family) return family.error();
    all.insert(all.end(), family->begin(), family->end());
  }
  return all;
}

std::span<const Target> form_targets() {
  static constexpr std::array kTargets = {
      Target{90, ' '},  Target{90, 'a'},                     //
      Target{100, ' '}, Target{100, 'a'}, Target{100, 'f'},  //
      Target{103, ' '}, Target{103, 'a'}, Target{103, 'f'},  //
      Target{110, ' '}, Target{110, 'a'}, Target{110, 'f'},  //
      Target{120, ' '}, Target{120, 'a'}, Target{120, 'f'},  //
      Target{121, ' '}, Target{121, 'a'}, Target{121, 'f'},  //
  };
  return kTargets;
}

std::string form_ptx(const Form& form, Target target, PtxVersion version) {
  return fmt::format(
      ".version {}\n.target {}\n.address_size 64\n"
      ".visible .entry form(.param .u64 out, .param .align 64 .b8 tensor_map[128]) {{\n"
      ".shared .align 1024 .b8 pool[1024];\n{}\n{}\nret;\n}}\n",
      to_string(version), to_string(target), form.setup, form.statements);
}

bool fits(std::string_view id, std::string_view pattern) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return id == pattern;
  if (!id.starts_with(pattern.substr(0, star))) return false;
  const std::string_view after = pattern.substr(star + 1);
  for (std::size_t i = star; i <= id.size(); ++i)
    if (fits(id.substr(i), after)) return true;
  return false;
}

}  // namespace assay::probes
