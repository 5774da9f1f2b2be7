#include "reports/legend.h"

#include <gtest/gtest.h>

#include "harness/base/json.h"
#include "tests/evidence/fixtures.h"

namespace assay::reports {
namespace {

using evidence::Record;
using evidence::Stage;
using evidence::StageStatus;

evidence::VerifiedRecord refused(std::string gate, std::int64_t code) {
  evidence::VerifiedRecord one{evidence::ended_at(Stage::load, StageStatus::refused, evidence::good_record(gate)), {}};
  one.record.stage(Stage::load).code = code;
  one.record.stage(Stage::load).name = "";
  one.record.stage(Stage::load).call = "cuModuleLoadDataEx";
  return one;
}

TEST(LegendTest, TellsOfACodeOnceWithAllItsGates) {
  const auto table = builtin_errors();
  ASSERT_TRUE(table);
  const std::vector<evidence::VerifiedRecord> records = {refused("tma.load", 209), refused("mma.fp8", 209),
                                                         refused("tma.load", 209), refused("mma.fp8", 4711)};
  const auto entries = legend(records, *table);
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(title(entries[0]), "209 CUDA_ERROR_NO_BINARY_FOR_GPU at load");
  EXPECT_EQ(entries[0].gates, (std::vector<std::string>{"tma.load", "mma.fp8"}));
  EXPECT_EQ(title(entries[1]), "4711 at load");
  EXPECT_FALSE(entries[1].explanation.known);
  EXPECT_EQ(to_json(entries[1]).at("shows"), "unknown code: nothing may be concluded");
}

}  // namespace
}  // namespace assay::reports
