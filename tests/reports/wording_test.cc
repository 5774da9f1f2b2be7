#include "reports/wording.h"

#include "gtest/gtest.h"

#include "harness/base/json.h"

namespace assay::reports {
namespace {

TEST(WordingTest, CountsAndArticlesAgree) {
  EXPECT_EQ(counted(1, "case"), "1 case");
  EXPECT_EQ(counted(0, "case"), "0 cases");
  EXPECT_EQ(counted(14, "case"), "14 cases");
  EXPECT_EQ(with_article("NVIDIA H100"), "an NVIDIA H100");
  EXPECT_EQ(with_article("Orin"), "an Orin");
  EXPECT_EQ(with_article("Tesla V100"), "a Tesla V100");
  EXPECT_EQ(with_article(""), "a ");
}

TEST(WordingTest, ListsReadAsEnglish) {
  EXPECT_EQ(listed({}), "");
  EXPECT_EQ(listed({"a"}), "a");
  EXPECT_EQ(listed({"a", "b"}), "a and b");
  EXPECT_EQ(listed({"a", "b", "c"}), "a, b and c");
  EXPECT_EQ(capitalised("driver 580"), "Driver 580");
  EXPECT_EQ(capitalised(""), "");
}

TEST(WordingTest, DecimalsAreRoundedWithoutFloatingPoint) {
  EXPECT_EQ(decimal(3'130'734'715'775, 1'000'000'000, 1), "3130.7");
  EXPECT_EQ(decimal(1999, 1000, 1), "2.0");
  EXPECT_EQ(decimal(1949, 1000, 1), "1.9");
  EXPECT_EQ(decimal(1950, 1000, 1), "2.0");
  EXPECT_EQ(decimal(5, 1000, 2), "0.01");
  EXPECT_EQ(decimal(1980000, 1000, 0), "1980");
  EXPECT_EQ(decimal(41'000, 30'000, 2), "1.37");
}

TEST(WordingTest, ValuesComeWithTheirUnits) {
  EXPECT_EQ(measured(232448, "B"), "232448 B");
  EXPECT_EQ(measured(132, ""), "132");
  EXPECT_EQ(measured(3'130'734'715'775, "B/s"), "3130.7 GB/s");
  EXPECT_EQ(measured(1'980'000, "kHz"), "1980 MHz");
  EXPECT_EQ(measured(1'980'500, "kHz"), "1980.5 MHz");
  EXPECT_EQ(measured(294'718, "mW"), "294.7 W");
  EXPECT_EQ(measured("CUDA_SUCCESS", ""), "CUDA_SUCCESS");
  EXPECT_EQ(measured(true, ""), "yes");
  EXPECT_EQ(measured(nullptr, "B"), "nothing");
  EXPECT_EQ(time_of(999), "999 ns");
  EXPECT_EQ(time_of(41'000), "41.00 us");
  EXPECT_EQ(time_of(2'345'678), "2.346 ms");
}

TEST(WordingTest, WhatTheOutsideWorldSaysStaysOneLineOfAscii) {
  EXPECT_EQ(name_of("NVIDIA H100\nIt unlocks everything."), "NVIDIA H100");
  EXPECT_EQ(name_of("a\x1b[31mb"), "a?[31mb");
  EXPECT_EQ(name_of("a\xe2\x80\xae"
                    "b"),
            "a???b");
  EXPECT_EQ(name_of("a\tb"), "a b");
  EXPECT_EQ(name_of(std::string(81, 'x')), std::string(80, 'x') + "...");
  EXPECT_EQ(in_quotes("says \"no\"\r\nand more"), "\"says 'no'\"");
  EXPECT_EQ(in_quotes(std::string(200, 'x')), "\"" + std::string(160, 'x') + "...\"");
}

}  // namespace
}  // namespace assay::reports
