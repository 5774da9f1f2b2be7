// docs/schema/*.json and the readers say the same: what the writers write is valid, and what one refuses the other
// refuses.
#include <filesystem>

#include "gtest/gtest.h"
#include "harness/base/json.h"
#include "tests/evidence/forger.h"
#include "tests/evidence/signed_bundle.h"
#include "tests/support/json.h"
#include "tests/support/schema.h"

namespace assay::evidence {
namespace {

using test::Schema;

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
  Json document(std::string_view name) const { return test::parsed(read_text(bundle() / name)); }

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
  for (const char* name :
       {"gate-record", "challenge", "run-rules", "manifest", "environment", "trust", "envelope", "statement"}) {
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
      EXPECT_TRUE(read_ledger(spelled(spoiled) + "\n", head).fault) << at.to_string() << " = " << wrong;
      ++spoiled_values;
    }
  });
  EXPECT_GT(spoiled_values, 300u);
  EXPECT_EQ(schema.check(line), "");
  EXPECT_FALSE(read_ledger(spelled(line) + "\n", head).fault);
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

TEST_F(SchemaTest, HoldsForSignaturesAndTrust) {
  const std::filesystem::path answered = folder_.path() / "answered";
  answer(answered, challenge_of(verifier_key(), {.gates = {"tma.load"}}));
  ASSERT_TRUE(sign_bundle(answered, with_claims(), operator_key()));
  const auto file = [&](std::string_view name) { return test::parsed(read_text(answered / name)); };
  EXPECT_EQ(Schema("challenge").check(file("challenge.json")), "");
  EXPECT_EQ(Schema("manifest").check(file("manifest.json")), "");
  EXPECT_EQ(Schema("envelope").check(file("challenge.dsse.json")), "");
  EXPECT_EQ(Schema("envelope").check(file("evidence.dsse.json")), "");
  EXPECT_EQ(Schema("statement").check(file("statement.intoto.json")), "");
}

TEST_F(SchemaTest, OfTrustRefusesWhatTheReaderRefuses) {
  const Json good = {{"schema", "trust/1"}, {"keys", {to_json(trusted(operator_key(), Role::operator_))}}};
  const Schema schema("trust");
  EXPECT_EQ(schema.check(good), "");
  EXPECT_TRUE(trust_from_json(good, "trust"));
  each_value(good, Json::json_pointer(), [&](const Json::json_pointer& at) {
    for (const Json& wrong : {Json(1.5), Json("x"), Json(nullptr)}) {
      if (wrong == "x" && at.back() == "owner") continue;
      Json spoiled = good;
      spoiled[at] = wrong;
      EXPECT_NE(schema.check(spoiled), "") << at.to_string() << " = " << wrong;
      EXPECT_FALSE(trust_from_json(spoiled, "trust")) << at.to_string() << " = " << wrong;
    }
  });
}

}  // namespace
}  // namespace assay::evidence
