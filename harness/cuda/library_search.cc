#include "harness/cuda/library_search.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "harness/cuda/file_digest.h"

namespace assay::cuda {
namespace {

namespace fs = std::filesystem;

/// The sub-folders of `folder` whose name starts with `prefix`, the last in the alphabet first.
std::vector<fs::path> children(const fs::path& folder, std::string_view prefix) {
  std::vector<fs::path> found;
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder, failed)) {
    std::error_code gone;
    if (entry.path().filename().string().starts_with(prefix) && entry.is_directory(gone)) found.push_back(entry.path());
  }
  std::ranges::sort(found, std::greater<>{});
  return found;
}

std::vector<fs::path> toolkit_roots() {
  std::vector<fs::path> roots;
  for (const char* variable : {"CUDA_HOME", "CUDA_PATH"}) {
    const char* value = std::getenv(variable);
    if (value != nullptr && *value != '\0') roots.emplace_back(value);
  }
  roots.emplace_back("/usr/local/cuda");
  std::ranges::move(children("/usr/local", "cuda-"), std::back_inserter(roots));
  roots.emplace_back("/opt/cuda");
  for (auto above = program_folder(); above.has_relative_path(); above = above.parent_path()) {
    roots.push_back(above / ".deps" / "cuda");
  }
  return roots;
}

/// A toolkit's own layout, and that of NVIDIA's wheels.
std::vector<fs::path> library_folders(const fs::path& root) {
  std::vector<fs::path> folders{root / "lib64", root / "lib"};
  for (const auto& target : children(root / "targets", "")) folders.push_back(target / "lib");
  for (const auto& wheel : children(root / "nvidia", "")) folders.push_back(wheel / "lib");
  return folders;
}

}  // namespace

std::vector<fs::path> toolkit_folders() {
  std::vector<fs::path> folders;
  for (const auto& root : toolkit_roots()) {
    for (auto& folder : library_folders(root)) {
      std::error_code failed;
      if (fs::is_directory(folder, failed)) folders.push_back(std::move(folder));
    }
  }
  return folders;
}

Result<SharedLibrary> find_library(std::string_view tool, std::span<const char* const> names) {
  const auto folders = toolkit_folders();
  for (const char* name : names) {
    if (auto by_loader = SharedLibrary::open(name)) return by_loader;
    for (const auto& folder : folders) {
      std::error_code failed;
      if (!fs::exists(folder / name, failed)) continue;
      if (auto found = SharedLibrary::open((folder / name).string())) return found;
    }
  }
  std::vector<std::string> places{"the system's loader"};
  for (const auto& folder : folders) places.push_back(folder.string());
  return Error{.message = fmt::format("{} not found: no {} in {}; install a CUDA toolkit or run scripts/setup", tool,
                                      fmt::join(names, " or "), fmt::join(places, ", ")),
               .call = "dlopen"};
}

Result<ToolIdentity> identify_tool(std::string_view tool, int major, int minor, const SharedLibrary& library) {
  const auto file = library.file();
  auto digest = cached_digest(file);
  if (!digest) return digest.error();
  return ToolIdentity{.name = std::string(tool),
                      .version = fmt::format("{}.{}", major, minor),
                      .sha256 = *digest,
                      .path_class = path_class(file)};
}

}  // namespace assay::cuda
