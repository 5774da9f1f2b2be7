// `assay run` as a person starts it: what it writes where, and which codes it ends with.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <termios.h>

#include <algorithm>
#include <memory>
#include <thread>

#include "harness/base/json.h"
#include "harness/cuda/driver.h"
#include "tests/cli/process_test.h"

namespace assay::cli {
namespace {

class RunTest : public ProcessTest {
 protected:
  static std::vector<std::string> gates_of(const Json& summary) {
    std::vector<std::string> names;
    for (const Json& gate : summary.at("gates")) names.push_back(gate.at("gate"));
    return names;
  }
};

/// On a machine with a driver these questions have other answers, which tests/gpu asks for.
class RunWithoutDriverTest : public RunTest {
 protected:
  void SetUp() override {
    RunTest::SetUp();
    if (const auto signs = cuda::nvidia_signs(); !signs.empty())
      GTEST_SKIP() << "this machine shows signs of a driver: " << signs.front();
  }
};

TEST_F(RunWithoutDriverTest, EndsWithZeroAndProvesNothing) {
  const Ended ended = assay(run_into("bundle"));
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("no sign of an NVIDIA driver or device on this machine"));
  EXPECT_THAT(ended.out, HasSubstr("\nCheck it: assay verify --recompute " + at("bundle") + "\n"));
  for (const char* claim : {"proven", "agrees", "reported", "real-execution"})
    EXPECT_THAT(ended.out, Not(HasSubstr(claim)));
  const Ended verified = verify("bundle");
  EXPECT_EQ(verified.code, 0) << verified.out;
  EXPECT_THAT(verified.out, StartsWith("intact " + at("bundle") + "\n"));
}

TEST_F(RunWithoutDriverTest, SummarisesInStrictJson) {
  const Ended ended = assay(run_into("bundle", {"--json"}));
  ASSERT_EQ(ended.code, 0) << ended.err;
  const Result<Json> summary = parse_json(ended.out, "summary");
  ASSERT_TRUE(summary) << summary.error().message;
  EXPECT_EQ(summary->at("schema"), "run-summary/1");
  EXPECT_EQ(summary->at("bundle"), at("bundle"));
  EXPECT_EQ(summary->at("exit"), 0);
  EXPECT_EQ(summary->at("gates").size(), 22u);
  for (const Json& gate : summary->at("gates")) EXPECT_EQ(gate.at("verdict"), "not-run") << gate;
}

TEST_F(RunTest, AGateBringsWhatItNeeds) {
  const Ended ended = assay(run_on_stand_in("bundle", {"--gate", "control.mma_bf16", "--json"}));
  const Result<Json> summary = parse_json(ended.out, "summary");
  ASSERT_TRUE(summary) << ended.err;
  std::vector<std::string> selected;
  for (const Json& gate : summary->at("gates"))
    if (gate.at("selected").get<bool>()) selected.push_back(gate.at("gate"));
  EXPECT_EQ(selected,
            (std::vector<std::string>{"device.query", "control.copy", "control.arithmetic", "control.mma_bf16"}));
  EXPECT_EQ(gates_of(*summary).size(), 22u);
}

TEST_F(RunTest, TheTableHasTheSelectedGatesAndCountsTheOthers) {
  const Ended ended = assay(run_on_stand_in("bundle", {"--gate", "control.copy"}));
  EXPECT_THAT(ended.out, HasSubstr("20 of 22 gates were not selected: the run was asked for other ones\n"));
  EXPECT_THAT(ended.out, Not(HasSubstr("tma.load")));
  EXPECT_THAT(verify("bundle").out, StartsWith("intact "));
}

TEST_F(RunTest, ResultsAndProgressGoDifferentWays) {
  const Ended ended = assay(run_on_stand_in("bundle", {"--gate", "control.copy"}));
  EXPECT_THAT(ended.out, HasSubstr("  evidence class  furthest  why\n"));
  EXPECT_THAT(ended.err, HasSubstr("  device.query          reported  "));
  EXPECT_THAT(ended.err, Not(HasSubstr("evidence class")));
  const Ended quiet = assay(run_on_stand_in("other", {"--gate", "control.copy", "--quiet"}));
  EXPECT_EQ(quiet.err, "");
  EXPECT_NE(quiet.out, "");
}

/// A terminal whose other end is read as the program writes.
class Terminal {
 public:
  Terminal() : master_(::posix_openpt(O_RDWR | O_NOCTTY)) {
    ::grantpt(master_);
    ::unlockpt(master_);
    name_ = ::ptsname(master_);
    slave_ = ::open(name_.c_str(), O_RDWR | O_NOCTTY);
    reader_ = std::thread([this] {
      char block[4096];
      for (ssize_t count; (count = ::read(master_, block, sizeof block)) > 0;) seen_.append(block, block + count);
    });
  }
  /// In the child: standard output and error become the terminal.
  void become() const {
    ::dup2(slave_, STDOUT_FILENO);
    ::dup2(slave_, STDERR_FILENO);
  }
  /// All that was written, once every writer is gone.
  std::string text() {
    ::close(slave_);
    reader_.join();
    ::close(master_);
    return seen_;
  }

 private:
  int master_, slave_ = -1;
  std::string name_, seen_;
  std::thread reader_;
};

TEST_F(RunTest, EscapesGoToTerminalsThatTakeThem) {
  const auto shown = [&](const std::string& folder, std::map<std::string, std::string> variables) {
    Terminal terminal;
    assay({.arguments = run_into(folder, {"--gate", "control.copy", "--driver", stand_in("no_device")}),
           .environment = std::move(variables),
           .before = [&] { terminal.become(); }});
    return terminal.text();
  };
  EXPECT_THAT(shown("colour", {}), HasSubstr("\x1b["));
  const std::string plain = shown("plain", {{"NO_COLOR", "1"}});
  EXPECT_THAT(plain, HasSubstr("control.copy"));
  EXPECT_THAT(plain, Not(HasSubstr("\x1b")));
  const Ended piped = assay(run_into("piped", {"--gate", "control.copy", "--driver", stand_in("no_device")}));
  EXPECT_THAT(piped.out + piped.err, Not(HasSubstr("\x1b")));
}

TEST_F(RunTest, LeaveToLaunchEditedImagesIsOneOfTwoWordsAndWarnsOnce) {
  const Ended wrong = assay(run_into("wrong", {"--allow-patched-launch", "2"}));
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.err, HasSubstr("--allow-patched-launch: 2 not in {"));
  EXPECT_THAT(wrong.err, HasSubstr("see 'assay run --help'"));
  const Ended baseline =
      assay(run_into("baseline", {"--gate", "device.query", "--allow-patched-launch", "baseline", "--quiet"}));
  EXPECT_THAT(baseline.err, StartsWith("assay run: edited images will be launched: the plain arithmetic kernel."));
  EXPECT_EQ(baseline.err.find("edited images", baseline.err.find("edited images") + 1), std::string::npos);
}

TEST_F(RunTest, AFolderInUseIsLeftAlone) {
  write("full/notes", "mine");
  const Ended ended = assay(run_into("full"));
  EXPECT_EQ(ended.code, 2);
  EXPECT_EQ(ended.err, "assay run: " + at("full") + ": not empty; a bundle gets a folder of its own\n");
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(at("full"))) names.push_back(entry.path().filename());
  EXPECT_EQ(names, std::vector<std::string>{"notes"});
}

TEST_F(RunTest, AFolderUnderAFileCannotBeMade) {
  write("file", "");
  const Ended ended = assay(run_into("file/x"));
  EXPECT_EQ(ended.code, 2);
  EXPECT_EQ(ended.err, "assay run: " + at("file/x/artifacts") + ": cannot create the folder: Not a directory\n");
}

}  // namespace
}  // namespace assay::cli
