// The spelling: what a careless reader would take for something else than it is.
#include "tests/forgery/forgery_test.h"

#include "harness/base/json.h"
#include "harness/evidence/ledger.h"

namespace assay::forgery {
namespace {

const std::string kEnvironment(evidence::kEnvironmentFile);

/// The first place of `from` in environment.json becomes `to`.
Forge spelled(const std::string& from, const std::string& to) {
  return text(evidence::kEnvironmentFile, [=](std::string& t) {
    const std::size_t at = t.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    t.replace(at, from.size(), to);
  });
}

/// A record's line spelled otherwise, and every line after it chained to that spelling.
Forge line(const std::string& id, const std::function<void(std::string&)>& edit) {
  return [=](const fs::path& b) {
    const Lines all = evidence::read_lines(b);
    const std::size_t at = line_of(all, id);
    std::string bytes, previous = evidence::digest_of(evidence::read_text(b / evidence::kChallengeFile));
    for (std::size_t i = 0; i < all.size(); ++i) {
      Json json = all[i];
      json["prev_sha256"] = previous;
      std::string spelling = assay::spelled(json);
      if (i == at) edit(spelling);
      previous = evidence::digest_of(spelling);
      bytes += spelling + "\n";
    }
    evidence::write_text(b / evidence::kLedgerFile, bytes);
    evidence::seal_again(b);
  };
}
Forge in_line(const std::string& from, const std::string& to) {
  return line("tma.load@sm_90a#1", [=](std::string& t) {
    const std::size_t at = t.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    t.replace(at, from.size(), to);
  });
}
Forge value(const std::string& pointer, const Json& json) { return field("tma.load@sm_90a#1", pointer, json); }

}  // namespace

std::vector<Row> json_rows() {
  const Start run = Start::signed_run;
  return {
      {25, "a key twice in the environment", run, true,
       spelled("\"git_dirty\": false", "\"git_dirty\": true, \"git_dirty\": false"), "json",
       "duplicate key 'git_dirty'"},
      {25, "a key twice, once in escapes", run, true,
       spelled("\"git_dirty\": false", "\"git_dirty\": true, \"git_\\u0064irty\": false"), "json",
       "duplicate key 'git_dirty'"},
      {25, "a key twice in a record", run, true,
       in_line("\"verdict\":\"proven\"", "\"verdict\":\"mismatch\",\"verdict\":\"proven\""), "json",
       "duplicate key 'verdict'"},
      {25, "floating point", run, true, in_line("\"attempt\":1", "\"attempt\":1.0"), "json", "floating-point number"},
      {25, "an exponent", run, true, in_line("\"attempt\":1", "\"attempt\":1e0"), "json", "floating-point number"},
      {25, "an integer beyond 64 bits", run, true, in_line("\"attempt\":1", "\"attempt\":99999999999999999999"), "json",
       "integer beyond 64 bits"},
      {25, "an integer beyond 63 bits", run, true, in_line("\"attempt\":1", "\"attempt\":18446744073709551615"), "json",
       "integer over 9223372036854775807"},
      {25, "more words compared than 64 bits can add up", run, true, value("/cases/0/compared", 9223372036854775807),
       "schema", "9223372036854775807 is not in 0 to 1099511627776"},
      {25, "a negative count", run, true, value("/cases/0/compared", -1), "schema", "-1 is not in 0 to"},
      {25, "a negative time", run, true, value("/stages/0/wall_ns", -1), "schema", "-1 is not in 0 to"},
      {25, "an attempt before the first", run, true, value("/attempt", 0), "schema", "0 is not in 1 to"},
      {25, "negative zero", run, true, in_line("\"exit_code\":0", "\"exit_code\":-0"), "json", "negative zero"},
      {25, "deep nesting", run, true,
       spelled("\"git_dirty\": false", "\"git_dirty\": " + std::string(200, '[') + std::string(200, ']')), "json",
       "nesting over the limit"},
      {25, "a byte-order mark", run, true, text(kEnvironment, [](std::string& t) { t = "\xEF\xBB\xBF" + t; }), "json",
       "byte-order mark"},
      {25, "a NUL in the environment", run, true, text(kEnvironment, [](std::string& t) { t += '\0'; }), "json",
       "NUL byte"},
      {25, "a comment", run, true, spelled("\"git_dirty\"", "/* clean */ \"git_dirty\""), "json", "not JSON"},
      {25, "no number", run, true, in_line("\"attempt\":1", "\"attempt\":NaN"), "json", "not JSON"},
      {25, "text after the document", run, true, text(kEnvironment, [](std::string& t) { t += "{}"; }), "json",
       "not JSON"},
      {25, "bytes that are no UTF-8", run, true, spelled("\"Release\"", std::string("\"Rele\xC3\x28") + "se\""), "json",
       "not JSON"},
      {25, "an unknown field in a record", run, true, value("/note", "independent"), "schema", "field 'note': unknown"},
      {25, "an unknown field in the environment", run, true,
       document(kEnvironment, [](Json& json) { json["independent"] = true; }), "schema",
       "field 'independent': unknown"},
      {25, "a field missing", run, true,
       lines([](Lines& all) { all.at(line_of(all, "tma.load@sm_90a#1")).erase("process"); }), "schema",
       "field 'process': missing"},
      {25, "a word of no vocabulary", run, true, value("/derived/verdict", "passed"), "schema",
       "unknown word 'passed', expected one of proven"},
      {25, "a schema to come", run, true, value("/schema", "gate-record/99"), "schema",
       "'gate-record/99' is none of gate-record/1"},
      {25, "an environment of another schema", run, true,
       document(kEnvironment, [](Json& json) { json["schema"] = "environment/99"; }), "schema", "environment/99"},
      {25, "a word of another type", run, true, value("/target", 90), "schema",
       "field 'target': expected string, found number"},
      {25, "a list in place of a record", run, true,
       lines([](Lines& all) { all.at(line_of(all, "tma.load@sm_90a#1"))["controls"] = Json::array(); }), "schema",
       "field 'controls': expected object, found array"},
      {25, "a blank line", run, true, line("tma.load@sm_90a#1", [](std::string& t) { t.insert(0, "\n"); }), "json",
       "not JSON: the text ends too early"},
      {25, "a carriage return", run, true, line("tma.load@sm_90a#1", [](std::string& t) { t += "\r"; }), "json",
       "not spelled as the writer spells it"},
      {25, "spaces in a record", run, true, in_line("\"attempt\":1", "\"attempt\": 1"), "json",
       "not spelled as the writer spells it"},
      {25, "escapes in a record", run, true, in_line("\"tma.load\"", "\"tma.lo\\u0061d\""), "json",
       "not spelled as the writer spells it"},
      {25, "a record of over a MiB", run, true, value("/control_note", std::string(1 << 20, 'x')), "json",
       "over the limit of 1048576"},
      {25, "a digest in capitals", run, true, value("/cases/0/inputs_sha256", std::string(64, 'A')), "schema",
       "expected 64 lower-case hex digits"},
      {25, "an opcode of more than 12 bits", run, true, value("/witness/opcodes", {4096}), "schema",
       "expected an opcode from 0 to 4095"},
      {25, "a gate twice in rules.json", run, true,
       document(evidence::kRulesFile, [](Json& json) { json["gates"].push_back(json["gates"][0]); }), "schema",
       "rules.json"},
  };
}

INSTANTIATE_TEST_SUITE_P(Json, ForgeryTest, testing::ValuesIn(json_rows()), name_of);

}  // namespace assay::forgery
