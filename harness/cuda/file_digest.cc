#include "harness/cuda/file_digest.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <initializer_list>

#include "harness/base/digest.h"
#include "harness/base/file_system.h"

namespace assay::cuda {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kEntryLimit = 4096;

Result<std::string> identity_key(const fs::path& file) {
  struct stat about {};
  if (::stat(file.c_str(), &about) != 0) {
    return Error{.message = fmt::format("{}: {}", file.string(), std::strerror(errno)), .call = "stat", .code = errno};
  }
  return fmt::format("{}\n{}\n{}.{:09}\n{}:{}", file.string(), about.st_size, about.st_mtim.tv_sec,
                     about.st_mtim.tv_nsec, about.st_dev, about.st_ino);
}

/// The digest, and a digest over it and the key, so that neither a damaged nor a misplaced entry is believed.
std::string entry_text(const std::string& key, const std::string& digest) {
  return digest + "\n" + hex(sha256(key + "\n" + digest)) + "\n";
}

bool is_under(const fs::path& file, const fs::path& folder) {
  if (folder.empty()) return false;
  const auto [rest, end] = std::mismatch(folder.begin(), folder.end(), file.begin(), file.end());
  return rest == folder.end() && end != file.end();
}

bool is_under_any(const fs::path& file, std::initializer_list<const char*> folders) {
  return std::ranges::any_of(folders, [&](const char* folder) { return is_under(file, folder); });
}

bool in_project(const fs::path& file) {
  const auto program = program_folder();
  if (is_under(file, program)) return true;
  for (auto above = program; above.has_relative_path(); above = above.parent_path()) {
    if (is_under(file, above / ".deps")) return true;
  }
  return false;
}

fs::path folder_from_environment(const char* variable) {
  const char* value = std::getenv(variable);
  std::error_code failed;
  return value != nullptr && *value != '\0' ? fs::weakly_canonical(value, failed) : fs::path{};
}

bool in_toolkit(const fs::path& file) {
  const auto text = file.string();
  return text.starts_with("/usr/local/cuda") || is_under_any(file, {"/opt/cuda", "/usr/lib/cuda"}) ||
         is_under(file, folder_from_environment("CUDA_HOME")) || is_under(file, folder_from_environment("CUDA_PATH"));
}

}  // namespace

Result<std::string> cached_digest(const fs::path& file, const fs::path& cache) {
  auto key = identity_key(file);
  if (!key) return key.error();
  const auto entry = cache / hex(sha256(*key));
  if (auto known = read_file(entry, kEntryLimit)) {
    const auto digest = known->substr(0, 64);
    if (is_sha256_hex(digest) && *known == entry_text(*key, digest)) return digest;
  }
  auto fresh = sha256_file(file);
  if (!fresh) return fresh.error();
  const auto digest = hex(*fresh);
  if (make_folder(cache)) (void)write_file(entry, entry_text(*key, digest), Durable::later);
  return digest;
}

Result<std::string> cached_digest(const fs::path& file) { return cached_digest(file, cache_folder() / "digests"); }

std::string path_class(const fs::path& file) {
  if (in_project(file)) return "project";
  if (in_toolkit(file)) return "toolkit";
  if (is_under_any(file, {"/usr", "/lib", "/lib64", "/run/nvidia", "/run/opengl-driver"})) return "system";
  if (is_under(file, folder_from_environment("HOME"))) return "home";
  return "other";
}

fs::path program_folder() {
  std::error_code failed;
  return fs::read_symlink("/proc/self/exe", failed).parent_path();
}

}  // namespace assay::cuda
