#include "reports/lint/normalise.h"

#include <gtest/gtest.h>

namespace assay::lint {
namespace {

TEST(NormaliseTest, GivesLookalikesOneSpelling) {
  EXPECT_EQ(normalise("ＧＢ１０"), "GB10");
  EXPECT_EQ(normalise("G\u0412\u0031\u0030"), "GB10");  // Cyrillic
  EXPECT_EQ(normalise("ten\u00ADsor\u200B mem\u2060ory"), "tensor memory");
  EXPECT_EQ(normalise("2\u00D7 \u2014 it\u2019s \u201Cfast\u201D"), "2x - it's \"fast\"");
  EXPECT_EQ(normalise("tensor\u00A0memory\nallocation\u0301"), "tensor memory allocation");
  EXPECT_EQ(normalise("\u2713 \u2717"), "yes no");
}

TEST(NormaliseTest, KeepsThePlaceOfEachByte) {
  SourceText source;
  source.append("a\u200Bb\u00ADc", 100);
  const SourceText out = normalise(source);
  EXPECT_EQ(out.text, "abc");
  EXPECT_EQ(out.origin, (std::vector<std::uint32_t>{100, 104, 107}));
}

TEST(NormaliseTest, LetsGoOfBytesThatAreNoUtf8) { EXPECT_EQ(normalise("a\xFF\xC3z"), "az"); }

}  // namespace
}  // namespace assay::lint
