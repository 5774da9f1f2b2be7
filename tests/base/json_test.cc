#include "harness/base/json.h"

#include <gtest/gtest.h>

#include <limits>

namespace assay {
namespace {

std::string refusal(std::string_view text, JsonLimits limits = {}) {
  const Result<Json> document = parse_json(text, "f", limits);
  return document ? "accepted: " + spelled(*document) : document.error().message;
}
std::string accepted(std::string_view text, JsonLimits limits = {}) {
  const Result<Json> document = parse_json(text, "f", limits);
  return document ? spelled(*document) : "refused: " + document.error().message;
}

// --- The parser accepts JSON ---

TEST(ParseJsonTest, KeepsEveryKindOfValue) {
  EXPECT_EQ(accepted(R"( { "b" : [ 1 , -2 , true , null , [ ] , { } , "x\u00e9\n" ] , "a" : { "c" : [[3],4] } } )"),
            "{\"a\":{\"c\":[[3],4]},\"b\":[1,-2,true,null,[],{},\"x\u00e9\\n\"]}");
  EXPECT_EQ(accepted("7"), "7");
  EXPECT_EQ(accepted("\"\""), "\"\"");
}

TEST(ParseJsonTest, KeepsTheEndsOfTheIntegerRange) {
  EXPECT_EQ(accepted("[9223372036854775807,-9223372036854775808,0]"), "[9223372036854775807,-9223372036854775808,0]");
}

TEST(ParseJsonTest, AllowsOneKeyInTwoObjects) {
  EXPECT_EQ(accepted(R"([{"a":1,"b":{"a":2}},{"a":3}])"), R"([{"a":1,"b":{"a":2}},{"a":3}])");
}

TEST(ParseJsonTest, AllowsFloatingPointWhereTheLimitsDo) {
  EXPECT_EQ(accepted("[1e-05,1.5,-0.0,12]", {.floats = Floats::kAllow}), "[1e-05,1.5,-0.0,12]");
  EXPECT_EQ(refusal("[1.5,01]", {.floats = Floats::kAllow}), "f:1:7 (offset 6): not JSON: unexpected '1'");
}

TEST(ParseJsonTest, AllowsNestingUpToTheLimit) { EXPECT_EQ(accepted("[[[1]]]", {.depth = 3}), "[[[1]]]"); }

// --- and refuses what the library would let through ---

TEST(ParseJsonTest, RefusesDuplicateKeys) {
  EXPECT_EQ(refusal("{\"r\":\"PASS\",\n \"r\":\"FAIL\"}"), "f:2:2 (offset 14): duplicate key 'r'");
  EXPECT_EQ(refusal(R"({"a":{"b":1},"c":[{"b":1,"b":2}]})"), "f:1:26 (offset 25): duplicate key 'b'");
}

TEST(ParseJsonTest, RefusesDuplicateKeysInDisguise) {
  EXPECT_EQ(refusal(R"({"a":1,"\u0061":2})"), "f:1:8 (offset 7): duplicate key 'a'");
}

constexpr std::string_view kFloat =
    "floating-point number or integer beyond 64 bits; write an integer of at most 64 bits";

TEST(ParseJsonTest, RefusesFloatingPoint) {
  for (const char* number : {"1.0", "1e2", "-0.0", "1E400", "1e400", "-1e400"})
    EXPECT_EQ(refusal("[1,\n  " + std::string(number) + "]"), "f:2:3 (offset 6): " + std::string(kFloat)) << number;
}

TEST(ParseJsonTest, RefusesIntegersBeyond64Bits) {
  EXPECT_EQ(refusal("99999999999999999999"), "f:1:1 (offset 0): " + std::string(kFloat));
  EXPECT_EQ(refusal("-9223372036854775809"), "f:1:1 (offset 0): " + std::string(kFloat));
  EXPECT_EQ(refusal("[9223372036854775808]"), "f:1:2 (offset 1): integer over 9223372036854775807");
  EXPECT_EQ(refusal("[18446744073709551615]"), "f:1:2 (offset 1): integer over 9223372036854775807");
}

TEST(ParseJsonTest, RefusesNegativeZero) { EXPECT_EQ(refusal("[1,-0]"), "f:1:4 (offset 3): negative zero; write 0"); }

TEST(ParseJsonTest, RefusesDeepNesting) {
  EXPECT_EQ(refusal("[[{\"a\":[1]}]]", {.depth = 3}), "f:1:8 (offset 7): nesting over the limit of 3");
  EXPECT_EQ(refusal(std::string(200'000, '[')), "f:1:65 (offset 64): nesting over the limit of 64");
}

TEST(ParseJsonTest, RefusesSizeBeforeParsing) {
  EXPECT_EQ(refusal("{{{{{", {.bytes = 4}), "f:1:1 (offset 0): 5 bytes, over the limit of 4");
  EXPECT_EQ(accepted("[12]", {.bytes = 4}), "[12]");
}

TEST(ParseJsonTest, RefusesAByteOrderMark) {
  EXPECT_EQ(refusal("\xEF\xBB\xBF{}"), "f:1:1 (offset 0): byte-order mark; write plain UTF-8");
}

TEST(ParseJsonTest, RefusesControlCharactersInKeys) {
  EXPECT_EQ(refusal(R"({"a\u0000b":1})"), "f:1:2 (offset 1): control character in key 'a\uFFFDb'");
  EXPECT_EQ(refusal(R"({"a\nb":1})"), "f:1:2 (offset 1): control character in key 'a b'");
  EXPECT_EQ(refusal(R"({"\u007f":1})"), "f:1:2 (offset 1): control character in key '\uFFFD'");
  EXPECT_EQ(refusal(R"({"\u009b":1})"), "f:1:2 (offset 1): control character in key '\uFFFD'");
  EXPECT_EQ(accepted("{\"\u00a0\":1}"), "{\"\u00a0\":1}");
}

// The library takes a NUL for the end of the text and never sees what follows.
TEST(ParseJsonTest, RefusesTextBehindANul) {
  using std::string_view_literals::operator""sv;
  EXPECT_EQ(refusal("{}\0{\"hidden\":1}"sv), "f:1:3 (offset 2): NUL byte");
}

// --- What the library refuses stays refused, in our words ---

TEST(ParseJsonTest, RefusesWhatIsNotJson) {
  EXPECT_EQ(refusal(""), "f:1:1 (offset 0): not JSON: the text ends too early");
  EXPECT_EQ(refusal("{\"a\":[1,\n"), "f:2:1 (offset 9): not JSON: the text ends too early");
  EXPECT_EQ(refusal("[NaN]"), "f:1:2 (offset 1): not JSON: unexpected 'N'");
  EXPECT_EQ(refusal("[nul]"), "f:1:2 (offset 1): not JSON: unexpected 'nul]'");
  EXPECT_EQ(refusal("[1] // x"), "f:1:5 (offset 4): not JSON: unexpected '/'");
  EXPECT_EQ(refusal("[1,]"), "f:1:4 (offset 3): not JSON: unexpected ']'");
  EXPECT_EQ(refusal("{\"a\":1,}"), "f:1:8 (offset 7): not JSON: unexpected '}'");
  EXPECT_EQ(refusal("[1 22 ]"), "f:1:4 (offset 3): not JSON: unexpected '22'");
  EXPECT_EQ(refusal("[1 , , 2]"), "f:1:6 (offset 5): not JSON: unexpected ','");
  EXPECT_EQ(refusal("{\"a\":: 1}"), "f:1:6 (offset 5): not JSON: unexpected ':'");
  EXPECT_EQ(refusal("[1\"x\"]"), "f:1:3 (offset 2): not JSON: unexpected '\"x\"'");
  EXPECT_EQ(refusal("[1]]"), "f:1:4 (offset 3): not JSON: unexpected ']'");
  EXPECT_EQ(refusal("[1}"), "f:1:3 (offset 2): not JSON: unexpected '}'");
  EXPECT_EQ(refusal("{} {}"), "f:1:4 (offset 3): not JSON: unexpected '{'");
  EXPECT_EQ(refusal("[01]"), "f:1:3 (offset 2): not JSON: unexpected '1'");
  EXPECT_EQ(refusal("{a:1}"), "f:1:2 (offset 1): not JSON: unexpected 'a'");
  EXPECT_EQ(refusal("['a']"), "f:1:2 (offset 1): not JSON: unexpected '''");
}

TEST(ParseJsonTest, RefusesBrokenStrings) {
  EXPECT_EQ(refusal("[\"abc"), "f:1:2 (offset 1): not JSON: unexpected '\"abc'");
  EXPECT_EQ(refusal(R"(["\ud800"])"), "f:1:2 (offset 1): not JSON: unexpected '\"\\ud800\"'");
  EXPECT_EQ(refusal("[\"a\xFF\"]"), "f:1:2 (offset 1): not JSON: unexpected '\"a\uFFFD'");
  EXPECT_EQ(refusal("[\"a\nb\"]"), "f:1:2 (offset 1): not JSON: unexpected '\"a '");
  EXPECT_EQ(refusal("[\"\xED\xA0\x80\"]"), "f:1:2 (offset 1): not JSON: unexpected '\"\uFFFD\uFFFD'");
}

TEST(ParseJsonTest, CutsLongTextInMessages) {
  EXPECT_EQ(refusal("[\"" + std::string(1000, 'x')),
            "f:1:2 (offset 1): not JSON: unexpected '\"" + std::string(47, 'x') + "...'");
}

// --- The writer ---

TEST(CanonicalJsonTest, SortsKeysAndLeavesNoSpace) {
  EXPECT_EQ(*canonical_json(Json{{"b", {1, 2}}, {"a", "\u00e9"}}), "{\"a\":\"\u00e9\",\"b\":[1,2]}");
}

TEST(CanonicalJsonTest, PrettyTextHasTheSameValue) {
  const Json value{{"b", {1}}, {"a", nullptr}};
  EXPECT_EQ(*pretty_json(value), "{\n  \"a\": null,\n  \"b\": [\n    1\n  ]\n}\n");
  EXPECT_EQ(*parse_json(*pretty_json(value), "f"), value);
}

TEST(CanonicalJsonTest, RefusesWhatTheParserWouldRefuse) {
  const auto message = [](const Json& value) {
    EXPECT_FALSE(pretty_json(value));
    const Result<std::string> text = canonical_json(value);
    return text ? "written: " + *text : text.error().message;
  };
  constexpr std::string_view kWriteInteger = "floating-point value; write an integer of a smaller unit";
  for (const double number : {1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()})
    EXPECT_EQ(message({{"a", {0, number}}}), "JSON value at '/a/1': " + std::string(kWriteInteger));
  EXPECT_EQ(message(1.5), "JSON value at '': " + std::string(kWriteInteger));
  EXPECT_EQ(message({{"a", "x\xC3"}}), "JSON value at '/a': string is not UTF-8");
  EXPECT_EQ(message({{"a\xFF", 1}}), "JSON value at '/a\uFFFD': key holds a control character or is not UTF-8");
  EXPECT_EQ(message({{"a\x01", 1}}), "JSON value at '/a\uFFFD': key holds a control character or is not UTF-8");
  EXPECT_EQ(message({{"a", UINT64_MAX}}), "JSON value at '/a': integer over 9223372036854775807");
  EXPECT_EQ(message(Json::binary({1, 2})), "JSON value at '': value that JSON cannot spell");
}

TEST(CleanUtf8Test, KeepsTextNewlinesAndTabs) {
  const std::string text = "a\tb\n\u00e9 \u20ac \U0001F600 \uFFFD";
  EXPECT_EQ(clean_utf8(text), text);
}

TEST(CleanUtf8Test, ReplacesControlsAndWhatIsNotUtf8) {
  using std::string_view_literals::operator""sv;
  EXPECT_EQ(clean_utf8("a\0b\x1B[31m\r\x7F"sv), "a\uFFFDb\uFFFD[31m\uFFFD\uFFFD");
  EXPECT_EQ(clean_utf8("\xC2\x9B"), "\uFFFD");                            // C1, one character
  EXPECT_EQ(clean_utf8("\xC0\xAF"), "\uFFFD\uFFFD");                      // overlong
  EXPECT_EQ(clean_utf8("\xE0\x80\x80x"), "\uFFFD\uFFFD\uFFFDx");          // overlong
  EXPECT_EQ(clean_utf8("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");            // surrogate
  EXPECT_EQ(clean_utf8("\xF4\x90\x80\x80"), "\uFFFD\uFFFD\uFFFD\uFFFD");  // over U+10FFFF
  EXPECT_EQ(clean_utf8("\xE2\x82"), "\uFFFD\uFFFD");                      // cut short
  EXPECT_EQ(clean_utf8("\xE2\x82"
                       "a"),
            "\uFFFD\uFFFD"
            "a");
}

// --- ObjectReader ---

const Json kRecord = {{"name", "gb10"},     {"count", 48},    {"good", true},        {"digest", std::string(64, 'a')},
                      {"none", ""},         {"list", {1, 2}}, {"inner", {{"x", 1}}}, {"free", nullptr},
                      {"huge", UINT64_MAX}, {"half", 0.5}};

TEST(ObjectReaderTest, ReadsEachField) {
  ObjectReader reader(kRecord, "f:1");
  EXPECT_EQ(reader.string("name"), "gb10");
  EXPECT_EQ(reader.string_or("name", "x"), "gb10");
  EXPECT_EQ(reader.string_or("absent", "x"), "x");
  EXPECT_EQ(reader.integer("count", 0, 48), 48);
  EXPECT_TRUE(reader.boolean("good"));
  EXPECT_EQ(reader.sha256("digest"), std::string(64, 'a'));
  EXPECT_EQ(reader.sha256("none", true), "");
  EXPECT_EQ(reader.array("list").size(), 2u);
  EXPECT_EQ(reader.object("inner").at("x"), 1);
  EXPECT_TRUE(reader.any("free").is_null());
  EXPECT_EQ(reader.any("half"), 0.5);
  EXPECT_TRUE(reader.any("huge").is_number());
  EXPECT_TRUE(reader.has("name"));
  EXPECT_FALSE(reader.has("absent"));
  const Status end = reader.finish();
  EXPECT_TRUE(end) << end.error().message;
}

/// The message after one read of kRecord.
template <class Read>
std::string fault_of(Read read) {
  ObjectReader reader(kRecord, "f:1");
  read(reader);
  const Status end = reader.finish();
  return end ? "no fault" : end.error().message;
}

TEST(ObjectReaderTest, NamesTheFieldAndTheRule) {
  EXPECT_EQ(fault_of([](auto& r) { EXPECT_EQ(r.string("absent"), ""); }), "f:1: field 'absent': missing");
  EXPECT_EQ(fault_of([](auto& r) { EXPECT_EQ(r.string("count"), ""); }),
            "f:1: field 'count': expected string, found number");
  EXPECT_EQ(fault_of([](auto& r) { EXPECT_EQ(r.string_or("count", "x"), ""); }),
            "f:1: field 'count': expected string, found number");
  EXPECT_EQ(fault_of([](auto& r) { EXPECT_FALSE(r.boolean("count")); }),
            "f:1: field 'count': expected boolean, found number");
  EXPECT_EQ(fault_of([](auto& r) { EXPECT_EQ(r.object("list"), Json::object()); }),
            "f:1: field 'list': expected object, found array");
  EXPECT_EQ(fault_of([](auto& r) { EXPECT_EQ(r.array("inner"), Json::array()); }),
            "f:1: field 'inner': expected array, found object");
  EXPECT_EQ(fault_of([](auto& r) { EXPECT_TRUE(r.any("absent").is_null()); }), "f:1: field 'absent': missing");
  EXPECT_EQ(fault_of([](auto& r) { r.fault("name", "unknown word 'gb10'"); }),
            "f:1: field 'name': unknown word 'gb10'");
}

TEST(ObjectReaderTest, IntegersAreNeverConverted) {
  EXPECT_EQ(fault_of([](auto& r) { EXPECT_EQ(r.integer("half"), 0); }),
            "f:1: field 'half': expected integer, found floating point");
  EXPECT_EQ(fault_of([](auto& r) { EXPECT_EQ(r.integer("good"), 0); }),
            "f:1: field 'good': expected integer, found boolean");
  EXPECT_EQ(fault_of([](auto& r) { EXPECT_EQ(r.integer("absent"), 0); }), "f:1: field 'absent': missing");
  EXPECT_EQ(fault_of([](auto& r) { r.integer("huge"); }),
            "f:1: field 'huge': 18446744073709551615 is not in -9223372036854775808 to 9223372036854775807");
  EXPECT_EQ(fault_of([](auto& r) { EXPECT_EQ(r.integer("count", 0, 47), 47); }),
            "f:1: field 'count': 48 is not in 0 to 47");
  EXPECT_EQ(fault_of([](auto& r) { EXPECT_EQ(r.integer("count", 49, 50), 49); }),
            "f:1: field 'count': 48 is not in 49 to 50");
}

TEST(ObjectReaderTest, DigestsAreStrict) {
  EXPECT_EQ(fault_of([](auto& r) { EXPECT_EQ(r.sha256("name"), ""); }),
            "f:1: field 'name': expected 64 lower-case hex digits, found 'gb10'");
  EXPECT_EQ(fault_of([](auto& r) { r.sha256("none"); }),
            "f:1: field 'none': expected 64 lower-case hex digits, found ''");
}

TEST(ObjectReaderTest, KeepsTheFirstFault) {
  EXPECT_EQ(fault_of([](auto& r) {
              r.string("first");
              r.string("second");
            }),
            "f:1: field 'first': missing");
}

TEST(ObjectReaderTest, RefusesUnknownFields) {
  const Json object = {{"a", 1}, {"b", 2}};
  ObjectReader reader(object, "f");
  EXPECT_EQ(reader.integer("a"), 1);
  EXPECT_EQ(reader.finish().error().message, "f: field 'b': unknown");
}

TEST(ObjectReaderTest, RefusesWhatIsNoObject) {
  const Json list = Json::array({1});
  ObjectReader reader(list, "f");
  EXPECT_EQ(reader.string("a"), "");
  EXPECT_FALSE(reader.has("a"));
  EXPECT_EQ(reader.finish().error().message, "f: expected an object, found array");
}

}  // namespace
}  // namespace assay
