#include "harness/evidence/scalar.h"

#include "gtest/gtest.h"
#include "harness/base/json.h"

namespace assay::evidence {
namespace {

TEST(ScalarTest, IsReadBackAsItWasWritten) {
  for (const Scalar& scalar : {Scalar(), Scalar(0), Scalar(INT64_MIN), Scalar(INT64_MAX), Scalar(true), Scalar(false),
                               Scalar(""), Scalar("sm_90a")}) {
    Scalar back = "something else";
    EXPECT_TRUE(read_scalar(Json(scalar), back)) << to_string(scalar);
    EXPECT_EQ(back, scalar) << to_string(scalar);
  }
}

TEST(ScalarTest, NullZeroFalseAndEmptyAreFourValues) {
  const Scalar values[] = {nullptr, 0, false, ""};
  for (std::size_t i = 0; i < 4; ++i)
    for (std::size_t j = 0; j < 4; ++j) EXPECT_EQ(values[i] == values[j], i == j) << i << j;
}

TEST(ScalarTest, OtherJsonIsRefusedAndChangesNothing) {
  Scalar scalar = 7;
  for (const Json& other : {Json(1.5), Json::array(), Json::object(), Json(UINT64_MAX)})
    EXPECT_FALSE(read_scalar(other, scalar)) << spelled(other);
  EXPECT_EQ(scalar, 7);
}

TEST(ScalarTest, IsSpelledAsJsonSpellsIt) {
  EXPECT_EQ(to_string(nullptr), "null");
  EXPECT_EQ(to_string(-3), "-3");
  EXPECT_EQ(to_string(true), "true");
  EXPECT_EQ(to_string("a \"b\""), R"("a \"b\"")");
}

}  // namespace
}  // namespace assay::evidence
