// Why an intact bundle is not published from, one row a reason.
#include "harness/evidence/fitness.h"

#include <functional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/base/json.h"
#include "tests/evidence/fixtures.h"

namespace assay::evidence {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Environment environment() {
  Json json = good_environment();
  json["schema"] = Environment::kSchema;
  json["private"] = false;
  return *environment_from_json(json, "here");
}

std::vector<std::string> reasons(const Environment& environment) {
  std::vector<std::string> lines;
  for (const Finding& finding : unfit_to_publish(environment, "0.2.0"))
    lines.push_back(fmt::format("[{}] {}", finding.rule, finding.message));
  return lines;
}

TEST(FitnessTest, EachReasonSaysWhatToDo) {
  const std::vector<std::pair<std::function<void(Environment&)>, std::string>> rows{
      {[](Environment& e) { e.is_private = true; },
       "[private] recorded without redaction; record again without --no-redact"},
      {[](Environment& e) { e.tool.git_dirty = true; },
       "[dirty-tree] recorded by a build of changed sources; commit them, build and record again"},
      {[](Environment& e) { e.tool.git_commit = "unknown"; },
       "[commit] recorded by a build of commit 'unknown', which names no source; build from a git work tree of the "
       "project and record again"},
      {[](Environment& e) { e.tool.git_commit = std::string(40, 'A'); },
       "[commit] recorded by a build of commit 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', which names no source; "
       "build from a git work tree of the project and record again"},
      {[](Environment& e) { e.tool.version = "0.3.0"; },
       "[tool-version] recorded by version '0.3.0', this build knows those up to 0.2.0; publish with a later build"},
      {[](Environment& e) { e.tool.version = "0.2"; },
       "[tool-version] recorded by version '0.2', this build knows those up to 0.2.0; publish with a later build"},
      {[](Environment& e) { e.tool.version = "0.1.0-mine"; },
       "[tool-version] recorded by version '0.1.0-mine', this build knows those up to 0.2.0; publish with a later "
       "build"},
      {[](Environment& e) { e.driver->kind = DriverLibrary::unknown; },
       "[foreign-driver] the driver library is not the installed driver's own; record again with --driver system"},
      {[](Environment& e) {
         e.driver->kernel_agrees = false;
         e.driver->kernel_module_version = "575.1";
       },
       "[kernel-module] driver library 580.159.04 beside kernel module 575.1; reboot or install the driver again, and "
       "record again"},
      {[](Environment& e) { e.driver->opened_device_nodes = false; },
       "[device-node] the driver library opened no device node, so no device answered through it; see what stands "
       "before the driver ('assay doctor')"},
      {[](Environment& e) {
         e.overrides.push_back({"LD_PRELOAD", "set"});
       },
       "[preload] LD_PRELOAD put a library in front of the driver's; unset it and record again"},
  };
  for (const auto& [change, reason] : rows) {
    Environment changed = environment();
    change(changed);
    EXPECT_THAT(reasons(changed), ElementsAre(reason));
  }
}

TEST(FitnessTest, WhatAnHonestRunMayBeIsFit) {
  EXPECT_THAT(reasons(environment()), IsEmpty());
  Environment emulated = environment();
  emulated.driver->kind = DriverLibrary::emulated;
  emulated.driver->kernel_agrees = emulated.driver->opened_device_nodes = false;
  EXPECT_THAT(reasons(emulated), IsEmpty()) << "it is published as what it is";
  Environment bare = environment();
  bare.driver.reset();
  bare.device.reset();
  bare.overrides.push_back({"LD_LIBRARY_PATH", "set"});
  EXPECT_THAT(reasons(bare), IsEmpty());
  Environment same = environment();
  same.tool.version = "0.2.0";
  EXPECT_THAT(reasons(same), IsEmpty());
}

}  // namespace
}  // namespace assay::evidence
