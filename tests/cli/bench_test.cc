// What `assay bench` prints; how fast anything is, no test asks.
#include <set>

#include "tests/cli/process_test.h"
#include "tests/support/json.h"

namespace assay::cli {
namespace {

using BenchTest = ProcessTest;

TEST_F(BenchTest, QuantizeIsTimedBesideACopy) {
  const Ended ended = assay({"bench", "quantize", "--outputs", "64", "--inputs", "128", "--runs", "3", "--json"});
  ASSERT_EQ(ended.code, 0) << ended.err;
  const Json told = test::parsed(ended.out);
  EXPECT_EQ(told["schema"], "bench-quantize/1");
  EXPECT_EQ(told["peer"], "");
  std::set<std::string> names;
  for (const Json& one : told["timings"]) {
    names.insert(one["name"]);
    EXPECT_GT(one["least_ns"], 0);
    EXPECT_LE(one["least_ns"], one["median_ns"]);
    EXPECT_LE(one["median_ns"], one["most_ns"]);
  }
  EXPECT_EQ(names, (std::set<std::string>{"copy", "rtn", "4o6", "sweep"}));
}

TEST_F(BenchTest, APersonReadsATable) {
  const Ended ended = assay({"bench", "quantize", "--outputs", "64", "--inputs", "128", "--runs", "1"});
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, StartsWith("64 x 128 BF16 weights, "));
  EXPECT_THAT(ended.out, HasSubstr("of the copy's speed"));
}

TEST_F(BenchTest, APeerThatDoesNotRunIsNamed) {
  const Ended ended =
      assay({"bench", "quantize", "--outputs", "16", "--inputs", "16", "--runs", "1", "--peer", "/bin/false"});
  EXPECT_EQ(ended.code, 3);
  EXPECT_EQ(ended.out, "");
  EXPECT_EQ(ended.err, "assay bench: /bin/false: compressed-tensors did not run: it said nothing\n");
}

TEST_F(BenchTest, WrongQuestionsAreRefused) {
  EXPECT_EQ(assay({"bench"}).code, 2);
  EXPECT_EQ(assay({"bench", "everything"}).code, 2);
  const Ended ended = assay({"bench", "quantize", "--inputs", "100"});
  EXPECT_EQ(ended.code, 2);
  EXPECT_EQ(ended.err, "assay bench: --inputs: 100 is no multiple of 16, the block\n");
}

}  // namespace
}  // namespace assay::cli
