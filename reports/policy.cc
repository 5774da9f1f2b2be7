#include "reports/policy.h"

#include <algorithm>
#include <array>
#include <regex>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "harness/base/json.h"
#include "harness/base/target.h"

namespace assay::reports {
namespace {

constexpr std::array<std::string_view, 4> kSubjects = {"gate", "kernel", "claim", "limit"};
constexpr std::array<std::string_view, 4> kPlain = {"proven", "reported", "loads", "assembles"};
constexpr std::string_view kAgrees = "agrees@";
/// Longer names are no device's; std::regex needs stack for every character.
constexpr std::size_t kLongestName = 256;

bool is_regex(const std::string& text) {
  try {
    const std::regex compiled(text);
    return text.size() <= kLongestName;
  } catch (const std::regex_error&) {
    return false;
  }
}

bool is_capability(std::string_view text) {
  const std::size_t dot = text.find('.');
  const auto digits = [](std::string_view part) {
    return !part.empty() && part.size() <= 2 && part.find_first_not_of("0123456789") == std::string_view::npos;
  };
  return dot != std::string_view::npos && digits(text.substr(0, dot)) && digits(text.substr(dot + 1));
}

Result<DeviceFilter> read_device(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  DeviceFilter filter{reader.string_or("compute_capability", ""), reader.string_or("name", "")};
  if (!filter.compute_capability.empty() && !is_capability(filter.compute_capability))
    reader.fault("compute_capability", fmt::format("'{}' is not like \"9.0\"", filter.compute_capability));
  if (!is_regex(filter.name_regex)) reader.fault("name", "is not a regular expression of at most 256 characters");
  if (filter.empty()) reader.fault("compute_capability", "or 'name' must be given");
  if (const Status status = reader.finish(); !status) return status.error();
  return filter;
}

/// Which of the four fields the line has, with its name.
void read_subject(ObjectReader& reader, Requirement& line) {
  std::size_t named = 0;
  for (std::size_t i = 0; i < kSubjects.size(); ++i) {
    if (!reader.has(kSubjects[i])) continue;
    line.subject = static_cast<Subject>(i);
    line.name = reader.string(kSubjects[i]);
    if (line.name.empty()) reader.fault(kSubjects[i], "is empty");
    ++named;
  }
  if (named != 1)
    reader.fault("gate", fmt::format("a line names one of gate, kernel, claim, limit; this one names {}", named));
}

void read_suffices(ObjectReader& reader, Requirement& line, std::span<const Profile> profiles) {
  const std::string_view fallback = line.subject == Subject::limit ? "reported" : "proven";
  const std::string text = reader.string_or("suffices", fallback);
  const auto plain = std::ranges::find(kPlain, text);
  if (plain != kPlain.end()) {
    line.suffices = static_cast<Suffices>(plain - kPlain.begin());
  } else if (text.starts_with(kAgrees)) {
    line.suffices = Suffices::agrees;
    line.profile = text.substr(kAgrees.size());
    if (std::ranges::find(profiles, line.profile, &Profile::id) == profiles.end())
      reader.fault("suffices", fmt::format("no profile '{}'", line.profile));
  } else {
    reader.fault("suffices",
                 fmt::format("unknown word '{}'; proven, reported, loads, assembles or agrees@PROFILE", text));
  }
}

/// What a word asks for must be something that the subject can be.
void check_suffices(ObjectReader& reader, const Requirement& line) {
  const bool value = line.suffices == Suffices::reported || line.suffices == Suffices::agrees;
  if (line.subject == Subject::limit && !value)
    reader.fault("suffices", "a limit is reported, or agrees@PROFILE; nothing more is said of a value");
  if (line.suffices == Suffices::assembles && line.target.empty())
    reader.fault("target", "must be given: a text assembles for a target");
}

void read_bounds(ObjectReader& reader, Requirement& line) {
  if (reader.has("min")) line.min = reader.integer("min");
  if (reader.has("max")) line.max = reader.integer("max");
  line.unit = reader.string_or("unit", "");
  const bool limit = line.subject == Subject::limit;
  if (limit && !line.min && !line.max) reader.fault("min", "a limit has a min, a max, or both");
  if (line.min && line.max && *line.min > *line.max) reader.fault("max", "is below min");
  if (!limit && (line.min || line.max || !line.unit.empty())) reader.fault("min", "only a limit has bounds and a unit");
}

void read_target(ObjectReader& reader, Requirement& line) {
  line.target = reader.string_or("target", "");
  if (line.target.empty()) return;
  if (const auto target = parse_target(line.target); !target) reader.fault("target", target.error().message);
  if (line.subject == Subject::claim || line.subject == Subject::limit)
    reader.fault("target", "only a gate or a kernel has one; a claim names its own");
}

Result<Requirement> read_line(const Json& json, const std::string& where, std::span<const Profile> profiles) {
  ObjectReader reader(json, where);
  Requirement line;
  read_subject(reader, line);
  read_target(reader, line);
  if (line.subject == Subject::claim) {
    line.suffices = Suffices::supported;
  } else {
    read_suffices(reader, line, profiles);
    check_suffices(reader, line);
  }
  read_bounds(reader, line);
  line.why = reader.string_or("why", "");
  line.id = reader.string_or(
      "id", fmt::format("{} {}{}{}", word(line.subject), line.name, line.target.empty() ? "" : "@", line.target));
  if (line.id.empty()) reader.fault("id", "is empty");
  const Json device = reader.has("device") ? reader.object("device") : Json();
  if (const Status status = reader.finish(); !status) return status.error();
  if (device.is_null()) return line;
  auto filter = read_device(device, where + ".device");
  if (!filter) return filter.error();
  line.device = *std::move(filter);
  return line;
}

}  // namespace

std::string_view word(Subject subject) { return kSubjects[static_cast<std::size_t>(subject)]; }

bool DeviceFilter::matches(const evidence::Environment::Device& device) const {
  if (!compute_capability.empty() && compute_capability != device.compute_capability) return false;
  if (name_regex.empty()) return true;
  return device.name.size() <= kLongestName && std::regex_search(device.name, std::regex(name_regex));
}

std::string asked(const Requirement& line) {
  const std::string unit = line.unit.empty() ? "" : " " + line.unit;
  std::string text;
  if (line.min) text += fmt::format(">= {}{}", *line.min, unit);
  if (line.max) text += fmt::format("{}<= {}{}", text.empty() ? "" : ", ", *line.max, unit);
  if (line.suffices == Suffices::supported) return "supported";
  const bool agrees = line.suffices == Suffices::agrees;
  const std::string enough = agrees ? fmt::format("{}{}", kAgrees, line.profile)
                                    : std::string(kPlain[static_cast<std::size_t>(line.suffices)]);
  if (text.empty()) return enough;
  return agrees ? text + " " + enough : text;
}

Result<Policy> parse_policy(std::string_view text, std::string_view file, std::span<const Profile> profiles) {
  const Result<Json> json = parse_json(text, file, {.bytes = 1u << 20, .depth = 8});
  if (!json) return json.error();
  ObjectReader reader(*json, std::string(file));
  if (reader.string("schema") != Policy::kSchema) reader.fault("schema", fmt::format("must be {}", Policy::kSchema));
  Policy policy{.name = reader.string("name"), .requirements = {}};
  const Json lines = reader.array("requirements");
  if (const Status status = reader.finish(); !status) return status.error();

  std::set<std::string> ids;
  for (const Json& one : lines) {
    const std::string where = fmt::format("{}: requirements[{}]", file, policy.requirements.size());
    auto line = read_line(one, where, profiles);
    if (!line) return line.error();
    if (!ids.insert(line->id).second)
      return Error{
          fmt::format("{}: the id '{}' is there twice; give one of them an \"id\" of its own", where, line->id)};
    policy.requirements.push_back(*std::move(line));
  }
  if (policy.requirements.empty()) return Error{fmt::format("{}: requires nothing, so it would always hold", file)};
  return policy;
}

}  // namespace assay::reports
