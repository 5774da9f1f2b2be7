#include "kernels/bench/own_kernel.h"

#include <gtest/gtest.h>

#include "harness/base/file_system.h"
#include "harness/base/json.h"
#include "tests/bench/bench_device.h"

namespace assay::kernels::bench {
namespace {

class OwnKernelTest : public testing::Test {
 protected:
  void write(const std::string& name, std::string_view text) { ASSERT_TRUE(write_file(folder_.path() / name, text)); }
  Manifest manifest(std::string_view text) {
    write("m.json", text);
    write("k.cu", "kernel text");
    auto read = read_manifest(folder_.path() / "m.json");
    EXPECT_TRUE(read) << read.error().message;
    return *std::move(read);
  }
  Result<Measured> measure(const Manifest& manifest) {
    const auto image = [](const Manifest&, std::string_view content) { return BenchDevice::compile(content, ""); };
    return measure_own(manifest, image,
                       {.device = device_, .rotate_bytes = 1300, .compile = BenchDevice::compile, .with_peer = false},
                       {.samples = 9, .replay_ns = 0, .warm_up_ns = 0});
  }

  static constexpr std::string_view kProduct = R"({
    "schema": "kernel/1", "name": "mine", "version": 1, "source": {"kind": "cuda", "file": "k.cu"},
    "entry": "product", "needs": [], "operation": {"name": "w4a16_product", "m": 2, "n": 4, "k": 32},
    "launch": {"grid": [1, 1, 1], "block": [32, 1, 1]},
    "buffers": [{"name": "codes", "generator": "codes"}, {"name": "scales", "generator": "scales"},
                {"name": "x", "generator": "x"}, {"name": "y", "generator": "y"},
                {"name": "w", "generator": "zeros", "bytes": 16}],
    "parameters": [{"buffer": "codes"}, {"buffer": "scales"}, {"buffer": "x"}, {"buffer": "y"}, {"tensor_scale": 0},
                   {"i64": 2}, {"i64": 4}, {"i64": 32}, {"buffer": "w"}]})";
  static constexpr std::string_view kDouble = R"({
    "schema": "kernel/1", "name": "double", "version": 1, "source": {"kind": "cuda", "file": "k.cu"},
    "entry": "double", "needs": [],
    "operation": {"name": "expected_file", "output": "y", "file": "want.bin", "elements": "bf16"},
    "launch": {"grid": [1, 1, 1], "block": [32, 1, 1]},
    "buffers": [{"name": "x", "generator": "file", "file": "x.bin"}, {"name": "y", "generator": "poison", "bytes": 4}],
    "parameters": [{"buffer": "x"}, {"buffer": "y"}]})";

  /// y = 2 x in BF16, `off` added to the second code.
  void double_it(int off = 0) {
    device_.kernels["double"] = [off](test::FakeDevice& device, const test::FakeDevice::Launch& launch) {
      for (cuda::Address i = 0; i < 2; ++i) {
        const auto code = device.fetch<std::uint16_t>(launch.arg<cuda::Address>(0) + 2 * i);
        const auto twice = static_cast<std::uint16_t>(code + 0x80 + (i == 1 ? off : 0));
        device.store(launch.arg<cuda::Address>(1) + 2 * i, twice);
      }
      return ok();
    };
    write("x.bin", std::string_view("\x80\x3f\x00\x40", 4));
    write("want.bin", std::string_view("\x00\x40\x80\x40", 4));
  }

  TemporaryFolder folder_;
  BenchDevice device_;
};

TEST_F(OwnKernelTest, AProductIsHeldToTheSameOracleAsTheCatalogue) {
  const auto measured = measure(manifest(kProduct));
  ASSERT_TRUE(measured) << measured.error().message;
  EXPECT_EQ(measured->why_not, "");
  EXPECT_EQ(measured->performance.bytes, product_bytes(BenchDevice::problem()));
  EXPECT_EQ(measured->performance.launch, "grid 1x1x1, block 32x1x1, cluster 1, shared 0 B");
  device_.spoil = [](std::uint16_t code, std::int64_t) { return static_cast<std::uint16_t>(code ^ 0x20); };
  EXPECT_NE(measure(manifest(kProduct))->why_not, "");
}

TEST_F(OwnKernelTest, ItsToleranceReplacesTheOperations) {
  device_.spoil = [](std::uint16_t code, std::int64_t) { return static_cast<std::uint16_t>(code ^ 0x4); };
  Json loose = *parse_json(kProduct, "m");
  EXPECT_NE(measure(manifest(kProduct))->why_not, "");
  loose["tolerance"] = {{"relative_ppm", 50'000}, {"absolute_ppm", 0}, {"frobenius_ppm", 50'000}};
  EXPECT_EQ(measure(manifest(*canonical_json(loose)))->why_not, "");
}

TEST_F(OwnKernelTest, AFileIsComparedBitForBit) {
  double_it();
  const auto measured = measure(manifest(kDouble));
  ASSERT_TRUE(measured) << measured.error().message;
  EXPECT_EQ(measured->why_not, "");
  EXPECT_EQ(measured->performance.bytes, 8);
  EXPECT_EQ(measured->performance.operations, 0);
  double_it(1);
  EXPECT_EQ(measure(manifest(kDouble))->why_not, "before timing: byte 2 is 0x81, the file has 0x80");
}

TEST_F(OwnKernelTest, OrWithinATolerance) {
  double_it(1);
  Json near = *parse_json(kDouble, "m");
  near["tolerance"] = {{"relative_ppm", 10'000}, {"absolute_ppm", 0}, {"frobenius_ppm", 10'000}};
  EXPECT_EQ(measure(manifest(*canonical_json(near)))->why_not, "");
  near["tolerance"]["relative_ppm"] = 1000;
  EXPECT_EQ(measure(manifest(*canonical_json(near)))->why_not,
            "before timing: 1 of 2 outputs are wrong, the first y[1]: expected 4, observed 4.03125, bound 0.004");
}

TEST_F(OwnKernelTest, FilesThatAreNotThereOrDoNotFitAreErrors) {
  double_it();
  const Manifest wanted = manifest(kDouble);
  write("want.bin", "abc");
  EXPECT_EQ(measure(wanted).error().message, "want.bin: 3 bytes, the output 'y' has 4");
  std::filesystem::remove(folder_.path() / "x.bin");
  EXPECT_NE(measure(wanted).error().message.find("x.bin"), std::string::npos);
  std::filesystem::remove(folder_.path() / "k.cu");
  write("x.bin", "abcd");
  EXPECT_NE(measure(wanted).error().message.find("k.cu"), std::string::npos);
}

TEST_F(OwnKernelTest, AToolsRefusalIsTheError) {
  const auto refusing = [](const Manifest&, std::string_view) -> Result<std::vector<std::byte>> {
    return Error{"k.cu: no"};
  };
  EXPECT_EQ(own_kernel(manifest(kProduct), refusing).error().message, "k.cu: no");
}

TEST_F(OwnKernelTest, DrawnBuffersHoldWhatTheirGeneratorSays) {
  Json json = *parse_json(kDouble, "m");
  json["buffers"] = Json::array();
  for (const char* name : {"uniform_bf16", "gaussian_bf16", "random_bytes", "e4m3_scales", "zeros", "poison"})
    json["buffers"].push_back({{"name", name}, {"generator", name}, {"bytes", 4096}});
  json["parameters"] = Json::array();
  json["operation"]["output"] = "poison";
  const auto kernel = own_kernel(manifest(*canonical_json(json)), [](const Manifest&, std::string_view content) {
    return BenchDevice::compile(content, "");
  });
  ASSERT_TRUE(kernel) << kernel.error().message;
  const auto& arrays = kernel->workload.arrays;
  const auto value = [&](std::size_t array, std::size_t at) {
    std::uint16_t code = 0;
    std::memcpy(&code, arrays[array].content.data() + 2 * at, 2);
    return nvfp4::bf16_value(code);
  };
  for (std::size_t i = 0; i < 2048; ++i) {
    EXPECT_LE(std::abs(value(0, i)), 1);
    EXPECT_LT(std::abs(value(1, i)), 8);
  }
  for (const std::byte scale : arrays[3].content) EXPECT_GT(nvfp4::e4m3_value(std::to_integer<std::uint8_t>(scale)), 0);
  EXPECT_NE(arrays[2].content, arrays[3].content);
  EXPECT_EQ(arrays[4].use, Use::kept);
  EXPECT_EQ(arrays[5].filler, std::byte{0xff});
}

}  // namespace
}  // namespace assay::kernels::bench
