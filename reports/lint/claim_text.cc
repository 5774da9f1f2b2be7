#include "reports/lint/claim_text.h"

#include <algorithm>

#include "reports/lint/normalise.h"

namespace assay::lint {
namespace {

std::string without_details(const std::string& sentence) {
  const std::size_t colon = sentence.find(": ");
  return colon == std::string::npos ? std::string() : sentence.substr(0, colon) + ".";
}

}  // namespace

const GeneratedSentence* BundleClaims::find(std::string_view id) const {
  const auto found = std::ranges::find(supported, id, &GeneratedSentence::id);
  return found == supported.end() ? nullptr : &*found;
}

const RefusedSentence* BundleClaims::find_refused(std::string_view id) const {
  const auto found = std::ranges::find(refused, id, &RefusedSentence::id);
  return found == refused.end() ? nullptr : &*found;
}

std::string canonical_sentence(std::string_view text) {
  std::string out;
  for (const char byte : normalise(text)) {
    if (byte == '`' || byte == '*') continue;
    if (byte == ' ' && (out.empty() || out.back() == ' ')) continue;
    out.push_back(byte);
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

bool is_generated_or_weaker(std::string_view written, const GeneratedSentence& generated) {
  const std::string text = canonical_sentence(written), whole = canonical_sentence(generated.sentence);
  if (text == whole) return true;
  const std::string cut = without_details(whole);
  return !cut.empty() && text == cut && std::ranges::all_of(generated.scope, [&](const std::string& word) {
    return word.empty() || cut.find(canonical_sentence(word)) != std::string::npos;
  });
}

}  // namespace assay::lint
