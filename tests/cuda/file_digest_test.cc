#include "harness/cuda/file_digest.h"

#include <gtest/gtest.h>

#include "harness/base/digest.h"
#include "harness/base/file_system.h"

namespace assay::cuda {
namespace {

namespace fs = std::filesystem;

class FileDigestTest : public testing::Test {
 protected:
  FileDigestTest() { EXPECT_TRUE(write_file(file_, "library")); }
  std::string digest() const {
    auto found = cached_digest(file_, cache_);
    return found ? *found : found.error().message;
  }
  fs::path only_entry() const { return fs::directory_iterator(cache_)->path(); }

  TemporaryFolder folder_;
  fs::path file_ = folder_.path() / "lib.so", cache_ = folder_.path() / "digests";
  std::string library_ = hex(sha256("library"));
};

TEST_F(FileDigestTest, IsTheFilesAndIsKept) {
  EXPECT_EQ(digest(), library_);
  const auto kept = *read_file(only_entry());
  EXPECT_TRUE(kept.starts_with(library_ + "\n"));
  EXPECT_EQ(digest(), library_);
}

TEST_F(FileDigestTest, AChangedFileIsAnotherKey) {
  EXPECT_EQ(digest(), library_);
  ASSERT_TRUE(write_file(file_, "yrarbil"));
  EXPECT_EQ(digest(), hex(sha256("yrarbil")));
}

TEST_F(FileDigestTest, ADamagedEntryIsAMiss) {
  EXPECT_EQ(digest(), library_);
  const auto entry = only_entry();
  const auto wrong = hex(sha256("another"));
  for (const auto& content : {std::string(), wrong + "\n", wrong + read_file(entry)->substr(64), library_}) {
    ASSERT_TRUE(write_file(entry, content));
    EXPECT_EQ(digest(), library_) << content;
  }
}

TEST_F(FileDigestTest, AMissingFileIsAnErrorThatNamesIt) {
  auto missing = cached_digest(folder_.path() / "none.so", cache_);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().message, (folder_.path() / "none.so").string() + ": No such file or directory");
}

TEST(PathClassTest, SaysWhereAFileLiesWithoutThePath) {
  EXPECT_EQ(path_class(program_folder() / "emulated/libcuda.so.1"), "project");
  EXPECT_EQ(path_class(program_folder().parent_path() / ".deps/cuda/lib/libnvrtc.so.13"), "project");
  EXPECT_EQ(path_class("/usr/local/cuda-13.0/lib64/libnvrtc.so.13"), "toolkit");
  EXPECT_EQ(path_class("/usr/lib/aarch64-linux-gnu/libcuda.so.580.159.04"), "system");
  EXPECT_EQ(path_class("/library/libcuda.so.1"), "other");
}

}  // namespace
}  // namespace assay::cuda
