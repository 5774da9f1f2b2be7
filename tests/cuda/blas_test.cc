#include "harness/cuda/blas.h"

#include <gtest/gtest.h>

#include <bit>
#include <vector>

#include "harness/base/digest.h"
#include "harness/cuda/shared_library.h"
#include "tests/cuda/stand_in/blas_seen.h"
#include "tests/cuda/stand_in/open.h"

namespace assay::cuda {
namespace {

using Matrix = std::vector<std::uint16_t>;

std::uint16_t code(float value) { return static_cast<std::uint16_t>(std::bit_cast<std::uint32_t>(value) >> 16); }
Matrix codes(std::initializer_list<float> values) {
  Matrix matrix;
  for (float value : values) matrix.push_back(code(value));
  return matrix;
}
Address address_of(Matrix& matrix) { return reinterpret_cast<Address>(matrix.data()); }

class BlasTest : public testing::Test {
 protected:
  void SetUp() override {
    auto library = SharedLibrary::open(path_);
    ASSERT_TRUE(library);
    BlasSeen* (*fetch)() = nullptr;
    ASSERT_TRUE(library->bind(fetch, "blas_seen"));
    seen_ = fetch();
    *seen_ = {};
  }

  const std::string path_ = stand_in_path("cublas");
  const Address workspace_ = 0x1000;
  BlasSeen* seen_ = nullptr;
};

TEST_F(BlasTest, MultipliesByRows) {
  auto blas = open_blas(workspace_, path_);
  ASSERT_TRUE(blas) << blas.error().message;
  // Three outputs and two tokens over four inputs: no two extents are equal, so none can stand for another.
  Matrix w = codes({1, 0, 0, 0, 0, 2, 0, 0, 1, 1, 1, 1}), x = codes({1, 2, 3, 4, 5, 6, 7, 8}), y(6, 0xffff);
  const Enqueue work = (*blas)->product(
      {.m = 2, .n = 3, .k = 4, .x = address_of(x), .w = address_of(w), .y = address_of(y), .alpha = 0.5f},
      Reductions::any);
  ASSERT_TRUE(work(Stream{7}));
  EXPECT_EQ(y, codes({0.5, 2, 5, 2.5, 6, 13}));
  EXPECT_EQ(seen_->stream, reinterpret_cast<void*>(7));
  EXPECT_EQ(seen_->workspace, reinterpret_cast<void*>(workspace_));  // given after the stream, which takes it away
  EXPECT_EQ(seen_->workspace_bytes, kBlasWorkspaceBytes);
}

TEST_F(BlasTest, PartialSumsAreAddedAsAsked) {
  auto blas = open_blas(workspace_, path_);
  ASSERT_TRUE(blas);
  ASSERT_TRUE((*blas)->product({}, Reductions::any)(Stream{7}));
  EXPECT_EQ(seen_->math_mode, 0);
  ASSERT_TRUE((*blas)->product({}, Reductions::float32)(Stream{7}));
  EXPECT_EQ(seen_->math_mode, 16);
}

TEST_F(BlasTest, KnowsItselfAndLeavesNothingBehind) {
  auto blas = open_blas(workspace_, path_);
  ASSERT_TRUE(blas);
  EXPECT_EQ((*blas)->identity().name, "cuBLAS");
  EXPECT_EQ((*blas)->identity().version, "13.1");
  EXPECT_TRUE(is_sha256_hex((*blas)->identity().sha256));
  EXPECT_EQ(seen_->contexts, 1);
  *blas = nullptr;
  EXPECT_EQ(seen_->contexts, 0);
}

TEST_F(BlasTest, RefusalsAreAnswers) {
  seen_->refuse = true;
  const auto refused = open_blas(workspace_, path_);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "cublasCreate_v2 answered 1 CUBLAS_STATUS_NOT_INITIALIZED");
  EXPECT_EQ(refused.error().code, 1);
  EXPECT_EQ(open_blas(workspace_, "/nowhere/libcublas.so").error().call, "dlopen");
  EXPECT_EQ(open_blas(workspace_, stand_in_path("nvml")).error().call, "dlsym");
}

TEST_F(BlasTest, AnExtentOverTheLibrarysIntegersIsRefused) {
  auto blas = open_blas(workspace_, path_);
  ASSERT_TRUE(blas);
  const auto refused = (*blas)->product({.m = 1, .n = std::int64_t{1} << 31, .k = 16}, Reductions::any)(Stream{7});
  EXPECT_EQ(refused.error().message, "cuBLAS: an extent does not fit 32 bits");
}

}  // namespace
}  // namespace assay::cuda
