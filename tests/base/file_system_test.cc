#include "harness/base/file_system.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <optional>

namespace assay {
namespace {

namespace fs = std::filesystem;

/// No file of this process may grow over `bytes` while this lives: the kernel's refusal that any user can have, and on
/// the same path as a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit lower{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &lower);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  void (*handler_)(int);
  rlimit before_{};
};

/// An environment variable, given back at the end.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    value ? ::setenv(name, value, 1) : ::unsetenv(name);
  }
  ~Variable() { before_ ? ::setenv(name_, before_->c_str(), 1) : ::unsetenv(name_); }

 private:
  const char* name_;
  std::optional<std::string> before_;
};

std::size_t files_in(const fs::path& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), {}));
}

// --- Reading ---

TEST(ReadFileTest, GivesTheExactBytes) {
  const TemporaryFolder folder;
  const std::string content("a\0b\r\n", 5);
  ASSERT_TRUE(write_file(folder.path() / "f", content));
  EXPECT_EQ(*read_file(folder.path() / "f"), content);
  const Result<std::vector<std::byte>> bytes = read_bytes(folder.path() / "f");
  ASSERT_TRUE(bytes);
  EXPECT_TRUE(std::ranges::equal(*bytes, std::as_bytes(std::span(content))));
}

TEST(ReadFileTest, ReadsAFileWhoseSizeIsNotKnown) {
  struct stat facts {};
  ASSERT_EQ(::stat("/proc/self/status", &facts), 0);
  ASSERT_EQ(facts.st_size, 0);
  const Result<std::string> text = read_file("/proc/self/status");
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_TRUE(text->starts_with("Name:"));
  EXPECT_TRUE(text->ends_with("\n"));
  EXPECT_FALSE(read_file("/proc/self/status", 10));
}

TEST(ReadFileTest, HoldsTheLimit) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "f";
  ASSERT_TRUE(write_file(path, std::string_view("12345")));
  EXPECT_EQ(*read_file(path, 5), "12345");
  EXPECT_EQ(read_file(path, 4).error().message, path.string() + ": 5 bytes, over the limit of 4");
  fs::resize_file(path, 1u << 30);
  EXPECT_EQ(read_bytes(path).error().message, path.string() + ": 1073741824 bytes, over the limit of 67108864");
}

TEST(ReadFileTest, NamesTheMissingFile) {
  const Error error = read_file("/nowhere/f").error();
  EXPECT_EQ(error.message, "/nowhere/f: cannot open: No such file or directory");
  EXPECT_EQ(error.name, "ENOENT");
}

TEST(ReadFileTest, RefusesWhatIsNoFile) {
  const TemporaryFolder folder;
  const std::string at = folder.path().string();
  ASSERT_TRUE(write_file(folder.path() / "f", std::string_view("x")));
  fs::create_symlink("f", folder.path() / "link");
  ASSERT_EQ(::mkfifo((at + "/pipe").c_str(), 0600), 0);
  EXPECT_EQ(read_file(at).error().message, at + ": is a folder, expected a file");
  EXPECT_EQ(read_file(at + "/link").error().message, at + "/link: is a link, expected a file");
  EXPECT_EQ(read_file(at + "/pipe").error().message, at + "/pipe: is a pipe, expected a file");
  EXPECT_EQ(read_file("/dev/zero").error().message, "/dev/zero: is a device, expected a file");
}

// --- Writing ---

TEST(WriteFileTest, ReplacesTheWholeFile) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "f";
  ASSERT_TRUE(write_file(path, std::string_view("longer before")));
  ASSERT_TRUE(write_file(path, std::as_bytes(std::span(std::string_view("new")))));
  EXPECT_EQ(*read_file(path), "new");
  EXPECT_EQ(files_in(folder.path()), 1u);
}

TEST(WriteFileTest, ReplacesALinkAndNotItsTarget) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_file(folder.path() / "target", std::string_view("kept")));
  fs::create_symlink("target", folder.path() / "link");
  ASSERT_TRUE(write_file(folder.path() / "link", std::string_view("new")));
  EXPECT_EQ(*read_file(folder.path() / "target"), "kept");
  EXPECT_EQ(*read_file(folder.path() / "link"), "new");
}

TEST(WriteFileTest, ARefusedWriteLeavesTheOldFileAndNothingBeside) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "f";
  ASSERT_TRUE(write_file(path, std::string_view("old")));
  const FileSizeLimit limit(4096);
  const Status written = write_file(path, std::string(4097, 'x'));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().message, path.string() + ": cannot write: File too large");
  EXPECT_EQ(written.error().name, "EFBIG");
  EXPECT_EQ(*read_file(path), "old");
  EXPECT_EQ(files_in(folder.path()), 1u);
}

TEST(WriteFileTest, NamesTheTargetThatCannotBe) {
  const TemporaryFolder folder;
  const std::string at = folder.path().string();
  EXPECT_EQ(write_file(at + "/no/f", std::string_view("x")).error().message,
            at + "/no/f: cannot create: No such file or directory");
  ASSERT_TRUE(make_folder(at + "/folder"));
  EXPECT_EQ(write_file(at + "/folder", std::string_view("x")).error().message,
            at + "/folder: cannot replace: Is a directory");
  EXPECT_EQ(files_in(folder.path()), 1u);
}

// --- Appending ---

TEST(CreateFileTest, WritesOnlyWhereNothingIs) {
  TemporaryFolder folder;
  const auto path = folder.path() / "new", link = folder.path() / "link";
  const std::string text = "first";
  ASSERT_TRUE(create_file(path, std::as_bytes(std::span(text))));
  EXPECT_EQ(*read_file(path), "first");
  const Status again = create_file(path, std::string_view());
  EXPECT_EQ(again.error().message, path.string() + ": cannot create: File exists");
  EXPECT_EQ(again.error().code, EEXIST);
  EXPECT_EQ(*read_file(path), "first");
  std::filesystem::create_symlink(folder.path() / "nowhere", link);
  EXPECT_EQ(create_file(link, std::string_view()).error().message, link.string() + ": cannot create: File exists");
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "nowhere"));
}

TEST(CreateFileTest, NamesTheFileThatCannotBe) {
  TemporaryFolder folder;
  const auto path = folder.path() / "no folder" / "new";
  EXPECT_EQ(create_file(path, std::string_view()).error().message,
            path.string() + ": cannot create: No such file or directory");
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(AppendFileTest, EachLineIsThereWhenAppendReturns) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "log";
  Result<AppendFile> log = AppendFile::create(path);
  ASSERT_TRUE(log) << log.error().message;
  ASSERT_TRUE(log->append("one\n"));
  EXPECT_EQ(*read_file(path), "one\n");
  AppendFile moved = *std::move(log);
  ASSERT_TRUE(moved.append("two\n"));
  EXPECT_EQ(*read_file(path), "one\ntwo\n");
}

TEST(AppendFileTest, RefusesAFileThatIsThere) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "log";
  ASSERT_TRUE(write_file(path, std::string_view("history\n")));
  EXPECT_EQ(AppendFile::create(path).error().message, path.string() + ": cannot create: File exists");
  EXPECT_EQ(*read_file(path), "history\n");
}

TEST(AppendFileTest, TakesBackALineThatDidNotFit) {
  const TemporaryFolder folder;
  const fs::path path = folder.path() / "log";
  Result<AppendFile> log = AppendFile::create(path);
  ASSERT_TRUE(log);
  ASSERT_TRUE(log->append("one\n"));
  {
    const FileSizeLimit limit(8);
    const Status appended = log->append("0123456789\n");
    ASSERT_FALSE(appended);
    EXPECT_EQ(appended.error().message, path.string() + ": cannot append: File too large");
  }
  EXPECT_EQ(*read_file(path), "one\n");
  ASSERT_TRUE(log->append("two\n"));
  EXPECT_EQ(*read_file(path), "one\ntwo\n");
}

// --- Folders ---

TEST(FolderTest, MakesParentsAndAcceptsWhatIsThere) {
  const TemporaryFolder folder;
  EXPECT_TRUE(make_folder(folder.path() / "a/b/c"));
  EXPECT_TRUE(make_folder(folder.path() / "a/b/c"));
  EXPECT_TRUE(fs::is_directory(folder.path() / "a/b/c"));
}

TEST(FolderTest, NamesTheFileInTheWay) {
  const TemporaryFolder folder;
  const std::string file = folder.path() / "f";
  ASSERT_TRUE(write_file(file, std::string_view("x")));
  EXPECT_EQ(make_folder(file).error().message, file + ": cannot create the folder: Not a directory");
  EXPECT_EQ(make_folder(file + "/g").error().message, file + "/g: cannot create the folder: Not a directory");
}

TEST(TemporaryFolderTest, GoesWithAllInIt) {
  fs::path path;
  {
    const TemporaryFolder folder, other;
    path = folder.path();
    EXPECT_NE(path, other.path());
    EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_all);
    ASSERT_TRUE(make_folder(path / "a"));
    ASSERT_TRUE(write_file(path / "a/f", std::string_view("x")));
  }
  EXPECT_FALSE(fs::exists(path));
}

TEST(TemporaryFolderTest, AnUnusableTmpdirIsNotFatal) {
  const Variable variable("TMPDIR", "/nowhere");
  const TemporaryFolder folder;
  EXPECT_EQ(folder.path().parent_path(), "/tmp");
  EXPECT_TRUE(fs::is_directory(folder.path()));
}

TEST(XdgTest, TheVariablesDecide) {
  const Variable cache("XDG_CACHE_HOME", "/c"), state("XDG_STATE_HOME", "/s");
  EXPECT_EQ(cache_folder(), "/c/assay");
  EXPECT_EQ(state_folder(), "/s/assay");
}

TEST(XdgTest, RelativeOrMissingMeansBelowHome) {
  const Variable home("HOME", "/h"), cache("XDG_CACHE_HOME", "relative"), state("XDG_STATE_HOME", nullptr);
  EXPECT_EQ(cache_folder(), "/h/.cache/assay");
  EXPECT_EQ(state_folder(), "/h/.local/state/assay");
}

TEST(XdgTest, WithoutHomeTheUserDatabaseAnswers) {
  const Variable home("HOME", nullptr), cache("XDG_CACHE_HOME", nullptr);
  EXPECT_TRUE(cache_folder().is_absolute());
  EXPECT_TRUE(cache_folder().string().ends_with("/.cache/assay"));
}

// --- Locks ---

/// A name that no other run of this test uses.
std::string lock_name() { return "test-" + std::to_string(::getpid()); }

/// Where acquire put the file; removed by the test.
fs::path lock_file() {
  const fs::path name = "assay-" + lock_name() + ".lock";
  return fs::exists("/run/lock" / name) ? "/run/lock" / name : "/tmp" / name;
}

TEST(HostLockTest, OneHolderAtATime) {
  {
    Result<HostLock> first = HostLock::acquire(lock_name());
    ASSERT_TRUE(first) << first.error().message;
    const Result<HostLock> second = HostLock::acquire(lock_name());
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().message, lock_file().string() + ": another process holds this lock; wait until it ends");
    EXPECT_EQ(second.error().code, EWOULDBLOCK);
    const HostLock moved = *std::move(first);
    EXPECT_FALSE(HostLock::acquire(lock_name()));
  }
  EXPECT_TRUE(HostLock::acquire(lock_name()));
  fs::remove(lock_file());
}

TEST(HostLockTest, AnotherProcessIsKeptOutAndItsEndFreesTheLock) {
  int ready[2], done[2];
  ASSERT_EQ(::pipe(ready), 0);
  ASSERT_EQ(::pipe(done), 0);
  const std::string name = lock_name();
  const pid_t child = ::fork();
  if (child == 0) {
    ::close(done[1]);
    const Result<HostLock> lock = HostLock::acquire(name);
    char byte = lock ? '1' : '0';
    const bool told = ::write(ready[1], &byte, 1) == 1;
    const bool waited = ::read(done[0], &byte, 1) == 0;
    ::_exit(told && waited ? 0 : 1);  // Without destructors: the kernel lets go of the lock.
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ASSERT_EQ(byte, '1');
  EXPECT_FALSE(HostLock::acquire(lock_name()));
  ::close(done[1]);
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(HostLock::acquire(lock_name()));
  for (const int end : {ready[0], ready[1], done[0]}) ::close(end);
  fs::remove(lock_file());
}

TEST(HostLockTest, EveryUserCanOpenTheFile) {
  const mode_t before = ::umask(0077);
  const Result<HostLock> lock = HostLock::acquire(lock_name());
  ::umask(before);
  ASSERT_TRUE(lock) << lock.error().message;
  EXPECT_EQ(fs::status(lock_file()).permissions(), static_cast<fs::perms>(0666));
  fs::remove(lock_file());
}

TEST(HostLockTest, RefusesAPlantedLink) {
  { ASSERT_TRUE(HostLock::acquire(lock_name())); }
  const fs::path path = lock_file();
  fs::remove(path);
  fs::create_symlink("/etc/passwd", path);
  EXPECT_EQ(HostLock::acquire(lock_name()).error().message, path.string() + ": is a link, expected a file");
  fs::remove(path);
}

TEST(HostLockTest, RefusesNamesThatArePaths) {
  EXPECT_EQ(HostLock::acquire("../x").error().message, "lock '../x': expected letters, digits, '-' and '.'");
}

}  // namespace
}  // namespace assay
