#include "reports/claims.h"

#include <filesystem>
#include <regex>
#include <set>

#include <fmt/format.h>

#include "gmock/gmock.h"
#include "harness/base/json.h"
#include "tests/evidence/fixtures.h"
#include "tests/support/json.h"

namespace assay::reports {
namespace {

namespace fs = std::filesystem;

Json good_claim() {
  return {{"schema", "claim/1"},           {"id", "executes.tma.load"},
          {"kind", "capability"},          {"family", false},
          {"subject", "a copy"},           {"gates", {"tma.load"}},
          {"measurements", Json::array()}, {"does_not_say", {"anything about another device"}}};
}

std::string refusal(const Json& json, std::string_view name = "executes.tma.load.json") {
  const auto claim = parse_claim(spelled(json), name);
  return claim ? "read" : claim.error().message;
}

std::string refusal_with(std::string_view key, const Json& value) {
  Json json = good_claim();
  json[std::string(key)] = value;
  return refusal(json);
}

TEST(ClaimsTest, AGoodFileIsRead) {
  const auto claim = parse_claim(spelled(good_claim()), "executes.tma.load.json");
  ASSERT_TRUE(claim) << claim.error().message;
  EXPECT_EQ(claim->id, "executes.tma.load");
  EXPECT_EQ(claim->kind, ClaimKind::capability);
  EXPECT_FALSE(claim->family);
  EXPECT_EQ(claim->subject, "a copy");
  EXPECT_THAT(claim->gates, testing::ElementsAre("tma.load"));
  EXPECT_THAT(claim->does_not_say, testing::ElementsAre("anything about another device"));
}

TEST(ClaimsTest, EveryFaultIsNamedWithTheFile) {
  const std::string file = "executes.tma.load.json: ";
  EXPECT_EQ(refusal_with("schema", "claim/2"), file + "field 'schema': must be claim/1");
  EXPECT_EQ(refusal_with("kind", "proof"), file + "field 'kind': unknown word 'proof'");
  EXPECT_EQ(refusal_with("verb", "unlocks"), file + "field 'verb': unknown");
  EXPECT_EQ(refusal_with("subject", ""), file + "subject: empty");
  EXPECT_EQ(refusal_with("does_not_say", Json::array()),
            file + "does_not_say: empty; every claim tells what it does not say");
  EXPECT_EQ(refusal_with("does_not_say", {""}), file + "does_not_say[0]: must be a text that is not empty");
  EXPECT_EQ(refusal_with("gates", {1}), file + "gates[0]: must be a text that is not empty");
  EXPECT_EQ(refusal_with("gates", Json::array()), file + "gates: empty; a claim of kind capability rests on a gate");
  EXPECT_EQ(refusal_with("gates", {"a", "b"}), file + "gates: a capability rests on one gate");
  EXPECT_EQ(refusal_with("kind", "limit"), file + "measurements: empty; a limit has a value");
  EXPECT_EQ(refusal_with("measurements", {{{"key", "k"}}}), file + "measurements[0]: field 'of': missing");
  EXPECT_EQ(refusal(good_claim(), "other.json"), "other.json: id: 'executes.tma.load' is not the file's name");
}

TEST(ClaimsTest, TheBuiltInOnesAreTheFilesOfTheFolder) {
  const auto claims = builtin_claims();
  ASSERT_TRUE(claims) << claims.error().message;
  std::set<std::string> files, ids;
  for (const auto& entry : fs::directory_iterator(fs::path(ASSAY_SOURCE_DIR) / "reports" / "claims"))
    files.insert(entry.path().stem().string());
  for (const Claim& claim : *claims) EXPECT_TRUE(ids.insert(claim.id).second) << claim.id;
  EXPECT_EQ(ids, files);
}

TEST(ClaimsTest, EveryKindHasItsClaimAndItsWords) {
  const auto claims = builtin_claims();
  ASSERT_TRUE(claims);
  std::set<ClaimKind> kinds;
  for (const Claim& claim : *claims) {
    kinds.insert(claim.kind);
    EXPECT_FALSE(word(claim.kind).empty() || heading(claim.kind).empty() || needs(claim.kind).empty()) << claim.id;
  }
  EXPECT_EQ(kinds.size(), static_cast<std::size_t>(ClaimKind::throughput) + 1);
}

TEST(ClaimsTest, ASubjectIsANounPhraseAndAClauseIsAClause) {
  const auto claims = builtin_claims();
  ASSERT_TRUE(claims);
  const std::regex verb(R"(\b(executes?|runs|works|supports?|unlocks?|enables?|proves?|is|are|has|lacks?)\b)");
  for (const Claim& claim : *claims) {
    EXPECT_FALSE(std::regex_search(claim.subject, verb)) << claim.id << ": " << claim.subject;
    EXPECT_FALSE(claim.subject.ends_with('.')) << claim.id;
    EXPECT_FALSE(claim.does_not_say.empty()) << claim.id;
    for (const std::string& text : claim.does_not_say)
      EXPECT_TRUE(!text.empty() && !text.ends_with('.')) << claim.id << ": " << text;
  }
}

TEST(ClaimsTest, AnInstanceIsFoundByItsFamily) {
  const auto claims = builtin_claims();
  ASSERT_TRUE(claims);
  const auto id = [&](std::string_view text) {
    const Claim* claim = find_claim(*claims, text);
    return claim == nullptr ? "none" : claim->id;
  };
  EXPECT_EQ(id("executes.tma.load"), "executes.tma.load");
  EXPECT_EQ(id("accepts"), "accepts");
  EXPECT_EQ(id("accepts/tma.load@sm_90a"), "accepts");
  EXPECT_EQ(id("executes.tma.load/x"), "none");
  EXPECT_EQ(id("executes.everything"), "none");
  EXPECT_EQ(id(""), "none");
}

TEST(ClaimsTest, TheDigestIsOfEveryField) {
  const auto claims = builtin_claims();
  ASSERT_TRUE(claims);
  const std::string digest = catalogue_sha256(*claims);
  EXPECT_TRUE(is_sha256_hex(digest));
  const auto changed = [&](auto change) {
    std::vector<Claim> copy = *claims;
    change(copy.front());
    return catalogue_sha256(copy);
  };
  EXPECT_NE(changed([](Claim& claim) { claim.subject += " more"; }), digest);
  EXPECT_NE(changed([](Claim& claim) { claim.does_not_say.pop_back(); }), digest);
  EXPECT_NE(changed([](Claim& claim) { claim.measurements.front().of += " more"; }), digest);
  EXPECT_NE(changed([](Claim& claim) { claim.family = !claim.family; }), digest);
  EXPECT_EQ(changed([](Claim&) {}), digest);
}

TEST(ClaimsTest, TheDigestIsOfTheProfilesToo) {
  const auto claims = builtin_claims();
  ASSERT_TRUE(claims);
  const auto texts = profile_texts();
  std::vector<EmbeddedText> profiles(texts.begin(), texts.end());
  EXPECT_EQ(catalogue_sha256(*claims, profiles), catalogue_sha256(*claims));
  profiles.front().text = "{}";
  EXPECT_NE(catalogue_sha256(*claims, profiles), catalogue_sha256(*claims));
}

TEST(ClaimsTest, EveryClaimHasItsRowInTheDocument) {
  const auto claims = builtin_claims();
  ASSERT_TRUE(claims);
  const std::string document = evidence::read_text(fs::path(ASSAY_SOURCE_DIR) / "docs" / "claims.md");
  std::string rows = "| id | kind | speaks of |\n|---|---|---|\n";
  for (const Claim& claim : *claims)
    rows += fmt::format("| `{}{}` | {} | {} |\n", claim.id, claim.family ? "/…" : "", word(claim.kind), claim.subject);
  const std::size_t table = document.find("| id | kind | speaks of |");
  ASSERT_NE(table, std::string::npos);
  EXPECT_EQ(document.substr(table), rows);
}

TEST(ClaimsTest, TheSchemaAndTheReaderAgree) {
  const Json schema =
      test::parsed(evidence::read_text(fs::path(ASSAY_SOURCE_DIR) / "docs" / "schema" / "claim.schema.json"));
  std::set<std::string> required(schema["required"].begin(), schema["required"].end()), fields;
  const Json good = good_claim();
  for (const auto& field : good.items()) fields.insert(field.key());
  EXPECT_EQ(required, fields);
  for (const std::string& field : fields) {
    EXPECT_TRUE(schema["properties"].contains(field)) << field;
    Json json = good_claim();
    json.erase(field);
    EXPECT_NE(refusal(json), "read") << field;
  }
  EXPECT_EQ(schema["properties"]["schema"]["const"], Claim::kSchema);
  std::set<std::string> kinds;
  for (int kind = 0; kind <= static_cast<int>(ClaimKind::throughput); ++kind)
    kinds.insert(std::string(word(static_cast<ClaimKind>(kind))));
  const auto& words = schema["properties"]["kind"]["enum"];
  EXPECT_EQ(std::set<std::string>(words.begin(), words.end()), kinds);
  const std::regex id(schema["properties"]["id"]["pattern"].get<std::string>());
  const auto claims = builtin_claims();
  ASSERT_TRUE(claims);
  for (const Claim& claim : *claims) EXPECT_TRUE(std::regex_match(claim.id, id)) << claim.id;
}

}  // namespace
}  // namespace assay::reports
