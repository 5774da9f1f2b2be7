#include "reports/lint/inflect.h"

namespace assay::lint {
namespace {

bool is_vowel(char letter) { return std::string_view("aeiou").find(letter) != std::string_view::npos; }
bool ends_in_consonant_y(std::string_view word) {
  return word.size() > 1 && word.ends_with('y') && !is_vowel(word[word.size() - 2]);
}

std::string with_s(std::string_view word) {
  const std::string text(word);
  if (ends_in_consonant_y(word)) return text.substr(0, text.size() - 1) + "ies";
  for (const std::string_view hiss : {"s", "x", "z", "ch", "sh"})
    if (word.ends_with(hiss)) return text + "es";
  return text + "s";
}

/// "run", "ship", "permit": one consonant after one vowel may double.
bool may_double(std::string_view word) {
  const std::size_t size = word.size();
  return size >= 3 && !is_vowel(word[size - 1]) && is_vowel(word[size - 2]) && !is_vowel(word[size - 3]) &&
         std::string_view("wxy").find(word[size - 1]) == std::string_view::npos;
}

}  // namespace

std::vector<std::string> verb_forms(std::string_view base, const IrregularForms& irregular) {
  const std::string text(base);
  std::vector<std::string> forms{text};
  if (const auto row = irregular.find(base); row != irregular.end()) {
    forms.insert(forms.end(), row->second.begin(), row->second.end());
    return forms;
  }
  forms.push_back(with_s(base));
  if (base.ends_with('e')) {
    forms.push_back(text + "d");
    forms.push_back(text.substr(0, text.size() - 1) + "ing");
    return forms;
  }
  forms.push_back(ends_in_consonant_y(base) ? text.substr(0, text.size() - 1) + "ied" : text + "ed");
  forms.push_back(text + "ing");
  if (may_double(base)) {
    forms.push_back(text + text.back() + "ed");
    forms.push_back(text + text.back() + "ing");
  }
  return forms;
}

std::vector<std::string> noun_forms(std::string_view base) { return {std::string(base), with_s(base)}; }

}  // namespace assay::lint
