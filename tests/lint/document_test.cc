#include "reports/lint/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay::lint {
namespace {

using testing::ElementsAre;

std::vector<std::string> texts(const Document& document) {
  std::vector<std::string> all;
  for (const Block& block : document.blocks) all.push_back(block.text.text);
  return all;
}

TEST(DocumentTest, ReadsEveryPlaceInWhichMarkdownKeepsText) {
  const Document document = read_markdown(
      "# A *head*\n\nA para\ngraph with `code` and [a link](x \"its title\").\n\n* one\n  1. two\n\n> said\n\n"
      "![what is seen](a.png)\n\n| col | b |\n|---|---|\n| cell | &amp; |\n");
  EXPECT_THAT(texts(document), ElementsAre("A head", "A para graph with code and a link.", "its title", "one", "two",
                                           "said", "what is seen", "col", "b", "cell", "&"));
}

TEST(DocumentTest, KnowsWhereEachByteStands) {
  const std::string file = "x\n\n* a **b** &lt; c\n";
  const Document document = read_markdown(file);
  const Block& block = document.blocks[1];
  EXPECT_EQ(block.text.text, "a b < c");
  EXPECT_EQ(file[block.text.origin[2]], 'b');
  EXPECT_EQ(file[block.text.origin[6]], 'c');
  EXPECT_EQ(Lines(file).at(block.text.origin[2]), (Position{3, 7}));
}

TEST(DocumentTest, CountsColumnsInCharacters) { EXPECT_EQ(Lines("\u00E9\u00E9x").at(4), (Position{1, 3})); }

TEST(DocumentTest, JoinsTheCellsOfARowByItsNumberAndGivesThemTheirHeading) {
  const Document document = read_markdown("| what | GB10 |\n|---|---|\n| TMEM | yes |\n");
  ASSERT_EQ(document.blocks.size(), 4u);
  EXPECT_EQ(document.blocks[0].row, 0u);
  EXPECT_NE(document.blocks[2].row, 0u);
  EXPECT_EQ(document.blocks[2].row, document.blocks[3].row);
  EXPECT_EQ(document.blocks[3].heading, "GB10");
}

TEST(DocumentTest, ReadsOfAFencedBlockOnlyTheCommentsOfANamedLanguage) {
  EXPECT_THAT(texts(read_markdown("```\noutput # of a program\n```\n")), ElementsAre());
  EXPECT_THAT(texts(read_markdown("```sh\nrun it  # says this\n# and that\nmore\n```\n")),
              ElementsAre(" says this  and that "));
  EXPECT_THAT(texts(read_markdown("```cpp\nint x;  // a count\n```\n")), ElementsAre(" a count "));
}

TEST(DocumentTest, FindsCommentsInBlocksLinesAndPlainText) {
  const std::string file = "<!-- one -->\n\nText <!-- two\nlines --> more.\n";
  for (const Document& document : {read_markdown(file), read_plain(file)}) {
    ASSERT_EQ(document.comments.size(), 2u);
    EXPECT_EQ(document.comments[0].text, "one");
    EXPECT_EQ(file.substr(document.comments[1].begin, 4), "<!--");
    EXPECT_EQ(file.substr(document.comments[1].end - 3, 3), "-->");
  }
}

TEST(DocumentTest, ReadsWhatHtmlShows) {
  EXPECT_THAT(texts(read_markdown("<p title=\"Its title\">A &amp; B <b>bold</b></p>\n")),
              ElementsAre("Its title.  A & B bold \n"));
}

TEST(DocumentTest, SplitsPlainTextAtEmptyLinesAndListMarks) {
  EXPECT_THAT(texts(read_document("notes.txt", "One\nline.\n\nTwo\n- three\n- four\n")),
              ElementsAre("One\nline.\n", "Two\n", "- three\n", "- four\n"));
  EXPECT_TRUE(read_document("x.MD", "").blocks.empty());
  EXPECT_TRUE(read_document("x", "").blocks.empty());
}

}  // namespace
}  // namespace assay::lint
