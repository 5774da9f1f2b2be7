// What cannot be true of a record, one row a contradiction. What records of one run say against each other, and the
// rows that a forger would try, are in forgery_test.cc.
#include "harness/evidence/consistency.h"

#include <functional>
#include <string>

#include "gtest/gtest.h"
#include "tests/evidence/fixtures.h"

namespace assay::evidence {
namespace {

struct Row {
  const char* what;
  Record record;
  const char* message;  ///< Empty: nothing contradicts.
};

Record with(Record record, const std::function<void(Record&)>& change) {
  change(record);
  return record;
}

Record not_selected() {
  Record record;
  record.gate = "tma.load";
  record.stopped = Stopped::not_selected;
  return record;
}

std::vector<Row> rows() {
  return {
      {"a good record", good_record(), ""},
      {"a question", good_question(), ""},
      {"not selected", not_selected(), ""},
      {"not selected, yet assembled",
       with(not_selected(), [](Record& r) { r.stage(Stage::assemble).status = StageStatus::ok; }),
       "the gate was not selected, but something was asked of it"},
      {"not selected, yet measured",
       with(not_selected(), [](Record& r) { r.measurements = good_question().measurements; }),
       "the gate was not selected, but something was asked of it"},
      {"not selected, yet compared", with(not_selected(), [](Record& r) { r.cases = {good_case("a", 0)}; }),
       "the gate was not selected, but something was asked of it"},
  };
}

TEST(ConsistencyTest, NamesTheFirstContradictionOfARecord) {
  for (const Row& row : rows()) EXPECT_EQ(contradiction(row.record).value_or(""), row.message) << row.what;
}

}  // namespace
}  // namespace assay::evidence
