#include "harness/base/json_events.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace assay {
namespace {

/// Writes down every event as "OFFSET WORD;".
class Recorder : public JsonEvents {
 public:
  std::string seen;

  Rule null(std::size_t at) override { return note("null", at); }
  Rule boolean(bool value, std::size_t at) override { return note(value ? "true" : "false", at); }
  Rule string(std::string& value, std::size_t at) override { return note("'" + value + "'", at); }
  Rule natural(std::uint64_t value, std::size_t at) override { return note(fmt::format("{}", value), at); }
  Rule negative(std::int64_t value, std::size_t at) override { return note(fmt::format("- {}", value), at); }
  Rule floating(double value, std::size_t at) override { return note(fmt::format("float {}", value), at); }
  Rule start_object(std::size_t at) override { return note("{", at); }
  Rule end_object(std::size_t at) override { return note("}", at); }
  Rule start_array(std::size_t at) override { return note("[", at); }
  Rule end_array(std::size_t at) override { return note("]", at); }
  Rule key(std::string& name, std::size_t at) override {
    note(name + ":", at);
    return name == "bad" ? Rule("no such key") : std::nullopt;
  }

 private:
  Rule note(std::string_view word, std::size_t at) {
    seen += fmt::format("{} {};", at, word);
    return std::nullopt;
  }
};

std::string events(std::string_view text) {
  Recorder recorder;
  const auto fault = read_json_events(text, recorder, "too large");
  return recorder.seen + (fault ? fmt::format("fault at {}: {}", fault->offset, fault->rule) : "");
}

TEST(JsonEventsTest, EveryEventHasTheOffsetOfItsFirstByte) {
  EXPECT_EQ(events(R"({"a": [1 , 22,-3],"b" :{"c":"x\n"}})"),
            "0 {;1 a:;6 [;7 1;11 22;14 - -3;16 ];18 b:;23 {;24 c:;28 'x\n';33 };34 };");
  EXPECT_EQ(events("[true,false , null]"), "0 [;1 true;6 false;14 null;18 ];");
}

TEST(JsonEventsTest, NumbersArriveByTheirSpelling) {
  EXPECT_EQ(
      events("[18446744073709551615,18446744073709551616,-0,-0.0,1e3,1.5E-2 ,7]"),
      "0 [;1 18446744073709551615;22 float 1.8446744073709552e+19;43 - 0;46 float -0;51 float 1000;55 float 0.015;63 "
      "7;64 ];");
}

TEST(JsonEventsTest, OneKeyIsTheSameInEverySpelling) { EXPECT_EQ(events(R"({"\u0061":0})"), "0 {;1 a:;10 0;11 };"); }

TEST(JsonEventsTest, TheReceiverEndsTheReading) {
  EXPECT_EQ(events(R"({"good":1, "bad":2})"), "0 {;1 good:;8 1;11 bad:;fault at 11: no such key");
}

TEST(JsonEventsTest, TheParserEndsTheReading) {
  EXPECT_EQ(events("[1,]"), "0 [;1 1;fault at 3: not JSON: unexpected ']'");
  EXPECT_EQ(events("[1"), "0 [;1 1;fault at 2: not JSON: the text ends too early");
  EXPECT_EQ(events("[1] x"), "0 [;1 1;2 ];fault at 4: not JSON: unexpected 'x'");
  EXPECT_EQ(events("[1e999]"), "0 [;fault at 1: too large");
  EXPECT_EQ(events("[\"\xff\"]"), "0 [;fault at 1: not JSON: unexpected '\"\uFFFD'");
  EXPECT_EQ(events(std::string("[1]\0[2]", 7)), "fault at 3: NUL byte");
  EXPECT_EQ(events("\xEF\xBB\xBF[]"), "fault at 0: byte-order mark; write plain UTF-8");
}

}  // namespace
}  // namespace assay
