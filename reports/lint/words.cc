#include "reports/lint/words.h"

#include <algorithm>
#include <array>

#include "reports/lint/normalise.h"

namespace assay::lint {
namespace {

constexpr std::string_view kMarks = ",;:()?!-%";
constexpr std::string_view kGlue = "-_./:+";

bool is_letter(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || static_cast<unsigned char>(byte) >= 0x80;
}
bool is_digit(char byte) { return byte >= '0' && byte <= '9'; }
bool is_word_byte(char byte) { return is_letter(byte) || is_digit(byte); }

/// The end of the word that begins at `i`; a point or comma between digits belongs to the number.
std::size_t end_of_word(std::string_view text, std::size_t i) {
  while (i < text.size()) {
    const bool in_number = (text[i] == '.' || text[i] == ',') && i > 0 && is_digit(text[i - 1]) &&
                           i + 1 < text.size() && is_digit(text[i + 1]);
    if (!is_word_byte(text[i]) && !in_number) break;
    ++i;
  }
  return i;
}

/// A dash that belongs to the word behind it.
bool begins_option(std::string_view text, std::size_t i) {
  const bool alone = i == 0 || text[i - 1] == ' ' || text[i - 1] == '-' || text[i - 1] == '(';
  return text[i] == '-' && alone && i + 1 < text.size() && (is_word_byte(text[i + 1]) || text[i + 1] == '-') &&
         !(text[i + 1] == '-' && (i + 2 >= text.size() || text[i + 2] == ' '));
}
bool is_option(std::string_view text, std::size_t word) { return word > 0 && begins_option(text, word - 1); }

struct Contraction {
  std::string_view ending, means;
};
constexpr std::array<Contraction, 5> kContractions = {
    {{"ll", "will"}, {"ve", "have"}, {"re", "are"}, {"d", "would"}, {"m", "am"}}};

/// "does" of "doesn"; the three that lose letters are named.
std::string before_not(const std::string& word) {
  if (word == "can") return "can";
  if (word == "won") return "will";
  if (word == "shan") return "shall";
  return word.ends_with('n') ? word.substr(0, word.size() - 1) : word;
}

void put(std::vector<Word>& words, Word word) {
  if (word.text == "cannot") {
    word.text = "can";
    words.push_back(word);
    word.text = "not";
    word.glue = ' ';
  }
  words.push_back(std::move(word));
}

/// What follows an apostrophe at `i`; returns where reading goes on.
std::size_t read_ending(std::string_view text, std::size_t i, std::vector<Word>& words) {
  const std::size_t end = end_of_word(text, i + 1);
  const std::string ending = fold_case(text.substr(i + 1, end - i - 1));
  Word& last = words.back();
  if (ending == "t" && last.text.ends_with('n')) {
    last.text = before_not(last.text);
    words.push_back({.text = "not", .offset = i});
    return end;
  }
  const auto known = std::ranges::find(kContractions, ending, &Contraction::ending);
  if (known != kContractions.end()) {
    words.push_back({.text = std::string(known->means), .offset = i});
    return end;
  }
  constexpr std::array<std::string_view, 7> kPronouns = {"it", "that", "there", "he", "she", "what", "here"};
  if (ending == "s" && std::ranges::find(kPronouns, last.text) != kPronouns.end()) {
    words.push_back({.text = "is", .offset = i});
    return end;
  }
  last.possessive = ending.empty() || ending == "s";
  return last.possessive ? end : i + 1;
}

}  // namespace

bool Word::is_mark() const { return text.size() == 1 && kMarks.find(text[0]) != std::string_view::npos; }

std::vector<Word> words_of(std::string_view text) {
  std::vector<Word> words;
  char glue = ' ';
  for (std::size_t i = 0; i < text.size();) {
    const char byte = text[i];
    if (is_word_byte(byte)) {
      const std::size_t end = end_of_word(text, i);
      const bool capital = byte >= 'A' && byte <= 'Z';
      const bool option = is_option(text, i) || (glue != ' ' && !words.empty() && words.back().option);
      put(words, {.text = fold_case(text.substr(i, end - i)),
                  .glue = glue,
                  .capital = capital,
                  .option = option,
                  .offset = i});
      glue = ' ';
      i = end;
    } else if (byte == '\'' && i > 0 && is_word_byte(text[i - 1]) && !words.empty()) {
      i = read_ending(text, i, words);
    } else {
      const bool inside = i > 0 && i + 1 < text.size() && is_word_byte(text[i - 1]) && is_word_byte(text[i + 1]);
      const bool scope = byte == ':' && ((i + 2 < text.size() && text[i + 1] == ':' && is_word_byte(text[i + 2])) ||
                                         (i > 0 && text[i - 1] == ':' && glue == ':'));
      if ((inside && kGlue.find(byte) != std::string_view::npos) || scope)
        glue = byte;
      else if (kMarks.find(byte) != std::string_view::npos && !begins_option(text, i))
        words.push_back({.text = std::string(1, byte), .offset = i});
      ++i;
    }
  }
  return words;
}

}  // namespace assay::lint
