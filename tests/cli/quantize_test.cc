// quantize, inspect and dequantize as a person starts them: what they write, what they say, and what is left when they
// refuse, are killed, or find no room.
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <limits>
#include <map>
#include <set>

#include <fmt/format.h>

#include "kernels/artifact/artifact.h"
#include "kernels/artifact/convert.h"
#include "tests/artifact/malformed.h"
#include "tests/artifact/masters.h"
#include "tests/cli/process_test.h"
#include "tests/support/json.h"

namespace assay::cli {
namespace {

namespace fs = std::filesystem;
using artifact::Checkpoint;
using artifact::Dtype;
using artifact::files_below;
using artifact::Master;
using test::parsed;
using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

std::set<std::string> keys_of(const Json& object) {
  std::set<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.insert(key);
  return keys;
}

class QuantizeTest : public ProcessTest {
 protected:
  void SetUp() override {
    ProcessTest::SetUp();
    if (IsSkipped()) return;
    master_.write(at("master"), 300'000);
    write("master/config.json", R"({"hidden_size": 128, "model_type": "small"})");
    write("master/tokenizer.json", "{}");
  }
  Ended quantize(std::vector<std::string> more = {}, const std::string& out = "nvfp4") {
    std::vector<std::string> words{"quantize", at("master"), "-o", at(out)};
    words.insert(words.end(), more.begin(), more.end());
    return assay(words);
  }
  Json inspect(const std::string& folder) {
    const Ended ended = assay({"inspect", at(folder), "--json"});
    EXPECT_EQ(ended.code, 0) << ended.err;
    return parsed(ended.out);
  }
  void expect_done(const Ended& ended) {
    EXPECT_EQ(ended.code, 0);
    EXPECT_EQ(ended.err, "");
  }
  /// One line on standard error, nothing on the other, nothing on disk.
  void expect_refusal(const Ended& ended, int code, const std::string& line, const std::string& out = "nvfp4") {
    EXPECT_EQ(ended.code, code);
    EXPECT_EQ(ended.err, line + "\n");
    EXPECT_EQ(ended.out, "");
    expect_nothing_left(out);
  }
  void expect_nothing_left(const std::string& out) {
    EXPECT_FALSE(fs::exists(at(out)));
    EXPECT_FALSE(fs::exists(at(out + ".part")));
  }
  std::vector<float> floats_in(const Checkpoint& checkpoint, const std::string& name) {
    const auto place = checkpoint.find(name);
    if (!place) return {};
    std::vector<float> values(checkpoint.info(*place).elements());
    const Status done = checkpoint.file(*place).read_floats(checkpoint.info(*place), 0, values);
    return done ? values : std::vector<float>();
  }

  Master master_ = artifact::small_master();
};

// --- There and back ---

TEST_F(QuantizeTest, ThereAndBack) {
  const Ended quantized = quantize();
  expect_done(quantized);
  EXPECT_THAT(quantized.out, StartsWith("18 matrices quantised by sweep (tensor scale pow2, w4a16), 7 tensors left "
                                        "alone: "));
  EXPECT_FALSE(fs::exists(at("nvfp4.part")));
  std::vector<std::string> names;
  for (const auto& [name, content] : files_below(at("nvfp4"))) names.push_back(name);
  EXPECT_THAT(names, ElementsAre("config.json", "conversion.html", "conversion.json", "hf_quant_config.json",
                                 "model.safetensors", "tokenizer.json"));

  const Ended inspected = assay({"inspect", at("nvfp4")});
  expect_done(inspected);
  EXPECT_THAT(inspected.out,
              StartsWith(at("nvfp4") + ": NVFP4 w4a16 in modelopt layout: 18 matrices of 1.5 M weights, 7 "
                                       "other tensors, "));

  const Ended back = assay({"dequantize", at("nvfp4"), "-o", at("back")});
  expect_done(back);
  EXPECT_EQ(back.out, at("back") + ": 18 matrices as bf16, 7 tensors as they were\n");
  EXPECT_FALSE(fs::exists(at("back.part")));
  EXPECT_FALSE(fs::exists(at("back/hf_quant_config.json")));
  EXPECT_EQ(parsed(test::text_of(at("back/config.json"))), parsed(test::text_of(at("master/config.json"))));
  const Ended again = assay({"inspect", at("back")});
  EXPECT_EQ(again.code, 4);
  EXPECT_THAT(again.err, HasSubstr("this model is not quantised"));
}

/// What the report says of nearness, against the weights that dequantize gives. Experts, which the master holds in
/// tensors of three dimensions, are in tests/artifact/convert_test.cc.
TEST_F(QuantizeTest, TheReportedNoiseIsThatOfTheDequantisedWeights) {
  for (const char* method : {"rtn", "4o6", "sweep"}) {
    SCOPED_TRACE(method);
    const std::string out = std::string("out-") + method, plain = out + "-back";
    const Ended ended = quantize({"--method", method, "--json"}, out);
    expect_done(ended);
    expect_done(assay({"dequantize", at(out), "-o", at(plain), "--dtype", "f32"}));
    const Result<Checkpoint> back = Checkpoint::open(at(plain));
    ASSERT_TRUE(back) << back.error().message;
    std::size_t compared = 0;
    const Json report = parsed(ended.out);
    for (const Json& one : report["modules"]) {
      const std::string name = one["module"].get<std::string>() + ".weight";
      if (name.find("experts") != name.npos || name == "m.1.self_attn.o_proj.weight") continue;
      const std::vector<float> before = master_.values(name), after = floats_in(*back, name);
      ASSERT_EQ(before.size(), after.size()) << name;
      double signal = 0, noise = 0;
      for (std::size_t i = 0; i < before.size(); ++i) {
        signal += std::pow(static_cast<double>(before[i]), 2);
        noise += std::pow(static_cast<double>(after[i]) - static_cast<double>(before[i]), 2);
      }
      EXPECT_NEAR(one["sqnr_mdb"].get<double>(), 10'000 * std::log10(signal / noise), 1) << name;
      ++compared;
    }
    EXPECT_EQ(compared, 5u);
  }
}

TEST_F(QuantizeTest, EveryAlgorithmAndFormatIsReadBack) {
  for (const char* algo : {"w4a16", "w4a4"})
    for (const char* format : {"modelopt", "compressed-tensors"}) {
      const std::string out = fmt::format("nvfp4-{}-{}", algo, format);
      SCOPED_TRACE(out);
      expect_done(quantize({"--algo", algo, "--format", format, "--method", "rtn"}, out));
      const Json summary = inspect(out);
      EXPECT_EQ(summary["algorithm"], algo);
      EXPECT_EQ(summary["format"], format);
      EXPECT_EQ(summary["excluded"], Json::array({"lm_head"}));
      EXPECT_EQ(summary["modules"].size(), 18u);
      for (const Json& one : summary["modules"])
        EXPECT_EQ(one.value("input_scale", "none"), std::string(algo) == "w4a4" ? "0x1p-4" : "none");
      expect_done(assay({"dequantize", at(out), "-o", at(out + "-back")}));
      EXPECT_TRUE(files_below(at(out + "-back")).at("model.safetensors") ==
                  files_below(at("nvfp4-w4a16-modelopt-back")).at("model.safetensors"));
    }
}

TEST_F(QuantizeTest, AFolderMayBeSpelledWithASlash) {
  expect_done(assay({"quantize", at("master") + "/", "-o", at("nvfp4") + "/"}));
  EXPECT_EQ(parsed(test::text_of(at("nvfp4/conversion.json")))["source"], "master");
  expect_done(assay({"dequantize", at("nvfp4") + "/", "-o", at("back") + "/"}));
  EXPECT_TRUE(fs::exists(at("back/model.safetensors")));
  expect_done(quantize({}, "plain"));
  EXPECT_TRUE(files_below(at("nvfp4")) == files_below(at("plain")));
}

TEST_F(QuantizeTest, ASingleFileIsAMasterToo) {
  Master one;
  one.add("a.weight", Dtype::BF16, {128, 128});
  one.write(at("single"));
  expect_done(assay({"quantize", at("single/model.safetensors"), "-o", at("nvfp4")}));
  EXPECT_EQ(inspect("nvfp4")["modules"].size(), 1u);
  EXPECT_EQ(parsed(test::text_of(at("nvfp4/conversion.json")))["source"], "model.safetensors");
}

// --- What is said ---

TEST_F(QuantizeTest, TheReportAsJson) {
  const Ended ended = quantize({"--json", "--method", "4o6", "--tensor-scale", "amax", "--algo", "w4a4"});
  expect_done(ended);
  EXPECT_EQ(ended.out, test::text_of(at("nvfp4/conversion.json")));
  const Json report = parsed(ended.out);
  EXPECT_THAT(keys_of(report),
              ElementsAre("algorithm", "bytes_after", "bytes_before", "format", "kept", "method", "modules", "policy",
                          "schema", "source", "sqnr_mdb", "tensor_scale", "tool"));
  EXPECT_EQ(report["schema"], "conversion/1");
  EXPECT_EQ(report["source"], "master");
  EXPECT_EQ(report["policy"], "default");
  EXPECT_EQ(report["method"], "4o6");
  EXPECT_EQ(report["tensor_scale"], "amax");
  EXPECT_EQ(report["algorithm"], "w4a4");
  EXPECT_EQ(report["format"], "modelopt");
  EXPECT_THAT(report["tool"].get<std::string>(), StartsWith("assay "));
  std::uint64_t before = 0;
  for (const artifact::TensorSpec& spec : master_.specs()) before += master_.bytes(spec.name).size();
  EXPECT_EQ(report["bytes_before"], before);
  EXPECT_EQ(report["bytes_after"], inspect("nvfp4")["bytes"]);
  EXPECT_LT(report["bytes_after"].get<std::uint64_t>(), before / 2);

  EXPECT_EQ(report["modules"].size(), 18u);
  std::int64_t last = INT64_MIN;
  for (const Json& one : report["modules"]) {
    EXPECT_THAT(keys_of(one), ElementsAre("inputs", "module", "outputs", "sqnr_mdb", "tensor_scale"));
    const std::int64_t db = one["sqnr_mdb"].is_null() ? INT64_MAX : one["sqnr_mdb"].get<std::int64_t>();
    EXPECT_GE(db, last) << "the worst come first";
    last = db;
  }
  EXPECT_EQ(report["modules"].back()["module"], "m.1.self_attn.o_proj") << "zeros come through exactly";
  EXPECT_EQ(report["modules"].back()["sqnr_mdb"], nullptr);
  std::map<std::string, std::string> kept;
  for (const Json& one : report["kept"]) {
    EXPECT_THAT(keys_of(one), ElementsAre("reason", "rule", "tensor"));
    kept[one["tensor"]] = one["rule"];
  }
  const std::map<std::string, std::string> expected = {{"lm_head.weight", "head"},
                                                       {"m.0.self_attn.q_proj.bias", "bias"},
                                                       {"m.embed_tokens.weight", "embeddings"},
                                                       {"m.none", "shape"},
                                                       {"m.norm.weight", "norms"},
                                                       {"m.position_ids", "type"},
                                                       {"m.scalar", "vector"}};
  EXPECT_EQ(kept, expected);
}

TEST_F(QuantizeTest, TheReportAsAPage) {
  expect_done(quantize());
  const std::string page = test::text_of(at("nvfp4/conversion.html"));
  EXPECT_THAT(page, StartsWith("<!doctype html>"));
  EXPECT_THAT(page, HasSubstr("<title>master: NVFP4 conversion</title>"));
  EXPECT_THAT(page, HasSubstr("<svg class=\"histogram\""));
  EXPECT_THAT(page, HasSubstr("class=\"bar\""));
  const Json report = parsed(test::text_of(at("nvfp4/conversion.json")));
  for (const Json& one : report["modules"]) EXPECT_THAT(page, HasSubstr(one["module"].get<std::string>()));
  for (const Json& one : report["kept"]) {
    EXPECT_THAT(page, HasSubstr(one["tensor"].get<std::string>()));
  }
  EXPECT_THAT(page, HasSubstr("embeddings: an embedding is a table that rows are read from, not a matrix product"));
  for (const char* outside : {"http://", "https://", "<script"}) EXPECT_THAT(page, Not(HasSubstr(outside)));
}

TEST_F(QuantizeTest, TheReportAsText) {
  const Ended ended = quantize();
  expect_done(ended);
  EXPECT_THAT(ended.out, HasSubstr(" dB over all quantised weights\n"));
  EXPECT_THAT(ended.out, HasSubstr("the ten worst modules\n"));
  EXPECT_THAT(ended.out, HasSubstr("lm_head.weight"));
  EXPECT_THAT(ended.out, HasSubstr("head: an error here goes straight into the logits"));
}

TEST_F(QuantizeTest, ADryRunSaysWhatWouldBecomeOfEachTensor) {
  const Ended ended = assay({"quantize", at("master"), "--dry-run"});
  expect_done(ended);
  EXPECT_EQ(test::lines_of(ended.out), 18u + 7u);
  for (const char* line :
       {"quantise  m.0.self_attn.k_proj  128 x 128  scale of m.0.self_attn.q_proj+k_proj+v_proj\n",
        "quantise  m.0.mlp.experts.1.up_proj  256 x 128  scale of m.0.mlp.experts.1.gate_proj+up_proj\n",
        "leave     m.embed_tokens.weight  embeddings: an embedding is a table that rows are read from, not a matrix "
        "product\n",
        "leave     m.position_ids  type: it is not F32, F16 or BF16\n"})
    EXPECT_THAT(ended.out, HasSubstr(line));
  const Ended with_out = quantize({"--dry-run"});
  expect_done(with_out);
  EXPECT_EQ(with_out.out, ended.out);
  expect_nothing_left("nvfp4");
}

TEST_F(QuantizeTest, APolicyOfOnesOwn) {
  write("policy.json", R"({"schema":"quantization-policy/1","id":"mine","keep":[{"id":"all-but-one","modules":)"
                       R"(["*q_proj","*k_proj","*v_proj","*experts*","lm_head","*embed*","m.1.*","m.2.*"],)"
                       R"("reason":"so"}],"shape":{"k_multiple":16,"n_multiple":1,"smallest_side":1},"fused":[]})");
  const Ended ended = quantize({"--policy", at("policy.json"), "--json"});
  expect_done(ended);
  const Json report = parsed(ended.out);
  EXPECT_EQ(report["policy"], "mine");
  ASSERT_EQ(report["modules"].size(), 1u);
  EXPECT_EQ(report["modules"][0]["module"], "m.0.self_attn.o_proj");
  EXPECT_EQ(inspect("nvfp4")["modules"].size(), 1u);
}

// --- Refusals ---

TEST_F(QuantizeTest, WhatIsAskedWronglyIsAMatterOfUsage) {
  const std::string master = at("master"), out = at("nvfp4");
  const std::vector<std::pair<std::vector<std::string>, std::string>> all = {
      {{master}, "name the artifact's folder with --out, or ask for --dry-run"},
      {{at("gone"), "-o", out}, at("gone") + ": no such file or folder"},
      {{master, "-o", out, "--policy", at("gone")}, at("gone") + ": cannot open: No such file or directory"},
      {{master, "-o", at("master")}, at("master") + ": is there already; name a folder that is not"},
  };
  for (const auto& [words, line] : all) {
    std::vector<std::string> whole{"quantize"};
    whole.insert(whole.end(), words.begin(), words.end());
    expect_refusal(assay(whole), 2, "assay quantize: " + line);
  }
  write("policy.json", R"({"schema":"quantization-policy/1"})");
  expect_refusal(quantize({"--policy", at("policy.json")}), 2,
                 "assay quantize: " + at("policy.json") + ": field 'id': missing");
  const std::vector<std::vector<std::string>> wrong = {
      {"--method", "best"}, {"--tensor-scale", "3"}, {"--algo", "w8"},       {"--format", "gguf"},
      {"--threads", "0"},   {"--file-size", "0"},    {"--file-size", "nan"}, {"--nothing"}};
  for (const std::vector<std::string>& words : wrong) {
    const Ended ended = quantize(words);
    EXPECT_EQ(ended.code, 2) << words[0] << " " << words.back();
    EXPECT_EQ(test::lines_of(ended.err), 1u) << ended.err;
    EXPECT_THAT(ended.err, StartsWith("assay quantize: "));
    expect_nothing_left("nvfp4");
  }
}

TEST_F(QuantizeTest, DequantizeRefusesLikewise) {
  expect_done(quantize());
  expect_refusal(assay({"dequantize", at("gone"), "-o", at("back")}), 2,
                 "assay dequantize: " + at("gone") + ": no such file or folder", "back");
  const Ended there = assay({"dequantize", at("nvfp4"), "-o", at("master")});
  EXPECT_EQ(there.code, 2);
  EXPECT_EQ(there.err, "assay dequantize: " + at("master") + ": is there already; name a folder that is not\n");
  expect_refusal(assay({"dequantize", at("master"), "-o", at("back")}), 4,
                 "assay dequantize: " + at("master") +
                     ": no quantization_config in config.json and no hf_quant_config.json; this model is not quantised",
                 "back");
  // The first of the block scales becomes a NaN.
  const Result<Checkpoint> checkpoint = Checkpoint::open(at("nvfp4"));
  ASSERT_TRUE(checkpoint);
  const artifact::SafetensorsFile& file = checkpoint->shards().front();
  const artifact::TensorInfo* scales = file.find("m.2.mlp.down_proj.weight_scale");
  ASSERT_TRUE(scales);
  std::string bytes = files_below(at("nvfp4")).at("model.safetensors");
  std::uint64_t header = 0;
  for (std::size_t i = 8; i-- > 0;) header = header << 8 | static_cast<std::uint8_t>(bytes[i]);
  bytes[8 + header + scales->begin] = '\x7f';
  artifact::put(at("nvfp4/model.safetensors"), bytes);
  const std::string line = at("nvfp4/model.safetensors") +
                           ": module 'm.2.mlp.down_proj': block scale 0x7f in row 0, block 0: scales are 0x00 to 0x7e";
  expect_refusal(assay({"dequantize", at("nvfp4"), "-o", at("back")}), 4, "assay dequantize: " + line, "back");
  const Ended inspected = assay({"inspect", at("nvfp4")});
  EXPECT_EQ(inspected.code, 4);
  EXPECT_EQ(inspected.err, "assay inspect: " + line + "\n");
}

TEST_F(QuantizeTest, EveryMalformedCheckpointIsRefused) {
  std::size_t refused = 0;
  for (const artifact::Malformed& malformed : artifact::malformed_checkpoints()) {
    SCOPED_TRACE(malformed.name);
    fs::remove_all(at("bad"));
    fs::create_directory(at("bad"));
    malformed.make(at("bad"));
    std::string line = malformed.expected;
    for (std::size_t i = 0; (i = line.find("DIR", i)) != line.npos;) line.replace(i, 3, at("bad"));
    expect_refusal(assay({"quantize", at("bad"), "-o", at("nvfp4")}), 4, "assay quantize: " + line);
    ++refused;
  }
  EXPECT_GE(refused, 40u);
}

TEST_F(QuantizeTest, AWeightThatIsNotFiniteIsRefused) {
  master_.set("m.0.self_attn.k_proj.weight", 3 * 128 + 5, std::numeric_limits<float>::quiet_NaN());
  fs::remove_all(at("master"));
  master_.write(at("master"));
  write("master/config.json", R"({"hidden_size": 128})");
  expect_refusal(
      quantize(), 4,
      "assay quantize: " + at("master/model.safetensors") +
          ": tensor m.0.self_attn.k_proj.weight[3, 5] is nan: a master with such a weight has no scale; mend "
          "the checkpoint");
}

TEST_F(QuantizeTest, AMasterOfWhichNothingWouldBeQuantisedIsRefused) {
  Master norms;
  norms.add("m.norm.weight", Dtype::BF16, {128});
  norms.write(at("norms"));
  expect_refusal(
      assay({"quantize", at("norms"), "-o", at("nvfp4")}), 4,
      "assay quantize: policy default: nothing is left to quantise; of 1 tensors: a norm is no matrix product");
}

TEST_F(QuantizeTest, AnArtifactIsNoMaster) {
  expect_done(quantize());
  const Ended ended = assay({"quantize", at("nvfp4"), "-o", at("twice")});
  EXPECT_EQ(ended.code, 4);
  EXPECT_EQ(test::lines_of(ended.err), 1u);
  expect_nothing_left("twice");
}

/// A disk without room is no fault of the master: the caller may try again.
TEST_F(QuantizeTest, AFullDiskIsNamedAndLeavesNothing) {
  const Ended ended = assay({.arguments = {"quantize", at("master"), "-o", at("nvfp4")}, .before = [] {
                               std::signal(SIGXFSZ, SIG_IGN);
                               const rlimit limit{100'000, 100'000};
                               ::setrlimit(RLIMIT_FSIZE, &limit);
                             }});
  EXPECT_EQ(ended.code, 3);
  EXPECT_THAT(ended.err, StartsWith("assay quantize: " + at("nvfp4.part/model.safetensors") + ": cannot "));
  EXPECT_THAT(ended.err, EndsWith(": File too large\n"));
  EXPECT_EQ(test::lines_of(ended.err), 1u) << ended.err;
  expect_nothing_left("nvfp4");
}

// --- Killed and begun again ---

class KilledConversionTest : public QuantizeTest {
 protected:
  static constexpr int kMatrices = 24;

  void SetUp() override {
    ProcessTest::SetUp();
    if (IsSkipped()) return;
    Master large;
    for (int i = 0; i < kMatrices; ++i)
      large.add(fmt::format("m.{:02}.down_proj.weight", i), Dtype::BF16, {1024, 1024});
    large.write(at("master"), 10'000'000);
  }
  std::vector<std::string> words(const std::string& out) const {
    return {"quantize", at("master"), "-o", at(out), "--file-size", "0.001", "--threads", "1"};
  }
  /// Files that the journal says are finished.
  std::size_t finished() const {
    const std::size_t lines = test::lines_of(test::text_of(at("nvfp4.part") + "/.conversion.jsonl"));
    return lines == 0 ? 0 : lines - 1;
  }
};

TEST_F(KilledConversionTest, GoesOnAndEndsInTheSameBytes) {
  expect_done(assay(words("whole")));
  std::size_t had = 0;
  for (int attempt = 0; attempt < 10 && had == 0; ++attempt) {
    test::Program program = box_.start({.arguments = words("nvfp4")});
    EXPECT_TRUE(test::eventually([&] { return finished() >= 3 || fs::exists(at("nvfp4")); }));
    program.signal(SIGKILL);
    if (program.wait().signal == SIGKILL && !fs::exists(at("nvfp4"))) had = finished();
    fs::remove_all(at("nvfp4"));
  }
  ASSERT_GT(had, 0u) << "no conversion was met while it wrote";
  EXPECT_FALSE(fs::exists(at("nvfp4")));
  const Ended ended = assay(words("nvfp4"));
  EXPECT_EQ(ended.code, 0);
  EXPECT_EQ(ended.err,
            fmt::format("assay quantize: {} of {} files were there from a conversion that had been stopped\n", had,
                        kMatrices));
  EXPECT_TRUE(files_below(at("nvfp4")) == files_below(at("whole")));
  EXPECT_FALSE(fs::exists(at("nvfp4.part")));
}

/// The same command twice at once: the second waits for no one and takes nothing from the first.
TEST_F(KilledConversionTest, ASecondOneAtOnceLeavesTheFirstAlone) {
  bool met = false;
  for (int attempt = 0; attempt < 10 && !met; ++attempt) {
    fs::remove_all(at("nvfp4"));
    test::Program first = box_.start({.arguments = words("nvfp4"), .output = at("first")});
    EXPECT_TRUE(test::eventually([&] { return finished() >= 1 || fs::exists(at("nvfp4")); }));
    first.signal(SIGSTOP);
    if (fs::exists(at("nvfp4"))) continue;
    met = true;
    for (const char* method : {"sweep", "rtn"}) {
      std::vector<std::string> second = words("nvfp4");
      second.insert(second.end(), {"--method", method});
      const Ended ended = assay(second);
      EXPECT_EQ(ended.code, 3);
      EXPECT_EQ(ended.err, "assay quantize: " + at("nvfp4.part") +
                               ": another process is writing this artifact; wait until it ends\n");
    }
    first.signal(SIGCONT);
    EXPECT_EQ(first.wait().code, 0);
  }
  ASSERT_TRUE(met) << "no conversion was met while it wrote";
  expect_done(assay(words("whole")));
  EXPECT_TRUE(files_below(at("nvfp4")) == files_below(at("whole")));
}

// --- Masters that a conversion would spoil ---

TEST_F(QuantizeTest, AMasterThatIsQuantisedAlreadyIsRefusedAtOnce) {
  write("master/config.json", R"({"quantization_config": {"quant_method": "modelopt"}})");
  expect_refusal(quantize(), 4,
                 "assay quantize: config.json: has a quantization_config: the model is quantised already; name its "
                 "master");
}

TEST_F(QuantizeTest, GateAndUpColumnByColumnAreNotTakenForHalves) {
  write("master/config.json", R"({"hidden_size": 128, "model_type": "gpt_oss"})");
  expect_refusal(quantize(), 4,
                 "assay quantize: config.json: model_type gpt_oss: its gate and up lie column by column in one tensor, "
                 "which this version does not take apart; split the experts first");
}

TEST_F(QuantizeTest, AnInfinityInATensorThatIsCopiedIsRefusedToo) {
  const auto master = Checkpoint::open(at("master"));
  ASSERT_TRUE(master) << master.error().message;
  const Ended plan = assay({"quantize", at("master"), "--dry-run"});
  const std::size_t line = plan.out.find("leave     ");
  ASSERT_NE(line, std::string::npos);
  const std::string name = plan.out.substr(line + 10, plan.out.find("  ", line + 10) - line - 10);
  master_.set(name, 3, std::numeric_limits<float>::infinity());
  fs::remove_all(at("master"));
  master_.write(at("master"));
  write("master/config.json", R"({"hidden_size": 128})");
  const Ended ended = quantize();
  EXPECT_EQ(ended.code, 4);
  EXPECT_THAT(ended.err, HasSubstr("tensor '" + name + "': element 3 is inf; a model with it cannot be quantised\n"));
  EXPECT_EQ(std::ranges::count(ended.err, '\n'), 1);
  expect_nothing_left("nvfp4");
}

}  // namespace
}  // namespace assay::cli
