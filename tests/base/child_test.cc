#include "harness/base/child.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <thread>

#include "harness/base/file_system.h"

namespace assay {
namespace {

using std::chrono::milliseconds;

/// Long enough that no test waits for it, and one that hangs ends.
constexpr milliseconds kAmple{120'000};

ChildRequest shell(std::string script) { return {.command = {"/bin/sh", "-c", std::move(script)}, .limit = kAmple}; }

ChildResult run(const ChildRequest& request) {
  Result<ChildResult> result = run_child(request);
  if (result) return *std::move(result);
  ADD_FAILURE() << result.error().message;
  return {};
}

/// Runs under ever longer limits until the child had the time to print: how long a shell takes to start is no concern
/// here.
ChildResult run_until_it_printed(ChildRequest request) {
  for (request.limit = milliseconds(200);; request.limit *= 2) {
    ChildResult result = run(request);
    if (!result.output.empty() || request.limit > kAmple) return result;
  }
}

/// Whether the process has ended, given a while for init to reap it: a zombie has ended.
bool ends(pid_t pid) {
  for (int i = 0; i < 5000; ++i) {
    const Result<std::string> stat = read_file("/proc/" + std::to_string(pid) + "/stat");
    if (!stat || stat->find(") Z ") != std::string::npos || stat->find(") X ") != std::string::npos) return true;
    std::this_thread::sleep_for(milliseconds(2));
  }
  return false;
}

TEST(ChildTest, ReportsOutputLogAndExitCode) {
  const ChildResult result = run(shell("echo out; echo err >&2; exit 7"));
  EXPECT_EQ(result.exit_code, 7);
  EXPECT_EQ(result.signal, 0);
  EXPECT_EQ(result.signal_name, "");
  EXPECT_EQ(result.output, "out\n");
  EXPECT_EQ(result.log, "err\n");
  EXPECT_FALSE(result.timed_out || result.output_overflow || result.interrupted || result.abandoned);
  EXPECT_GT(result.wall.count(), 0);
}

TEST(ChildTest, NamesTheSignalThatEndedIt) {
  const ChildResult result = run(shell("echo before; kill -SEGV $$"));
  EXPECT_EQ(result.signal, SIGSEGV);
  EXPECT_EQ(result.signal_name, "SIGSEGV");
  EXPECT_EQ(result.output, "before\n");
  EXPECT_FALSE(result.timed_out);
}

TEST(ChildTest, AMissingProgramIsAnError) {
  const Result<ChildResult> result = run_child({.command = {"/nowhere/program"}});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "/nowhere/program: cannot start: No such file or directory");
  EXPECT_EQ(result.error().call, "execve");
  EXPECT_EQ(result.error().code, ENOENT);
  EXPECT_EQ(result.error().name, "ENOENT");
}

TEST(ChildTest, AFolderIsNoProgram) {
  EXPECT_EQ(run_child({.command = {"/tmp"}}).error().message, "/tmp: cannot start: Permission denied");
}

TEST(ChildTest, AnEmptyCommandIsAnError) { EXPECT_EQ(run_child({}).error().message, "child: empty command"); }

// Much more than a pipe holds, in both directions at once.
TEST(ChildTest, EchoesALargeInput) {
  std::string input;
  while (input.size() < (std::size_t{8} << 20)) input += "line " + std::to_string(input.size()) + "\n";
  const ChildResult result = run({.command = {"/bin/cat"}, .input = input, .limit = kAmple});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_TRUE(result.output == input) << result.output.size() << " bytes of " << input.size();
}

TEST(ChildTest, AnInputThatNobodyReadsIsNoTrouble) {
  ChildRequest request = shell("exec <&-; exit 0");
  request.input = std::string(std::size_t{8} << 20, 'x');
  EXPECT_EQ(run(request).exit_code, 0);
}

TEST(ChildTest, WithoutInputThereIsNothingToRead) { EXPECT_EQ(run(shell("cat; echo end")).output, "end\n"); }

TEST(ChildTest, TheWatchdogEndsAHang) {
  const ChildResult result = run_until_it_printed(shell("echo started; while :; do :; done"));
  EXPECT_TRUE(result.timed_out);
  EXPECT_EQ(result.signal, SIGKILL);
  EXPECT_EQ(result.signal_name, "SIGKILL");
  EXPECT_EQ(result.output, "started\n");
}

TEST(ChildTest, TheWatchdogEndsASilentChildThatClosedItsStreams) {
  ChildRequest request = shell("exec >&- 2>&-; while :; do :; done");
  request.limit = milliseconds(300);
  EXPECT_TRUE(run(request).timed_out);
}

TEST(ChildTest, TheWatchdogEndsAGrandchildThatIgnoresSigterm) {
  const ChildResult result =
      run_until_it_printed(shell("(trap '' TERM; sh -c 'echo $$; while :; do sleep 1; done') & wait"));
  EXPECT_TRUE(result.timed_out);
  const int grandchild = std::atoi(result.output.c_str());
  ASSERT_GT(grandchild, 1) << result.output;
  EXPECT_TRUE(ends(grandchild));
}

// A grandchild that outlives its parent and holds the pipes open must neither delay the answer nor stay.
TEST(ChildTest, TheGroupEndsWithItsLeader) {
  const ChildResult result = run(shell("sleep 100 & echo $!; exit 3"));
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_FALSE(result.timed_out);
  const int grandchild = std::atoi(result.output.c_str());
  ASSERT_GT(grandchild, 1) << result.output;
  EXPECT_TRUE(ends(grandchild));
}

TEST(ChildTest, OutputWithoutEndIsCutAndEnded) {
  ChildRequest request = shell("while :; do echo 0123456789; done");
  request.output_limit = 100'000;
  const ChildResult result = run(request);
  EXPECT_TRUE(result.output_overflow);
  EXPECT_FALSE(result.timed_out);
  EXPECT_EQ(result.signal, SIGKILL);
  EXPECT_EQ(result.output.size(), 100'000u);
}

TEST(ChildTest, OutputOfExactlyTheLimitIsNoOverflow) {
  ChildRequest request = shell("printf 12345");
  request.output_limit = 5;
  const ChildResult result = run(request);
  EXPECT_FALSE(result.output_overflow);
  EXPECT_EQ(result.output, "12345");
}

TEST(ChildTest, OverflowIsSeenAlsoWhenTheChildHasLeft) {
  ChildRequest request = shell("printf 123456");
  request.output_limit = 5;
  const ChildResult result = run(request);
  EXPECT_TRUE(result.output_overflow);
  EXPECT_EQ(result.output, "12345");
}

TEST(ChildTest, TheLogKeepsItsEnds) {
  ChildRequest request = shell("printf 'first%05000dlast' 0 >&2");
  request.log_limit = 16;
  EXPECT_EQ(run(request).log, "first000\n[4993 bytes cut here]\n0000last");
}

TEST(ChildTest, ALogWithinItsLimitIsWhole) {
  ChildRequest request = shell("printf '0123456789abcdef' >&2");
  request.log_limit = 16;
  EXPECT_EQ(run(request).log, "0123456789abcdef");
}

TEST(ChildTest, ALongLogIsReadToItsEnd) {
  ChildRequest request = shell("head -c 20000000 /dev/zero | tr '\\0' x >&2; printf end >&2");
  const ChildResult result = run(request);
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_TRUE(result.log.ends_with("xend"));
  EXPECT_LT(result.log.size(), (std::size_t{1} << 20) + 64);
  EXPECT_NE(result.log.find("\n[18951427 bytes cut here]\n"), std::string::npos);
}

TEST(ChildTest, LinesArriveWholeAndWhileItRuns) {
  const TemporaryFolder folder;
  const std::string flag = folder.path() / "seen";
  std::vector<std::string> lines;
  // The child goes on only when its first line, written in two pieces, has been seen.
  ChildRequest request = shell("printf on; printf 'e\\n'; while [ ! -e " + flag +
                               " ]; do sleep 0.01; done; echo two; "
                               "printf unfinished");
  request.on_line = [&](std::string_view line) {
    lines.emplace_back(line);
    EXPECT_TRUE(write_file(flag, std::string_view("")));
  };
  const ChildResult result = run(request);
  EXPECT_EQ(lines, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(result.output, "one\ntwo\nunfinished");
}

TEST(ChildTest, TheEnvironmentIsTheParentsAndMore) {
  ::setenv("ASSAY_TEST_KEPT", "kept", 1);
  ::setenv("ASSAY_TEST_CHANGED", "old", 1);
  // env, not a shell, which would hide a variable that is there twice.
  ChildRequest request{.command = {"/usr/bin/env"}, .limit = kAmple};
  request.environment = {{"ASSAY_TEST_CHANGED", "new"}, {"ASSAY_TEST_NEW", "a=b"}};
  const std::string output = "\n" + run(request).output;
  for (const char* entry : {"KEPT=kept", "CHANGED=new", "NEW=a=b"})
    EXPECT_NE(output.find("\nASSAY_TEST_" + std::string(entry) + "\n"), std::string::npos) << entry;
  EXPECT_EQ(output.find("CHANGED=old"), std::string::npos);
  ::unsetenv("ASSAY_TEST_KEPT");
  ::unsetenv("ASSAY_TEST_CHANGED");
}

TEST(ChildTest, InheritsNoOtherFile) {
  const int leak = ::open("/dev/null", O_RDONLY);
  ASSERT_GE(leak, 3);
  EXPECT_EQ(run({.command = {"/bin/ls", "/proc/self/fd"}, .limit = kAmple}).output, "0\n1\n2\n3\n");  // 3: the listing.
  ::close(leak);
}

TEST(ChildTest, LeadsItsOwnGroup) {
  const ChildResult result = run(shell("read -r pid name state parent group rest < /proc/$$/stat; echo $pid $group"));
  const int pid = std::atoi(result.output.c_str());
  EXPECT_EQ(result.output, std::to_string(pid) + " " + std::to_string(pid) + "\n");
  EXPECT_NE(pid, ::getpgrp());
}

TEST(ChildTest, StartsWithoutBlockedOrIgnoredPipeSignal) {
  sigset_t blocked, before;
  ::sigemptyset(&blocked);
  ::sigaddset(&blocked, SIGTERM);
  ::sigprocmask(SIG_BLOCK, &blocked, &before);
  const auto handler = std::signal(SIGPIPE, SIG_IGN);
  const ChildResult result =
      run({.command = {"/bin/grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status"}, .limit = kAmple});
  std::signal(SIGPIPE, handler);
  ::sigprocmask(SIG_SETMASK, &before, nullptr);
  ASSERT_EQ(result.exit_code, 0);
  EXPECT_NE(result.output.find("SigBlk:\t0000000000000000"), std::string::npos) << result.output;
  const std::size_t ignored = result.output.find("SigIgn:\t");
  ASSERT_NE(ignored, std::string::npos);
  EXPECT_EQ(std::stoull(result.output.substr(ignored + 8), nullptr, 16) >> (SIGPIPE - 1) & 1, 0u) << result.output;
}

/// Runs `body` in a fork of this test and returns the fork's exit code; -1 if it did not exit.
template <class Body>
int in_a_fork(Body body) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(body());
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// In a fork, for the request stays noted as long as the process lives.
TEST(ChildTest, AnInterruptEndsTheChild) {
  for (const int signal : {SIGINT, SIGTERM}) {
    const int code = in_a_fork([&] {
      watch_for_interrupt();
      if (interrupt_requested() != 0) return 1;
      ChildRequest request = shell("echo ready; while :; do :; done");
      request.on_line = [&](std::string_view) { ::raise(signal); };
      const Result<ChildResult> result = run_child(request);
      if (!result || !result->interrupted || result->timed_out || result->signal != SIGKILL) return 2;
      return interrupt_requested() == signal ? 0 : 3;
    });
    EXPECT_EQ(code, 0) << signal;
  }
}

TEST(ChildTest, DiesWithItsParent) {
  int ends_of_pipe[2];
  ASSERT_EQ(::pipe(ends_of_pipe), 0);
  const pid_t parent = ::fork();
  if (parent == 0) {
    ChildRequest request = shell("echo $$; while :; do sleep 1; done");
    request.on_line = [&](std::string_view line) {
      const std::string text = std::string(line) + "\n";
      if (::write(ends_of_pipe[1], text.data(), text.size()) < 0) ::_exit(1);
    };
    ::_exit(run_child(request) ? 0 : 1);
  }
  char text[32] = {};
  ASSERT_GT(::read(ends_of_pipe[0], text, sizeof text - 1), 0);
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  EXPECT_TRUE(ends(std::atoi(text)));
  for (const int end : ends_of_pipe) ::close(end);
}

// A program started without standard streams gives its pipes the numbers 0, 1 and 2.
TEST(ChildTest, WorksWhenTheParentHasNoStandardStreams) {
  const int code = in_a_fork([] {
    for (const int stream : {0, 1, 2}) ::close(stream);
    ChildRequest request = shell("cat; echo err >&2");
    request.input = "in";
    const Result<ChildResult> result = run_child(request);
    return result && result->output == "in" && result->log == "err\n" ? 0 : 1;
  });
  EXPECT_EQ(code, 0);
}

TEST(ChildTest, ALineLimitRunsFromLineToLine) {
  ChildRequest request;
  request.command = {"/bin/sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.2; done"};
  request.on_line = [](std::string_view) {};
  request.line_limit = std::chrono::seconds(10);
  EXPECT_FALSE(run_child(request)->timed_out);
  request.command.back() = "echo 1; sleep 60";
  request.line_limit = std::chrono::milliseconds(300);
  const Result<ChildResult> silent = run_child(request);
  ASSERT_TRUE(silent);
  EXPECT_TRUE(silent->timed_out);
  EXPECT_EQ(silent->output, "1\n");
}

}  // namespace
}  // namespace assay
