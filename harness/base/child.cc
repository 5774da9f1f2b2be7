#include "harness/base/child.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "harness/base/descriptor.h"

namespace assay {
namespace {

using Clock = std::chrono::steady_clock;

/// How long the loop sleeps at most before it looks again at the child, the clock and the interrupt flag.
constexpr int kSliceMs = 20;
/// A process that a driver holds inside the kernel does not die of SIGKILL; we stop waiting for it after this time.
constexpr std::chrono::seconds kGrace{10};
/// More than a pipe holds, so that one read empties it (64 KiB, or 1 MiB where pages have 64 KiB).
constexpr std::size_t kBlock = std::size_t{1} << 20;

std::atomic<int> interrupt_signal{0};
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may write lock-free atomics only");

struct Pipe {
  Descriptor read, write;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("child", "make a pipe", "pipe2", errno);
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

/// The input as an anonymous file: a child that never reads can then neither block its parent nor end it with SIGPIPE.
Result<Descriptor> make_input(std::string_view content) {
  Descriptor file(::memfd_create("input", MFD_CLOEXEC));
  if (!file) return errno_error("child", "make its input", "memfd_create", errno);
  if (const int code = write_all(file, content)) return errno_error("child", "write its input", "write", code);
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

/// argv and envp with the strings that they point into, made before fork, after which nothing may allocate.
class Arguments {
 public:
  explicit Arguments(const ChildRequest& request) : command_(request.command) {
    for (char** entry = environ; *entry; ++entry)
      if (!is_replaced(*entry, request)) environment_.emplace_back(*entry);
    for (const auto& [name, value] : request.environment) environment_.push_back(name + "=" + value);
    argv_ = pointers(command_);
    envp_ = pointers(environment_);
  }
  char** argv() { return argv_.data(); }
  char** envp() { return envp_.data(); }

 private:
  static bool is_replaced(std::string_view entry, const ChildRequest& request) {
    const std::string_view name = entry.substr(0, entry.find('='));
    return std::ranges::any_of(request.environment, [&](const auto& pair) { return pair.first == name; });
  }
  static std::vector<char*> pointers(std::vector<std::string>& strings) {
    std::vector<char*> all;
    for (std::string& text : strings) all.push_back(text.data());
    all.push_back(nullptr);
    return all;
  }

  std::vector<std::string> command_, environment_;
  std::vector<char*> argv_, envp_;
};

/// The child's side of fork: async-signal-safe calls only. Whatever refuses, its errno goes into the status pipe.
[[noreturn]] void become(Arguments& arguments, std::array<int, 3> streams, int status, pid_t parent) {
  const auto give_up = [&] {
    const int code = errno;
    [[maybe_unused]] const ssize_t told = ::write(status, &code, sizeof code);
    ::_exit(127);
  };
  ::setpgid(0, 0);
  // A harness that is killed must not leave a kernel running on the device.
  if (::prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) give_up();
  if (::getppid() != parent) ::_exit(127);

  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);

  // First out of the way of 0, 1 and 2: the parent's own may have been closed, and the pipes got their numbers.
  for (int& stream : streams)
    if ((stream = ::fcntl(stream, F_DUPFD_CLOEXEC, 3)) < 0) give_up();
  if ((status = ::fcntl(status, F_DUPFD_CLOEXEC, 3)) < 0) ::_exit(127);
  for (int number = 0; number < 3; ++number)
    if (::dup2(streams[static_cast<std::size_t>(number)], number) < 0) give_up();
  // What a library opened without O_CLOEXEC. A kernel before 5.11 refuses, and those few stay open.
  ::close_range(3, ~0u, CLOSE_RANGE_CLOEXEC);

  ::execve(arguments.argv()[0], arguments.argv(), arguments.envp());
  give_up();
  ::_exit(127);
}

/// The first and the last bytes of a text of any length.
class CutText {
 public:
  explicit CutText(std::size_t limit) : half_(limit / 2) {}

  void append(std::string_view text) {
    const std::size_t room = std::min(half_ - head_.size(), text.size());
    head_ += text.substr(0, room);
    tail_ += text.substr(room);
    if (tail_.size() > 2 * half_ + kBlock) trim();
  }
  std::string take() {
    trim();
    return cut_ == 0 ? head_ + tail_ : fmt::format("{}\n[{} bytes cut here]\n{}", head_, cut_, tail_);
  }

 private:
  void trim() {
    if (tail_.size() <= half_) return;
    cut_ += tail_.size() - half_;
    tail_.erase(0, tail_.size() - half_);
  }

  std::size_t half_, cut_ = 0;
  std::string head_, tail_;
};

/// A started child: pumps its streams, and ends it when it may not go on.
class Watch {
 public:
  Watch(const ChildRequest& request, pid_t pid, Descriptor output, Descriptor log, Clock::time_point started)
      : request_(request),
        pid_(pid),
        output_(std::move(output)),
        log_(std::move(log)),
        log_text_(request.log_limit),
        started_(started),
        last_line_(started) {
    for (const Descriptor* stream : {&output_, &log_}) ::fcntl(stream->get(), F_SETFL, O_NONBLOCK);
  }

  ChildResult run() {
    while (!has_exited() && !must_end()) {
      wait_for_output();
      pump();
    }
    // A leader that left takes its group along: nothing of this attempt may still touch the device in the next one.
    ::kill(-pid_, SIGKILL);
    reap();
    pump();
    result_.log = log_text_.take();
    result_.wall = Clock::now() - started_;
    return std::move(result_);
  }

 private:
  /// Looks without reaping, so that the process group's number cannot be given to a stranger before we kill it.
  bool has_exited() const {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid_;
  }

  bool must_end() {
    if (result_.output_overflow) return true;
    if (interrupt_requested() != 0) return result_.interrupted = true;
    const Clock::time_point now = Clock::now();
    return result_.timed_out = now - started_ >= request_.limit || now - last_line_ >= request_.line_limit;
  }

  void wait_for_output() const {
    // A closed stream is -1, which poll skips.
    std::array<pollfd, 2> streams{pollfd{output_.get(), POLLIN, 0}, pollfd{log_.get(), POLLIN, 0}};
    const bool silent = !output_ && !log_;
    ::poll(streams.data(), streams.size(), silent ? 1 : kSliceMs);
  }

  void pump() {
    take_output(read_block(output_));
    log_text_.append(read_block(log_));
  }

  /// What is there now; empty if nothing is, and closes the stream at its end.
  std::string_view read_block(Descriptor& stream) {
    if (!stream) return {};
    const std::ptrdiff_t count = read_some(stream, block_.data(), block_.size());
    if (count == 0) stream.close();
    return {block_.data(), static_cast<std::size_t>(std::max<std::ptrdiff_t>(count, 0))};
  }

  void take_output(std::string_view text) {
    const std::size_t room = request_.output_limit - result_.output.size();
    if (text.size() > room) result_.output_overflow = true;
    result_.output += text.substr(0, room);
    if (request_.on_line) report_lines();
  }

  void report_lines() {
    for (std::size_t end; (end = result_.output.find('\n', searched_)) != std::string::npos; searched_ = end + 1) {
      last_line_ = Clock::now();
      request_.on_line(std::string_view(result_.output).substr(searched_, end - searched_));
    }
  }

  void reap() {
    const Clock::time_point give_up = Clock::now() + kGrace;
    int status = 0;
    while (::waitpid(pid_, &status, WNOHANG) != pid_) {
      if (Clock::now() > give_up) {
        result_.abandoned = true;
        return;
      }
      ::poll(nullptr, 0, 1);
    }
    if (WIFEXITED(status)) result_.exit_code = WEXITSTATUS(status);
    if (!WIFSIGNALED(status)) return;
    result_.signal = WTERMSIG(status);
    const char* name = sigabbrev_np(result_.signal);
    result_.signal_name = name ? fmt::format("SIG{}", name) : fmt::format("signal {}", result_.signal);
  }

  const ChildRequest& request_;
  pid_t pid_;
  Descriptor output_, log_;
  CutText log_text_;
  Clock::time_point started_, last_line_;
  std::vector<char> block_ = std::vector<char>(kBlock);
  std::size_t searched_ = 0;  ///< Output before it was reported as lines.
  ChildResult result_;
};

/// 0 once the program runs, or the errno of its start.
int start_error(const Descriptor& status) {
  int code = 0;
  return read_some(status, &code, sizeof code) == sizeof code ? code : 0;
}

}  // namespace

Result<ChildResult> run_child(const ChildRequest& request) {
  if (request.command.empty()) return Error{"child: empty command"};
  const std::string& program = request.command[0];
  Result<Descriptor> input = make_input(request.input);
  if (!input) return std::move(input).error();
  Result<Pipe> output = make_pipe(), log = make_pipe(), status = make_pipe();
  for (const Result<Pipe>* pipe : {&output, &log, &status})
    if (!*pipe) return pipe->error();
  Arguments arguments(request);

  const Clock::time_point started = Clock::now();
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return errno_error(program, "start", "fork", errno);
  if (pid == 0) become(arguments, {input->get(), output->write.get(), log->write.get()}, status->write.get(), parent);
  ::setpgid(pid, pid);  // Both sides, as either may be first.
  for (Result<Pipe>* pipe : {&output, &log, &status}) (*pipe)->write.close();
  if (const int code = start_error(status->read)) {
    ::waitpid(pid, nullptr, 0);
    return errno_error(program, "start", "execve", code);
  }
  return Watch(request, pid, std::move(output->read), std::move(log->read), started).run();
}

void watch_for_interrupt() {
  struct sigaction action {};
  action.sa_handler = [](int signal) { interrupt_signal = signal; };
  ::sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM}) ::sigaction(signal, &action, nullptr);
}

int interrupt_requested() { return interrupt_signal; }

}  // namespace assay
