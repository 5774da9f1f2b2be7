// A conversion that goes on where an earlier one ended, after every way in which that may have been.
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "kernels/artifact/convert.h"
#include "tests/artifact/convert_test.h"
#include "tests/artifact/malformed.h"
#include "tests/artifact/masters.h"

namespace assay::artifact {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kSmallFiles = 100'000;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
    lines.push_back(text.substr(at, text.find('\n', at) + 1 - at));
  return lines;
}

class ResumeTest : public ConvertTest {
 protected:
  fs::path journal() const { return at("out.part") / kConversionJournal; }
  std::vector<std::string> journal_lines() const {
    return lines_of(files_below(at("out.part")).at(".conversion.jsonl"));
  }
  /// The journal's first `count` lines: the conversion it is of, and one file a line.
  void keep_lines(std::size_t count) const {
    std::string text;
    const std::vector<std::string> lines = journal_lines();
    ASSERT_GT(lines.size(), count);
    for (std::size_t i = 0; i < count; ++i) text += lines[i];
    put(journal(), text);
  }
  static ino_t inode(const fs::path& file) {
    struct stat status {};
    return ::stat(file.c_str(), &status) == 0 ? status.st_ino : 0;
  }
  fs::path shard(std::size_t number, std::size_t files) const {
    return at("out.part") / fmt::format("model-{:05}-of-{:05}.safetensors", number, files);
  }
  /// A second conversion after the first: how many files it took over. Its bytes and its report must be those of one
  /// that was not interrupted.
  std::size_t resume(const ConvertOptions& options) {
    convert("whole", options);
    const Result<Conversion> whole = tensors_into("again", options);
    const Result<Conversion> done = tensors_into("out", options);
    EXPECT_EQ(message(done), "accepted");
    EXPECT_EQ(message(finish("out", options)), "accepted");
    if (!done || !whole) return 0;
    EXPECT_TRUE(files_below(at("out")) == files_below(at("whole")));
    EXPECT_EQ(done->files, whole->files);
    EXPECT_EQ(done->bytes_after, whole->bytes_after);
    EXPECT_EQ(done->modules.size(), whole->modules.size());
    for (std::size_t i = 0; i < done->modules.size(); ++i) {
      EXPECT_EQ(done->modules[i].module, whole->modules[i].module);
      EXPECT_EQ(done->modules[i].outputs, whole->modules[i].outputs);
      EXPECT_EQ(done->modules[i].inputs, whole->modules[i].inputs);
      EXPECT_EQ(done->modules[i].tensor_scale, whole->modules[i].tensor_scale);
      EXPECT_EQ(done->modules[i].noise.signal, whole->modules[i].noise.signal);
      EXPECT_EQ(done->modules[i].noise.noise, whole->modules[i].noise.noise);
    }
    return done->files_resumed;
  }

  const ConvertOptions options_{.threads = 2, .file_bytes = kSmallFiles};
};

TEST_F(ResumeTest, FinishedFilesAreTakenOver) {
  const Result<Conversion> first = tensors_into("out", options_);
  ASSERT_TRUE(first) << first.error().message;
  ASSERT_GT(first->files, 4u);
  // As it was when the third file was half written.
  keep_lines(3);
  for (std::size_t i = 3; i <= first->files; ++i) fs::remove(shard(i, first->files));
  fs::remove(at("out.part") / "model.safetensors.index.json");
  put(shard(3, first->files).string() + ".part", "half");
  const ino_t kept = inode(shard(1, first->files));
  EXPECT_EQ(resume(options_), 2u);
  EXPECT_EQ(inode(at("out") / shard(1, first->files).filename()), kept) << "the file was written again";
}

TEST_F(ResumeTest, EvenWhereAllFilesWereThere) {
  const Result<Conversion> first = tensors_into("out", options_);
  ASSERT_TRUE(first);
  std::uint64_t last = 0, all = 1;
  const Result<Conversion> again =
      tensors_into("out", options_, [&](std::uint64_t at, std::uint64_t of) { last = at, all = of; });
  ASSERT_TRUE(again);
  EXPECT_EQ(again->files_resumed, first->files);
  EXPECT_EQ(last, all) << "the bar ends at its end";
  EXPECT_EQ(resume(options_), first->files);
}

/// The number of threads is no part of what a conversion is.
TEST_F(ResumeTest, WithAnotherNumberOfThreads) {
  const Result<Conversion> first = tensors_into("out", options_);
  ASSERT_TRUE(first);
  EXPECT_EQ(resume({.threads = 5, .file_bytes = kSmallFiles}), first->files);
}

TEST_F(ResumeTest, AFileThatIsGoneOrCutIsWrittenAgainAndAllAfterIt) {
  const Result<Conversion> first = tensors_into("out", options_);
  ASSERT_TRUE(first);
  fs::resize_file(shard(2, first->files), 1000);
  EXPECT_EQ(resume(options_), 1u);
}

TEST_F(ResumeTest, AJournalThatWasCutCountsAsFarAsItGoes) {
  ASSERT_TRUE(tensors_into("out", options_));
  const std::vector<std::string> lines = journal_lines();
  put(journal(), lines[0] + lines[1] + lines[2].substr(0, lines[2].size() / 2));
  EXPECT_EQ(resume(options_), 1u);
}

TEST_F(ResumeTest, LinesThatAreNoJournalsAreNotBelieved) {
  ASSERT_TRUE(tensors_into("out", options_));
  const std::vector<std::string> lines = journal_lines();
  for (const char* line : {"x\n", "{}\n", "\n",
                           R"({"file":"gone.safetensors","modules":[]})"
                           "\n",
                           R"({"file":"model.safetensors.index.json","modules":[]})"
                           "\n",
                           R"({"file":"../master","modules":[]})"
                           "\n"}) {
    SCOPED_TRACE(line);
    fs::remove_all(at("out"));
    fs::remove_all(at("whole"));
    fs::remove_all(at("again.part"));
    ASSERT_TRUE(tensors_into("out", options_));
    put(journal(), lines[0] + lines[1] + line + lines[2]);
    EXPECT_EQ(resume(options_), 1u);
  }
}

TEST_F(ResumeTest, AnotherConversionBeginsAnew) {
  const std::vector<ConvertOptions> others = {
      {.method = nvfp4::Method::rtn, .file_bytes = kSmallFiles},
      {.tensor_scale = nvfp4::TensorScale::amax, .file_bytes = kSmallFiles},
      {.algo = Algo::w4a4, .file_bytes = kSmallFiles},
      {.dialect = Dialect::compressed_tensors, .file_bytes = kSmallFiles},
      {.file_bytes = 2 * kSmallFiles},
      {},
  };
  for (const ConvertOptions& other : others) {
    fs::remove_all(at("out"));
    fs::remove_all(at("whole"));
    fs::remove_all(at("again.part"));
    ASSERT_TRUE(tensors_into("out", options_));
    EXPECT_EQ(resume(other), 0u);
  }
}

TEST_F(ResumeTest, AChangedMasterBeginsAnew) {
  ASSERT_TRUE(tensors_into("out", options_));
  const fs::path file(open(at("master")).shards().back().path());
  const fs::file_time_type time = fs::last_write_time(file);
  fs::last_write_time(file, time + std::chrono::milliseconds(1));
  EXPECT_EQ(resume(options_), 0u);
}

TEST_F(ResumeTest, AFolderOfSomethingElseIsReplaced) {
  ASSERT_TRUE(make_folder(at("out.part")));
  put(at("out.part") / "model-00001-of-00099.safetensors", "other");
  EXPECT_EQ(resume(options_), 0u);
}

}  // namespace
}  // namespace assay::artifact
