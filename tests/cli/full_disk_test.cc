// A disk that takes no more: the file is named, and the records before it are still there.
#include <sys/mount.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>

#include "tests/cli/process_test.h"

namespace assay::cli {
namespace {

using ::testing::ContainsRegex;

class FullDiskTest : public ProcessTest {
 protected:
  std::vector<std::string> words(const std::string& folder) const {
    return run_into(folder, {"--quiet", "--driver", stand_in("no_device")});
  }
  void expect_intact_up_to_the_end(const std::string& folder) {
    const Ended verified = verify(folder);
    EXPECT_EQ(verified.code, 4);
    EXPECT_THAT(verified.out, ContainsRegex("\n  gates.jsonl: truncated after record [0-9]+ \\([a-z]"));
    EXPECT_EQ(test::lines_of(verified.out), 2u) << verified.out;
  }
};

TEST_F(FullDiskTest, AFileThatMayNotGrowIsNamed) {
  const Ended ended = assay({.arguments = words("bundle"), .before = [] {
                               std::signal(SIGXFSZ, SIG_IGN);
                               const rlimit limit{40'000, 40'000};
                               ::setrlimit(RLIMIT_FSIZE, &limit);
                             }});
  EXPECT_EQ(ended.code, 3);
  EXPECT_EQ(ended.err, "assay run: " + at("bundle/gates.jsonl") + ": cannot append: File too large\n");
  EXPECT_EQ(ended.out, "");
  expect_intact_up_to_the_end("bundle");
}

/// A file system of 256 KiB, where this user may mount one.
class SmallFileSystem {
 public:
  explicit SmallFileSystem(std::filesystem::path at) : at_(std::move(at)) {
    std::filesystem::create_directories(at_);
    mounted_ = ::mount("tmpfs", at_.c_str(), "tmpfs", 0, "size=256k") == 0;
  }
  ~SmallFileSystem() {
    if (mounted_) ::umount2(at_.c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }

 private:
  std::filesystem::path at_;
  bool mounted_ = false;
};

TEST_F(FullDiskTest, AFullFileSystemIsNamed) {
  const SmallFileSystem disk(at("disk"));
  if (!disk.mounted()) GTEST_SKIP() << "this user may not mount a tmpfs; AFileThatMayNotGrowIsNamed stands in";
  const Ended ended = assay(words("disk/bundle"));
  EXPECT_EQ(ended.code, 3);
  EXPECT_THAT(ended.err, StartsWith("assay run: " + at("disk/bundle") + "/"));
  EXPECT_THAT(ended.err, EndsWith(": No space left on device\n"));
  EXPECT_EQ(test::lines_of(ended.err), 1u);
  expect_intact_up_to_the_end("disk/bundle");
}

// Of the folders where nobody can make one, /proc is the one that even root meets.
TEST_F(FullDiskTest, ATemporaryFolderThatCannotBeMadeIsNamed) {
  const Ended ended = assay({.arguments = words("bundle"), .environment = {{"TMPDIR", "/proc"}}});
  EXPECT_EQ(ended.code, 3);
  EXPECT_THAT(ended.err, ContainsRegex("^assay run: /proc/assay-XXXXXX/[0-9a-f]+: cannot open: No such file"));
  EXPECT_EQ(test::lines_of(ended.err), 1u) << ended.err;
}

TEST_F(FullDiskTest, AResultThatNobodyGotIsNoSuccess) {
  for (const char* command : {"gates", "verify"}) {
    std::vector<std::string> all{command, "--json"};
    if (command == std::string("verify")) {
      write("bundle/gates.jsonl", "");
      all.push_back(at("bundle"));
    }
    const Ended ended = assay({.arguments = all, .output = "/dev/full"});
    EXPECT_EQ(ended.code, 3);
    EXPECT_THAT(ended.err, HasSubstr("No space left on device"));
    EXPECT_EQ(test::lines_of(ended.err), 1u);
  }
}

}  // namespace
}  // namespace assay::cli
