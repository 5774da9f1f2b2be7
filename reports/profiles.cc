#include "reports/profiles.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <optional>
#include <regex>
#include <set>

#include <fmt/format.h>

#include "harness/base/json.h"
#include "reports/profile_texts.h"

namespace assay::reports {
namespace {

template <class Word>
struct Named {
  std::string_view text;
  Word word;
};

constexpr std::array<Named<Op>, 9> kOps = {{{"eq", Op::eq},
                                            {"ne", Op::ne},
                                            {"ge", Op::ge},
                                            {"le", Op::le},
                                            {"range", Op::range},
                                            {"one_of", Op::one_of},
                                            {"regex", Op::regex},
                                            {"present", Op::present},
                                            {"unknown", Op::unknown}}};
constexpr std::array<Named<Severity>, 3> kSeverities = {
    {{"fail", Severity::fail}, {"warn", Severity::warn}, {"info", Severity::info}}};
constexpr std::array<Named<Confidence>, 5> kConfidences = {{{"measured", Confidence::measured},
                                                            {"documented", Confidence::documented},
                                                            {"reported", Confidence::reported},
                                                            {"conflicting", Confidence::conflicting},
                                                            {"unknown", Confidence::unknown}}};
constexpr std::array<std::string_view, 7> kSourceKinds = {
    "own_measurement", "public_measurement", "public_report", "public_text", "documented", "toolchain", "note"};

template <class Word, std::size_t N>
Word read_word(ObjectReader& reader, std::string_view key, const std::array<Named<Word>, N>& words) {
  const std::string text = reader.string(key);
  const auto found = std::ranges::find(words, text, &Named<Word>::text);
  if (found != words.end()) return found->word;
  reader.fault(key, fmt::format("unknown word '{}'", text));
  return {};
}

bool is_scalar(const Json& value) { return value.is_number_integer() || value.is_string() || value.is_boolean(); }

/// Whether `expected` has the form that its op compares with.
bool fits(Op op, const Json& expected) {
  switch (op) {
    case Op::eq:
    case Op::ne:
      return is_scalar(expected);
    case Op::ge:
    case Op::le:
      return expected.is_number_integer();
    case Op::regex:
      return expected.is_string();
    case Op::range:
      return expected.is_array() && expected.size() == 2 && expected[0].is_number_integer() &&
             expected[1].is_number_integer() && expected[0] <= expected[1];
    case Op::one_of:
      return expected.is_array() && !expected.empty() && std::ranges::all_of(expected, is_scalar);
    case Op::present:
    case Op::unknown:
      return expected.is_null();
  }
  return false;
}

/// A source as the profile's table has it.
Result<FactSource> read_source(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  FactSource source{reader.string("kind"), reader.string("ref"), reader.string_or("driver", ""),
                    reader.string_or("toolkit", ""), reader.string_or("note", "")};
  if (std::ranges::find(kSourceKinds, source.kind) == kSourceKinds.end())
    reader.fault("kind", fmt::format("unknown word '{}'", source.kind));
  if (Status s = reader.finish(); !s) return s.error();
  return source;
}

/// The sources of a profile by id; each fact names its own.
using Sources = std::map<std::string, FactSource, std::less<>>;

Result<Sources> read_sources(const Json& table, const std::string& where) {
  Sources sources;
  for (const auto& [id, json] : table.items()) {
    Result<FactSource> source = read_source(json, fmt::format("{}.{}", where, id));
    if (!source) return source.error();
    sources.emplace(id, std::move(*source));
  }
  return sources;
}

/// What a fact says of one of its sources: its id, or an object of the id and a note for this fact alone.
Result<FactSource> cited(const Json& json, const Sources& sources, const std::string& where) {
  std::string id, note;
  if (json.is_string()) {
    id = json.get<std::string>();
  } else {
    ObjectReader reader(json, where);
    id = reader.string("source");
    note = reader.string("note");
    if (Status s = reader.finish(); !s) return s.error();
  }
  const auto found = sources.find(id);
  if (found == sources.end()) return Error{fmt::format("{}: '{}' is not in the profile's table of sources", where, id)};
  FactSource source = found->second;
  if (!note.empty()) source.note = note;
  return source;
}

Result<AlsoClaimed> read_claim(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  AlsoClaimed claim{reader.any("value"), reader.string("source"), reader.string_or("note", "")};
  if (Status s = reader.finish(); !s) return s.error();
  return claim;
}

/// Each item of a list, read by `read(item, where)`.
template <class Item, class Read>
Status read_list(const Json& list, const std::string& where, std::vector<Item>& into, const Read& read) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    Result<Item> item = read(list[i], fmt::format("{}[{}]", where, i));
    if (!item) return item.error();
    into.push_back(std::move(*item));
  }
  return ok();
}

Result<Fact> read_fact(const Json& json, const Sources& table, const std::string& where) {
  ObjectReader reader(json, where);
  Fact fact;
  fact.key = reader.string("key");
  fact.op = read_word(reader, "op", kOps);
  if (reader.has("expected")) fact.expected = reader.any("expected");
  if (!fits(fact.op, fact.expected)) reader.fault("expected", "does not fit the op");
  fact.unit = reader.string_or("unit", "");
  fact.severity = read_word(reader, "severity", kSeverities);
  fact.confidence = read_word(reader, "confidence", kConfidences);
  const bool unsure = fact.confidence == Confidence::conflicting || fact.confidence == Confidence::unknown;
  if (unsure && fact.severity != Severity::info)
    reader.fault("severity", "must be info where the confidence is conflicting or unknown");
  const Json sources = reader.array("sources");
  const Json claims = reader.has("also_claimed") ? reader.array("also_claimed") : Json::array();
  if (sources.empty()) reader.fault("sources", "a fact needs a source");
  if (Status s = reader.finish(); !s) return s.error();
  const auto cite = [&](const Json& one, const std::string& at) { return cited(one, table, at); };
  if (Status s = read_list(sources, where + ".sources", fact.sources, cite); !s) return s.error();
  if (Status s = read_list(claims, where + ".also_claimed", fact.also_claimed, read_claim); !s) return s.error();
  return fact;
}

std::optional<std::string> repeated_key(const std::vector<Fact>& facts) {
  std::set<std::string_view> seen;
  for (const Fact& fact : facts)
    if (!seen.insert(fact.key).second) return fact.key;
  return std::nullopt;
}

/// The factor that turns a value of the fact's unit into the observation's; 0: they do not go together.
std::int64_t unit_factor(std::string_view fact, std::string_view observed) {
  if (fact == observed) return 1;
  if (fact == "GB/s" && observed == "B/s") return 1'000'000'000;
  if (fact == "W" && observed == "mW") return 1000;
  return 0;
}

Json scaled(const Json& value, std::int64_t factor) {
  return value.is_number_integer() ? Json(value.get<std::int64_t>() * factor) : value;
}

bool holds(const Fact& fact, const Json& observed, std::int64_t factor) {
  const auto against = [&](const Json& value) { return scaled(value, factor); };
  const bool number = observed.is_number_integer();
  switch (fact.op) {
    case Op::eq:
      return observed == against(fact.expected);
    case Op::ne:
      return observed != against(fact.expected);
    case Op::ge:
      return number && observed >= against(fact.expected);
    case Op::le:
      return number && observed <= against(fact.expected);
    case Op::range:
      return number && observed >= against(fact.expected[0]) && observed <= against(fact.expected[1]);
    case Op::one_of:
      return std::ranges::any_of(fact.expected, [&](const Json& value) { return observed == against(value); });
    case Op::regex:
      return observed.is_string() &&
             std::regex_search(observed.get<std::string>(), std::regex(fact.expected.get<std::string>()));
    case Op::present:
      return true;
    case Op::unknown:
      return false;
  }
  return false;
}

}  // namespace

const Fact* Profile::find(std::string_view key) const {
  const auto found = std::ranges::find(facts, key, &Fact::key);
  return found == facts.end() ? nullptr : &*found;
}

Result<Profile> parse_profile(std::string_view text, std::string_view name) {
  const Result<Json> json = parse_json(text, name);
  if (!json) return json.error();
  ObjectReader reader(*json, std::string(name));
  if (reader.string("schema") != Profile::kSchema) reader.fault("schema", fmt::format("must be {}", Profile::kSchema));
  Profile profile;
  profile.id = reader.string("id");
  profile.version = reader.integer("version", 1);
  profile.as_of = reader.string("as_of");
  profile.notice = reader.string("notice");
  const Json match = reader.object("match"), table = reader.object("sources"), facts = reader.array("facts");
  if (Status s = reader.finish(); !s) return s.error();
  ObjectReader match_reader(match, fmt::format("{}: match", name));
  profile.compute_capability = match_reader.string("compute_capability");
  profile.name_regex = match_reader.string("name_regex");
  if (Status s = match_reader.finish(); !s) return s.error();
  const Result<Sources> sources = read_sources(table, fmt::format("{}: sources", name));
  if (!sources) return sources.error();
  const auto read = [&](const Json& one, const std::string& at) { return read_fact(one, *sources, at); };
  if (Status s = read_list(facts, fmt::format("{}: facts", name), profile.facts, read); !s) return s.error();
  if (const auto key = repeated_key(profile.facts))
    return Error{fmt::format("{}: the key '{}' is there twice", name, *key)};
  return profile;
}

Result<std::vector<Profile>> builtin_profiles() {
  std::vector<Profile> profiles;
  for (const EmbeddedText& file : profile_texts()) {
    Result<Profile> profile = parse_profile(file.text, fmt::format("{}.json", file.stem));
    if (!profile) return profile.error();
    profiles.push_back(std::move(*profile));
  }
  return profiles;
}

const Profile* match_profile(std::span<const Profile> profiles, std::string_view device_name, int major, int minor) {
  return match_profile(profiles, device_name, fmt::format("{}.{}", major, minor));
}

const Profile* match_profile(std::span<const Profile> profiles, std::string_view device_name,
                             std::string_view compute_capability) {
  const std::string name(device_name);
  const auto found = std::ranges::find_if(profiles, [&](const Profile& profile) {
    return profile.compute_capability == compute_capability && std::regex_search(name, std::regex(profile.name_regex));
  });
  return found == profiles.end() ? nullptr : &*found;
}

std::string_view word(Op op) { return std::ranges::find(kOps, op, &Named<Op>::word)->text; }
std::string_view word(Severity severity) {
  return std::ranges::find(kSeverities, severity, &Named<Severity>::word)->text;
}
std::string_view word(Confidence confidence) {
  return std::ranges::find(kConfidences, confidence, &Named<Confidence>::word)->text;
}

std::string_view word(Agreement agreement) {
  switch (agreement) {
    case Agreement::match:
      return "match";
    case Agreement::mismatch:
      return "mismatch";
    case Agreement::new_fact:
      return "new";
    case Agreement::unknown:
      return "unknown";
    case Agreement::not_observed:
      return "not-observed";
    case Agreement::conflict_resolved:
      return "conflict-resolved";
  }
  return "";
}

Agreement compare(const Profile& profile, std::string_view key, const Json& observed, std::string_view unit) {
  const Fact* fact = profile.find(key);
  if (fact == nullptr) return Agreement::new_fact;
  if (observed.is_null()) return Agreement::not_observed;
  if (fact->op == Op::unknown) return Agreement::unknown;
  const std::int64_t factor = unit_factor(fact->unit, unit);
  if (factor == 0) return Agreement::mismatch;
  if (holds(*fact, observed, factor)) return Agreement::match;
  const bool claimed = std::ranges::any_of(
      fact->also_claimed, [&](const AlsoClaimed& claim) { return observed == scaled(claim.value, factor); });
  return claimed ? Agreement::conflict_resolved : Agreement::mismatch;
}

}  // namespace assay::reports
