#include "harness/base/file_system.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdlib>

#include "harness/base/digest.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

Error over_limit(const fs::path& path, std::size_t size, std::size_t limit) {
  return {fmt::format("{}: {} bytes, over the limit of {}", path.string(), size, limit)};
}

/// Bytes is std::string or std::vector<std::byte>. The size that fstat names is a hint only: files grow, and /proc says
/// 0.
template <class Bytes>
Result<Bytes> read_whole(const fs::path& path, std::size_t limit) {
  const Result<Descriptor> file = open_regular(path.string(), Links::kRefuse);
  if (!file) return file.error();
  struct stat facts {};
  if (::fstat(file->get(), &facts) != 0) return errno_error(path.string(), "stat", "fstat", errno);
  const auto size = static_cast<std::size_t>(facts.st_size);
  if (size > limit) return over_limit(path, size, limit);
  Bytes content(size + 1, typename Bytes::value_type{});
  for (std::size_t filled = 0;;) {
    const std::ptrdiff_t count = read_some(*file, content.data() + filled, content.size() - filled);
    if (count < 0) return errno_error(path.string(), "read", "read", errno);
    filled += static_cast<std::size_t>(count);
    if (filled > limit) return over_limit(path, filled, limit);
    if (count == 0) {
      content.resize(filled);
      return content;
    }
    if (filled == content.size()) content.resize(filled + (std::size_t{1} << 16));
  }
}

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// A name beside the target that no other writer picks.
fs::path name_beside(const fs::path& path) {
  std::array<std::byte, 8> salt;
  random_bytes(salt);
  return path.string() + "." + hex(salt) + ".partial";
}

/// Writes and syncs a file that must not exist; an error names `path`, the file that the caller wants.
Status write_new(const fs::path& partial, const fs::path& path, std::string_view content, Durable durable,
                 mode_t mode = 0666) {
  const Descriptor file(::open(partial.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!file) return errno_error(path.string(), "create", "open", errno);
  if (const int code = write_all(file, content)) return errno_error(path.string(), "write", "write", code);
  if (durable == Durable::now && ::fsync(file.get()) != 0) return errno_error(path.string(), "sync", "fsync", errno);
  return ok();
}

/// Makes a name that was created or replaced in the folder survive a power loss; not every file system can, so no
/// error.
void sync_folder_of(const fs::path& path) {
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  const Descriptor handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (handle) ::fsync(handle.get());
}

fs::path home_folder() {
  if (const char* home = std::getenv("HOME"); home && *home == '/') return home;
  const passwd* user = ::getpwuid(::getuid());
  return user ? user->pw_dir : "/";
}

/// The XDG base directory specification: a value that is not an absolute path is ignored.
fs::path base_folder(const char* variable, const char* below_home) {
  const char* chosen = std::getenv(variable);
  return (chosen && *chosen == '/' ? fs::path(chosen) : home_folder() / below_home) / "assay";
}

/// The same answer for every user of the host, so it may depend on the folder's mode but not on who asks.
fs::path lock_folder() {
  struct stat facts {};
  const bool shared = ::stat("/run/lock", &facts) == 0 && S_ISDIR(facts.st_mode) && (facts.st_mode & S_IWOTH) != 0;
  return shared ? "/run/lock" : "/tmp";
}

/// Opens the lock file, and creates it only where it is missing: in a sticky folder the kernel refuses O_CREAT on
/// another user's file (fs.protected_regular).
Result<Descriptor> open_lock(const std::string& path) {
  for (;;) {
    Result<Descriptor> file = open_regular(path, Links::kRefuse);
    if (file || file.error().code != ENOENT) return file;
    const Descriptor made(::open(path.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666));
    if (!made && errno != EEXIST) return errno_error(path, "create", "open", errno);
    if (made) ::fchmod(made.get(), 0666);  // What the umask took, so that the next user can open it.
  }
}

}  // namespace

Result<std::string> read_file(const fs::path& path, std::size_t limit) { return read_whole<std::string>(path, limit); }
Result<std::vector<std::byte>> read_bytes(const fs::path& path, std::size_t limit) {
  return read_whole<std::vector<std::byte>>(path, limit);
}

Status write_file(const fs::path& path, std::string_view content, Durable durable) {
  const fs::path partial = name_beside(path);
  Status written = write_new(partial, path, content, durable);
  if (written && ::rename(partial.c_str(), path.c_str()) != 0)
    written = errno_error(path.string(), "replace", "rename", errno);
  if (!written) {
    ::unlink(partial.c_str());
    return written;
  }
  if (durable == Durable::now) sync_folder_of(path);
  return ok();
}
Status write_file(const fs::path& path, std::span<const std::byte> content, Durable durable) {
  return write_file(path, as_text(content), durable);
}

Status create_file(const fs::path& path, std::string_view content, Readers readers) {
  Status written = write_new(path, path, content, Durable::now, readers == Readers::kOwner ? 0600 : 0666);
  if (!written && written.error().call != "open") ::unlink(path.c_str());
  if (written) sync_folder_of(path);
  return written;
}
Status create_file(const fs::path& path, std::span<const std::byte> content, Readers readers) {
  return create_file(path, as_text(content), readers);
}

Status sync_file_system_of(const fs::path& folder) {
  const Descriptor handle(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!handle) return errno_error(folder.string(), "open the folder", "open", errno);
  if (::syncfs(handle.get()) != 0) return errno_error(folder.string(), "sync", "syncfs", errno);
  return ok();
}

Result<AppendFile> AppendFile::create(const fs::path& path) {
  Descriptor file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666));
  if (!file) return errno_error(path.string(), "create", "open", errno);
  sync_folder_of(path);
  return AppendFile(std::move(file), path);
}

Status AppendFile::append(std::string_view line_with_newline, Durable durable) {
  const off_t end = ::lseek(file_.get(), 0, SEEK_END);
  int code = end < 0 ? errno : write_all(file_, line_with_newline);
  if (code == 0 && durable == Durable::now && ::fdatasync(file_.get()) != 0) code = errno;
  if (code == 0) return ok();
  if (end >= 0 && ::ftruncate(file_.get(), end) != 0)
    return errno_error(path_.string(), "take back a half-written line", "ftruncate", errno);
  return errno_error(path_.string(), "append", "write", code);
}

Status make_folder(const fs::path& path) {
  std::error_code code;
  fs::create_directories(path, code);
  if (code) return errno_error(path.string(), "create the folder", "mkdir", code.value());
  return ok();
}

TemporaryFolder::TemporaryFolder() {
  std::error_code code;
  fs::path parent = fs::temp_directory_path(code);
  if (code) parent = "/tmp";
  std::string pattern = parent / "assay-XXXXXX";
  path_ = pattern;
  if (::mkdtemp(pattern.data())) path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

fs::path cache_folder() { return base_folder("XDG_CACHE_HOME", ".cache"); }
fs::path state_folder() { return base_folder("XDG_STATE_HOME", ".local/state"); }

Result<HostLock> HostLock::acquire(std::string_view name) {
  const bool plain = std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '.'; });
  if (!plain) return Error{fmt::format("lock '{}': expected letters, digits, '-' and '.'", name)};
  const std::string path = lock_folder() / fmt::format("assay-{}.lock", name);
  Result<Descriptor> file = open_lock(path);
  if (!file) return std::move(file).error();
  if (::flock(file->get(), LOCK_EX | LOCK_NB) == 0) return HostLock(*std::move(file));
  if (errno != EWOULDBLOCK) return errno_error(path, "lock", "flock", errno);
  return Error{.message = path + ": another process holds this lock; wait until it ends",
               .call = "flock",
               .code = EWOULDBLOCK,
               .name = "EWOULDBLOCK"};
}

}  // namespace assay
