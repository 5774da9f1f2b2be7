// How every row is tried: the program is started on the forgery, as anybody would start it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/forgery/forger.h"
#include "tests/support/program.h"

namespace assay::forgery {

/// A bundle in a world of its own, and the program in it.
class Trial {
 public:
  fs::path bundle() const { return box_.path("bundle"); }
  fs::path trust() const { return box_.path("trust.json"); }
  fs::path out() const { return box_.path("published"); }

  /// The start in the words of a row, with paths in their places.
  test::Ended run(std::vector<std::string> words);
  /// What a row expects of one start.
  void expect(const Command&, const std::string& rule);

 private:
  test::Sandbox box_{ASSAY_PROGRAM};
  std::string first_fault_ = "no fault was named";  ///< By the last verify.
};

class ForgeryTest : public testing::TestWithParam<Row> {
 protected:
  void SetUp() override {
    if (ASSAY_CROSS_BUILT) GTEST_SKIP() << "a cross-built program starts only on its own machine";
  }
};

/// "n07_mismatch_told_as_proven", as GoogleTest takes it.
std::string name_of(const testing::TestParamInfo<Row>&);

}  // namespace assay::forgery
