// Conversions of the small master, stage by stage, for tests of what they write and of what they take over.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>

#include "harness/base/file_system.h"
#include "kernels/artifact/convert.h"
#include "kernels/artifact/finish.h"
#include "tests/artifact/masters.h"
#include "tests/support/message.h"

namespace assay::artifact {

using test::message;

/// The stages of a conversion of the small master, as `assay quantize` calls them.
class ConvertTest : public ::testing::Test {
 protected:
  void SetUp() override { master_.write(at("master"), 300'000); }

  std::filesystem::path at(std::string_view name) const { return folder_.path() / name; }

  Checkpoint open(const std::filesystem::path& path) const {
    Result<Checkpoint> checkpoint = Checkpoint::open(path);
    if (!checkpoint) ADD_FAILURE() << checkpoint.error().message;
    if (!checkpoint) std::abort();
    return *std::move(checkpoint);
  }
  Plan plan_of(const Checkpoint& master) const {
    const Result<Policy> policy = builtin_policy();
    Result<Plan> plan = plan_conversion(*policy, tensors_of(master), kHiddenOfSmallMaster);
    if (!plan) ADD_FAILURE() << plan.error().message;
    if (!plan) std::abort();
    return *std::move(plan);
  }
  /// The tensors alone, left in OUT.part as a conversion that was killed before its end leaves them.
  Result<Conversion> tensors_into(const std::string& out, const ConvertOptions& options,
                                  const OnProgress& progress = {}) const {
    const Checkpoint master = open(at("master"));
    return convert_tensors(master, plan_of(master), options, at(out), progress);
  }
  Status finish(const std::string& out, const ConvertOptions& options) const {
    const Checkpoint master = open(at("master"));
    return finish_artifact(master, plan_of(master), options, "1.0", {{"report.txt", "text"}}, at(out));
  }
  /// The whole.
  Conversion convert(const std::string& out, const ConvertOptions& options) const {
    Result<Conversion> done = tensors_into(out, options);
    if (!done) ADD_FAILURE() << done.error().message;
    const Status finished = done ? finish(out, options) : ok();
    if (!finished) ADD_FAILURE() << finished.error().message;
    return done ? *std::move(done) : Conversion();
  }
  bool nothing_left(const std::string& out) const {
    return !std::filesystem::exists(at(out)) && !std::filesystem::exists(at(out + ".part"));
  }

  TemporaryFolder folder_;
  Master master_ = small_master();
};

}  // namespace assay::artifact
