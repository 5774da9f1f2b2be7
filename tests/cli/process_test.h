// What the tests of the real program share: a sandbox, the stand-in drivers, and what a person must never be shown.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "harness/base/file_system.h"
#include "harness/base/json.h"
#include "tests/support/program.h"

namespace assay::cli {

using test::Ended;
using test::Start;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

/// Says whether a library of tests/cuda or one of this folder is meant by its name.
inline std::string stand_in(const std::string& name) {
  const bool deadly = name == "crash" || name == "hang";
  return std::string(deadly ? ASSAY_DEADLY_DIR : ASSAY_STAND_IN_DIR) + "/" + name + ".so";
}

class ProcessTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (ASSAY_CROSS_BUILT) GTEST_SKIP() << "a cross-built program starts its children only on its own machine";
  }

  /// `assay run` into `folder`, on this sandbox's device.
  std::vector<std::string> run_into(const std::string& folder, std::vector<std::string> more = {}) const {
    std::vector<std::string> words{"run", "--out", at(folder), "--device", box_.device()};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  /// The same on the stand-in driver that answers everything. It has one device for all tests that run side by side.
  std::vector<std::string> run_on_stand_in(const std::string& folder, std::vector<std::string> more = {}) {
    if (!turn_) turn_.emplace(ASSAY_DEADLY_DIR "/turn");
    std::vector<std::string> words{"run", "--out", at(folder), "--device", "1", "--driver", stand_in("good")};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  Ended assay(std::vector<std::string> words) { return checked(box_.run(std::move(words))); }
  Ended assay(const Start& start) { return checked(box_.run(start)); }
  Ended verify(const std::string& folder) { return assay({"verify", "--recompute", at(folder)}); }
  std::string at(std::string_view name) const { return box_.path(name).string(); }
  void write(const std::string& name, std::string_view text) const {
    ASSERT_TRUE(make_folder(box_.path(name).parent_path()));
    ASSERT_TRUE(write_file(box_.path(name), text));
  }

  test::Sandbox box_{ASSAY_PROGRAM};

 private:
  std::optional<test::Turn> turn_;

  /// However a program ends, it is not by an exception that nobody caught.
  static Ended checked(Ended ended) {
    for (const char* raw : {"terminate called", "[json.exception", "Aborted", "AddressSanitizer", "runtime error"}) {
      EXPECT_THAT(ended.err, Not(HasSubstr(raw)));
      EXPECT_THAT(ended.out, Not(HasSubstr(raw)));
    }
    EXPECT_NE(ended.signal, SIGABRT);
    EXPECT_NE(ended.signal, SIGSEGV);
    return ended;
  }
};

}  // namespace assay::cli
