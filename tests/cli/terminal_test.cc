#include "harness/cli/terminal.h"

#include <gtest/gtest.h>

namespace assay::cli {
namespace {

TEST(TerminalTest, ColumnsAlignAndTheLastOneWrapsUnderItself) {
  const std::string text = table(
      {"gate", "verdict", "reason"},
      {{{"tma.load"}, {"proven"}, {"8 cases, 4096 words equal to the oracle"}}, {{"mma.fp8"}, {"not-run"}, {"short"}}},
      44, false);
  EXPECT_EQ(text,
            "gate      verdict  reason\n"
            "tma.load  proven   8 cases, 4096 words equal\n"
            "                   to the oracle\n"
            "mma.fp8   not-run  short\n");
}

TEST(TerminalTest, ColourIsOnlyWhereItIsWanted) {
  EXPECT_EQ(paint("x", Colour::green, false), "x");
  EXPECT_EQ(paint("x", Colour::green, true), "\x1b[32mx\x1b[0m");
  EXPECT_EQ(paint("x", Colour::plain, true), "x");
}

TEST(TerminalTest, NoLineEndsInBlanks) {
  const std::string text = table({"a", "b"}, {{{"x"}, {""}}}, 40, false);
  EXPECT_EQ(text, "a  b\nx\n");
}

}  // namespace
}  // namespace assay::cli
