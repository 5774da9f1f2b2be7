// A real program in a world of its own: private home, state, cache and temporary folders, an environment without the
// machine's CUDA settings, and limits that a test chooses. How it ended and all it said come back as values.
#pragma once

#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "harness/base/file_system.h"

namespace assay::test {

inline std::string text_of(const std::filesystem::path& file) {
  const Result<std::string> text = read_file(file);
  return text ? *text : "";
}

/// Held by one process at a time; the others wait.
class Turn {
 public:
  explicit Turn(const std::filesystem::path& file) : file_(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666)) {
    ::flock(file_, LOCK_EX);
  }
  ~Turn() { ::close(file_); }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  int file_;
};

/// How a program ended; `code` is -1 if `signal` ended it.
struct Ended {
  int code = -1;
  int signal = 0;
  std::string out, err;
};

/// What a start differs in from the usual one.
struct Start {
  std::vector<std::string> arguments;
  std::filesystem::path input = "/dev/null", output;  ///< Empty output: kept, and returned in Ended.
  std::map<std::string, std::string> environment;     ///< Beside the sandbox's own.
  std::function<void()> before;                       ///< In the child before exec: limits, terminals.
};

/// A started program; ends with its owner.
class Program {
 public:
  Program(pid_t pid, std::filesystem::path out, std::filesystem::path err)
      : pid_(pid), out_(std::move(out)), err_(std::move(err)) {}
  Program(Program&& other) noexcept
      : pid_(std::exchange(other.pid_, 0)), out_(std::move(other.out_)), err_(std::move(other.err_)) {}
  Program& operator=(Program&&) = delete;
  ~Program() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }

  void signal(int number) const { ::kill(pid_, number); }

  Ended wait() {
    int status = 0;
    ::waitpid(std::exchange(pid_, 0), &status, 0);
    Ended ended;
    if (WIFEXITED(status)) ended.code = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) ended.signal = WTERMSIG(status);
    ended.out = text_of(out_);
    ended.err = text_of(err_);
    return ended;
  }

 private:
  pid_t pid_;
  std::filesystem::path out_, err_;
};

/// The world of one test.
class Sandbox {
 public:
  explicit Sandbox(std::string program) : program_(std::move(program)) {
    for (const char* folder : {"home", "cache", "state", "tmp"}) (void)make_folder(path(folder));
  }
  /// The lock of this sandbox's device is the one thing that is kept outside it.
  ~Sandbox() {
    for (const char* folder : {"/run/lock", "/tmp"}) {
      std::error_code ignored;
      std::filesystem::remove(std::filesystem::path(folder) / ("assay-device-" + device() + ".lock"), ignored);
    }
  }
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  std::filesystem::path path(std::string_view name) const { return root_.path() / name; }
  /// A device of its own, so that tests which run side by side do not wait for each other's lock.
  std::string device() const { return "GPU-" + root_.path().filename().string(); }

  Program start(const Start& what) {
    const std::filesystem::path out = what.output.empty() ? path("out") : what.output, err = path("err");
    std::vector<std::string> words = what.arguments, variables = environment(what);
    words.insert(words.begin(), program_);
    std::vector<char*> argv = pointers(words), envp = pointers(variables);
    const pid_t pid = ::fork();
    if (pid == 0) {
      attach(what.input, O_RDONLY, STDIN_FILENO);
      attach(out, O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
      attach(err, O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO);
      if (what.before) what.before();
      ::execve(argv[0], argv.data(), envp.data());
      ::_exit(126);
    }
    return Program(pid, what.output.empty() ? out : std::filesystem::path(), err);
  }
  Ended run(const Start& what) { return start(what).wait(); }
  Ended run(std::vector<std::string> arguments) { return run(Start{.arguments = std::move(arguments)}); }

  /// Processes of this sandbox that are alive: each carries its home folder in its environment.
  std::vector<pid_t> alive() const {
    std::vector<pid_t> found;
    std::error_code failed;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", failed)) {
      const std::string name = entry.path().filename().string();
      if (name.find_first_not_of("0123456789") != std::string::npos) continue;
      const Result<std::string> variables = read_file(entry.path() / "environ");
      if (variables && variables->find("HOME=" + path("home").string()) != std::string::npos)
        found.push_back(std::stoi(name));
    }
    return found;
  }

 private:
  static void attach(const std::filesystem::path& file, int flags, int number) {
    const int opened = ::open(file.c_str(), flags, 0666);
    if (opened < 0 || ::dup2(opened, number) < 0) ::_exit(125);
    ::close(opened);
  }
  static std::vector<char*> pointers(std::vector<std::string>& strings) {
    std::vector<char*> all;
    for (std::string& text : strings) all.push_back(text.data());
    all.push_back(nullptr);
    return all;
  }
  /// PATH and the place of the toolkit are the machine's; all else is the sandbox's.
  std::vector<std::string> environment(const Start& what) const {
    std::map<std::string, std::string> variables{{"HOME", path("home").string()},
                                                 {"XDG_CACHE_HOME", path("cache").string()},
                                                 {"XDG_STATE_HOME", path("state").string()},
                                                 {"TMPDIR", path("tmp").string()}};
    for (const char* kept : {"PATH", "CUDA_HOME", "CUDA_PATH", "ASAN_OPTIONS"})
      if (const char* value = std::getenv(kept)) variables[kept] = value;
    for (const auto& [name, value] : what.environment) variables[name] = value;
    std::vector<std::string> lines;
    for (const auto& [name, value] : variables) lines.push_back(name + "=" + value);
    return lines;
  }

  std::string program_;
  TemporaryFolder root_;
};

/// Waits until something holds that is bound to, with an end that only a broken program meets.
inline bool eventually(const std::function<bool()>& holds) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

inline std::size_t lines_of(std::string_view text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace assay::test
