#include "harness/base/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace assay {
namespace {

TEST(ResultTest, HoldsAValue) {
  Result<std::unique_ptr<int>> result(std::make_unique<int>(7));
  ASSERT_TRUE(result);
  EXPECT_EQ(**result, 7);
  const std::unique_ptr<int> taken = *std::move(result);
  EXPECT_EQ(*taken, 7);
}

TEST(ResultTest, HoldsAnError) {
  const Result<int> result(Error{.message = "m", .call = "c", .code = 2, .name = "n", .log = "l"});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().message, "m");
  EXPECT_EQ(result.error().code, 2);
}

TEST(ResultTest, AStringIsAValue) {
  const Result<std::string> result(std::string("text"));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->size(), 4u);
}

TEST(ResultTest, StatusIsOkOrError) {
  EXPECT_TRUE(ok());
  EXPECT_FALSE(Status(Error{"no"}));
}

}  // namespace
}  // namespace assay
