#include "kernels/artifact/safetensors_writer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <thread>

#include "harness/base/file_system.h"
#include "harness/base/json.h"
#include "tests/artifact/malformed.h"
#include "tests/support/message.h"

namespace assay::artifact {
namespace {

using test::message;
using ::testing::ElementsAre;
namespace fs = std::filesystem;

std::vector<std::string> names_of(std::span<const TensorInfo> tensors) {
  std::vector<std::string> names;
  for (const TensorInfo& tensor : tensors) names.push_back(tensor.name);
  return names;
}

/// Every kind of tensor that an NVFP4 checkpoint holds, in the order of its modules, and odd ones.
const std::vector<TensorSpec> kSpecs = {{"norm", Dtype::BF16, {64}},
                                        {"m.weight", Dtype::U8, {31, 32}},
                                        {"m.weight_scale", Dtype::F8_E4M3, {31, 4}},
                                        {"m.weight_scale_2", Dtype::F32, {}},
                                        {"odd", Dtype::BF16, {3}},
                                        {"empty", Dtype::F32, {0, 4}},
                                        {"steps", Dtype::I64, {}},
                                        {"n.weight_scale", Dtype::F8_E4M3, {32, 4}}};

std::vector<std::byte> payload(const TensorInfo& tensor) {
  std::vector<std::byte> bytes(tensor.bytes());
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(tensor.name.size() * 17 + i);
  return bytes;
}

// --- Layout ---

TEST(LayOutTest, PackedTensorsComeFirstAndScalarsLast) {
  const Result<Layout> layout = lay_out(kSpecs, {});
  ASSERT_TRUE(layout) << layout.error().message;
  EXPECT_THAT(names_of(layout->tensors), ElementsAre("m.weight", "n.weight_scale", "norm", "empty", "steps",
                                                     "m.weight_scale_2", "odd", "m.weight_scale"));
}

TEST(LayOutTest, EveryTensorIsAligned) {
  const Result<Layout> layout = lay_out(kSpecs, {{"format", "pt"}});
  ASSERT_TRUE(layout);
  EXPECT_EQ(layout->head.size() % 256, 0u);
  std::uint64_t end = 0;
  for (const TensorInfo& tensor : layout->tensors) {
    SCOPED_TRACE(tensor.name);
    EXPECT_EQ(tensor.begin, end);
    EXPECT_EQ(tensor.begin % (bits_of(tensor.dtype) / 8), 0u);
    const std::uint64_t wanted = tensor.bytes() % 16 == 0 ? 16 : 1;
    EXPECT_EQ(tensor.begin % wanted, 0u);
    end = tensor.end;
  }
}

TEST(LayOutTest, TheHeaderIsTheSameWholeText) {
  const std::vector<TensorSpec> specs = {{"s", Dtype::F32, {}}, {"q\"\u00e9", Dtype::U8, {2, 16}}};
  const Result<Layout> layout = lay_out(specs, {{"format", "pt"}});
  ASSERT_TRUE(layout);
  std::string header = R"({"__metadata__":{"format":"pt"},"q\"é":{"dtype":"U8","shape":[2,16],"data_offsets":[0,32]},)"
                       R"("s":{"dtype":"F32","shape":[],"data_offsets":[32,36]}})";
  header.resize(256 - 8, ' ');
  EXPECT_EQ(layout->head, file_of(header, 0));
  EXPECT_EQ(lay_out({}, {})->head, file_of("{}" + std::string(246, ' '), 0));
}

TEST(LayOutTest, RefusesWhatNoReaderWouldTake) {
  const auto refusal = [](std::vector<TensorSpec> specs) { return message(lay_out(specs, {})); };
  EXPECT_EQ(refusal({{"a", Dtype::U8, {1}}, {"b", Dtype::U8, {1}}, {"a", Dtype::U8, {2}}}), "tensor 'a' twice");
  EXPECT_EQ(refusal({{"__metadata__", Dtype::U8, {1}}}), "tensor '__metadata__': not a name for a tensor");
  EXPECT_EQ(refusal({{"a\n", Dtype::U8, {1}}}), "tensor 'a ': not a name for a tensor");
  EXPECT_EQ(refusal({{"\xff", Dtype::U8, {1}}}), "tensor '\uFFFD': not a name for a tensor");
  EXPECT_EQ(refusal({{"a", Dtype::F4, {3}}}), "tensor 'a': F4 [3]: the size is over 64 bits, or not of whole bytes");
  EXPECT_EQ(refusal({{"a", Dtype::U8, std::vector<std::uint64_t>(65, 1)}}), "tensor 'a': more than 64 dimensions");
  const std::uint64_t most = (1ull << 61) - 1;
  std::vector<TensorSpec> large;
  for (int i = 0; i < 9; ++i) large.push_back({fmt::format("{}", i), Dtype::U8, {most}});
  EXPECT_EQ(refusal(large), "tensor '8': the file's size is over 64 bits");
  EXPECT_EQ(message(lay_out(std::vector<TensorSpec>(kTensorsOfAFile + 1), {})),
            "262145 tensors in one file, over the limit of 262144; use more files");
  EXPECT_EQ(message(lay_out({}, {{"a", "\xff"}})), "__metadata__: JSON value at '/a': string is not UTF-8");
}

// --- File ---

class WriterTest : public ::testing::Test {
 protected:
  fs::path path() const { return folder_.path() / "m.safetensors"; }
  SafetensorsWriter create(std::span<const TensorSpec> specs = kSpecs) {
    Result<SafetensorsWriter> writer = SafetensorsWriter::create(path(), specs, {{"format", "pt"}});
    if (!writer) ADD_FAILURE() << writer.error().message;
    if (!writer) std::abort();
    return *std::move(writer);
  }
  std::vector<std::string> left() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_.path())) names.push_back(entry.path().filename());
    return names;
  }
  void check_content() {
    const Result<SafetensorsFile> file = SafetensorsFile::open(path());
    ASSERT_TRUE(file) << file.error().message;
    ASSERT_EQ(file->tensors().size(), kSpecs.size());
    for (const TensorSpec& spec : kSpecs) {
      SCOPED_TRACE(spec.name);
      const TensorInfo* tensor = file->find(spec.name);
      ASSERT_NE(tensor, nullptr);
      EXPECT_EQ(tensor->dtype, spec.dtype);
      EXPECT_EQ(tensor->shape, spec.shape);
      std::vector<std::byte> bytes(tensor->bytes());
      ASSERT_TRUE(file->read(*tensor, 0, bytes));
      EXPECT_EQ(bytes, payload(*tensor));
    }
  }

  TemporaryFolder folder_;
};

TEST_F(WriterTest, WhatIsWrittenIsRead) {
  {
    SafetensorsWriter writer = create();
    const std::vector<TensorInfo> tensors = writer.tensors();
    for (auto tensor = tensors.rbegin(); tensor != tensors.rend(); ++tensor) {
      const std::vector<std::byte> bytes = payload(*tensor);
      const std::size_t half = bytes.size() / 2;
      EXPECT_EQ(message(writer.append(tensor->name, std::span(bytes).first(half))), "accepted");
      EXPECT_EQ(message(writer.append(tensor->name, std::span(bytes).subspan(half))), "accepted");
    }
    EXPECT_THAT(left(), ElementsAre("m.safetensors.part"));
    EXPECT_EQ(message(writer.finish()), "accepted");
  }
  EXPECT_THAT(left(), ElementsAre("m.safetensors"));
  check_content();
}

TEST_F(WriterTest, TensorsMayComeFromThreadsOfTheirOwn) {
  SafetensorsWriter writer = create();
  std::vector<std::thread> threads;
  for (const TensorInfo& tensor : writer.tensors())
    threads.emplace_back([&writer, &tensor] {
      const std::vector<std::byte> bytes = payload(tensor);
      for (std::size_t at = 0; at < bytes.size(); at += 7)
        EXPECT_TRUE(
            writer.append(tensor.name, std::span(bytes).subspan(at, std::min<std::size_t>(7, bytes.size() - at))));
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(message(writer.finish()), "accepted");
  check_content();
}

TEST_F(WriterTest, WithoutFinishNothingIsLeft) {
  put(path(), "what was there before");
  { const SafetensorsWriter writer = create(); }
  EXPECT_THAT(left(), ElementsAre("m.safetensors"));
  EXPECT_EQ(*read_file(path()), "what was there before");
}

TEST_F(WriterTest, AnIncompleteFileIsNotFinished) {
  {
    SafetensorsWriter writer = create();
    EXPECT_EQ(message(writer.finish()), path().string() + ": tensor 'm.weight': 0 bytes of 992 were written");
    EXPECT_EQ(message(writer.append("m.weight_scale_2", std::vector<std::byte>(3))), "accepted");
    EXPECT_EQ(message(writer.append("m.weight_scale_2", std::vector<std::byte>(2))),
              path().string() + ": tensor 'm.weight_scale_2': 2 bytes after 3 of 4");
    EXPECT_EQ(message(writer.append("x", {})), path().string() + ": tensor 'x' is not in the file's list");
  }
  EXPECT_TRUE(left().empty());
}

TEST_F(WriterTest, WhatAKilledProcessLeftIsOverwritten) {
  put(path().string() + ".part", std::string(100'000, 'x'));
  {
    SafetensorsWriter writer = create({});
    EXPECT_EQ(message(writer.finish()), "accepted");
  }
  EXPECT_EQ(fs::file_size(path()), 256u);
  EXPECT_THAT(left(), ElementsAre("m.safetensors"));
}

TEST_F(WriterTest, TwoWritersOfOneFileAreRefused) {
  const SafetensorsWriter writer = create();
  EXPECT_EQ(message(SafetensorsWriter::create(path(), kSpecs, {})),
            path().string() + ": another process is writing this file; wait until it ends");
}

TEST_F(WriterTest, RefusesALinkInPlaceOfThePart) {
  put(folder_.path() / "victim", "precious");
  fs::create_symlink(folder_.path() / "victim", path().string() + ".part");
  EXPECT_EQ(message(SafetensorsWriter::create(path(), kSpecs, {})),
            path().string() + ": cannot create: Too many levels of symbolic links");
  EXPECT_EQ(*read_file(folder_.path() / "victim"), "precious");
}

TEST_F(WriterTest, NamesTheFileThatCannotBeMade) {
  const std::string nowhere = folder_.path() / "gone" / "m.safetensors";
  EXPECT_EQ(message(SafetensorsWriter::create(nowhere, kSpecs, {})),
            nowhere + ": cannot create: No such file or directory");
  EXPECT_EQ(message(SafetensorsWriter::create(path(), std::vector<TensorSpec>{{"a", Dtype::F4, {1}}}, {})),
            path().string() + ": tensor 'a': F4 [1]: the size is over 64 bits, or not of whole bytes");
}

/// A file that may not grow, as on a full disk.
TEST_F(WriterTest, AFileThatMayNotGrowIsNamedAndTakenBack) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{.rlim_cur = 1024, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  std::string refusal;
  {
    SafetensorsWriter writer = create();
    refusal = message(writer.append("m.weight", std::vector<std::byte>(992)));
  }
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_EQ(refusal, path().string() + ": cannot write: File too large");
  EXPECT_TRUE(left().empty());
}

// --- Shards ---

std::vector<std::string> plan(std::vector<TensorSpec> specs, std::uint64_t limit) {
  const Result<std::vector<Shard>> shards = plan_shards(specs, limit);
  if (!shards) return {shards.error().message};
  std::vector<std::string> lines;
  for (const Shard& shard : *shards) {
    lines.push_back(shard.file + ":");
    for (const TensorSpec& spec : shard.tensors) lines.back() += " " + spec.name;
  }
  return lines;
}

TEST(PlanShardsTest, OneFileHasNoNumber) {
  EXPECT_THAT(plan({{"a.w", Dtype::U8, {4}}, {"b.w", Dtype::U8, {4}}}, 8), ElementsAre("model.safetensors: a.w b.w"));
  EXPECT_THAT(plan({}, 8), ElementsAre("model.safetensors:"));
}

TEST(PlanShardsTest, ModulesStayTogetherWhereTheLimitLetsThem) {
  const std::vector<TensorSpec> specs = {{"a.w", Dtype::U8, {3}},  {"b.w", Dtype::U8, {4}}, {"b.s", Dtype::F32, {}},
                                         {"c.w", Dtype::U8, {20}}, {"c.s", Dtype::U8, {1}}, {"d", Dtype::U8, {7}}};
  EXPECT_THAT(plan(specs, 8),
              ElementsAre("model-00001-of-00004.safetensors: a.w", "model-00002-of-00004.safetensors: b.w b.s",
                          "model-00003-of-00004.safetensors: c.w", "model-00004-of-00004.safetensors: c.s d"));
  EXPECT_THAT(plan(specs, 11),
              ElementsAre("model-00001-of-00003.safetensors: a.w b.w b.s", "model-00002-of-00003.safetensors: c.w",
                          "model-00003-of-00003.safetensors: c.s d"));
  EXPECT_EQ(plan(specs, 0).size(), 6u);
  EXPECT_THAT(plan(specs, ~std::uint64_t{0}), ElementsAre("model.safetensors: a.w b.w b.s c.w c.s d"));
}

TEST(PlanShardsTest, RefusesWhatCannotBeLaidOut) {
  EXPECT_THAT(plan({{"a", Dtype::U8, {1}}, {"a", Dtype::U8, {1}}}, 8), ElementsAre("tensor 'a' twice"));
}

TEST(IndexJsonTest, TheTextIsTheSameWhole) {
  const std::vector<Shard> shards = {{"x.safetensors", {{"b", Dtype::F32, {2}}}},
                                     {"y.safetensors", {{"a", Dtype::U8, {3}}}}};
  EXPECT_EQ(*index_json(shards), R"({
  "metadata": {
    "total_size": 11
  },
  "weight_map": {
    "a": "y.safetensors",
    "b": "x.safetensors"
  }
}
)");
  EXPECT_EQ(message(index_json(std::vector<Shard>{shards[0], shards[0]})), "tensor 'b' twice");
}

}  // namespace
}  // namespace assay::artifact
