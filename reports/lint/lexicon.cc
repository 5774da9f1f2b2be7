#include "reports/lint/lexicon.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "reports/lint/normalise.h"

namespace assay::lint {
namespace {

constexpr std::size_t kLongestGap = 6;
constexpr std::size_t kNoMatch = static_cast<std::size_t>(-1);

constexpr std::array<std::string_view, static_cast<std::size_t>(Tag::count)> kTagNames = {
    "device",      "target",
    "scope",       "generic",
    "feature",     "capability",
    "run",         "result",
    "presence",    "absence",
    "comparison",  "transfer",
    "performance", "performance-unit",
    "sparse",      "dense",
    "peak",        "unlock",
    "enable",      "edit",
    "silicon",     "fused",
    "lock",        "metadata",
    "emulated",    "modified-driver",
    "yes-no",      "unproven",
    "meta",        "hypothetical",
    "software",    "toolchain",
    "text",        "people",
    "matter",      "toolchain-verb",
    "inquiry",     "semantics",
    "definition",  "logistics",
    "imperative",  "warning",
    "auxiliary",   "modal",
    "copula",      "negation",
    "preposition", "determiner",
    "pronoun",     "splitter",
    "relative",    "subordinator",
    "adverb",      "past",
    "verb"};

std::vector<std::string> split(std::string_view text, char at) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(at, begin), text.size());
    if (end > begin) parts.emplace_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

}  // namespace

std::string_view word(Tag tag) { return kTagNames[static_cast<std::size_t>(tag)]; }

std::optional<Tag> tag_of(std::string_view name) {
  const auto found = std::ranges::find(kTagNames, name);
  if (found == kTagNames.end()) return std::nullopt;
  return static_cast<Tag>(found - kTagNames.begin());
}

Lexicon::Slot Lexicon::slot_of(std::string_view text) {
  Slot slot;
  if (text == "...") {
    slot.gap = true;
    return slot;
  }
  if (text.starts_with('^')) slot.capital = true, text.remove_prefix(1);
  if ((text.starts_with('/') || text.starts_with('.')) && text.size() > 1) {
    slot.glue = text.front();
    text.remove_prefix(1);
  }
  if (text.ends_with('?') && text.size() > 1) slot.optional = true, text.remove_suffix(1);
  if (text.ends_with('*') && text.size() > 1) slot.prefix = true, text.remove_suffix(1);
  if (text.starts_with('#')) slot.number = true, text.remove_prefix(1);
  slot.any_of = split(text, '|');
  return slot;
}

bool Lexicon::fits(const Slot& slot, const Word& word) {
  if (slot.capital && !word.capital) return false;
  if (slot.glue != 0 && word.glue != slot.glue) return false;
  std::string_view text = word.text;
  if (slot.number) {
    if (!word.is_number()) return false;
    const std::size_t end = text.find_first_not_of("0123456789.,");
    text.remove_prefix(std::min(end, text.size()));
    if (slot.any_of.empty()) return text.empty();
  }
  return std::ranges::any_of(
      slot.any_of, [&](const std::string& wanted) { return slot.prefix ? text.starts_with(wanted) : text == wanted; });
}

/// The word after the phrase's last, or kNoMatch; the shortest that fits.
std::size_t Lexicon::match(const Phrase& phrase, std::size_t slot, const std::vector<Word>& words, std::size_t at) {
  if (slot == phrase.slots.size()) return at;
  const Slot& wanted = phrase.slots[slot];
  if (wanted.gap) {
    for (std::size_t gap = 0; gap <= kLongestGap && at + gap <= words.size(); ++gap) {
      if (gap > 0 && words[at + gap - 1].is_mark() && words[at + gap - 1].text != "-") break;
      if (const std::size_t end = match(phrase, slot + 1, words, at + gap); end != kNoMatch) return end;
    }
    return kNoMatch;
  }
  if (at < words.size() && fits(wanted, words[at]))
    if (const std::size_t end = match(phrase, slot + 1, words, at + 1); end != kNoMatch) return end;
  return wanted.optional ? match(phrase, slot + 1, words, at) : kNoMatch;
}

void Lexicon::add(Phrase phrase) {
  const Slot& first = phrase.slots.front();
  const bool plain = !first.prefix && !first.number && !first.gap && !first.optional;
  if (!plain) others_.push_back(phrases_.size());
  if (plain)
    for (const std::string& word : first.any_of) by_first_[word].push_back(phrases_.size());
  phrases_.push_back(std::move(phrase));
}

void Lexicon::try_phrase(std::size_t index, std::size_t at, TaggedWords& tagged) const {
  const Phrase& phrase = phrases_[index];
  const std::size_t end = match(phrase, 0, tagged.words, at);
  if (end == kNoMatch || end == at) return;
  // "drop-in" is no verb.
  if (phrase.verb && end < tagged.words.size() && tagged.words[end].glue == '-') return;
  for (std::size_t i = at; i < end; ++i) set(tagged.tags[i], phrase.tag);
  if (phrase.verb) set(tagged.tags[at], Tag::verb);
  tagged.matches.push_back({at, end, phrase.tag, phrase.of});
}

TaggedWords Lexicon::tag(std::vector<Word> words) const {
  TaggedWords tagged{std::move(words), {}, {}};
  tagged.tags.resize(tagged.words.size());
  for (std::size_t at = 0; at < tagged.words.size(); ++at) {
    if (const auto found = by_first_.find(tagged.words[at].text); found != by_first_.end())
      for (const std::size_t phrase : found->second) try_phrase(phrase, at, tagged);
    for (const std::size_t phrase : others_) try_phrase(phrase, at, tagged);
  }
  quiet_identifiers(tagged);
  return tagged;
}

/// A word inside a name says nothing: CUDA_ERROR_NOT_SUPPORTED, --allow-patched-launch, harness/gate/runner.cc. What a
/// name is about stays (tcgen05.mma), but for names of files and options, which are text.
void Lexicon::quiet_identifiers(TaggedWords& tagged) {
  constexpr std::array kSubjects = {Tag::device, Tag::target, Tag::scope, Tag::feature};
  constexpr std::array<std::string_view, 14> kFiles = {"cc", "h",   "md",   "json",  "ptx", "cu",    "py",
                                                       "sh", "txt", "html", "jsonl", "so",  "sarif", "xml"};
  for (std::size_t begin = 0; begin < tagged.words.size();) {
    std::size_t end = begin + 1;
    bool name = false;
    for (; end < tagged.words.size() && tagged.words[end].glue != ' '; ++end)
      name |= tagged.words[end].glue == '_' || tagged.words[end].glue == '.' || tagged.words[end].glue == ':';
    const bool path = end - begin > 1 && std::ranges::find(kFiles, tagged.words[end - 1].text) != kFiles.end();
    const bool silent = path || tagged.words[begin].option;
    for (std::size_t i = begin; i < end && (name || silent); ++i) {
      Tags kept;
      for (const Tag tag : kSubjects)
        if (has(tagged.tags[i], tag) && !silent) set(kept, tag);
      if (silent) set(kept, Tag::text);
      tagged.tags[i] = kept;
    }
    if (silent)
      std::erase_if(tagged.matches, [&](const Match& match) { return match.begin >= begin && match.begin < end; });
    begin = end;
  }
}

std::size_t Lexicon::size(Tag tag) const {
  return static_cast<std::size_t>(std::ranges::count(phrases_, tag, &Phrase::tag));
}

}  // namespace assay::lint
