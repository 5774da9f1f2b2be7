// The device texts compile: for what they must run on, by the toolkit's own compiler. Without it these tests fail.
#include "kernels/bench/texts.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "harness/base/file_system.h"
#include "harness/cuda/assembler.h"

namespace assay::kernels::bench {
namespace {

void expect_compiles(std::string_view text, std::string_view name, std::string_view entry) {
  auto compiler = cuda::open_cuda_compiler();
  ASSERT_TRUE(compiler) << compiler.error().message;
  EXPECT_EQ(text.find("#include"), std::string_view::npos);
  for (const char* target : {"sm_80", "sm_90a", "sm_100a", "sm_121a"}) {
    const auto answer = (*compiler)->compile(text, name, *parse_target(target));
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_TRUE(answer->accepted) << target << ": " << answer->log;
    EXPECT_EQ(answer->log, "") << target;
    const std::string_view image(reinterpret_cast<const char*>(answer->cubin.data()), answer->cubin.size());
    EXPECT_NE(image.find(entry), std::string_view::npos) << target;
  }
}

TEST(TextsTest, CompileWithoutAHeaderAndWithoutAWarning) {
  const std::map<std::string_view, std::string_view> entries{
      {"expand", "assay_expand"}, {"plain_read", "assay_plain_read_4"}, {"reference", "assay_reference"}};
  ASSERT_EQ(bench_texts().size(), entries.size());
  for (const EmbeddedText& text : bench_texts())
    expect_compiles(text.text, std::string(text.stem) + ".cu", entries.at(text.stem));
}

TEST(TextsTest, TheWorkedExampleCompiles) {
  const auto text = read_file(ASSAY_SOURCE_DIR "/docs/ci/kernel/w4a16_vector.cu");
  ASSERT_TRUE(text);
  expect_compiles(*text, "w4a16_vector.cu", "w4a16_vector");
}

}  // namespace
}  // namespace assay::kernels::bench
