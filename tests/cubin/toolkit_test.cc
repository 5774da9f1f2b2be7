// The fatbins of the CUDA toolkit's own libraries. Where a library is not installed (the wheels that scripts/setup
// fetches hold none of them), its test is skipped and says so: nothing was checked.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "harness/base/file_system.h"
#include "harness/cubin/describe.h"
#include "harness/cubin/fatbin.h"

namespace assay::cubin {
namespace {

namespace fs = std::filesystem;

/// The library with all links resolved; empty where no toolkit has it.
fs::path find_library(const std::string& name) {
  const char* home = std::getenv("CUDA_HOME");
  for (const fs::path& toolkit : {fs::path(home == nullptr ? "" : home), fs::path("/usr/local/cuda")})
    for (const char* folder : {"lib64", "lib"}) {
      std::error_code missing;
      fs::path found = fs::canonical(toolkit / folder / name, missing);
      if (!missing) return found;
    }
  return {};
}

class ToolkitTest : public ::testing::TestWithParam<const char*> {};

/// Each entry inflates to what its header states, and each image is one of the SM and suffix of its entry.
TEST_P(ToolkitTest, EveryEntryIsReadAndAgreesWithItsImage) {
  const fs::path path = find_library(GetParam());
  if (path.empty()) GTEST_SKIP() << GetParam() << " is not installed here: its fatbins were not read";
  const auto file = read_bytes(path, std::size_t{768} << 20);
  ASSERT_TRUE(file) << file.error().message;
  const auto found = find_fatbins(*file);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_GT(found->entries.size(), 50u);
  EXPECT_GT(found->wrappers, 0u);
  for (const FatbinEntry& entry : found->entries) {
    SCOPED_TRACE(entry.offset);
    const auto image = inflate(entry);
    ASSERT_TRUE(image) << image.error().message;
    ASSERT_EQ(image->size(), entry.size);
    if (entry.kind != EntryKind::cubin) continue;
    const Result<Elf> elf = Elf::read(*image);
    ASSERT_TRUE(elf) << elf.error().message;
    const auto description = describe(*elf);
    ASSERT_TRUE(description) << description.error().message;
    EXPECT_EQ(elf->sm(), entry.sm);
    EXPECT_EQ(elf->abi(), entry.minor);
    const char suffix = description->architecture.suffix;
    EXPECT_TRUE(suffix == suffix_of(entry) || suffix == '?') << description->architecture.why;
  }
}

INSTANTIATE_TEST_SUITE_P(Libraries, ToolkitTest, ::testing::Values("libcurand.so.10", "libcublas.so.13"),
                         [](const auto& library) { return std::string(library.param).substr(0, 9); });

}  // namespace
}  // namespace assay::cubin
