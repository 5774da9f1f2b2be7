#include "kernels/artifact/safetensors.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <limits>

#include "harness/base/file_system.h"
#include "tests/artifact/malformed.h"

namespace assay::artifact {
namespace {

/// A file in a folder of its own.
class SafetensorsTest : public ::testing::Test {
 protected:
  std::filesystem::path path() const { return folder_.path() / "m.safetensors"; }

  /// One tensor "w" of these bytes.
  SafetensorsFile open_one(std::string_view dtype, std::string_view shape, std::string_view data) {
    const std::string header =
        fmt::format(R"({{"w":{{"dtype":"{}","shape":{},"data_offsets":[0,{}]}}}})", dtype, shape, data.size());
    put(path(), file_of(header, 0) + std::string(data));
    return open();
  }
  SafetensorsFile open() {
    Result<SafetensorsFile> file = SafetensorsFile::open(path());
    if (!file) ADD_FAILURE() << file.error().message;
    if (!file) std::abort();
    return *std::move(file);
  }
  std::vector<float> floats(std::string_view dtype, std::size_t count, std::string_view data) {
    const SafetensorsFile file = open_one(dtype, fmt::format("[{}]", count), data);
    std::vector<float> out(count, -1.0f);
    const Status read = file.read_floats(file.tensors()[0], 0, out);
    EXPECT_TRUE(read) << read.error().message;
    return out;
  }

  TemporaryFolder folder_;
};

std::string message(const Status& status) { return status ? "accepted" : status.error().message; }

TEST_F(SafetensorsTest, KeepsTheOrderOfTheBytesAndTheMetadata) {
  put(path(), file_of(R"({"b":{"shape":[2,3],"data_offsets":[4,16],"dtype":"BF16"},"__metadata__":{"format":"pt"},)"
                      R"("a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}   )",
                      16));
  const SafetensorsFile file = open();
  ASSERT_EQ(file.tensors().size(), 2u);
  EXPECT_EQ(file.tensors()[0].name, "a");
  EXPECT_EQ(file.tensors()[0].dtype, Dtype::F32);
  EXPECT_EQ(file.tensors()[0].elements(), 1u);
  EXPECT_EQ(file.tensors()[1].name, "b");
  EXPECT_EQ(file.tensors()[1].shape, (std::vector<std::uint64_t>{2, 3}));
  EXPECT_EQ(file.tensors()[1].begin, 4u);
  EXPECT_EQ(file.tensors()[1].bytes(), 12u);
  EXPECT_EQ(file.metadata(), (Metadata{{"format", "pt"}}));
  ASSERT_NE(file.find("b"), nullptr);
  EXPECT_EQ(file.find("b")->name, "b");
  EXPECT_EQ(file.find("c"), nullptr);
}

TEST_F(SafetensorsTest, AFileMayHoldNoTensors) {
  put(path(), file_of("{}", 0));
  EXPECT_TRUE(open().tensors().empty());
  EXPECT_EQ(open().find(""), nullptr);
}

TEST_F(SafetensorsTest, ZeroDimensionsAreLegalAndTakeNoBytes) {
  put(path(), file_of(R"({"z":{"dtype":"F32","shape":[3,0,5],"data_offsets":[2,2]},)"
                      R"("b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]},)"
                      R"("a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
                      R"("end":{"dtype":"U8","shape":[0],"data_offsets":[4,4]}})",
                      4));
  const SafetensorsFile file = open();
  ASSERT_EQ(file.tensors().size(), 4u);
  EXPECT_EQ(file.tensors()[1].name, "z");
  EXPECT_EQ(file.tensors()[1].elements(), 0u);
  EXPECT_EQ(message(file.read_floats(file.tensors()[1], 0, {})), "accepted");
  EXPECT_EQ(message(file.read(file.tensors()[3], 0, {})), "accepted");
}

/// Not read as numbers, but known: their sizes are checked, and their bytes can be copied.
TEST_F(SafetensorsTest, EveryDtypeHasItsNameAndSize) {
  constexpr std::pair<std::string_view, unsigned> kAll[] = {
      {"BOOL", 8},    {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6},     {"U8", 8},          {"I8", 8},
      {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8}, {"F8_E5M2FNUZ", 8}, {"I16", 16},
      {"U16", 16},    {"F16", 16},    {"BF16", 16},   {"I32", 32},        {"U32", 32},        {"F32", 32},
      {"C64", 64},    {"F64", 64},    {"I64", 64},    {"U64", 64}};
  for (const auto& [name, bits] : kAll) {
    SCOPED_TRACE(name);
    const SafetensorsFile file = open_one(name, "[4]", std::string(bits / 2, 'x'));
    EXPECT_EQ(to_string(file.tensors()[0].dtype), name);
    EXPECT_EQ(bits_of(file.tensors()[0].dtype), bits);
    std::string bytes(bits / 2, '\0');
    EXPECT_EQ(message(file.read(file.tensors()[0], 0, std::as_writable_bytes(std::span(bytes)))), "accepted");
    EXPECT_EQ(bytes, std::string(bits / 2, 'x'));
  }
  EXPECT_EQ(dtype_from("F4_E2M1"), std::nullopt);
}

TEST(BytesOfTest, RefusesWhatOverflowsOrEndsInsideAByte) {
  const auto bytes = [](Dtype dtype, std::vector<std::uint64_t> shape) { return bytes_of(dtype, shape); };
  EXPECT_EQ(bytes(Dtype::F32, {}), 4u);
  EXPECT_EQ(bytes(Dtype::F4, {3, 2}), 3u);
  EXPECT_EQ(bytes(Dtype::F6_E2M3, {4}), 3u);
  EXPECT_EQ(bytes(Dtype::F4, {}), std::nullopt);
  EXPECT_EQ(bytes(Dtype::F6_E3M2, {2}), std::nullopt);
  EXPECT_EQ(bytes(Dtype::U8, {1ull << 60, 1}), 1ull << 60);
  EXPECT_EQ(bytes(Dtype::U8, {1ull << 61}), std::nullopt);
  EXPECT_EQ(bytes(Dtype::U8, {1ull << 63, 2, 0}), std::nullopt);
  EXPECT_EQ(bytes(Dtype::U8, {0, 1ull << 63, 2}), 0u);
}

// --- Reading ---

TEST_F(SafetensorsTest, ReadsRanges) {
  const SafetensorsFile file = open_one("U8", "[2,4]", "abcdefgh");
  std::string part(3, '?');
  ASSERT_EQ(message(file.read(file.tensors()[0], 2, std::as_writable_bytes(std::span(part)))), "accepted");
  EXPECT_EQ(part, "cde");
  const std::string where = path().string() + ": tensor 'w': ";
  EXPECT_EQ(message(file.read(file.tensors()[0], 6, std::as_writable_bytes(std::span(part)))),
            where + "bytes 6 to 9 of 8 asked for");
  EXPECT_EQ(message(file.read(file.tensors()[0], ~std::uint64_t{0}, std::as_writable_bytes(std::span(part)))),
            where + "bytes 18446744073709551615 to 2 of 8 asked for");
}

TEST_F(SafetensorsTest, ConvertsFloatingPointExactly) {
  using std::string_view_literals::operator""sv;
  const float inf = std::numeric_limits<float>::infinity();
  EXPECT_EQ(floats("F32", 2, "\x00\x00\xc0\x3f\x00\x00\x00\x80"sv), (std::vector<float>{1.5f, -0.0f}));
  EXPECT_EQ(floats("BF16", 3, "\x80\x3f\x00\xc0\x80\x7f"sv), (std::vector<float>{1, -2, inf}));
  EXPECT_EQ(floats("F16", 5, "\x00\x3c\xff\x7b\x01\x80\x00\x04\x00\xfc"sv),
            (std::vector<float>{1, 65504, -0x1p-24f, 0x1p-14f, -inf}));
  EXPECT_EQ(floats("F8_E4M3", 5, "\x38\x7e\x01\x08\xc0"sv), (std::vector<float>{1, 448, 0x1p-9f, 0x1p-6f, -2}));
  EXPECT_EQ(floats("F8_E5M2", 4, "\x3c\x7b\x01\xfc"sv), (std::vector<float>{1, 57344, 0x1p-16f, -inf}));
  EXPECT_EQ(floats("U8", 3, "\x00\x07\xff"sv), (std::vector<float>{0, 7, 255}));
  EXPECT_EQ(floats("BOOL", 2, "\x00\x01"sv), (std::vector<float>{0, 1}));
  EXPECT_TRUE(std::isnan(floats("F8_E4M3", 1, "\x7f")[0]));
  EXPECT_TRUE(std::isnan(floats("F16", 1, "\x01\x7c")[0]));
  EXPECT_TRUE(std::signbit(floats("F16", 1, "\x00\x80"sv)[0]));
}

/// Against the arithmetic of the definition, without its bits.
TEST_F(SafetensorsTest, ConvertsEveryF16) {
  std::string data;
  for (int code = 0; code < 65536; ++code) data += {static_cast<char>(code), static_cast<char>(code >> 8)};
  const std::vector<float> values = floats("F16", 65536, data);
  for (int code = 0; code < 65536; ++code) {
    const int exponent = code >> 10 & 31, fraction = code & 1023, sign = code & 0x8000 ? -1 : 1;
    if (exponent == 31) {
      EXPECT_EQ(std::isnan(values[code]), fraction != 0) << code;
      continue;
    }
    const float expected =
        static_cast<float>(sign * std::ldexp(exponent ? 1024 + fraction : fraction, std::max(exponent, 1) - 25));
    ASSERT_EQ(values[code], expected) << code;
  }
}

/// More than one buffer, and from the middle on.
TEST_F(SafetensorsTest, ConvertsLongTensorsFromAnyElementOn) {
  std::string data;
  for (int i = 0; i < 100'000; ++i) {
    const auto code = static_cast<std::uint16_t>(i % 0x7f80);
    data += {static_cast<char>(code), static_cast<char>(code >> 8)};
  }
  const SafetensorsFile file = open_one("BF16", "[100,1000]", data);
  std::vector<float> out(99'990);
  ASSERT_EQ(message(file.read_floats(file.tensors()[0], 10, out)), "accepted");
  for (std::size_t i = 0; i < out.size(); ++i)
    ASSERT_EQ(out[i], std::bit_cast<float>(static_cast<std::uint32_t>((i + 10) % 0x7f80) << 16)) << i;
}

TEST_F(SafetensorsTest, RefusesFloatsThatAreNotThere) {
  const SafetensorsFile file = open_one("I64", "[2]", std::string(16, '\0'));
  std::vector<float> out(2);
  EXPECT_EQ(
      message(file.read_floats(file.tensors()[0], 0, out)),
      path().string() + ": tensor 'w': I64 is not read as numbers; F32, F16, BF16, F8_E4M3, F8_E5M2, U8 and BOOL are");
  const SafetensorsFile halves = open_one("F16", "[2]", std::string(4, '\0'));
  EXPECT_EQ(message(halves.read_floats(halves.tensors()[0], 1, out)),
            path().string() + ": tensor 'w': elements 1 to 3 of 2 asked for");
}

// --- A file that changes while it is open ---

/// A mapped file would kill the process here.
TEST_F(SafetensorsTest, AFileThatIsCutAfterOpeningIsAnError) {
  const SafetensorsFile file = open_one("U8", "[8192]", std::string(8192, 'x'));
  EXPECT_EQ(message(file.check_unchanged()), "accepted");
  const std::uint64_t size = std::filesystem::file_size(path());
  ASSERT_EQ(::truncate(path().c_str(), static_cast<off_t>(size - 4096)), 0);
  std::vector<std::byte> bytes(8192);
  EXPECT_EQ(message(file.read(file.tensors()[0], 0, bytes)),
            fmt::format("{} (offset {}): the file ends here; it has been cut since it was opened", path().string(),
                        size - 4096));
  std::vector<float> values(8192);
  EXPECT_FALSE(file.read_floats(file.tensors()[0], 0, values));
  EXPECT_TRUE(file.read(file.tensors()[0], 0, std::span(bytes).first(4096)));
  EXPECT_EQ(message(file.check_unchanged()),
            path().string() + ": has changed since it was opened; let the other program finish, then start again");
}

TEST_F(SafetensorsTest, AFileThatIsWrittenAfterOpeningIsNoticed) {
  const SafetensorsFile file = open_one("U8", "[4]", "abcd");
  std::filesystem::last_write_time(path(), std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
  EXPECT_FALSE(file.check_unchanged());
}

TEST_F(SafetensorsTest, AMissingFileIsAnError) {
  const Result<SafetensorsFile> file = SafetensorsFile::open(path());
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().message, path().string() + ": cannot open: No such file or directory");
}

}  // namespace
}  // namespace assay::artifact
