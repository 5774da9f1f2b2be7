// A bundle of so many files that several threads read them: what each of them finds is in the one answer, in the files'
// order. What a closed world refuses is in forgery_test.cc.
#include "harness/evidence/closed_world.h"

#include <set>

#include <fmt/format.h>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/evidence/fixtures.h"

namespace assay::evidence {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

/// Enough for as many threads as there ever are.
constexpr std::size_t kArtifacts = 1100;

/// The artifacts' names, in the order in which they are read.
std::set<std::string> write_artifacts(const fs::path& folder) {
  std::set<std::string> names;
  fs::create_directories(folder / kArtifactFolder);
  for (std::size_t i = 0; i < kArtifacts; ++i) {
    const std::string text = fmt::format("artifact {:04}", i);
    const auto [name, added] = names.insert(digest_of(text));
    write_text(folder / kArtifactFolder / *name, text);
  }
  return names;
}

/// The first and the last file lie in the first and the last thread's share, and the documents after all artifacts.
TEST(ClosedWorldTest, HoldsWhatEveryThreadFinds) {
  const TemporaryFolder folder;
  const std::set<std::string> names = write_artifacts(folder.path());
  write_text(folder.path() / kRulesFile, "rules");
  ASSERT_TRUE(write_manifest(folder.path()));
  const std::string first = fmt::format("{}/{}", kArtifactFolder, *names.begin());
  const std::string last = fmt::format("{}/{}", kArtifactFolder, *names.rbegin());
  for (const std::string& path : {first, last}) write_text(folder.path() / path, "/home/alice/x");

  const ClosedWorld world = open_closed_world(folder.path());
  EXPECT_THAT(world.findings, ElementsAre(Finding{"artifact-name", first, "its name is not its sha256"},
                                          Finding{"artifact-name", last, "its name is not its sha256"},
                                          Finding{"digest", first, "sha256 differs from manifest.json"},
                                          Finding{"digest", last, "sha256 differs from manifest.json"}));
  EXPECT_THAT(world.leaks, ElementsAre(Finding{"redaction", first, "home path at offset 0"},
                                       Finding{"redaction", last, "home path at offset 0"}));
  EXPECT_THAT(world.artifacts, ElementsAreArray(names));
  EXPECT_EQ(world.document(kRulesFile), "rules");
}

}  // namespace
}  // namespace assay::evidence
