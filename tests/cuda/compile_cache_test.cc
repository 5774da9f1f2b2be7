#include <gtest/gtest.h>

#include <filesystem>

#include "harness/base/file_system.h"
#include "harness/cuda/assembler.h"

namespace assay::cuda {
namespace {

namespace fs = std::filesystem;

/// Answers with its text and counts how often it was asked.
class CountingTool : public PtxAssembler, public CudaCompiler {
 public:
  explicit CountingTool(int& asked, std::string version = "13.0") : asked_(asked), version_(std::move(version)) {}
  ToolIdentity identity() const override { return {.name = "tool", .version = version_}; }
  Result<Assembly> assemble(std::string_view text, Target) override {
    ++asked_;
    if (text == "break") return Error{.message = "broken"};
    const auto bytes = std::as_bytes(std::span(text));
    if (text == "refuse") return Assembly{.accepted = false, .cubin = {}, .log = "line 1\nline 2"};
    return Assembly{.accepted = true, .cubin = {bytes.begin(), bytes.end()}, .log = "advice\n"};
  }
  Result<Assembly> compile(std::string_view text, std::string_view, Target target) override {
    return assemble(text, target);
  }

 private:
  int& asked_;
  std::string version_;
};

class CompileCacheTest : public testing::Test {
 protected:
  std::unique_ptr<PtxAssembler> cached(std::string version = "13.0") {
    return with_cache(std::unique_ptr<PtxAssembler>(new CountingTool(asked_, std::move(version))),
                      folder_.path() / "cache");
  }
  fs::path only_entry() const { return fs::directory_iterator(folder_.path() / "cache")->path(); }

  TemporaryFolder folder_;
  int asked_ = 0;
};

TEST_F(CompileCacheTest, AHitEqualsTheMiss) {
  for (const char* text : {"accept", "refuse"}) {
    asked_ = 0;
    const auto miss = cached()->assemble(text, {90, 'a'});
    const auto hit = cached()->assemble(text, {90, 'a'});
    ASSERT_TRUE(miss && hit);
    EXPECT_EQ(asked_, 1);
    EXPECT_EQ(hit->accepted, std::string_view(text) == "accept");
    EXPECT_EQ(hit->accepted, miss->accepted);
    EXPECT_EQ(hit->cubin, miss->cubin);
    EXPECT_EQ(hit->log, miss->log);
  }
}

TEST_F(CompileCacheTest, AnotherQuestionIsAnotherEntry) {
  ASSERT_TRUE(cached()->assemble("text", {90, 'a'}));
  ASSERT_TRUE(cached()->assemble("text", {90, ' '}));
  ASSERT_TRUE(cached()->assemble("texts", {90, 'a'}));
  ASSERT_TRUE(cached("13.1")->assemble("text", {90, 'a'}));
  EXPECT_EQ(asked_, 4);
}

TEST_F(CompileCacheTest, TheNeutralNameIsPartOfTheQuestion) {
  auto compiler = with_cache(std::unique_ptr<CudaCompiler>(new CountingTool(asked_)), folder_.path() / "cache");
  ASSERT_TRUE(compiler->compile("text", "a.cu", {90, 'a'}));
  ASSERT_TRUE(compiler->compile("text", "b.cu", {90, 'a'}));
  ASSERT_TRUE(compiler->compile("text", "b.cu", {90, 'a'}));
  EXPECT_EQ(asked_, 2);
}

TEST_F(CompileCacheTest, EveryDamagedEntryIsAMiss) {
  ASSERT_TRUE(cached()->assemble("text", {90, 'a'}));
  const auto entry = only_entry();
  const auto good = *read_file(entry);
  for (std::size_t at = 0; at < good.size(); at += 3) {
    auto damaged = good;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    for (const auto& content : {damaged, good.substr(0, at)}) {
      ASSERT_TRUE(write_file(entry, content));
      asked_ = 0;
      ASSERT_TRUE(cached()->assemble("text", {90, 'a'}));
      ASSERT_EQ(asked_, 1) << "believed damage at byte " << at;
    }
  }
  EXPECT_EQ(*read_file(entry), good);
}

TEST_F(CompileCacheTest, AMisplacedEntryIsAMiss) {
  ASSERT_TRUE(cached()->assemble("text", {90, 'a'}));
  const auto first = only_entry();
  const auto content = *read_file(first);
  fs::remove(first);
  ASSERT_TRUE(cached()->assemble("other", {90, 'a'}));
  ASSERT_TRUE(write_file(only_entry(), content));
  const auto answer = cached()->assemble("other", {90, 'a'});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->cubin.size(), 5U);
  EXPECT_EQ(asked_, 3);
}

TEST_F(CompileCacheTest, AnErrorIsNotKept) {
  EXPECT_FALSE(cached()->assemble("break", {90, 'a'}));
  EXPECT_FALSE(cached()->assemble("break", {90, 'a'}));
  EXPECT_EQ(asked_, 2);
}

TEST_F(CompileCacheTest, AnUnwritableFolderOnlyCostsSpeed) {
  ASSERT_TRUE(write_file(folder_.path() / "cache", "a file where the folder should be"));
  EXPECT_TRUE(cached()->assemble("text", {90, 'a'}));
  EXPECT_TRUE(cached()->assemble("text", {90, 'a'}));
  EXPECT_EQ(asked_, 2);
}

}  // namespace
}  // namespace assay::cuda
