#include "reports/lint/clause_facts.h"

#include <algorithm>
#include <array>

namespace assay::lint {
namespace {

constexpr std::array kHarmlessAgents = {Tag::software, Tag::text, Tag::people, Tag::toolchain, Tag::emulated};

}  // namespace

void Context::follow(const ClauseFacts& facts) {
  const Clause& last = facts.clause();
  for (const Tag tag : {Tag::device, Tag::scope, Tag::target, Tag::feature, Tag::edit, Tag::emulated})
    if (lint::has(last.tags, tag)) set(earlier, tag);
  devices.insert(last.devices.begin(), last.devices.end());
  if (!last.aside && last.head) agent = facts.agent();
  excused = facts.excused();
  ++clause;
}

ClauseFacts::ClauseFacts(const Clause& clause, const Context& context) : clause_(clause), context_(context) {
  agent_ = clause.agent;
  device_ = names_device();
  target_ = has(Tag::target);
  feature_ = has(Tag::feature);
  for (const Match& match : context.tagged.matches)
    if (match.tag == Tag::generic && std::ranges::find(clause.words, match.begin) != clause.words.end() &&
        !context.tagged.is(match.end - 1, Tag::software))
      generic_ = true;
  if (!clause.takes_over && !(clause.aside || is_fragment())) return;
  if (clause.takes_over) agent_ |= context.agent;
  const Tags& source = context.clause > 0 ? context.earlier : context.before;
  if (!device_ && (lint::has(source, Tag::device) || lint::has(source, Tag::scope) || lint::has(source, Tag::target)))
    carried_device_ = true;
}

/// A device that is not called emulated.
bool ClauseFacts::names_device() {
  bool named = false;
  // "runs on sm_121": a target where a device belongs.
  for (const Match& match : context_.tagged.matches)
    if (match.tag == Tag::target && match.begin > 0 && context_.tagged.words[match.begin - 1].text == "on" &&
        std::ranges::find(clause_.words, match.begin) != clause_.words.end())
      named = true;
  for (const Match& match : context_.tagged.matches) {
    if (match.tag != Tag::device && match.tag != Tag::scope) continue;
    if (std::ranges::find(clause_.words, match.begin) == clause_.words.end()) continue;
    const bool emulated = match.begin > 0 && context_.tagged.is(match.begin - 1, Tag::emulated);
    if (!emulated) named = true;
    const bool acts = clause_.head && *clause_.head >= match.begin && *clause_.head < match.end;
    if (emulated && acts) {
      agent_.reset();
      set(agent_, Tag::emulated);
    }
  }
  return named;
}

std::size_t ClauseFacts::first(Tag tag) const {
  for (std::size_t at = 0; at < clause_.words.size(); ++at)
    if (context_.tagged.is(clause_.words[at], tag)) return at;
  return clause_.words.size();
}

/// The verb group: the finite verb and up to three words behind it.
bool ClauseFacts::verb_is(Tag tag) const {
  if (!clause_.verb) return false;
  for (std::size_t at = *clause_.verb; at < clause_.words.size() && at < *clause_.verb + 4; ++at) {
    const std::size_t word = clause_.words[at];
    if (context_.tagged.is(word, tag) && (context_.tagged.is(word, Tag::verb) || at == *clause_.verb)) return true;
    const bool helper = context_.tagged.is(word, Tag::auxiliary) || context_.tagged.is(word, Tag::modal) ||
                        context_.tagged.is(word, Tag::negation) || context_.tagged.is(word, Tag::adverb);
    if (!helper) return false;
  }
  return false;
}

/// A negation up to the word behind the verb; "without" is none.
bool ClauseFacts::negated() const {
  const std::size_t last = clause_.verb ? *clause_.verb + 3 : clause_.words.size();
  for (std::size_t at = 0; at < clause_.words.size() && at < last; ++at) {
    const std::size_t word = clause_.words[at];
    if (context_.tagged.is(word, Tag::negation) && context_.tagged.words[word].text != "without") return true;
  }
  return false;
}

/// A negation stands in front of the family's first word.
bool ClauseFacts::negated_before(Tag tag) const { return first(Tag::negation) < first(tag); }

/// The family occurs in a word that is no verb: "support", "native".
bool ClauseFacts::says(Tag tag) const {
  return std::ranges::any_of(clause_.words, [&](std::size_t word) {
    return context_.tagged.is(word, tag) && !context_.tagged.is(word, Tag::verb);
  });
}

bool ClauseFacts::next_to(Tag a, Tag b, std::size_t within) const {
  for (std::size_t i = 0; i < clause_.words.size(); ++i) {
    if (!context_.tagged.is(clause_.words[i], a)) continue;
    for (std::size_t j = i + 1; j < clause_.words.size() && j <= i + within; ++j)
      if (context_.tagged.is(clause_.words[j], b)) return true;
  }
  return false;
}

bool ClauseFacts::is_imperative() const {
  if (clause_.words.empty()) return false;
  std::size_t word = clause_.words.front();
  if (context_.tagged.is(word, Tag::preposition))
    for (const std::size_t next : clause_.words)
      if (next > 0 && context_.tagged.words[next - 1].text == ",") {
        word = next;
        break;
      }
  return context_.tagged.is(word, Tag::imperative) && !(clause_.verb && *clause_.verb == 1) &&
         !lint::has(clause_.agent, Tag::device);
}

bool ClauseFacts::agent_harmless() const {
  return std::ranges::any_of(kHarmlessAgents, [&](Tag tag) { return agent_is(tag); }) && !agent_is(Tag::device) &&
         !agent_is(Tag::scope) && !agent_is(Tag::target) && (!agent_is(Tag::feature) || agent_is(Tag::text));
}

bool ClauseFacts::plan() const { return has(Tag::modal) && (verb_is(Tag::inquiry) || passive_of(Tag::inquiry)); }

/// "is refused", "will be asked", "was recorded": the family's verb behind a form of to be.
bool ClauseFacts::passive_of(Tag tag) const {
  for (std::size_t at = 0; at + 1 < clause_.words.size(); ++at) {
    if (!context_.tagged.is(clause_.words[at], Tag::copula)) continue;
    for (std::size_t next = at + 1; next < clause_.words.size() && next <= at + 2; ++next)
      if (context_.tagged.is(clause_.words[next], tag)) return true;
  }
  return false;
}

/// "has" as a verb of its own, not as the helper of another.
bool ClauseFacts::has_presence() const {
  if (has(Tag::presence)) return true;
  for (const std::size_t word : clause_.words) {
    const std::string& text = context_.tagged.words[word].text;
    if (text != "has" && text != "have" && text != "had" && text != "having") continue;
    if (word + 1 >= context_.tagged.words.size()) return false;
    const std::string& next = context_.tagged.words[word + 1].text;
    const bool helper =
        next == "been" || next == "to" || (context_.tagged.is(word + 1, Tag::verb) && next.ends_with("ed"));
    if (!helper) return true;
  }
  return false;
}

/// A negation in front of a feature; "without" directly, since what stands between belongs to it.
bool ClauseFacts::denies_feature() const {
  for (std::size_t at = 0; at < clause_.words.size(); ++at) {
    const std::size_t word = clause_.words[at];
    if (!context_.tagged.is(word, Tag::negation)) continue;
    const bool without = context_.tagged.words[word].text == "without";
    if (without && is_fragment() && !device_ && !carried_device_) continue;
    for (std::size_t next = at + 1; next < clause_.words.size() && next <= at + (without ? 2 : 4); ++next)
      if (context_.tagged.is(clause_.words[next], Tag::feature)) return true;
  }
  return false;
}

/// "no tensor memory", "without tcgen05", "does not have multicast".
bool ClauseFacts::missing_feature() const {
  return feature_ && (denies_feature() || (negated() && (device_ || carried_device_ || generic_ || target_) &&
                                           (has_presence() || has(Tag::capability) || has(Tag::run))));
}

bool ClauseFacts::excused() const {
  if (clause_.conditional) return true;
  if (clause_.complement && (context_.excused || context_.inquiry)) return true;
  const std::size_t at = first(Tag::unproven);
  if (at < clause_.words.size()) {
    const std::size_t word = clause_.words[at];
    const bool turned =
        word > 0 && (context_.tagged.words[word - 1].text == "longer" ||
                     context_.tagged.words[word - 1].text == "hardly" || context_.tagged.words[word - 1].text == "but");
    if (!turned) return true;
  }
  if (has(Tag::meta)) return true;
  return first(Tag::hypothetical) < clause_.words.size() && first(Tag::hypothetical) > 0 && agent_harmless();
}

/// "on a Spark", "under B200": something happened there.
bool ClauseFacts::on_device() const {
  for (const Match& match : context_.tagged.matches) {
    if (match.tag != Tag::device && match.tag != Tag::scope) continue;
    for (std::size_t back = 1; back <= 3 && back <= match.begin; ++back) {
      const std::string& before = context_.tagged.words[match.begin - back].text;
      if (before == "on" || before == "under" || before == "inside") return true;
    }
  }
  return false;
}

bool ClauseFacts::is_definition() const {
  if (!clause_.verb) return false;
  const std::size_t at = *clause_.verb;
  if (context_.tagged.is(clause_.words[at], Tag::definition)) return true;
  if (!context_.tagged.is(clause_.words[at], Tag::copula) || at + 1 >= clause_.words.size()) return false;
  for (std::size_t after = at + 1; after < clause_.words.size(); ++after)
    if (context_.tagged.is(clause_.words[after], Tag::definition) ||
        context_.tagged.is(clause_.words[after], Tag::matter))
      return true;
  return context_.tagged.is(clause_.words[at + 1], Tag::semantics);
}

bool ClauseFacts::harmless() const {
  if (is_fragment() || is_imperative() || plan()) return true;
  const bool of_device = device_;
  if (agent_harmless()) {
    if (!of_device || agent_is(Tag::text)) return true;
    const bool asks = verb_is(Tag::inquiry) || passive_of(Tag::inquiry) || passive_of(Tag::toolchain_verb);
    const bool answers = verb_is(Tag::toolchain_verb) && (agent_is(Tag::toolchain) || agent_is(Tag::software));
    if (feature_) return asks || answers;
    return !agent_is(Tag::software) || !on_device() || asks || (answers && agent_is(Tag::toolchain));
  }
  if (verb_is(Tag::inquiry) && clause_.verb && context_.tagged.is(clause_.words[*clause_.verb], Tag::copula))
    return true;
  if (passive_of(Tag::inquiry) || (passive_of(Tag::toolchain_verb) && !of_device)) return true;
  if (of_device && !feature_) return is_definition() || verb_is(Tag::logistics) || passive_of(Tag::logistics);
  if (of_device) return false;
  if (agent_is(Tag::matter)) return !(generic_ && feature_) || verb_is(Tag::semantics);
  if (target_ && !feature_)
    return is_definition() || verb_is(Tag::toolchain_verb) || verb_is(Tag::inquiry) || verb_is(Tag::semantics);
  if (agent_is(Tag::target) || agent_is(Tag::generic)) return is_definition();
  return verb_is(Tag::semantics) || is_definition() || verb_is(Tag::inquiry) || verb_is(Tag::toolchain_verb);
}

}  // namespace assay::lint
