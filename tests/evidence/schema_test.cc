// docs/schema/*.json and the readers say the same: what the writers write is valid, and what one refuses the other
// refuses.
//
// The checker below knows the keywords that the schemas use, and fails on one that it does not know.
#include <filesystem>
#include <regex>

#include "gtest/gtest.h"
#include "tests/evidence/forger.h"

namespace assay::evidence {
namespace {

Json read_schema(std::string_view name) {
  const auto path = std::filesystem::path(ASSAY_SOURCE_DIR) / "docs" / "schema" / (std::string(name) + ".schema.json");
  return Json::parse(read_text(path));
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
      if (value.is_object() && !value.contains(name.get<std::string>())) return at + ": required " + name.dump();
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

/// A bundle with a record in which every list and optional part is there.
class SchemaTest : public testing::Test {
 protected:
  void SetUp() override {
    Record record = good_record();
    record.artifacts["ptx"] = digest_of("text");
    record.measurements = good_question().measurements;
    record.prerequisites = {{"device.query", Verdict::reported, Verdict::reported}};
    record.witness.externs = {"symbol"};
    record.performance = good_performance();
    Record patched = patched_record();
    patched.monotonic_ns = record.monotonic_ns;
    write_bundle(bundle(), {good_question(), record, patched}, {"text", built_image(), edited_image()});
    ASSERT_TRUE(verify_bundle(bundle()).intact);
  }
  std::filesystem::path bundle() const { return folder_.path() / "bundle"; }
  Json document(std::string_view name) const { return Json::parse(read_text(bundle() / name)); }

  TemporaryFolder folder_;
};

TEST_F(SchemaTest, HoldsForWhatIsWritten) {
  const Lines lines = read_lines(bundle());
  EXPECT_EQ(Schema("gate-record").check(lines[0]), "");
  EXPECT_EQ(Schema("gate-record").check(lines[1]), "");
  EXPECT_EQ(Schema("gate-record").check(lines[2]), "");
  EXPECT_EQ(Schema("ledger-end").check(lines[3]), "");
  EXPECT_EQ(Schema("ledger-end").check({{"interrupted", 2}, {"signal", 15}, {"prev_sha256", digest_of("")}}), "");
  EXPECT_EQ(Schema("challenge").check(document("challenge.json")), "");
  EXPECT_EQ(Schema("run-rules").check(document("rules.json")), "");
  EXPECT_EQ(Schema("manifest").check(document("manifest.json")), "");
  EXPECT_EQ(Schema("environment").check(document("environment.json")), "");
}

TEST_F(SchemaTest, RequiresEveryPropertyThatItNames) {
  for (const char* name : {"gate-record", "challenge", "run-rules", "manifest", "environment"}) {
    const Json schema = Schema(name).root();
    std::vector<std::string> properties;
    for (const auto& property : schema["properties"].items()) properties.push_back(property.key());
    EXPECT_EQ(Json(properties), schema["required"]) << name;
  }
}

/// Spoils every value of a record line in a few ways; the reader of ledgers and the schema must both refuse it.
void each_value(const Json& json, const Json::json_pointer& at,
                const std::function<void(const Json::json_pointer&)>& visit) {
  if (!at.empty()) visit(at);
  if (!json.is_structured()) return;
  for (const auto& item : json.items()) {
    each_value(item.value(), json.is_array() ? at / std::stoul(item.key()) : at / item.key(), visit);
  }
}

bool may_be_null(const std::string& pointer) {
  constexpr std::string_view kNullable[] = {"/process",
                                            "/edit",
                                            "/derived/furthest",
                                            "/performance",
                                            "/performance/clock_khz_before",
                                            "/performance/clock_khz_after",
                                            "/performance/power_mw",
                                            "/performance/temperature_c"};
  return std::find(std::begin(kNullable), std::end(kNullable), pointer) != std::end(kNullable);
}

TEST_F(SchemaTest, RefusesWhatTheReaderRefuses) {
  const Lines lines = read_lines(bundle());
  const std::string head = digest_of(read_text(bundle() / kChallengeFile));
  const Schema schema("gate-record");
  Json line = lines[2];
  line["prev_sha256"] = head;
  for (const char* list : {"artifacts", "measurements", "performance", "prerequisites"}) line[list] = lines[1][list];
  std::size_t spoiled_values = 0;
  each_value(line, Json::json_pointer(), [&](const Json::json_pointer& at) {
    // A measured value may be of any scalar type.
    const bool free_type = at.back() == "value";
    for (const Json& wrong : {Json(1.5), Json::array({Json::array()}), free_type ? Json(2.5) : Json(nullptr)}) {
      if (wrong.is_null() && may_be_null(at.to_string())) continue;
      Json spoiled = line;
      spoiled[at] = wrong;
      EXPECT_NE(schema.check(spoiled), "") << at.to_string() << " = " << wrong;
      EXPECT_TRUE(read_ledger(spoiled.dump() + "\n", head).fault) << at.to_string() << " = " << wrong;
      ++spoiled_values;
    }
  });
  EXPECT_GT(spoiled_values, 300u);
  EXPECT_EQ(schema.check(line), "");
  EXPECT_FALSE(read_ledger(line.dump() + "\n", head).fault);
}

/// The words of a vocabulary, by its enumerators.
template <class E>
Json words(int count) {
  Json list = Json::array();
  for (int i = 0; i < count; ++i) list.push_back(word(static_cast<E>(i)));
  return list;
}

TEST_F(SchemaTest, HasTheWordsOfEveryVocabulary) {
  const Json root = Schema("gate-record").root();
  EXPECT_EQ(root["$defs"]["verdict"]["enum"], words<Verdict>(10));
  EXPECT_EQ(root["$defs"]["control_status"]["enum"], words<ControlStatus>(3));
  EXPECT_EQ(root["$defs"]["stage"]["properties"]["stage"]["enum"], words<Stage>(6));
  EXPECT_EQ(root["$defs"]["stage"]["properties"]["status"]["enum"], words<StageStatus>(4));
  EXPECT_EQ(root["$defs"]["derived"]["properties"]["class"]["enum"], words<EvidenceClass>(4));
  EXPECT_EQ(root["$defs"]["derived"]["properties"]["level"]["enum"], words<Level>(9));
  EXPECT_EQ(root["properties"]["driver_library"]["enum"], words<DriverLibrary>(4));
  EXPECT_EQ(root["properties"]["image"]["enum"], words<ImageKind>(4));
  EXPECT_EQ(root["$defs"]["edit"]["properties"]["code"]["enum"], words<Likeness>(3));
  EXPECT_EQ(root["$defs"]["edit"]["properties"]["mercury"]["enum"], words<Likeness>(3));
  EXPECT_EQ(root["properties"]["stopped"]["enum"], words<Stopped>(10));
}

}  // namespace
}  // namespace assay::evidence
