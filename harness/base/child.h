// A child process under a watchdog.
//
// A driver that crashes, hangs or prints without end is a result, so whoever asks one does it in a child: its own
// process group, a limit on time and on output, and a report of how it ended. When the limit passes the whole group is
// killed. Tested by tests/base/child_test.cc.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/result.h"

namespace assay {

struct ChildRequest {
  std::vector<std::string> command;                              ///< argv; command[0] is a path, not searched in PATH.
  std::string input;                                             ///< Written to standard input, then closed.
  std::vector<std::pair<std::string, std::string>> environment;  ///< Set in addition to the parent's.
  std::chrono::milliseconds limit{30'000};                       ///< From its start to its end.
  /// From one whole line of standard output to the next, and to the first: a child that serves several attempts, and
  /// prints as it goes, hangs with the one that it is at.
  std::chrono::milliseconds line_limit = std::chrono::hours(24);
  std::size_t output_limit = 64u << 20;  ///< Bytes of standard output; more ends the child.
  std::size_t log_limit = 1u << 20;      ///< Bytes of standard error kept; the middle is cut.
  /// Called with each whole line of standard output as it arrives; may be empty.
  std::function<void(std::string_view line)> on_line;
};

/// How a child ended. Where the watchdog ended it, timed_out, output_overflow or interrupted says why and signal is
/// SIGKILL.
struct ChildResult {
  int exit_code = 0;             ///< Valid if signal is 0.
  int signal = 0;                ///< The signal that ended it, 0 if it exited.
  std::string signal_name;       ///< "SIGSEGV"; empty if it exited.
  bool timed_out = false;        ///< The watchdog killed it.
  bool output_overflow = false;  ///< It printed more than output_limit, and was killed if it still ran.
  bool interrupted = false;      ///< The parent was asked to stop (interrupt_requested) and killed it.
  bool abandoned = false;  ///< It did not die of SIGKILL in ten seconds (held inside the kernel) and was left behind.
  std::string output, log;
  std::chrono::nanoseconds wall{0};
};

/// Error: the program could not be started (errno and path).
Result<ChildResult> run_child(const ChildRequest&);

/// Installs handlers for SIGINT and SIGTERM that only note the request; children are then ended and run_child returns.
void watch_for_interrupt();
/// 0, or the signal number that asked this process to stop.
int interrupt_requested();

}  // namespace assay
