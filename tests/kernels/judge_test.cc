// Right outputs pass, and each single fault is seen by the case that is there for it.
#include "kernels/judge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "tests/support/attempt_tools.h"

namespace assay::kernels {
namespace {

using testing::HasSubstr;

const gate::Seed kSeed = test::test_seed();

class JudgeTest : public testing::Test {
 protected:
  /// The reference rounded once: what a perfect device returns.
  Observed right(const Trial& trial) const { return {{Role::y, bytes(trial.outputs.front().elements)}}; }

  std::vector<std::byte> bytes(const std::vector<Element>& elements) const {
    std::vector<std::uint16_t> y(static_cast<std::size_t>(problem_.m * problem_.n));
    for (const Element& element : elements)
      y[static_cast<std::size_t>(element.row * problem_.n + element.column)] =
          nearest(problem_.activation, element.value);
    return gate::bytes_of(y);
  }

  static void put(Observed& observed, std::size_t index, std::uint16_t bits) {
    std::memcpy(observed.at(Role::y).data() + 2 * index, &bits, sizeof bits);
  }
  static std::uint16_t at(const Observed& observed, std::size_t index) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, observed.at(Role::y).data() + 2 * index, sizeof bits);
    return bits;
  }

  static std::vector<std::int64_t> mismatches(const std::vector<evidence::CaseResult>& cases) {
    std::vector<std::int64_t> counts;
    for (const evidence::CaseResult& one : cases) counts.push_back(one.mismatches);
    return counts;
  }

  const Problem problem_{.m = 3, .n = 1000, .k = 512, .bias = true};
  const Task task_ = make_task(Operation::w4a16_product, problem_, kSeed);
  const Trial& wide_ = task_.trials[0];
  const Trial& exact_ = task_.trials[1];
};

TEST_F(JudgeTest, ThePerfectDevicePasses) {
  EXPECT_THAT(mismatches(judge(task_, wide_, right(wide_))), testing::ElementsAre(0, 0, 0));
  EXPECT_THAT(mismatches(judge(task_, exact_, right(exact_))), testing::ElementsAre(0));
}

TEST_F(JudgeTest, OneElementOutsideItsBoundIsSeen) {
  Observed y = right(wide_);
  put(y, 1001,
      nearest(problem_.activation, static_cast<double>(value_of(problem_.activation, at(y, 1001))) * 1.02 + 0.05));
  const auto cases = judge(task_, wide_, y);
  EXPECT_EQ(cases[0].mismatches, 1);
  EXPECT_THAT(cases[0].first_mismatch, HasSubstr("y[1][1]: expected "));
}

TEST_F(JudgeTest, ErrorsThatAreEachWithinTheBoundAreSeenTogether) {
  Observed y = right(wide_);
  for (const Element& element : wide_.outputs.front().elements) {
    const auto index = static_cast<std::size_t>(element.row * problem_.n + element.column);
    put(y, index, nearest(problem_.activation, element.value + 0.6 * element.bound));
  }
  const auto cases = judge(task_, wide_, y);
  EXPECT_LE(cases[0].mismatches, wide_.outputs.front().elements.size() / 4);  // rounding may tip some over
  EXPECT_EQ(cases[2].mismatches, 1);
  EXPECT_THAT(cases[2].first_mismatch, HasSubstr("relative Frobenius error 0.00"));
}

TEST_F(JudgeTest, PoisonLeftAnywhereIsSeenAlsoWhereNothingIsCompared) {
  Task task = task_;
  task.trials[0].outputs.front().elements.resize(5);
  Observed y = right(wide_);
  const std::vector<std::byte> left = poison(2, kSeed, "p");
  std::memcpy(y.at(Role::y).data() + 2 * 2999, left.data(), 2);
  const auto cases = judge(task, task.trials[0], y);
  EXPECT_THAT(mismatches(cases), testing::ElementsAre(0, 1));  // too few elements to be judged together
  EXPECT_THAT(cases[1].first_mismatch, HasSubstr("y[2][999] is 0x"));
}

TEST_F(JudgeTest, TheLastBitOfAnExactResultIsSeen) {
  Observed y = right(exact_);
  put(y, 7, static_cast<std::uint16_t>(at(y, 7) ^ 1));
  const auto cases = judge(task_, exact_, y);
  EXPECT_EQ(cases[0].mismatches, 1);
  EXPECT_THAT(cases[0].first_mismatch, HasSubstr("y[0][7]: expected 0x"));
}

TEST_F(JudgeTest, OneBitOfASecondLaunchIsSeen) {
  const Observed first = right(wide_);
  Observed second = first;
  EXPECT_EQ(judge_again(wide_, first, second).mismatches, 0);
  put(second, 100, static_cast<std::uint16_t>(at(second, 100) ^ 1));
  const evidence::CaseResult again = judge_again(wide_, first, second);
  EXPECT_EQ(again.mismatches, 1);
  EXPECT_NE(again.expected_sha256, again.observed_sha256);
}

class ChangeTest : public JudgeTest {
 protected:
  Observed changed() const {
    Observed y = before_;
    for (const Element& element : change_.trial.outputs.front().elements)
      put(y, static_cast<std::size_t>(element.row * problem_.n + element.column),
          nearest(problem_.activation, element.value));
    return y;
  }
  const Change change_ = make_change(task_, kSeed);
  const Observed before_ = right(exact_);
};

TEST_F(ChangeTest, ThePredictedMovesPass) { EXPECT_EQ(fault_of(task_, change_, before_, changed()), ""); }

TEST_F(ChangeTest, ADeviceThatDidNotNoticeTheChangeFails) {
  EXPECT_THAT(fault_of(task_, change_, before_, before_), HasSubstr("gave other values than predicted"));
}

TEST_F(ChangeTest, AMoveInAnotherRowFails) {
  Observed y = changed();
  const std::int64_t other = (*change_.row + 1) % problem_.m;
  const auto index = static_cast<std::size_t>(other * problem_.n + 3);
  put(y, index, static_cast<std::uint16_t>(at(y, index) ^ 1));
  EXPECT_EQ(fault_of(task_, change_, before_, y), "a changed activation of row " + std::to_string(*change_.row) +
                                                      " moved y[" + std::to_string(other) + "][3]");
}

TEST_F(ChangeTest, AnOracleThatTheChangeDoesNotMoveIsNoControl) {
  Change idle = change_;
  idle.wrong = idle.trial.outputs;
  EXPECT_EQ(fault_of(task_, idle, before_, changed()), "the changed operand is predicted to move nothing");
}

TEST_F(JudgeTest, DigestsAreThoseOfARightRecord) {
  evidence::Record record;
  const Observed y = right(wide_);
  record.cases = judge(task_, wide_, y);
  record.cases.push_back(judge_again(wide_, y, y));
  for (evidence::CaseResult& one : judge(task_, exact_, right(exact_))) record.cases.push_back(one);
  const auto again = digests(task_, record);
  ASSERT_EQ(again.size(), record.cases.size());
  for (std::size_t i = 0; i < again.size(); ++i) {
    EXPECT_EQ(again[i].name, record.cases[i].name);
    EXPECT_EQ(again[i].compared, record.cases[i].compared) << again[i].name;
    EXPECT_EQ(again[i].inputs_sha256, record.cases[i].inputs_sha256);
    EXPECT_EQ(again[i].expected_sha256, record.cases[i].expected_sha256);
    EXPECT_TRUE(!again[i].exact || again[i].observed_if_right == record.cases[i].observed_sha256);
  }
  EXPECT_TRUE(again[3].exact);  // the second launch
}

TEST_F(JudgeTest, PoisonIsNanInBothTypes) {
  const std::vector<std::byte> bytes = poison(4000, kSeed, "p");
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    std::uint16_t bits = 0;
    std::memcpy(&bits, bytes.data() + i, 2);
    EXPECT_TRUE(std::isnan(value_of(Activation::bf16, bits)));
    EXPECT_TRUE(std::isnan(value_of(Activation::f16, bits)));
  }
}

}  // namespace
}  // namespace assay::kernels
