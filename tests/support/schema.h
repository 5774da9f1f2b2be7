// Holds a value against one of docs/schema/*.json. Knows the keywords that those use, and fails on one that it does not
// know.
#pragma once

#include <algorithm>
#include <filesystem>
#include <regex>
#include <string>
#include <string_view>

#include "harness/base/json.h"
#include "tests/evidence/fixtures.h"
#include "tests/support/json.h"

namespace assay::test {

inline Json read_schema(std::string_view name) {
  const auto path = std::filesystem::path(ASSAY_SOURCE_DIR) / "docs" / "schema" / (std::string(name) + ".schema.json");
  return test::parsed(evidence::read_text(path));
}

class Schema {
 public:
  explicit Schema(std::string_view name) : root_(read_schema(name)) {}

  /// Empty, or the place and keyword of the first disagreement.
  std::string check(const Json& value) const { return check(value, root_, ""); }
  const Json& root() const { return root_; }

 private:
  std::string check(const Json& value, const Json& schema, const std::string& at) const {
    for (const auto& rule : schema.items()) {
      if (const std::string fault = apply(rule.key(), rule.value(), value, schema, at); !fault.empty()) return fault;
    }
    return "";
  }

  std::string apply(const std::string& keyword, const Json& rule, const Json& value, const Json& schema,
                    const std::string& at) const {
    const auto fault = [&](bool bad) { return bad ? at + ": " + keyword : ""; };
    if (keyword == "$schema" || keyword == "title" || keyword == "description" || keyword == "$defs") return "";
    if (keyword == "$ref") return check(value, root_[Json::json_pointer(rule.get<std::string>().substr(1))], at);
    if (keyword == "const") return fault(value != rule);
    if (keyword == "enum") return fault(std::find(rule.begin(), rule.end(), value) == rule.end());
    if (keyword == "type") return fault(!has_type(value, rule));
    if (keyword == "anyOf") return fault(!any_of(rule, value, at));
    if (keyword == "minimum") return fault(value.is_number() && value < rule);
    if (keyword == "maximum") return fault(value.is_number() && value > rule);
    if (keyword == "minLength")
      return fault(value.is_string() && value.get<std::string>().size() < rule.get<std::size_t>());
    if (keyword == "minItems") return fault(value.is_array() && value.size() < rule.get<std::size_t>());
    if (keyword == "maxItems") return fault(value.is_array() && value.size() > rule.get<std::size_t>());
    if (keyword == "pattern") {
      return fault(value.is_string() &&
                   !std::regex_search(value.get<std::string>(), std::regex(rule.get<std::string>())));
    }
    if (keyword == "required") return required(rule, value, at);
    if (keyword == "items") return items(rule, value, at);
    if (keyword == "properties" || keyword == "additionalProperties") return members(value, schema, at);
    return at + ": unknown keyword " + keyword;
  }

  static bool has_type(const Json& value, const Json& types) {
    if (types.is_array()) {
      return std::any_of(types.begin(), types.end(), [&](const Json& type) { return has_type(value, type); });
    }
    if (types == "integer") return value.is_number_integer();
    return types == value.type_name();
  }

  bool any_of(const Json& schemas, const Json& value, const std::string& at) const {
    return std::any_of(schemas.begin(), schemas.end(), [&](const Json& one) { return check(value, one, at).empty(); });
  }

  static std::string required(const Json& names, const Json& value, const std::string& at) {
    for (const Json& name : names) {
      if (value.is_object() && !value.contains(name.get<std::string>())) return at + ": required " + spelled(name);
    }
    return "";
  }

  std::string items(const Json& schema, const Json& value, const std::string& at) const {
    if (!value.is_array()) return "";
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (std::string fault = check(value[i], schema, at + "/" + std::to_string(i)); !fault.empty()) return fault;
    }
    return "";
  }

  std::string members(const Json& value, const Json& schema, const std::string& at) const {
    if (!value.is_object()) return "";
    const Json known = schema.value("properties", Json::object());
    const Json other = schema.value("additionalProperties", Json(true));
    for (const auto& member : value.items()) {
      const std::string place = at + "/" + member.key();
      const Json& rule = known.contains(member.key()) ? known[member.key()] : other;
      if (rule == Json(false)) return place + ": additionalProperties";
      if (rule == Json(true)) continue;
      if (std::string fault = check(member.value(), rule, place); !fault.empty()) return fault;
    }
    return "";
  }

  Json root_;
};

}  // namespace assay::test
