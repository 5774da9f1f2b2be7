#include "reports/displayed.h"

#include <gtest/gtest.h>

#include "harness/base/json.h"
#include "tests/support/json.h"

namespace assay::reports {
namespace {

struct Case {
  std::string_view name, text, shown;
};

class DisplayedTest : public testing::TestWithParam<Case> {};

TEST_P(DisplayedTest, ShowsWhatIsThere) { EXPECT_EQ(displayed(GetParam().text), GetParam().shown); }

INSTANTIATE_TEST_SUITE_P(
    All, DisplayedTest,
    testing::Values(Case{"plain", "NVIDIA H100 80GB HBM3", "NVIDIA H100 80GB HBM3"},
                    Case{"accents", "caf\xC3\xA9 \xE6\xB8\xAC\xE8\xA9\xA6", "caf\xC3\xA9 \xE6\xB8\xAC\xE8\xA9\xA6"},
                    Case{"lines", "a\nb\tc", "a b c"}, Case{"escape", "\x1b[31mred", "\xEF\xBF\xBD[31mred"},
                    Case{"broken", "a\xFF\xC3", "a\xEF\xBF\xBD\xEF\xBF\xBD"},
                    Case{"override",
                         "\xE2\x80\xAE"
                         "exe.txt",
                         "\xEF\xBF\xBD"
                         "exe.txt"},
                    Case{"isolate", "\xE2\x81\xA7x\xE2\x81\xA9", "\xEF\xBF\xBDx\xEF\xBF\xBD"},
                    Case{"zero_width",
                         "a\xE2\x80\x8B"
                         "b",
                         "a\xEF\xBF\xBD"
                         "b"},
                    Case{"line_separator",
                         "a\xE2\x80\xA8"
                         "b",
                         "a\xEF\xBF\xBD"
                         "b"},
                    Case{"private", "\xEE\x80\x80", "\xEF\xBF\xBD"}, Case{"tag", "\xF3\xA0\x81\x81", "\xEF\xBF\xBD"}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(VisibleEscapesTest, MeanTheSameToAParser) {
  const Json value = {{"a", "x\xE2\x80\xAEy\xF3\xA0\x81\x81"}, {"b", "caf\xC3\xA9"}};
  const std::string shown = with_visible_escapes(spelled(value));
  EXPECT_EQ(shown, "{\"a\":\"x\\u202ey\\udb40\\udc41\",\"b\":\"caf\xC3\xA9\"}");
  EXPECT_EQ(test::parsed(shown), value);
}

}  // namespace
}  // namespace assay::reports
