#include "kernels/bench/judge.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace assay::kernels::bench {
namespace {

const Problem kProblem{.m = 1, .n = 4, .k = 1024};

std::string judged(std::vector<double> outputs, std::vector<double> slacks = {1, 1, 1, 1}) {
  const std::vector<double> values{1, -2, 4, 0};
  Judgement judgement;
  judge(outputs, values, slacks, bounds_of(kProblem), 0, judgement);
  return complaint(judgement, 4, bounds_of(kProblem));
}

TEST(JudgeTest, WhatIsWithinItsBoundIsRight) {
  EXPECT_EQ(judged({1, -2, 4, 0}), "");
  EXPECT_EQ(judged({1, -2, 4, 0.9 * 1024 * 0x1p-23}), "");
}

TEST(JudgeTest, OneOutputOutsideItsBoundIsNamed) {
  EXPECT_EQ(judged({1, -2.009, 4, 0}),
            "1 of 4 outputs are wrong, the first y[1]: expected -2, observed -2.009, bound 0.00793");
  EXPECT_EQ(judged({1, -2, 4, 2 * 1024 * 0x1p-23}).substr(0, 46), "1 of 4 outputs are wrong, the first y[3]: expe");
}

TEST(JudgeTest, NothingThatIsNoNumberPasses) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_NE(judged({nan, -2, 4, 0}), "");
  EXPECT_NE(judged({1, -2, HUGE_VAL, 0}), "");
}

TEST(JudgeTest, AllTogetherMayNotBeAHalfStepOff) {
  const double off = 1 + 0.9 * 0x1p-8;
  EXPECT_EQ(judged({off, -2 * off, 4 * off, 0}), "relative error of all outputs 0.00352, allowed 0.002");
}

TEST(JudgeTest, WhatWasNotComparedIsNotRight) {
  Judgement nothing;
  EXPECT_EQ(complaint(nothing, 4, bounds_of(kProblem)), "0 of 4 outputs were compared");
  EXPECT_EQ(complaint(nothing, 0, bounds_of(kProblem)), "0 of 0 outputs were compared");
}

TEST(JudgeTest, ZeroWhereSomethingWasExpectedIsWrongTogetherToo) {
  Judgement judgement{.compared = 4, .squared_error = 1, .squared_value = 0};
  EXPECT_NE(complaint(judgement, 4, bounds_of(kProblem)), "");
}

TEST(JudgeTest, CodesAreReadByTheirType) {
  const std::vector<std::uint16_t> codes{0x3c00};
  EXPECT_EQ(values_of(codes, Activation::f16).front(), 1);
  EXPECT_EQ(values_of(codes, Activation::bf16).front(), 0x1p-7);
}

}  // namespace
}  // namespace assay::kernels::bench
