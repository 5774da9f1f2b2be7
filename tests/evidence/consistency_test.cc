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

/// A good record that was timed, with one thing changed.
Record timed(const std::function<void(Performance&)>& change) {
  return with(good_record(), [&](Record& r) {
    r.performance = good_performance();
    change(*r.performance);
  });
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
      {"timed", timed([](Performance&) {}), ""},
      {"timed, without a floor", timed([](Performance& p) {
         p.floor.clear();
         p.floor_ns = 0;
       }),
       ""},
      {"timed, nothing verified", with(timed([](Performance&) {}), [](Record& r) { r.stage(Stage::verify) = {}; }),
       "performance is told of a launch whose verify stage is not-reached"},
      {"timed, nothing compared", with(timed([](Performance&) {}), [](Record& r) { r.cases = {good_case("a", 0)}; }),
       "performance is told, but nothing was compared"},
      {"timed, no case", with(timed([](Performance&) {}), [](Record& r) { r.cases.clear(); }),
       "performance is told, but nothing was compared"},
      {"timed, wrong", with(timed([](Performance&) {}), [](Record& r) { r.cases[0].mismatches = 1; }),
       "performance is told of case 'mask 3', which has mismatches"},
      {"no sample", timed([](Performance& p) { p.samples = 0; }), "performance rests on no timed launch"},
      {"no time", timed([](Performance& p) { p.median_ns = 0; }),
       "performance has a median of 0 ns and a spread of 300 ns"},
      {"a spread below nothing", timed([](Performance& p) { p.spread_ns = -1; }),
       "performance has a median of 41000 ns and a spread of -1 ns"},
      {"a floor without its time", timed([](Performance& p) { p.floor_ns = 0; }),
       "performance has a floor of 0 ns by the name 'plain read of the same bytes'"},
      {"the time of a floor without a name", timed([](Performance& p) { p.floor.clear(); }),
       "performance has a floor of 30000 ns by the name ''"},
      {"launched no one knows how", timed([](Performance& p) { p.launch.clear(); }),
       "performance does not say how it was launched, or whether the clocks were held back"},
      {"clocks of which nothing is said", timed([](Performance& p) { p.throttle.clear(); }),
       "performance does not say how it was launched, or whether the clocks were held back"},
      {"verified, nothing compared", with(good_record(), [](Record& r) { r.cases.clear(); }),
       "verify is ok, but nothing was compared"},
      {"a first mismatch of none", with(good_record(), [](Record& r) { r.cases[0].first_mismatch = "d[0]"; }),
       "case 'mask 3' has no mismatch, but a first one is told"},
      {"a failed control, and what it found",
       with(good_record(),
            [](Record& r) {
              r.controls.canary = ControlStatus::failed;
              r.control_note = "guard words";
            }),
       ""},
      {"two answers to one question",
       with(good_question(),
            [](Record& r) {
              r.measurements.push_back(r.measurements.front());
              r.measurements.back().value = 148;
            }),
       "'multiprocessor_count' is measured twice"},
      {"what no control found", with(good_record(), [](Record& r) { r.control_note = "guard words"; }),
       "no control failed, but what one found is told"},
  };
}

TEST(ConsistencyTest, NamesTheFirstContradictionOfARecord) {
  for (const Row& row : rows()) EXPECT_EQ(contradiction(row.record).value_or(""), row.message) << row.what;
}

}  // namespace
}  // namespace assay::evidence
