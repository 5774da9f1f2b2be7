// A run that is ended from outside, at any moment: what it leaves says so, and nothing of it lives on.
#include <chrono>
#include <filesystem>
#include <thread>

#include "tests/cli/process_test.h"

namespace assay::cli {
namespace {

using ::testing::AnyOf;
using ::testing::ContainsRegex;

class InterruptTest : public ProcessTest {
 protected:
  /// A folder that the run left, whole or not, and never one taken for the other.
  void expect_told(const std::string& folder, const Ended& ended) {
    if (!std::filesystem::exists(at(folder))) return;
    const bool sealed = std::filesystem::exists(at(folder + "/manifest.json"));
    const Ended verified = verify(folder);
    EXPECT_EQ(verified.code, sealed ? 0 : 4) << verified.out;
    EXPECT_TRUE(sealed || ended.code != 3) << "a run that ended by itself, for want of a device, seals its bundle";
    if (sealed) return;
    EXPECT_THAT(verified.out,
                ContainsRegex("gates.jsonl: (truncated|partial: interrupted by SIG(INT|TERM)) (before the "
                              "first record|after record [0-9]+ \\()|manifest.json: missing: not sealed"));
  }

  void expect_no_survivors() {
    EXPECT_TRUE(test::eventually([&] { return box_.alive().empty(); })) << box_.alive().size() << " processes live on";
  }

  /// A run whose first attempt never ends, caught in it.
  test::Program hanging(const std::string& folder) {
    test::Program program = box_.start({.arguments = run_into(folder, {"--quiet", "--driver", stand_in("hang")})});
    EXPECT_TRUE(test::eventually([&] { return box_.alive().size() == 2; }));
    return program;
  }
};

TEST_F(InterruptTest, KilledAtAnyMoment) {
  int cut = 0;
  for (int step = 0; step < 15; ++step) {
    const std::string folder = "killed-" + std::to_string(step);
    SCOPED_TRACE(folder);
    test::Program program =
        box_.start({.arguments = run_into(folder, {"--quiet", "--no-cache", "--driver", stand_in("no_device")})});
    std::this_thread::sleep_for(std::chrono::milliseconds(step * 40));
    program.signal(SIGKILL);
    const Ended ended = program.wait();
    EXPECT_TRUE(ended.signal == SIGKILL || ended.code == 3);
    expect_told(folder, ended);
    if (std::filesystem::exists(at(folder + "/gates.jsonl")) && ended.signal == SIGKILL) ++cut;
  }
  EXPECT_GT(cut, 0) << "no run was met while it wrote";
  expect_no_survivors();
}

TEST_F(InterruptTest, AskedToStopAtAnyMoment) {
  for (const int signal : {SIGINT, SIGTERM}) {
    for (int step = 0; step < 5; ++step) {
      const std::string folder = "asked-" + std::to_string(signal) + "-" + std::to_string(step);
      SCOPED_TRACE(folder);
      test::Program program =
          box_.start({.arguments = run_into(folder, {"--quiet", "--no-cache", "--driver", stand_in("no_device")})});
      std::this_thread::sleep_for(std::chrono::milliseconds(step * 60));
      program.signal(signal);
      const Ended ended = program.wait();
      if (ended.signal != 0) {
        EXPECT_FALSE(std::filesystem::exists(at(folder))) << "it died of the signal although it had begun";
      } else {
        EXPECT_THAT(ended.code, AnyOf(128 + signal, 3)) << ended.err;
      }
      expect_told(folder, ended);
    }
  }
  expect_no_survivors();
}

TEST_F(InterruptTest, AnInterruptedAttemptIsNoRecord) {
  for (const auto& [signal, name, code] : {std::tuple{SIGINT, "SIGINT", 130}, std::tuple{SIGTERM, "SIGTERM", 143}}) {
    test::Program program = hanging(name);
    program.signal(signal);
    const Ended ended = program.wait();
    EXPECT_EQ(ended.code, code);
    EXPECT_EQ(ended.err, "assay run: interrupted; the bundle is marked partial\n");
    EXPECT_EQ(ended.out, "");
    const Ended verified = verify(name);
    EXPECT_EQ(verified.code, 4);
    EXPECT_EQ(verified.out, "refused " + at(name) + "\n  gates.jsonl: partial: interrupted by " + name +
                                " before the first record [partial]\n");
    expect_no_survivors();
  }
}

TEST_F(InterruptTest, AKilledRunTakesItsAttemptAlong) {
  test::Program program = hanging("killed");
  program.signal(SIGKILL);
  EXPECT_EQ(program.wait().signal, SIGKILL);
  expect_no_survivors();
  const Ended verified = verify("killed");
  EXPECT_EQ(verified.code, 4);
  EXPECT_EQ(verified.out,
            "refused " + at("killed") + "\n  gates.jsonl: truncated before the first record [truncated]\n");
}

}  // namespace
}  // namespace assay::cli
