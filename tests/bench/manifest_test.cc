#include "kernels/bench/manifest.h"

#include <gtest/gtest.h>

#include <functional>

#include "harness/base/json.h"

namespace assay::kernels::bench {
namespace {

Json example() {
  const auto manifest = parse_json(R"({
    "schema": "kernel/1", "name": "mine", "version": 2, "source": {"kind": "ptx", "file": "sub/mine.ptx"},
    "entry": "go", "needs": ["control.copy"],
    "operation": {"name": "w4a16_product", "m": 3, "n": 48, "k": 64, "activation": "f16"},
    "launch": {"grid": [4, 1, 1], "block": [64, 2, 1], "cluster": [2, 1, 1], "dynamic_shared_bytes": 65536},
    "buffers": [{"name": "c", "generator": "codes"}, {"name": "s", "generator": "scales"},
                {"name": "in", "generator": "x"}, {"name": "out", "generator": "y"},
                {"name": "locks", "generator": "zeros", "bytes": 64}],
    "parameters": [{"buffer": "out"}, {"tensor_scale": 0}, {"i32": -2}, {"i64": 5000000000},
                   {"f32_bits": "0x3f800000"}]
  })",
                                   "example");
  return *manifest;
}

Json of_file() {
  Json manifest = example();
  manifest["operation"] = {{"name", "expected_file"}, {"output", "out"}, {"file", "want.bin"}, {"elements", "bf16"}};
  manifest["tolerance"] = {{"relative_ppm", 4000}, {"absolute_ppm", 10}, {"frobenius_ppm", 2000}};
  manifest["buffers"] = Json::array({{{"name", "in"}, {"generator", "gaussian_bf16"}, {"bytes", 64}},
                                     {{"name", "out"}, {"generator", "poison"}, {"bytes", 64}}});
  manifest["parameters"] = Json::array({{{"buffer", "in"}}, {{"buffer", "out"}}});
  return manifest;
}

TEST(ManifestTest, BecomesPlainData) {
  const auto manifest = manifest_from_json(example(), "m.json");
  ASSERT_TRUE(manifest) << manifest.error().message;
  EXPECT_EQ(manifest->name, "mine");
  EXPECT_EQ(manifest->kind, SourceKind::ptx);
  EXPECT_EQ(manifest->shape.block.y, 2U);
  EXPECT_EQ(manifest->shape.cluster.x, 2U);
  EXPECT_EQ(manifest->shape.dynamic_shared_bytes, 65536U);
  const Problem& problem = std::get<ProductClaim>(manifest->operation).problem;
  EXPECT_EQ(problem.m, 3);
  EXPECT_EQ(problem.activation, Activation::f16);
  ASSERT_EQ(manifest->parameters.size(), 5U);
  EXPECT_EQ(std::get<BufferAddress>(manifest->parameters[0]).buffer, 3U);
  EXPECT_EQ(std::get<Value>(manifest->parameters[2]).bytes,
            (std::vector<std::byte>{std::byte{0xfe}, std::byte{0xff}, std::byte{0xff}, std::byte{0xff}}));
  EXPECT_EQ(std::get<Value>(manifest->parameters[3]).bytes.size(), 8U);
  EXPECT_EQ(std::get<Value>(manifest->parameters[4]).bytes[3], std::byte{0x3f});
}

TEST(ManifestTest, AFileMayBeWhatIsExpected) {
  const auto manifest = manifest_from_json(of_file(), "m.json");
  ASSERT_TRUE(manifest) << manifest.error().message;
  const auto& expected = std::get<ExpectedFile>(manifest->operation);
  EXPECT_EQ(expected.output, 1U);
  EXPECT_EQ(expected.elements, ElementKind::bf16);
  EXPECT_EQ(manifest->tolerance->relative_ppm, 4000);
}

TEST(ManifestTest, TheWorkedExampleIsOne) {
  const auto manifest = read_manifest(ASSAY_SOURCE_DIR "/docs/ci/kernel/w4a16_vector.json");
  ASSERT_TRUE(manifest) << manifest.error().message;
  EXPECT_EQ(manifest->folder.filename(), "kernel");
}

struct Broken {
  std::string_view says;
  std::function<void(Json&)> how;
  bool file = false;
};

class BrokenManifestTest : public testing::TestWithParam<Broken> {};

TEST_P(BrokenManifestTest, IsRefusedWithOneLineThatNamesTheField) {
  Json manifest = GetParam().file ? of_file() : example();
  GetParam().how(manifest);
  const auto refused = manifest_from_json(manifest, "m.json");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message.substr(0, 8), "m.json: ");
  EXPECT_NE(refused.error().message.find(GetParam().says), std::string::npos) << refused.error().message;
  EXPECT_EQ(refused.error().message.find('\n'), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(
    Fields, BrokenManifestTest,
    testing::Values(
        Broken{"'kernel/2' is not kernel/1", [](Json& m) { m["schema"] = "kernel/2"; }},
        Broken{"name", [](Json& m) { m["name"] = ""; }}, Broken{"name", [](Json& m) { m.erase("name"); }},
        Broken{"colour", [](Json& m) { m["colour"] = "red"; }}, Broken{"version", [](Json& m) { m["version"] = 0; }},
        Broken{"entry", [](Json& m) { m["entry"] = ""; }},
        Broken{"source: field 'kind': unknown word 'c'; one of cuda, ptx, cubin",
               [](Json& m) { m["source"]["kind"] = "c"; }},
        Broken{"source: field 'file': expected a path below", [](Json& m) { m["source"]["file"] = "../x.ptx"; }},
        Broken{"source: field 'file': expected a path below", [](Json& m) { m["source"]["file"] = "/etc/passwd"; }},
        Broken{"source: field 'file': expected a path below", [](Json& m) { m["source"]["file"] = "a/../../b"; }},
        Broken{"needs: expected gate ids", [](Json& m) { m["needs"] = Json::array({1}); }},
        Broken{"launch: field 'grid': expected three extents",
               [](Json& m) {
                 m["launch"]["grid"] = Json::array({1, 1});
               }},
        Broken{"launch: field 'grid': expected integers",
               [](Json& m) {
                 m["launch"]["grid"] = Json::array({0, 1, 1});
               }},
        Broken{"launch: field 'block': expected integers from 1 to 1024",
               [](Json& m) {
                 m["launch"]["block"] = Json::array({2048, 1, 1});
               }},
        Broken{"launch: field 'block': expected integers",
               [](Json& m) {
                 m["launch"]["block"] = Json::array({"a", 1, 1});
               }},
        Broken{"dynamic_shared_bytes", [](Json& m) { m["launch"]["dynamic_shared_bytes"] = -1; }},
        Broken{"threads", [](Json& m) { m["launch"]["threads"] = 1; }},
        Broken{"buffers[1]: field 'name': a second 'c'", [](Json& m) { m["buffers"][1]["name"] = "c"; }},
        Broken{"buffers[0]: field 'generator': unknown word 'magic'",
               [](Json& m) { m["buffers"][0]["generator"] = "magic"; }},
        Broken{"buffers[4]", [](Json& m) { m["buffers"][4].erase("bytes"); }},
        Broken{"buffers[4]: field 'bytes'", [](Json& m) { m["buffers"][4]["bytes"] = 0; }},
        Broken{"buffers[0]: field 'bytes'", [](Json& m) { m["buffers"][0]["bytes"] = 12; }},
        Broken{"buffers: w4a16_product needs one of 'x'", [](Json& m) { m["buffers"].erase(2); }},
        Broken{"buffers: a second buffer of 'x'",
               [](Json& m) {
                 m["buffers"].push_back({{"name", "more"}, {"generator", "x"}});
               }},
        Broken{"buffers: no buffer of 'bias'", [](Json& m) { m["operation"]["bias"] = true; }},
        Broken{"operation: field 'name': unknown word 'gemm'", [](Json& m) { m["operation"]["name"] = "gemm"; }},
        Broken{"operation: field 'k': no multiple of 16", [](Json& m) { m["operation"]["k"] = 40; }},
        Broken{"operation: field 'm'", [](Json& m) { m["operation"]["m"] = 0; }},
        Broken{"operation: field 'activation'", [](Json& m) { m["operation"]["activation"] = "f32"; }},
        Broken{"operation: field 'bias': a gated pair has none",
               [](Json& m) { m["operation"]["bias"] = m["operation"]["gated"] = true; }},
        Broken{"parameters[0]: field 'buffer': no buffer is called 'nowhere'",
               [](Json& m) { m["parameters"][0]["buffer"] = "nowhere"; }},
        Broken{"parameters[2]", [](Json& m) { m["parameters"][2] = Json::object(); }},
        Broken{"parameters[2]: field 'i32'", [](Json& m) { m["parameters"][2]["i32"] = 5'000'000'000; }},
        Broken{"parameters[2]", [](Json& m) { m["parameters"][2]["i64"] = 1; }},
        Broken{"parameters[4]: field 'f32_bits'", [](Json& m) { m["parameters"][4]["f32_bits"] = "1.0"; }},
        Broken{"parameters[4]: field 'f32_bits'", [](Json& m) { m["parameters"][4]["f32_bits"] = "0x3f80000g"; }},
        Broken{"parameters: tensor_scale 1 is of a gated pair",
               [](Json& m) { m["parameters"][1]["tensor_scale"] = 1; }},
        Broken{"tolerance",
               [](Json& m) {
                 m["tolerance"] = {{"relative_ppm", 1}};
               }},
        Broken{"operation: field 'output': no buffer is called 'x'", [](Json& m) { m["operation"]["output"] = "x"; },
               true},
        Broken{"operation: output must be a buffer of 'poison'", [](Json& m) { m["operation"]["output"] = "in"; },
               true},
        Broken{"operation: field 'file'", [](Json& m) { m["operation"]["file"] = "../want.bin"; }, true},
        Broken{"tolerance: bytes are compared bit for bit", [](Json& m) { m["operation"]["elements"] = "bytes"; },
               true},
        Broken{"buffers: generator 'codes' belongs to w4a16_product",
               [](Json& m) { m["buffers"].push_back({{"name", "c"}, {"generator", "codes"}}); }, true},
        Broken{"parameters: tensor_scale belongs to w4a16_product",
               [](Json& m) { m["parameters"].push_back({{"tensor_scale", 0}}); }, true}));

}  // namespace
}  // namespace assay::kernels::bench
