// Files, the way a recorder of evidence needs them: whole, bounded, never through links, and with errors that name the
// file. Tested by tests/base/file_system_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/descriptor.h"
#include "harness/base/result.h"

namespace assay {

/// Reads a regular file without following a link at its last component. Errors: missing, a folder, a link or device,
/// larger than `limit` bytes.
Result<std::string> read_file(const std::filesystem::path&, std::size_t limit = 64u << 20);
Result<std::vector<std::byte>> read_bytes(const std::filesystem::path&, std::size_t limit = 64u << 20);

/// When a written file must survive a power cut: when the call returns, or once its file system is synced. Either way
/// it survives the end of this process, and is there whole or not at all.
enum class Durable { now, later };

/// Writes beside the target and renames over it. An error (full disk, unwritable folder) names the file.
Status write_file(const std::filesystem::path&, std::string_view content, Durable = Durable::now);
Status write_file(const std::filesystem::path&, std::span<const std::byte> content, Durable = Durable::now);

/// Who may read a new file: whom the umask lets, or its owner alone from its first moment on.
enum class Readers { kUmask, kOwner };

/// Writes a file that must not exist yet, durable at once; EEXIST where anything, a link included, has its name.
Status create_file(const std::filesystem::path&, std::span<const std::byte> content, Readers = Readers::kUmask);
Status create_file(const std::filesystem::path&, std::string_view content, Readers = Readers::kUmask);

/// Makes everything that was written to the file system of this folder durable.
Status sync_file_system_of(const std::filesystem::path& folder);

/// An append-only file; with Durable::now a line, and all before it, is on disk when append returns. A line that could
/// not be written whole is taken back.
class AppendFile {
 public:
  /// Error: the file exists already.
  static Result<AppendFile> create(const std::filesystem::path&);
  Status append(std::string_view line_with_newline, Durable = Durable::now);

 private:
  AppendFile(Descriptor file, std::filesystem::path path) : file_(std::move(file)), path_(std::move(path)) {}
  Descriptor file_;
  std::filesystem::path path_;
};

/// Creates the folder and its parents.
Status make_folder(const std::filesystem::path&);
/// A new folder under the system's temporary folder, removed with all in it at the end of its owner's life. If it
/// cannot be made, path() names a folder that is not there, and the first write into it says so.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// $XDG_CACHE_HOME/assay or ~/.cache/assay; $XDG_STATE_HOME/assay or ~/.local/state/assay. Not created.
std::filesystem::path cache_folder();
std::filesystem::path state_folder();

/// One exclusive lock for all processes of this host, held until destruction or process end.
class HostLock {
 public:
  /// `name`: letters, digits, '-' and '.'. Error, code EWOULDBLOCK: another process holds it.
  static Result<HostLock> acquire(std::string_view name);

 private:
  explicit HostLock(Descriptor file) : file_(std::move(file)) {}
  Descriptor file_;
};

}  // namespace assay
