#include "harness/cuda/library_search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "harness/base/file_system.h"
#include "tests/cuda/stand_in/open.h"

namespace assay::cuda {
namespace {

namespace fs = std::filesystem;

/// A toolkit folder that CUDA_HOME names, before any other place but the loader.
class LibrarySearchTest : public testing::Test {
 protected:
  LibrarySearchTest() {
    if (const char* before = std::getenv("CUDA_HOME")) before_ = before;
    ::setenv("CUDA_HOME", toolkit_.path().c_str(), 1);
  }
  ~LibrarySearchTest() override { ::setenv("CUDA_HOME", before_.c_str(), 1); }
  fs::path make(const char* folder) const {
    fs::create_directories(toolkit_.path() / folder);
    return toolkit_.path() / folder;
  }

  TemporaryFolder toolkit_;
  std::string before_;
};

TEST_F(LibrarySearchTest, KnowsTheToolkitsLayoutAndThatOfTheWheels) {
  const std::vector<fs::path> expected{make("lib64"), make("lib"), make("targets/sbsa-linux/lib"),
                                       make("nvidia/cu13/lib")};
  const auto folders = toolkit_folders();
  ASSERT_GE(folders.size(), expected.size());
  EXPECT_TRUE(std::equal(expected.begin(), expected.end(), folders.begin()));
}

TEST_F(LibrarySearchTest, TheNewestNameWinsWhereverItLies) {
  fs::copy(stand_in_path("nvml"), make("lib64") / "libassay_tool.so.12");
  fs::copy(stand_in_path("nvml"), make("nvidia/cu13/lib") / "libassay_tool.so.13");
  constexpr std::array kNames = {"libassay_tool.so.13", "libassay_tool.so.12"};
  auto library = find_library("Tool", kNames);
  ASSERT_TRUE(library);
  EXPECT_EQ(library->file(), fs::canonical(toolkit_.path() / "nvidia/cu13/lib/libassay_tool.so.13"));
}

TEST_F(LibrarySearchTest, AFruitlessSearchNamesEveryNameAndPlace) {
  make("lib64");
  constexpr std::array kNames = {"libnothing.so.2", "libnothing.so.1"};
  auto library = find_library("Nothing", kNames);
  ASSERT_FALSE(library);
  const auto& message = library.error().message;
  EXPECT_TRUE(message.starts_with("Nothing not found: no libnothing.so.2 or libnothing.so.1 in the system's loader, " +
                                  (toolkit_.path() / "lib64").string()))
      << message;
  EXPECT_TRUE(message.ends_with("; install a CUDA toolkit or run scripts/setup")) << message;
}

}  // namespace
}  // namespace assay::cuda
