// `assay bench` of kernels: what it refuses, what it prints, and that nothing has a figure without a right result. How
// fast anything is, no test asks.
#include "harness/cli/bench_kernels.h"

#include "harness/cli/bench_figure.h"
#include "harness/cli/bench_request.h"
#include "tests/cli/process_test.h"
#include "tests/support/json.h"

namespace assay::cli {
namespace {

BenchFigure timed() {
  BenchFigure figure{.kernel = "kernel.mine", .version = 2, .m = 4, .n = 4096, .k = 4096, .choice = "one warp"};
  figure.verdict = BenchVerdict::right;
  figure.performance = evidence::Performance{.samples = 15,
                                             .warmups = 20,
                                             .median_ns = 6000,
                                             .spread_ns = 30,
                                             .bytes = 9'437'184,
                                             .operations = 2LL * 4 * 4096 * 4096,
                                             .launch = "grid 132x1x1, block 128x1x1, cluster 1, shared 0 B",
                                             .floor = "plain read of the same bytes",
                                             .floor_ns = 4600,
                                             .clock_khz_after = 1'980'000,
                                             .power_mw = 652'000,
                                             .temperature_c = 61,
                                             .throttle = "none"};
  figure.samples_ns = {1'200'000, 1'201'000};
  figure.plain_read = {.name = "plain read", .median_ns = 4600, .spread_ns = 10, .least_ns = 4590};
  figure.peer = BesideFigure{.name = "cuBLAS 13.0 BF16", .median_ns = 16'270, .spread_ns = 100, .least_ns = 16'100};
  figure.byte_floor_ns = 2980;
  figure.copies = 43;
  return figure;
}

TEST(BenchFigureTest, GoesToJsonAndBack) {
  BenchFigure figure = timed();
  const auto back = bench_figure_from_json(to_json(figure), "line");
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(to_json(*back), to_json(figure));
  figure.performance.reset();
  figure.peer.reset();
  figure.verdict = BenchVerdict::wrong;
  figure.why = "3 of 16 outputs are wrong";
  EXPECT_EQ(to_json(*bench_figure_from_json(to_json(figure), "line")), to_json(figure));
  Json unknown = to_json(figure);
  unknown["more"] = 1;
  EXPECT_FALSE(bench_figure_from_json(unknown, "line"));
}

TEST(BenchFigureTest, APersonReadsSharesRatesAndState) {
  const std::string text = to_text({timed()}, 200, false);
  for (const char* word : {"kernel.mine", "4096x4096", "6.00 us", "0.5 %", "76.7 %", "49.7 %", "1.57", "22.37", "2.71x",
                           "1980 MHz, 652 W, 61 C"})
    EXPECT_THAT(text, HasSubstr(word));
}

TEST(BenchFigureTest, ASlowedDeviceAndACachedWeightAreSaid) {
  BenchFigure figure = timed();
  figure.performance->throttle = "sw_power_cap";
  figure.fits_caches = true;
  const std::string text = to_text({figure}, 240, false);
  EXPECT_THAT(text, HasSubstr("THROTTLED (sw_power_cap), 1980 MHz"));
  EXPECT_THAT(text, HasSubstr("; fits the caches"));
}

TEST(BenchFigureTest, WithoutAFigureThereIsTheReason) {
  BenchFigure wrong = timed();
  wrong.performance.reset();
  wrong.verdict = BenchVerdict::wrong;
  wrong.why = "before timing: 1 of 8 outputs are wrong";
  BenchFigure alone = timed();
  alone.peer = BesideFigure{.name = "cuBLAS", .why_not = "cuBLAS not found"};
  const std::string text = to_text({wrong, alone}, 240, false);
  EXPECT_THAT(text, HasSubstr("wrong: before timing: 1 of 8 outputs are wrong"));
  EXPECT_THAT(text, HasSubstr("no cuBLAS: cuBLAS not found"));
}

TEST(BenchRequestTest, GoesToJsonAndBack) {
  const BenchRequest request{.driver = "system",
                             .device = "0",
                             .cache = "/c",
                             .kernel = "k",
                             .manifest = "",
                             .n = 4096,
                             .k = 64,
                             .tokens = {1, 2},
                             .samples = 9,
                             .peer = false};
  EXPECT_EQ(to_json(*bench_request_from_json(to_json(request))), to_json(request));
}

class BenchKernelsTest : public ProcessTest {
 protected:
  static constexpr std::string_view kText = "extern \"C\" __global__ void k() {}";
  void own(std::string_view needs, std::string_view text = kText) {
    write("m/k.cu", text);
    write("m/k.json", R"({"schema": "kernel/1", "name": "mine", "version": 1,
      "source": {"kind": "cuda", "file": "k.cu"}, "entry": "entry", "needs": )" +
                          std::string(needs) + R"(,
      "operation": {"name": "w4a16_product", "m": 1, "n": 16, "k": 32},
      "launch": {"grid": [1, 1, 1], "block": [32, 1, 1]},
      "buffers": [{"name": "c", "generator": "codes"}, {"name": "s", "generator": "scales"},
                  {"name": "x", "generator": "x"}, {"name": "y", "generator": "y"}],
      "parameters": [{"buffer": "c"}, {"buffer": "y"}]})");
  }
  Ended bench_on_stand_in(std::vector<std::string> more = {}) {
    const test::Turn turn(ASSAY_DEADLY_DIR "/turn");
    std::vector<std::string> words{"bench",    "--kernel", at("m/k.json"), "--driver",  stand_in("good"),
                                   "--device", "1",        "--quiet",      "--no-cache"};
    words.insert(words.end(), more.begin(), more.end());
    return assay(std::move(words));
  }
};

TEST_F(BenchKernelsTest, AKernelWhoseGatesAreNotProvenIsNotTimed) {
  own(R"(["control.copy"])");
  const Ended ended = bench_on_stand_in();
  EXPECT_EQ(ended.code, 5) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("unproven: needs gate control.copy proven, which is "));
}

TEST_F(BenchKernelsTest, NoFigureWithoutARightResult) {
  own("[]");
  const Ended ended = bench_on_stand_in({"--json"});
  EXPECT_EQ(ended.code, 1) << ended.err;
  const Json told = test::parsed(ended.out);
  EXPECT_EQ(told["schema"], "bench-kernels/1");
  EXPECT_EQ(told["device"], "Stand-in");
  ASSERT_EQ(told["figures"].size(), 1U);
  EXPECT_EQ(told["figures"][0]["verdict"], "failed");
  EXPECT_EQ(told["figures"][0]["n"], 16);
  EXPECT_TRUE(told["figures"][0]["performance"].is_null());
}

TEST_F(BenchKernelsTest, ATextThatDoesNotCompileIsTheCompilersRefusal) {
  own("[]", "no C++");
  const Ended ended = bench_on_stand_in();
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.out, HasSubstr("failed: k.cu"));
}

TEST_F(BenchKernelsTest, WhatIsWrongWithAManifestIsOneLine) {
  own(R"(["control.nothing"])");
  Ended ended = bench_on_stand_in();
  EXPECT_EQ(ended.code, 4);
  EXPECT_THAT(ended.err, HasSubstr("needs: no gate is called 'control.nothing'"));
  write("m/k.json", "{\"schema\": \"kernel/1\"}");
  ended = bench_on_stand_in();
  EXPECT_EQ(ended.code, 4);
  EXPECT_THAT(ended.err, HasSubstr("k.json: "));
  EXPECT_EQ(assay({"bench", "--kernel", at("nowhere.json")}).code, 3);
}

TEST_F(BenchKernelsTest, WrongQuestionsAreRefused) {
  const Ended both = assay({"bench", "kernels", "--kernel", "m.json"});
  EXPECT_EQ(both.code, 2);
  EXPECT_THAT(both.err, HasSubstr("a manifest says what is timed"));
  EXPECT_EQ(assay({"bench", "kernels", "--shape", "4096x100"}).code, 2);
  EXPECT_EQ(assay({"bench", "kernels", "--samples", "3"}).code, 2);
  EXPECT_EQ(assay({"bench", "kernels", "--kernel-row", "kernel.nothing"}).code, 2);
  EXPECT_EQ(assay({"bench-attempt"}).code, 2);
}

TEST_F(BenchKernelsTest, ADriverThatDoesNotAnswerIsTheEnvironments) {
  own("[]");
  EXPECT_EQ(assay({"bench", "--kernel", at("m/k.json"), "--driver", stand_in("broken"), "--quiet"}).code, 3);
}

}  // namespace
}  // namespace assay::cli
