// The meanings that no bundle carries, or only with a marker: each is a question that rules.cc asks of a clause.
#include "reports/lint/clause_facts.h"

namespace assay::lint {

bool ClauseFacts::locked_metadata() const {
  if (!has(Tag::lock) || !has(Tag::metadata)) return false;
  return next_to(Tag::lock, Tag::metadata, 2) || (next_to(Tag::metadata, Tag::lock, 6) && !locked_text());
}

/// "the signed manifest": it is the text that is signed.
bool ClauseFacts::locked_text() const {
  for (std::size_t at = 0; at + 1 < clause_.words.size(); ++at)
    if (context_.tagged.is(clause_.words[at], Tag::lock) && context_.tagged.is(clause_.words[at + 1], Tag::text) &&
        !context_.tagged.is(clause_.words[at + 1], Tag::lock))
      return true;
  return false;
}

bool ClauseFacts::supported_modified_driver() const {
  return has(Tag::modified_driver) &&
         (has(Tag::capability) || has(Tag::run) || has(Tag::result) || has(Tag::unlock) || has_subject());
}

bool ClauseFacts::emulated_as_hardware() const {
  const bool follows = lint::has(context_.earlier, Tag::emulated);
  if (!has(Tag::emulated) && !follows) return false;
  const bool of_hardware = device_ || has(Tag::silicon) || generic_;
  if (follows && of_hardware && !is_fragment() && !negated() && !agent_harmless()) return true;
  return of_hardware && !negated() &&
         (has(Tag::result) || has(Tag::transfer) || has(Tag::comparison) ||
          (has(Tag::capability) && !verb_is(Tag::inquiry)));
}

/// A number with a unit of performance, or a sparse peak beside a dense one.
bool ClauseFacts::states_figure() const {
  if (has(Tag::performance_unit)) return true;
  const bool sparse_beside_dense = has(Tag::sparse) && has(Tag::dense) && (has_subject() || has(Tag::peak));
  return sparse_beside_dense && !(agent_harmless() && negated());
}

bool ClauseFacts::states_performance() const {
  if (!has(Tag::performance)) return false;
  const bool of_device = device_ || carried_device_ || (generic_ && feature_);
  if (agent_harmless() && (verb_is(Tag::inquiry) || !of_device)) return false;
  if (is_imperative() && !of_device) return false;
  return of_device || feature_ || target_;
}

bool ClauseFacts::unlocks() const {
  const bool subject = has_subject() || carried_device_;
  const bool byte_edit = has(Tag::edit) || lint::has(context_.earlier, Tag::edit);
  if (has(Tag::unlock) && (subject || byte_edit)) return !negated_before(Tag::unlock);
  if (!has(Tag::enable)) return false;
  if (negated_before(Tag::enable)) return false;
  if (byte_edit && (feature_ || device_)) return true;
  return (device_ || carried_device_) && feature_ && (verb_is(Tag::enable) || is_imperative()) &&
         !agent_is(Tag::text) && !agent_is(Tag::people);
}

/// Something came right or ran, of an image that was edited.
bool ClauseFacts::edited_result() const {
  const bool acts = clause_.takes_over || agent_is(Tag::feature) || agent_is(Tag::device);
  const bool edited = has(Tag::edit) || (acts && lint::has(context_.earlier, Tag::edit));
  if (!edited || negated() || !(has_subject() || carried_device_)) return false;
  if (agent_harmless() && (verb_is(Tag::inquiry) || verb_is(Tag::toolchain_verb))) return false;
  if (is_imperative() || passive_of(Tag::toolchain_verb)) return false;
  return has(Tag::capability) || has(Tag::run) || has(Tag::result) || has_presence();
}

bool ClauseFacts::silicon_stance() const {
  if (has(Tag::fused)) return true;
  if (!has(Tag::silicon)) return false;
  return has(Tag::absence) || has_presence() || has(Tag::capability) || has(Tag::result) || missing_feature() ||
         (has_subject() && !agent_harmless() && clause_.verb);
}

bool ClauseFacts::absence_stance() const {
  const bool absent = has(Tag::absence) || missing_feature();
  const bool of_device = device_ || carried_device_ || (generic_ && feature_);
  const bool part = generic_ && agent_is(Tag::matter) && (has(Tag::absence) || (negated() && has_presence()));
  if (part) return true;
  if (!absent || !(of_device || target_ || feature_)) return false;
  if (is_imperative() && !of_device) return false;
  if (agent_harmless()) return of_device && feature_ && !verb_is(Tag::toolchain_verb) && !verb_is(Tag::inquiry);
  if (target_ && !device_ && !feature_) return false;
  return feature_ || has(Tag::absence) || has_presence();
}

bool ClauseFacts::transfers() const {
  std::set<std::string_view> devices = clause_.devices;
  devices.insert(context_.devices.begin(), context_.devices.end());

  if (devices.size() < 2 || negated()) return false;
  const bool evidence = agent_is(Tag::text) || agent_is(Tag::software) || has(Tag::result) || has(Tag::run);
  return device_ && evidence && has(Tag::transfer) && !verb_is(Tag::inquiry);
}

bool ClauseFacts::compares() const {
  if (!has(Tag::comparison) && clause_.devices.size() < 2) return false;
  if (is_fragment() && !has(Tag::comparison)) return false;
  if (agent_harmless())
    return has(Tag::comparison) && device_ && clause_.devices.size() > 1 && !verb_is(Tag::inquiry) && !negated();
  if (is_imperative()) return has(Tag::comparison) && clause_.devices.size() > 1 && !negated();
  const bool several = carried_device_ && context_.devices.size() > 1;
  if (clause_.devices.size() == 1 && !feature_ && verb_is(Tag::logistics)) return false;
  const bool of_device = device_ || several || (carried_device_ && feature_) || (generic_ && feature_);
  if (!has(Tag::comparison)) return agent_is(Tag::device) && !verb_is(Tag::inquiry) && !verb_is(Tag::logistics);
  return of_device;
}

bool ClauseFacts::claims_capability() const {
  const bool capable = has(Tag::capability) || has(Tag::run) || has(Tag::result) || has_presence();
  if (!capable) return false;
  if (is_imperative() || plan()) return false;
  const bool of_device = device_ || carried_device_;
  if (agent_harmless()) {
    if (!of_device || verb_is(Tag::inquiry)) return false;
    if (agent_is(Tag::people) && !feature_) return false;
    if (agent_is(Tag::toolchain) && verb_is(Tag::toolchain_verb)) return false;
    if (agent_is(Tag::text)) return has(Tag::result) && feature_;
    return feature_ || verb_is(Tag::run) || verb_is(Tag::capability) || verb_is(Tag::result);
  }
  if (agent_is(Tag::matter) && !of_device && !verb_is(Tag::capability)) return false;
  if (of_device)
    return !is_fragment() || (feature_ && (says(Tag::capability) || says(Tag::result) || says(Tag::presence)));
  if (generic_ && feature_) return true;
  if (!feature_ && !target_) return false;
  if (is_fragment()) return says(Tag::capability);
  return has(Tag::capability) && !verb_is(Tag::semantics) && (verb_is(Tag::capability) || passive_of(Tag::capability));
}

}  // namespace assay::lint
