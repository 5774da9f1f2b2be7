// Reads the linter's data into a Lexicon.
#include <fmt/format.h>

#include <algorithm>

#include "harness/base/json.h"
#include "reports/lint/lexicon.h"
#include "reports/lint/lexicon_texts.h"

namespace assay::lint {

class LexiconReader {
 public:
  Status read_file(const std::string& name, const std::string& text) {
    const Result<Json> json = parse_json(text, name);
    if (!json) return json.error();
    ObjectReader reader(*json, name);
    if (reader.string("schema") != kSchema) reader.fault("schema", fmt::format("must be '{}'", kSchema));
    const Json families = reader.array("families");
    if (reader.has("irregular")) read_irregular(reader);
    if (reader.has("abbreviations")) read_strings(reader, "abbreviations", lexicon_.abbreviations_);
    if (Status s = reader.finish(); !s) return s;
    for (std::size_t i = 0; i < families.size(); ++i)
      if (Status s = read_family(families[i], fmt::format("{}: families[{}]", name, i)); !s) return s;
    return ok();
  }

  /// Error: a family that the rules know and no file has.
  Result<Lexicon> finish() {
    for (std::size_t i = 0; i < static_cast<std::size_t>(Tag::verb); ++i)
      if (lexicon_.size(static_cast<Tag>(i)) == 0)
        return Error{fmt::format("lexicon: no family '{}'; the rules need it", word(static_cast<Tag>(i)))};
    return std::move(lexicon_);
  }

 private:
  static constexpr std::string_view kSchema = "lint-lexicon/1";
  enum class Sort { words, nouns, verbs };

  static void read_strings(ObjectReader& reader, std::string_view key, std::vector<std::string>& into) {
    for (const Json& item : reader.array(key)) {
      if (!item.is_string() || item.get_ref<const std::string&>().empty())
        return reader.fault(key, "must hold strings that are not empty");
      into.push_back(item.get<std::string>());
    }
  }

  void read_irregular(ObjectReader& reader) {
    for (const auto& [base, forms] : reader.object("irregular").items()) {
      if (!forms.is_string())
        return reader.fault("irregular", fmt::format("'{}' must be its forms in one string", base));
      std::vector<std::string> words;
      const std::string& text = forms.get_ref<const std::string&>();
      for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find(' ', at), text.size());
        words.push_back(text.substr(at, end - at));
        at = end + 1;
      }
      irregular_[base] = std::move(words);
    }
  }

  Status read_family(const Json& json, const std::string& where) {
    ObjectReader reader(json, where);
    const std::string name = reader.string("tag");
    const std::string of = reader.string_or("of", "");
    const std::optional<Tag> tag = tag_of(name);
    if (!tag) reader.fault("tag", fmt::format("unknown word '{}'", name));
    std::vector<std::string> words, nouns, verbs;
    if (reader.has("words")) read_strings(reader, "words", words);
    if (reader.has("nouns")) read_strings(reader, "nouns", nouns);
    if (reader.has("verbs")) read_strings(reader, "verbs", verbs);
    if (Status s = reader.finish(); !s) return s;
    for (const std::string& phrase : words) add(phrase, *tag, of, Sort::words);
    for (const std::string& phrase : nouns) add(phrase, *tag, of, Sort::nouns);
    for (const std::string& phrase : verbs) add(phrase, *tag, of, Sort::verbs);
    return ok();
  }

  /// Every form of a plain word is another alternative of its slot.
  void widen(Lexicon::Slot& slot, Sort sort) const {
    if (sort == Sort::words || slot.prefix || slot.number || slot.gap) return;
    std::vector<std::string> forms;
    for (const std::string& base : slot.any_of)
      for (std::string& form : sort == Sort::verbs ? verb_forms(base, irregular_) : noun_forms(base))
        forms.push_back(std::move(form));
    slot.any_of = std::move(forms);
  }

  void add(const std::string& text, Tag tag, const std::string& of, Sort sort) {
    Lexicon::Phrase phrase{{}, tag, of, sort == Sort::verbs};
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = std::min(text.find(' ', at), text.size());
      if (end > at) phrase.slots.push_back(Lexicon::slot_of(std::string_view(text).substr(at, end - at)));
      at = end + 1;
    }
    if (phrase.slots.empty()) return;
    widen(sort == Sort::nouns ? phrase.slots.back() : phrase.slots.front(), sort);
    lexicon_.add(std::move(phrase));
  }

  Lexicon lexicon_;
  IrregularForms irregular_;
};

Result<Lexicon> Lexicon::read(const std::vector<std::pair<std::string, std::string>>& texts) {
  LexiconReader reader;
  for (const auto& [name, text] : texts)
    if (Status s = reader.read_file(name, text); !s) return s.error();
  return reader.finish();
}

Result<Lexicon> Lexicon::builtin() {
  std::vector<std::pair<std::string, std::string>> texts;
  for (const EmbeddedText& file : lexicon_texts())
    texts.emplace_back(std::string(file.stem) + ".json", std::string(file.text));
  // Irregular verbs come before the verbs that use them.
  std::ranges::stable_sort(
      texts, [](const auto& a, const auto& b) { return (a.first == "language.json") > (b.first == "language.json"); });
  return read(texts);
}

}  // namespace assay::lint
