#include "kernels/problems.h"

#include <gtest/gtest.h>

#include <set>

#include "tests/kernels/stand_in.h"

namespace assay::kernels {
namespace {

TEST(ProblemsTest, AreNamedByWhatTheirOperationHas) {
  const Problem problem{.m = 8, .n = 4096, .k = 2048, .activation = Activation::f16, .bias = true};
  EXPECT_EQ(name_of(Operation::w4a16_product, problem), "m8 n4096 k2048 f16 bias");
  EXPECT_EQ(name_of(Operation::prepare_weights, problem), "n4096 k2048");
  EXPECT_EQ(name_of(Operation::quantize_activations, problem), "m8 k2048 f16");
  EXPECT_EQ(name_of(Operation::w4a16_product, {.m = 1, .n = 2, .k = 16, .gated = true}), "m1 n2 k16 bf16 gated");
}

TEST(ProblemsTest, AreFoundByName) {
  const auto found = problem_named(kStandIns[0], "m2 n16 k64 f16 gated");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->k, 64);
  EXPECT_FALSE(problem_named(kStandIns[0], "m2 n16 k64 f16"));
}

/// What the lists promise: ragged edges, both types, bias and pair, small ones first, and a real size.
TEST(ProblemsTest, TheListsForProductsCoverWhatARowMayGetWrong) {
  for (const auto problems : {decode_problems(), gemm_problems()}) {
    bool bias = false, gated = false, f16 = false, ragged_n = false, ragged_k = false, real = false;
    bool was_small = true;
    for (const Problem& problem : problems) {
      EXPECT_EQ(problem.k % 16, 0);
      EXPECT_FALSE(problem.bias && problem.gated);
      EXPECT_LE(is_small(problem), was_small) << "small ones first";
      was_small = is_small(problem);
      bias |= problem.bias, gated |= problem.gated, f16 |= problem.activation == Activation::f16;
      ragged_n |= problem.n % 16 != 0, ragged_k |= problem.k % 64 != 0, real |= problem.n * problem.k >= 4096 * 4096;
    }
    EXPECT_TRUE(bias && gated && f16 && ragged_n && ragged_k && real);
  }
}

TEST(ProblemsTest, NamesInAListAreUnique) {
  std::set<std::string> names;
  std::size_t count = 0;
  for (const auto problems : {decode_problems(), gemm_problems()})
    for (const Problem& problem : problems) names.insert(name_of(Operation::w4a16_product, problem)), ++count;
  EXPECT_EQ(names.size(), count);
}

}  // namespace
}  // namespace assay::kernels
