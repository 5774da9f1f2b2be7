// English word forms from a base form, so that the data names a verb or a noun once.
// Tested by tests/lint/lexicon_test.cc.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace assay::lint {

/// Base form to all others: {"run", {"runs", "ran", "running"}}.
using IrregularForms = std::map<std::string, std::vector<std::string>, std::less<>>;

/// The base form and its -s, -ed and -ing forms; of an irregular verb those that its row names. Where spelling depends
/// on stress (double consonants) both spellings.
std::vector<std::string> verb_forms(std::string_view base, const IrregularForms&);
/// Singular and plural.
std::vector<std::string> noun_forms(std::string_view base);

}  // namespace assay::lint
