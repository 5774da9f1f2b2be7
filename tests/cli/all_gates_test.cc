#include "harness/cli/all_gates.h"

#include <gtest/gtest.h>

#include <set>

#include "kernels/catalogue.h"
#include "probes/gates.h"
#include "tests/cli/process_test.h"

namespace assay::cli {
namespace {

TEST(AllRowsTest, AreTheGatesAndAfterThemTheKernels) {
  const auto all = all_gates();
  const std::size_t gates = probes::gates().size();
  ASSERT_EQ(all.size(), gates + kernels::catalogue().size());
  std::set<std::string_view> ids;
  for (std::size_t i = 0; i < all.size(); ++i) {
    EXPECT_TRUE(ids.insert(all[i].id).second) << all[i].id;
    EXPECT_EQ(all[i].id, i < gates ? probes::gates()[i].id : kernels::catalogue()[i - gates].id);
    EXPECT_EQ(is_kernel(all[i]), i >= gates);
    EXPECT_EQ(all[i].id.starts_with("kernel."), i >= gates) << "what reports take for a kernel's record";
  }
}

class KernelsTest : public ProcessTest {};

TEST_F(KernelsTest, AreListedWithWhatTheyAreHeldAgainst) {
  const Ended table = assay({"kernels"}), json = assay({"kernels", "--json"});
  EXPECT_EQ(table.code, 0) << table.err;
  EXPECT_EQ(json.code, 0) << json.err;
  const Result<Json> list = parse_json(json.out, "kernels");
  ASSERT_TRUE(list) << list.error().message;
  ASSERT_EQ(list->size(), kernels::catalogue().size());
  for (const Json& row : *list) {
    EXPECT_THAT(table.out, HasSubstr(row.at("id").get<std::string>()));
    for (const char* field :
         {"lane", "operation", "summary", "source", "home_target", "instruction", "reference", "bound"})
      EXPECT_FALSE(row.at(field).get<std::string>().empty()) << row.at("id") << ' ' << field;
    EXPECT_FALSE(row.at("needs").empty());
    EXPECT_FALSE(row.at("problems").empty());
  }
}

TEST_F(KernelsTest, AnUnknownOneIsAFaultOfUsage) {
  const Ended ended = assay({"run", "--gate", "kernel.none"});
  EXPECT_EQ(ended.code, 2);
  EXPECT_EQ(ended.err, "assay run: no gate 'kernel.none'; 'assay gates' and 'assay kernels' list them\n");
}

}  // namespace
}  // namespace assay::cli
