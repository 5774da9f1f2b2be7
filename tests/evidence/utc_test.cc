#include "harness/evidence/utc.h"

#include "gtest/gtest.h"

namespace assay::evidence {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

TEST(UtcTest, SpellsKnownInstants) {
  EXPECT_EQ(format_utc(sys_seconds(seconds(0))), "1970-01-01T00:00:00Z");
  EXPECT_EQ(format_utc(sys_seconds(seconds(951782399))), "2000-02-28T23:59:59Z");
  EXPECT_EQ(format_utc(sys_seconds(seconds(951782400))), "2000-02-29T00:00:00Z");
}

TEST(UtcTest, ReadsWhatItWrites) {
  for (std::int64_t at = 0; at < 4'000'000'000; at += 86'399 * 97) {
    const sys_seconds time{seconds(at)};
    const auto back = parse_utc(format_utc(time));
    ASSERT_TRUE(back);
    ASSERT_EQ(*back, time);
  }
}

TEST(UtcTest, RefusesEveryOtherSpelling) {
  for (const char* text :
       {"", "2026-11-22", "2026-11-22T21:59:05", "2026-11-22 21:59:05Z", "2026-11-22T21:59:05z",
        "2026-11-22T21:59:05+00:00", "2026-11-22T21:59:05.1Z", "2026-1-22T21:59:05Z", "2026-13-22T21:59:05Z",
        "2026-00-22T21:59:05Z", "2026-02-29T21:59:05Z", "2026-04-31T21:59:05Z", "2026-11-22T24:00:00Z",
        "2026-11-22T21:60:05Z", "2026-11-22T21:59:60Z", "2026-11-22T21:59: 5Z", " 2026-11-22T21:59:05Z"}) {
    const auto time = parse_utc(text);
    ASSERT_FALSE(time) << text;
    EXPECT_EQ(time.error().message, "'" + std::string(text) + "' is no time of the form 2026-11-22T21:59:05Z");
  }
}

}  // namespace
}  // namespace assay::evidence
