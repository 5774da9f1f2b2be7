// The words of a sentence, as the linter compares them: lower case, contractions taken apart ("doesn't" is "does not"),
// possessives marked, and between two words that stand together the character that joins them ("sm_121a" is "sm" and
// "121a" joined by "_"). Tested by tests/lint/words_test.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace assay::lint {

struct Word {
  std::string text;      ///< Lower case letters and digits ("12.1" and "3,130" are one); or one mark: , ; : ( ) ? ! - %
  char glue = ' ';       ///< What joins it to the word before: ' ' (none), '-', '_', '.', '/', ':' or '+'.
  bool capital = false;  ///< Written with a capital first letter.
  bool possessive = false;  ///< Written with 's.
  bool option = false;      ///< Of a command line: "--sign".
  std::size_t offset = 0;   ///< In the sentence.

  bool is_mark() const;
  bool is_number() const { return !text.empty() && text[0] >= '0' && text[0] <= '9'; }
};

/// `sentence` is normalised text.
std::vector<Word> words_of(std::string_view sentence);

}  // namespace assay::lint
