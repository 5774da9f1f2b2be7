// Every malformed checkpoint is refused with its whole line, whichever way it is opened.
#include "tests/artifact/malformed.h"

#include <gtest/gtest.h>

#include <set>

#include "harness/base/file_system.h"
#include "kernels/artifact/checkpoint.h"

namespace assay::artifact {
namespace {

std::string refusal_of(const Malformed& malformed) {
  const TemporaryFolder folder;
  malformed.make(folder.path());
  const Result<Checkpoint> checkpoint = Checkpoint::open(folder.path());
  std::string line = checkpoint ? "accepted" : checkpoint.error().message;
  for (std::size_t at = 0; (at = line.find(folder.path().string(), at)) != line.npos;)
    line.replace(at, folder.path().string().size(), "DIR");
  return line;
}

TEST(MalformedTest, EachIsRefusedWithItsLine) {
  for (const Malformed& malformed : malformed_checkpoints()) {
    SCOPED_TRACE(malformed.name);
    EXPECT_EQ(refusal_of(malformed), malformed.expected);
  }
}

TEST(MalformedTest, ARefusalIsOneLine) {
  for (const Malformed& malformed : malformed_checkpoints())
    EXPECT_EQ(malformed.expected.find('\n'), std::string::npos) << malformed.name;
}

TEST(MalformedTest, ThereAreEnoughAndEachHasItsName) {
  const std::vector<Malformed> all = malformed_checkpoints();
  std::set<std::string> names;
  for (const Malformed& malformed : all) names.insert(malformed.name);
  EXPECT_EQ(names.size(), all.size());
  EXPECT_GE(all.size(), 40u);
}

}  // namespace
}  // namespace assay::artifact
