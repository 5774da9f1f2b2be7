// `assay run --artifact`: what its children answer, how the parent goes on when one dies, what a person reads, and what
// is refused before any device is asked. How fast anything is, no test asks.
#include "harness/cli/run_layers.h"

#include <algorithm>
#include <filesystem>

#include "tests/artifact/malformed.h"
#include "tests/artifact/model.h"
#include "tests/bench/ordered_device.h"
#include "tests/cli/process_test.h"
#include "tests/support/json.h"

namespace assay::cli {
namespace {

namespace fs = std::filesystem;
using test::parsed;
using ::testing::ElementsAre;

LayerFigure layer(std::string name, std::int64_t m = 1, std::int64_t n = 4096) {
  return {.layer = std::move(name), .figure = {.m = m, .n = n, .k = 1024}};
}
LayerFigure right(LayerFigure one, std::int64_t worst_ppm = 400'000) {
  one.compared = 1024;
  one.figure.kernel = "kernel.nvfp4_decode_wgmma";
  one.figure.verdict = BenchVerdict::right;
  one.figure.worst_of_bound_ppm = worst_ppm;
  one.figure.relative_error_ppb = 1'660'000;
  return one;
}
LayerFigure timed(LayerFigure one, std::int64_t median_ns, std::int64_t read_ns) {
  one = right(std::move(one));
  one.figure.performance = evidence::Performance{.samples = 15,
                                                 .median_ns = median_ns,
                                                 .bytes = 1 << 21,
                                                 .launch = "grid 1x1x1",
                                                 .floor = "plain read of the same bytes",
                                                 .floor_ns = read_ns,
                                                 .throttle = "none"};
  one.figure.plain_read = {.name = "plain read", .median_ns = read_ns};
  return one;
}
LayerFigure ended(LayerFigure one, BenchVerdict verdict, std::string why) {
  one.figure.verdict = verdict;
  one.figure.why = std::move(why);
  return one;
}

// --- figures

TEST(LayerFigureTest, GoesToJsonAndBack) {
  for (const LayerFigure& one : {timed(layer("a"), 6000, 5000), right(layer("b")),
                                 ended(layer("c"), BenchVerdict::wrong, "1 of 4 outputs are wrong")}) {
    const auto back = layer_figure_from_json(to_json(one), "line");
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(to_json(*back), to_json(one));
  }
  Json unknown = to_json(layer("a"));
  unknown["more"] = 1;
  EXPECT_FALSE(layer_figure_from_json(unknown, "line"));
}

TEST(LayerFigureTest, TotalsCountEveryWeightOnceAndEqualShapesByOneTime) {
  LayerFigure gate = timed(layer("gate"), 5000, 4500), pair = timed(layer("gate+up"), 9000, 8100);
  gate.in_pair = true;
  pair.gated = true;
  pair.prepare_ns = 700;
  pair.prepare_read_ns = 600;
  LayerFigure up = right(layer("up"), 700'000);
  up.in_pair = true;
  const auto totals =
      totals_of({gate, pair, up, timed(layer("down", 1, 512), 1000, 900), right(layer("other down", 1, 512)),
                 ended(layer("bad", 1, 512), BenchVerdict::wrong, "why"), right(layer("gate", 16))});
  ASSERT_EQ(totals.size(), 2U);
  EXPECT_EQ(totals[0].layers, 6);
  EXPECT_EQ(totals[0].right, 5);
  EXPECT_EQ(totals[0].worst_of_bound_ppm, 700'000);
  EXPECT_EQ(totals[0].median_ns, 9000 + 1000 + 1000);
  EXPECT_EQ(totals[0].plain_read_ns, 8100 + 900 + 900);
  EXPECT_EQ(totals[0].prepare_ns, 700);
  EXPECT_EQ(totals[0].prepare_read_ns, 600);
  EXPECT_EQ(totals[0].untimed, 1);
  EXPECT_EQ(totals[1].m, 16);
  EXPECT_EQ(totals[1].median_ns, 0);
  EXPECT_EQ(totals[1].untimed, 1);
}

TEST(LayerFigureTest, APersonReadsALineALayerAndTheTotals) {
  LayerFigure first = timed(layer("l.0.down_proj"), 6000, 5400);
  first.prepare_ns = 8000;
  first.prepare_read_ns = 7200;
  LayerFigure wrong =
      ended(right(layer("l.2.down_proj"), 31'000'000), BenchVerdict::wrong, "2 of 1024 outputs are wrong");
  wrong.figure.relative_error_ppb = -1;
  const std::string text = to_text({first, right(layer("l.1.down_proj"), 432'100), wrong}, 240, false);
  for (const char* words :
       {"l.0.down_proj", "4096x1024", "wgmma nvfp4_decode_wgmma", "40.0 %", "1.66e-03", "6.00 us", "90.0 %", "43.2 %",
        "3100.0 %", "not finite", "(6.00 us)", "(90.0 %)", "wrong: 2 of 1024 outputs are wrong",
        "A time in brackets was measured on the first layer of that shape.",
        "M 1: 2 of 3 layers right, the largest error 43.2 % of its bound, relative error of a layer "
        "at most 1.66e-03",
        "M 1: every weight once, a pair as a pair: 12.00 us, 90.0 % of the plain reads' speed; "
        "prepared in 16.00 us, 90.0 %; "
        "without 1 that have no time"})
    EXPECT_THAT(text, HasSubstr(words));
}

TEST(LayerFigureTest, TheExitFollowsTheWorst) {
  const LayerFigure good = right(layer("a"));
  EXPECT_EQ(exit_of({good}), Exit::done);
  EXPECT_EQ(exit_of({good, ended(layer("b"), BenchVerdict::refused, "why")}), Exit::unproven);
  EXPECT_EQ(exit_of({good, ended(layer("b"), BenchVerdict::unproven, "why")}), Exit::unproven);
  EXPECT_EQ(exit_of({ended(layer("b"), BenchVerdict::unproven, "why"), ended(layer("c"), BenchVerdict::wrong, "why")}),
            Exit::failed);
  EXPECT_EQ(exit_of({good, ended(layer("b"), BenchVerdict::failed, "why")}), Exit::failed);
}

// --- the parent

TEST(NextJobsTest, WhatHasNoFigureYetTimedUnlessItsShapeWas) {
  const std::vector<LayerFigure> blanks{layer("a"), layer("b"), layer("c", 16), layer("d")};
  const auto jobs = next_jobs(blanks, {timed(layer("a"), 1000, 900)});
  ASSERT_EQ(jobs.size(), 3U);
  EXPECT_EQ(jobs[0].layer, "b");
  EXPECT_FALSE(jobs[0].timed);
  EXPECT_EQ(jobs[1].m, 16);
  EXPECT_TRUE(jobs[1].timed);
  EXPECT_FALSE(jobs[2].timed);
  EXPECT_TRUE(next_jobs(blanks, {right(layer("a"))})[0].timed);
  EXPECT_EQ(next_jobs(std::vector<LayerFigure>(kMostLayerJobs + 5, layer("a")), {}).size(), kMostLayerJobs);
}

/// Children by what they do: each serves its jobs until it does something else.
class MeasureLayersTest : public testing::Test {
 protected:
  using Child = std::function<ChildResult(const std::vector<LayerJob>&, const std::function<void(std::string_view)>&)>;

  static void say(const LayerFigure& one, const std::function<void(std::string_view)>& on_line) {
    on_line(*canonical_json({{"layer", to_json(one)}}));
  }
  /// Serves so many jobs, then ends so.
  static Child serving(std::size_t count, ChildResult end = {}) {
    return [=](const std::vector<LayerJob>& jobs, const auto& on_line) {
      for (std::size_t i = 0; i < std::min(count, jobs.size()); ++i) say(right(layer(jobs[i].layer)), on_line);
      return end;
    };
  }
  Result<std::vector<LayerFigure>> measure(std::vector<Child> children) {
    const AskLayers ask = [&](const std::vector<LayerJob>& jobs, const auto& on_line) -> Result<ChildResult> {
      return children.at(asked_++)(jobs, on_line);
    };
    return measure_layers({layer("a"), layer("b"), layer("c")}, ask, true);
  }
  static std::vector<std::string> told(const std::vector<LayerFigure>& figures) {
    std::vector<std::string> all;
    for (const LayerFigure& one : figures)
      all.push_back(one.layer + " " + std::string(word(one.figure.verdict)) +
                    (one.figure.why.empty() ? "" : ": " + one.figure.why));
    return all;
  }
  std::size_t asked_ = 0;
};

TEST_F(MeasureLayersTest, OneChildServesAll) {
  const auto figures = measure({serving(3)});
  ASSERT_TRUE(figures);
  EXPECT_THAT(told(*figures), ElementsAre("a right", "b right", "c right"));
}

TEST_F(MeasureLayersTest, AChildThatDiesTakesOneLayerWithIt) {
  const auto figures = measure({serving(1, {.signal = 11, .signal_name = "SIGSEGV"}), serving(3)});
  ASSERT_TRUE(figures);
  EXPECT_THAT(told(*figures), ElementsAre("a right", "b failed: its process ended by SIGSEGV", "c right"));
}

TEST_F(MeasureLayersTest, AChildThatHangsInItsFirstLayerToo) {
  const auto figures = measure({serving(0, {.timed_out = true}), serving(3)});
  ASSERT_TRUE(figures);
  EXPECT_THAT(told(*figures),
              ElementsAre("a failed: hung: the limit passed and its process was ended", "b right", "c right"));
}

TEST_F(MeasureLayersTest, AfterAFailedLayerAnotherChildGoesOn) {
  const Child fails = [](const std::vector<LayerJob>& jobs, const auto& on_line) {
    say(ended(layer(jobs[0].layer), BenchVerdict::failed, "cuLaunchKernel refused"), on_line);
    return ChildResult{};
  };
  const auto figures = measure({fails, serving(3)});
  ASSERT_TRUE(figures);
  EXPECT_THAT(told(*figures), ElementsAre("a failed: cuLaunchKernel refused", "b right", "c right"));
}

TEST_F(MeasureLayersTest, WhatNoChildCanOpenIsTheEnvironments) {
  ChildResult refused;
  refused.exit_code = 3;
  refused.log = "assay layer-attempt: no driver\n";
  const auto none = measure({serving(0, refused)});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().message, "assay layer-attempt: no driver");
  asked_ = 0;
  const auto some = measure({serving(1, {.signal = 9, .signal_name = "SIGKILL"}), serving(0, refused)});
  ASSERT_TRUE(some);
  EXPECT_THAT(told(*some), ElementsAre("a right", "b failed: its process ended by SIGKILL",
                                       "c failed: assay layer-attempt: no driver"));
}

TEST_F(MeasureLayersTest, ALineOfAnotherLayerDoesNotCount) {
  const Child liar = [](const std::vector<LayerJob>&, const auto& on_line) {
    on_line("no JSON");
    say(right(layer("c")), on_line);
    say(right(layer("a", 16)), on_line);
    return ChildResult{};
  };
  const auto figures = measure({liar, serving(3)});
  ASSERT_TRUE(figures);
  EXPECT_THAT(told(*figures), ElementsAre("a failed: its process ended with 0", "b right", "c right"));
}

// --- the child

class ServeLayersTest : public testing::Test {
 protected:
  void SetUp() override {
    artifact::Model model;
    for (const char* name : {"l.0.down_proj", "l.1.down_proj"}) model.add_module(name, 96, 64);
    model.add_module("l.odd", 32, 48);
    artifact::write(model, folder_.path());
    request_.artifact = folder_.path();
    request_.nonce = std::string(64, 'a');
    request_.samples = 9;
  }
  std::vector<LayerFigure> serve(std::vector<LayerJob> jobs) {
    request_.jobs = std::move(jobs);
    std::vector<LayerFigure> figures;
    const LayerBench on{
        .limits = {},
        .tools = {.device = device_, .rotate_bytes = 10'000, .compile = kernels::bench::any_image, .with_peer = false},
        .rows = rows_};
    const Status served = serve_layers(request_, on, [&](std::string_view line) {
      const auto one = layer_figure_from_json(parsed(std::string(line))["layer"], "line");
      ASSERT_TRUE(one) << one.error().message;
      figures.push_back(*one);
    });
    complaint_ = served ? "" : served.error().message;
    return figures;
  }

  TemporaryFolder folder_;
  LayerRequest request_;
  kernels::Kernel ordered_ = kernels::bench::ordered_row(kernels::Lane::wgmma, "kernel.ordered");
  std::vector<const kernels::Kernel*> rows_{&kernels::kStandIns[0], &ordered_, &kernels::kStandIns[1]};
  kernels::bench::OrderedDevice device_;
  std::string complaint_;
};

TEST_F(ServeLayersTest, EachLayerIsCheckedAndEachShapeTimedOnce) {
  const auto figures = serve({{"l.0.down_proj", 1, true}, {"l.1.down_proj", 1, true}, {"l.1.down_proj", 16, false}});
  ASSERT_EQ(complaint_, "");
  ASSERT_EQ(figures.size(), 3U);
  for (const LayerFigure& one : figures) {
    EXPECT_EQ(one.figure.verdict, BenchVerdict::right) << one.figure.why;
    EXPECT_EQ(one.figure.kernel, "kernel.ordered");
    EXPECT_EQ(one.compared, one.figure.m == 1 ? 96 : 1024);
    EXPECT_GT(one.figure.worst_of_bound_ppm, 0);
  }
  EXPECT_TRUE(figures[0].figure.performance);
  EXPECT_GT(figures[0].prepare_ns, 0);
  EXPECT_GT(figures[0].prepare_read_ns, 0);
  EXPECT_EQ(figures[1].prepare_ns, 0);
  EXPECT_FALSE(figures[1].figure.performance);
  EXPECT_FALSE(figures[2].figure.performance);
}

TEST_F(ServeLayersTest, AWrongLayerIsSaidAndTheNextOneServed) {
  device_.sabotage.ignores_scale = true;
  const auto figures = serve({{"l.0.down_proj", 1, true}, {"l.1.down_proj", 1, true}});
  ASSERT_EQ(figures.size(), 2U);
  for (const LayerFigure& one : figures) {
    EXPECT_EQ(one.figure.verdict, BenchVerdict::wrong);
    EXPECT_THAT(one.figure.why, HasSubstr(" of 96 outputs are wrong"));
    EXPECT_GT(one.figure.worst_of_bound_ppm, 1'000'000);
    EXPECT_FALSE(one.figure.performance);
  }
}

TEST_F(ServeLayersTest, WhatIsPreparedWronglyIsWrongEvenWhereItDoesNotShow) {
  // The scale of a row that pads its tile.
  device_.kernels["prepare"] = [whole = device_.kernels["prepare"]](test::FakeDevice& device,
                                                                    const test::FakeDevice::Launch& launch) {
    const Status done = whole(device, launch);
    device.store(launch.arg<cuda::Address>(2) + kernels::kUnitScales + 4, std::uint8_t{0x51});
    return done;
  };
  const auto figures = serve({{"l.0.down_proj", 1, true}});
  ASSERT_EQ(figures.size(), 1U);
  EXPECT_EQ(figures[0].figure.verdict, BenchVerdict::wrong);
  EXPECT_EQ(figures[0].figure.why, "prepared weights: before timing: byte 1028 is 0x51, expected 0x50");
  EXPECT_FALSE(figures[0].figure.performance);
}

TEST_F(ServeLayersTest, ALayerThatNoRowTakesIsRefusedAndTheNextOneServed) {
  const auto figures = serve({{"l.odd", 1, true}, {"l.1.down_proj", 1, false}});
  ASSERT_EQ(figures.size(), 2U);
  EXPECT_EQ(figures[0].figure.verdict, BenchVerdict::refused);
  EXPECT_EQ(figures[0].figure.why,
            "no row takes it: kernel.stand_in: K is no multiple of 32; kernel.ordered: K is no multiple of 32");
  EXPECT_EQ(figures[1].figure.verdict, BenchVerdict::right);
}

TEST_F(ServeLayersTest, NothingIsServedAfterAFailure) {
  device_.kernels["ordered"] = [](test::FakeDevice&, const test::FakeDevice::Launch&) -> Status {
    return test::refused("cuLaunchKernel", 700, "CUDA_ERROR_ILLEGAL_ADDRESS");
  };
  const auto figures = serve({{"l.0.down_proj", 1, false}, {"l.1.down_proj", 1, false}});
  ASSERT_EQ(figures.size(), 1U);
  EXPECT_EQ(figures[0].figure.verdict, BenchVerdict::failed);
  EXPECT_EQ(figures[0].figure.why, "cuLaunchKernel refused");
  EXPECT_EQ(complaint_, "");
}

TEST_F(ServeLayersTest, WhatTheArtifactDoesNotHaveIsAnError) {
  serve({{"l.nothing", 1, false}});
  EXPECT_EQ(complaint_, folder_.path().string() + ": has no layer 'l.nothing'");
  request_.artifact = "/nowhere";
  serve({{"l.nothing", 1, false}});
  EXPECT_THAT(complaint_, HasSubstr("/nowhere"));
}

TEST(LayerRequestTest, GoesToJsonAndBack) {
  const LayerRequest request{.driver = "system",
                             .device = "0",
                             .cache = "/c",
                             .artifact = "/a",
                             .nonce = std::string(64, '0'),
                             .rows = {"kernel.a", "kernel.b"},
                             .jobs = {{"l", 16, true}, {"k", 1, false}},
                             .samples = 9};
  EXPECT_EQ(to_json(*layer_request_from_json(to_json(request))), to_json(request));
  Json wrong = to_json(request);
  wrong["nonce"] = "zz";
  EXPECT_FALSE(layer_request_from_json(wrong));
  wrong = to_json(request);
  wrong["jobs"][0]["m"] = 0;
  EXPECT_FALSE(layer_request_from_json(wrong));
}

// --- the program

class RunLayersTest : public ProcessTest {
 protected:
  void SetUp() override {
    ProcessTest::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(make_folder(at("nvfp4")));
    artifact::write(artifact::good(), at("nvfp4"));
  }
  Ended run_artifact(std::vector<std::string> more = {}) {
    std::vector<std::string> words{"run", "--artifact", at("nvfp4"), "--quiet"};
    words.insert(words.end(), more.begin(), more.end());
    return assay(std::move(words));
  }
  Ended on_stand_in(std::vector<std::string> more = {}) {
    const test::Turn turn(ASSAY_DEADLY_DIR "/turn");
    std::vector<std::string> words{"--driver", stand_in("good"), "--device", "1", "--no-cache"};
    words.insert(words.end(), more.begin(), more.end());
    return run_artifact(std::move(words));
  }
};

TEST_F(RunLayersTest, WithoutTheGatesNoLayerIsMeasured) {
  const Ended ended = on_stand_in({"--json", "--m", "1"});
  EXPECT_EQ(ended.code, 5) << ended.err;
  const Json told = parsed(ended.out);
  EXPECT_EQ(told["schema"], "run-artifact/1");
  EXPECT_EQ(told["device"], "Stand-in");
  EXPECT_EQ(told["exit"], 5);
  ASSERT_EQ(told["layers"].size(), 12U + 3);  // three pairs
  for (const Json& one : told["layers"]) {
    EXPECT_EQ(one["figure"]["verdict"], "unproven");
    EXPECT_THAT(one["figure"]["why"].get<std::string>(),
                HasSubstr("kernel.nvfp4_decode_portable needs gate control.mma_bf16 proven, which is "));
  }
  EXPECT_EQ(told["totals"][0]["right"], 0);
}

TEST_F(RunLayersTest, APersonReadsTheReasonOnce) {
  const Ended ended = on_stand_in();
  EXPECT_EQ(ended.code, 5);
  EXPECT_EQ(ended.out, "");
  EXPECT_THAT(ended.err, StartsWith("assay run: no layer was measured, for no row may run here: "
                                    "kernel.nvfp4_prepare_weights needs gate control.copy proven, which is "));
  EXPECT_EQ(std::ranges::count(ended.err, '\n'), 1);
}

TEST_F(RunLayersTest, OnlyTheLayersAskedForAreMeasured) {
  const Ended ended = on_stand_in({"--json", "--layer", "l.mlp.experts.1.*", "--m", "4"});
  const Json told = parsed(ended.out);
  std::vector<std::string> names;
  for (const Json& one : told["layers"]) names.push_back(one["layer"]);
  EXPECT_THAT(names, ElementsAre("l.mlp.experts.1.down_proj", "l.mlp.experts.1.gate_proj",
                                 "l.mlp.experts.1.gate_proj+up_proj", "l.mlp.experts.1.up_proj"));
}

TEST_F(RunLayersTest, AChildServesOneLineALayer) {
  const LayerRequest request{.driver = stand_in("good"),
                             .device = "1",
                             .cache = "",
                             .artifact = at("nvfp4"),
                             .nonce = std::string(64, 'a'),
                             .rows = {"kernel.nvfp4_prepare_weights", "kernel.nvfp4_decode_portable"},
                             .jobs = {{"l.attn.q_proj", 1, true}, {"l.attn.k_proj", 1, true}}};
  write("request.json", *canonical_json(to_json(request)));
  const test::Turn turn(ASSAY_DEADLY_DIR "/turn");
  const Ended ended = assay(Start{.arguments = {"layer-attempt"}, .input = at("request.json")});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_EQ(std::ranges::count(ended.out, '\n'), 2);
  EXPECT_THAT(ended.out, HasSubstr("no row takes it: kernel.nvfp4_decode_portable: needs "));
}

TEST_F(RunLayersTest, ADamagedArtifactIsRefusedInOneLine) {
  int refused = 0;
  for (const artifact::Malformed& malformed : artifact::malformed_checkpoints()) {
    SCOPED_TRACE(malformed.name);
    fs::remove_all(at("bad"));
    fs::create_directory(at("bad"));
    malformed.make(at("bad"));
    std::string line = malformed.expected;
    for (std::size_t i = 0; (i = line.find("DIR", i)) != line.npos;) line.replace(i, 3, at("bad"));
    const Ended ended = assay({"run", "--artifact", at("bad")});
    EXPECT_EQ(ended.code, 4);
    EXPECT_EQ(ended.err, "assay run: " + line + "\n");
    EXPECT_EQ(ended.out, "");
    ++refused;
  }
  EXPECT_GE(refused, 40);
}

TEST_F(RunLayersTest, ABlockScaleThatIsNaNIsRefusedBeforeAnyDeviceIsAsked) {
  artifact::Model model = artifact::good();
  model.tensors["l.attn.k_proj.weight_scale"].bytes[5] = std::byte{0x7f};
  artifact::write(model, at("nvfp4"));
  const Ended ended = run_artifact({"--driver", stand_in("broken")});
  EXPECT_EQ(ended.code, 4);
  EXPECT_THAT(ended.err, HasSubstr("module 'l.attn.k_proj': "));
}

TEST_F(RunLayersTest, WrongQuestionsAreRefused) {
  EXPECT_EQ(assay({"run", "--artifact", at("nowhere")}).code, 2);
  EXPECT_EQ(run_artifact({"--m", "0"}).code, 2);
  EXPECT_EQ(run_artifact({"--out", at("bundle")}).code, 2);
  const Ended none = run_artifact({"--layer", "nothing"});
  EXPECT_EQ(none.code, 2);
  EXPECT_EQ(none.err, "assay run: --layer: " + at("nvfp4") + " has no layer of that name\n");
  EXPECT_EQ(assay({"layer-attempt"}).code, 2);
}

TEST_F(RunLayersTest, ADriverThatDoesNotAnswerIsTheEnvironments) {
  EXPECT_EQ(run_artifact({"--driver", stand_in("broken")}).code, 3);
}

TEST_F(RunLayersTest, TheArtifactIsOnlyRead) {
  const std::string before = test::text_of(at("nvfp4") + "/model.safetensors");
  on_stand_in();
  EXPECT_EQ(test::text_of(at("nvfp4") + "/model.safetensors"), before);
  EXPECT_EQ(std::distance(fs::directory_iterator(at("nvfp4")), fs::directory_iterator()), 2);
}

}  // namespace
}  // namespace assay::cli
