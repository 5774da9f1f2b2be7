// Units of work on several threads: each once, and one error, the same for any number of threads.
#include "kernels/artifact/parallel.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace assay::artifact {
namespace {

constexpr std::size_t kUnits = 64;

Error error_of(std::size_t unit) { return Error{"unit " + std::to_string(unit)}; }

TEST(ForEachUnitTest, CallsEachOnce) {
  for (unsigned threads = 0; threads <= 8; ++threads) {
    std::array<std::atomic<int>, kUnits> calls{};
    const Status done = for_each_unit(kUnits, threads, [&](std::size_t i) {
      ++calls.at(i);
      return ok();
    });
    EXPECT_TRUE(done);
    for (std::size_t i = 0; i < kUnits; ++i) EXPECT_EQ(calls.at(i), 1) << i << " on " << threads;
  }
}

TEST(ForEachUnitTest, NoUnitsAreNoWork) {
  EXPECT_TRUE(for_each_unit(0, 4, [](std::size_t i) -> Status { return error_of(i); }));
}

/// A later unit fails first, in time: the earlier one waits until it has. With one thread there is no later one.
TEST(ForEachUnitTest, TheFirstUnitsErrorCountsNotTheFirstInTime) {
  for (unsigned threads = 2; threads <= 8; ++threads) {
    std::atomic<bool> later_failed = false;
    const Status done = for_each_unit(kUnits, threads, [&](std::size_t i) -> Status {
      if (i == 0) {
        while (!later_failed) std::this_thread::yield();
        return error_of(i);
      }
      later_failed = true;
      return error_of(i);
    });
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().message, "unit 0") << threads << " threads";
  }
}

TEST(ForEachUnitTest, TheErrorIsTheSameForAnyNumberOfThreads) {
  const std::set<std::size_t> bad = {17, 18, 40, 63};
  for (unsigned threads = 1; threads <= 8; ++threads)
    for (int again = 0; again < 50; ++again) {
      const Status done =
          for_each_unit(kUnits, threads, [&](std::size_t i) { return bad.contains(i) ? Status(error_of(i)) : ok(); });
      ASSERT_FALSE(done);
      ASSERT_EQ(done.error().message, "unit 17") << threads << " threads";
    }
}

TEST(ForEachUnitTest, NothingIsBegunAfterAnError) {
  std::vector<std::size_t> begun;
  const Status done = for_each_unit(kUnits, 1, [&](std::size_t i) {
    begun.push_back(i);
    return i == 2 ? Status(error_of(i)) : ok();
  });
  EXPECT_FALSE(done);
  EXPECT_EQ(begun, (std::vector<std::size_t>{0, 1, 2}));
}

}  // namespace
}  // namespace assay::artifact
