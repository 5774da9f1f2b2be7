#include "reports/lint/rules.h"

#include <algorithm>
#include <array>

#include "reports/lint/clause_facts.h"

namespace assay::lint {
namespace {

constexpr std::array<RuleText, static_cast<std::size_t>(Rule::count)> kRules = {{
    {"CL001", "differs", "is not the sentence that its bundle carries for this claim, nor a weaker one",
     "run 'assay lint --write', or write the generated sentence"},
    {"CL002", "no-bundle", "names a claim or a bundle that is not there, or that does not verify",
     "name a bundle under --bundles by its manifest's digest, and a claim that 'assay claims' lists"},
    {"CL003", "refused-claim", "states a claim that its bundle refuses", "leave it out, or bring the evidence"},
    {"CL004", "unlock", "says that something is unlocked or enabled",
     "no record shows that; say what was edited and what the software answered"},
    {"CL005", "parity", "compares devices, or says of one what was recorded of another",
     "name the one device of the record; no bundle carries a comparison"},
    {"CL006", "silicon", "says that silicon has or lacks something",
     "say 'unproven here' and which software refused what"},
    {"CL007", "edit", "rests on an edited image without saying so as the record does",
     "use the claim's marker; its sentence names the edit and the likeness of the code"},
    {"CL008", "performance", "states a performance without its record",
     "use a throughput or limit claim's marker, or take the figure out"},
    {"CL009", "emulated", "tells an emulated result as one of hardware",
     "an emulated run supports no claim; say what was emulated, and nothing of a device"},
    {"CL010", "locked", "calls machine code or its metadata signed or locked, or a modified driver a supported one",
     "say what a reader sees in the file; drop the driver"},
    {"CL011", "untagged", "joins a subject with a predicate, without a claim marker",
     "put a claim's marker before its sentence, say that it is unproven, or speak of the software that answered"},
    {"CL012", "suppression", "is a suppression without a reason, past its date, or around a claim",
     "give lint:quote a reason, renew its date, or take it away"},
    {"CL014", "attestation", "is a report without its line of attestation",
     "say 'self-attested' or by which key the bundle is attested, as 'assay publish' does"},
}};

using Check = std::optional<Rule>;

/// Rules about meanings that no bundle carries, the most telling first.
Check beyond_any_bundle(const ClauseFacts& c) {
  if (c.locked_metadata() || c.supported_modified_driver()) return Rule::locked;
  if (c.emulated_as_hardware()) return Rule::emulated;
  if (c.states_figure()) return Rule::performance;
  if (c.unlocks()) return Rule::unlock;
  if (c.edited_result()) return Rule::edit;
  if (c.silicon_stance()) return Rule::silicon;
  if (c.absence_stance()) return Rule::silicon;
  if (c.states_performance()) return Rule::performance;
  if (c.transfers() || c.compares()) return Rule::parity;
  return std::nullopt;
}

Check judge_clause(const ClauseFacts& c) {
  if (c.excused()) return std::nullopt;
  if (const Check found = beyond_any_bundle(c)) return found;
  if (c.claims_capability()) return c.names_several() ? Rule::parity : Rule::untagged;
  if (!c.has_subject() || c.harmless()) return std::nullopt;
  return Rule::untagged;
}

/// A whole sentence about a device or a feature in which no verb was found: what it says is in words that nobody knows.
bool says_in_unknown_words(const SentenceView& sentence, const std::vector<Clause>& clauses) {
  constexpr std::size_t kShortest = 4;
  if (!sentence.whole || sentence.tagged->words.size() < kShortest || subjects_of(*sentence.tagged).none())
    return false;
  for (const Tag tag : {Tag::imperative, Tag::inquiry, Tag::logistics})
    if (has(sentence.tagged->tags.front(), tag)) return false;
  for (std::size_t i = 1; i < sentence.tagged->words.size(); ++i)
    if (sentence.tagged->words[i - 1].text == "," && sentence.tagged->is(i, Tag::imperative)) return false;
  const Tags subjects = subjects_of(*sentence.tagged);
  const bool of_device = has(subjects, Tag::device) || has(subjects, Tag::scope);
  const bool of_software = sentence.tagged->is(0, Tag::software) || sentence.tagged->is(1, Tag::software);
  if (!of_device && of_software) return false;
  return std::ranges::none_of(clauses, [](const Clause& clause) {
    return clause.verb.has_value() || has(clause.tags, Tag::unproven) || has(clause.tags, Tag::meta);
  });
}

}  // namespace

const RuleText& text_of(Rule rule) { return kRules[static_cast<std::size_t>(rule)]; }
std::span<const RuleText> rule_texts() { return kRules; }

Tags subjects_of(const TaggedWords& tagged) {
  Tags found;
  for (const Tags& tags : tagged.tags)
    for (const Tag tag : {Tag::device, Tag::scope, Tag::target, Tag::feature})
      if (has(tags, tag)) set(found, tag);
  return found;
}

Check judge(const SentenceView& sentence) {
  if (sentence.question) return std::nullopt;
  const std::vector<Clause> clauses = clauses_of(*sentence.tagged);
  const bool emulated =
      std::ranges::any_of(sentence.tagged->tags, [](const Tags& tags) { return has(tags, Tag::emulated); });
  Context context{.tagged = *sentence.tagged, .before = sentence.before};
  Check first;
  for (const Clause& clause : clauses) {
    const ClauseFacts facts(clause, context);
    Check found = judge_clause(facts);
    if (found == Rule::untagged && emulated && context.clause > 0) found = Rule::emulated;
    if (found && found != Rule::untagged) return found;
    if (!first) first = found;
    context.follow(facts);
  }
  if (first) return first;
  return says_in_unknown_words(sentence, clauses) ? Check(Rule::untagged) : std::nullopt;
}

}  // namespace assay::lint
