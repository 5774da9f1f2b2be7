#include "reports/html.h"

#include <gtest/gtest.h>

#include <type_traits>

namespace assay::reports {
namespace {

TEST(HtmlTest, TextIsEscaped) {
  EXPECT_EQ(Html("<script>alert('1')</script> & \"x\"").markup(),
            "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; &quot;x&quot;");
  EXPECT_EQ(Html(std::string("&lt;")).markup(), "&amp;lt;");
}

TEST(HtmlTest, ReplacesWhatCannotBeSeen) {
  EXPECT_EQ(Html("\xE2\x80\xAE"
                 "gnp.exe\n\x01")
                .markup(),
            "\xEF\xBF\xBDgnp.exe \xEF\xBF\xBD");
}

TEST(HtmlTest, MarkupGoesInAsItIs) {
  EXPECT_EQ(element("p", {{"class", "a\" onload=\"x"}}, {"1 < 2 ", element("b", {}, "<b>")}).markup(),
            "<p class=\"a&quot; onload=&quot;x\">1 &lt; 2 <b>&lt;b&gt;</b></p>");
}

TEST(HtmlTest, VoidElementsHaveNoEnd) {
  EXPECT_EQ(element("meta", {{"charset", "utf-8"}}).markup(), "<meta charset=\"utf-8\">");
  EXPECT_EQ(element("p", {}).markup(), "<p></p>");
}

TEST(HtmlTest, NothingInJsonEndsItsIsland) {
  const std::string island = json_island("report", R"({"a":"</script><!-- <script>"})").markup();
  EXPECT_EQ(island,
            "<script type=\"application/json\" id=\"report\">\n{\"a\":\"\\u003c/script>\\u003c!-- \\u003cscript>\"}"
            "</script>");
}

TEST(HtmlTest, NamesAreLiterals) {
  static_assert(!std::is_constructible_v<Name, std::string>);
  static_assert(!std::is_constructible_v<Name, std::string_view>);
  EXPECT_EQ(document(element("html", {}, "x")).markup(), "<!doctype html>\n<html>x</html>\n");
}

}  // namespace
}  // namespace assay::reports
