// The list of records: whole, in order, of this run, and of every gate that a run has.
#include "tests/forgery/forgery_test.h"

#include "harness/base/json.h"
#include "harness/evidence/ledger.h"

namespace assay::forgery {
namespace {

const fs::path kRecorded = ASSAY_SOURCE_DIR "/docs/results/h100/all-gates";
const std::string kLedger(evidence::kLedgerFile);

Forge ledger(const std::function<void(std::string&)>& edit) { return text(evidence::kLedgerFile, edit); }

void count_again(Lines& all) { all.back()["done"] = all.size() - 1; }

Forge without(const std::string& id) {
  return lines([=](Lines& all) {
    all.erase(all.begin() + static_cast<std::ptrdiff_t>(line_of(all, id)));
    count_again(all);
  });
}

/// A line of the recorded run, with the files that it names.
Json foreign_line(const fs::path& bundle, const std::string& id) {
  const Lines recorded = evidence::read_lines(kRecorded);
  Json line = recorded.at(line_of(recorded, id));
  std::vector<std::string> digests;
  for (const auto& role : line["artifacts"].items()) digests.push_back(role.value());
  for (const Json& stage : line["stages"]) digests.push_back(stage["log_sha256"]);
  for (const std::string& digest : digests)
    if (!digest.empty()) keep(bundle, evidence::read_text(kRecorded / "artifacts" / digest));
  line["derived"]["rules"] = "rules/3";
  return line;
}

Forge replaced(const std::string& id, const std::string& by) {
  return [=](const fs::path& bundle) {
    const Json line = foreign_line(bundle, by);
    lines([&](Lines& all) {
      Json& place = all.at(line_of(all, id));
      const Json times = {{"started_utc", place["started_utc"]},
                          {"finished_utc", place["finished_utc"]},
                          {"monotonic_ns", place["monotonic_ns"]}};
      place = line;
      place.update(times);
    })(bundle);
  };
}

Forge numbered(const std::string& id, int attempt) {
  return lines([=](Lines& all) {
    const std::size_t at = line_of(all, id);
    Json again = all[at];
    again["attempt"] = attempt;
    again["record_id"] = id.substr(0, id.size() - 1) + std::to_string(attempt);
    again["derived"]["level"] = "E4";
    again["derived"]["verdict"] = "unresolved";
    again["derived"]["reason"] = "right answer on attempt " + std::to_string(attempt) + "; only a first attempt counts";
    all.insert(all.begin() + static_cast<std::ptrdiff_t>(at) + 1, again);
    count_again(all);
  });
}

/// A stage of the first line took another time; nothing is sealed again.
void edit_first_line(const fs::path& bundle) {
  std::string bytes = evidence::read_text(bundle / evidence::kLedgerFile);
  const std::size_t at = bytes.find("\"wall_ns\":0");
  bytes.replace(at, 11, "\"wall_ns\":1");
  evidence::write_text(bundle / evidence::kLedgerFile, bytes);
}

Forge told_later(const std::string& id, const std::string& field_name, const Json& value) {
  return field(id, "/" + field_name, value);
}

}  // namespace

std::vector<Row> ledger_rows() {
  const Start run = Start::signed_run;
  const std::string load = "tma.load@sm_90a#1", gather = "tma.gather4@sm_90a#1";
  return {
      {6, "one field edited, nothing sealed again", run, false, edit_first_line, "digest",
       "gates.jsonl: sha256 differs from manifest.json"},
      {6, "one field edited, the manifest made again", run, false,
       [](const fs::path& b) {
         edit_first_line(b);
         evidence::seal_again(b);
       },
       "chain", "gates.jsonl:2: prev_sha256 is not the digest of line 1"},
      {6, "one field edited, all made again but the signature", run, false,
       record(load, [](Record& r) { r.stages[0].wall_ns += 1; }), "statement", "is not what this bundle gives"},
      {9, "cut in the middle of a record", run, true, ledger([](std::string& t) { t.resize(t.size() / 2); }),
       "truncated", "gates.jsonl: truncated after record"},
      {9, "the last line cut off", run, true, ledger([](std::string& t) { t.resize(t.rfind("\n{\"done\"") + 1); }),
       "truncated", "gates.jsonl: truncated after record"},
      {9, "the final newline cut off", run, true, ledger([](std::string& t) { t.pop_back(); }), "truncated",
       "gates.jsonl: truncated after record"},
      {9, "the last record dropped, not the count", run, true, lines([](Lines& all) { all.erase(all.end() - 2); }),
       "count", "records, found"},
      {9, "a wrong count", run, true, lines([](Lines& all) { all.back()["done"] = 999; }), "count",
       "says 999 records, found"},
      {9, "a line after the last", run, true, lines([](Lines& all) { all.push_back(all.front()); }), "chain",
       "a line after the last"},
      {9, "an interrupted run, sealed and signed", run, true, lines([](Lines& all) {
         all.back()["interrupted"] = all.back()["done"];
         all.back()["signal"] = 15;
         all.back().erase("done");
       }),
       "partial", "gates.jsonl: partial: interrupted by SIGTERM after record"},
      {10, "records reordered", run, true, lines([](Lines& all) {
         std::swap(all[line_of(all, "tma.load@sm_90a#1")], all[line_of(all, "tma.multicast@sm_90a#1")]);
       }),
       "prerequisite", "prerequisite tma.load is said to be proven, but no earlier record of it is"},
      {10, "records reordered, the chain left as it was", run, true,
       [](const fs::path& b) {
         Lines all = evidence::read_lines(b);
         std::swap(all[1], all[2]);
         evidence::write_lines(b, all, false);
         evidence::seal_again(b);
       },
       "chain", "gates.jsonl:2: prev_sha256 is not the digest of line 1"},
      {10, "a record twice", run, true, lines([](Lines& all) {
         all.insert(all.begin() + 2, all[1]);
         count_again(all);
       }),
       "unique-id", "is there twice"},
      {10, "a record spliced in from another run", run, true, replaced(load, load), "recompute",
       "inputs are not those of the challenge"},
      {10, "a record again under another attempt number", run, true, numbered(load, 2), "recompute",
       "inputs are not those of the challenge"},
      {10, "a retry whose first attempt is not told", run, true, numbered(load, 3), "attempt",
       "attempt 3, but there is no record of attempt 2 before it"},
      {0, "a first attempt left out, its retry told", run, true, lines([](Lines& all) {
         Json& line = all.at(line_of(all, "tma.gather4@sm_90a#1"));
         line["attempt"] = 2;
         line["record_id"] = "tma.gather4@sm_90a#2";
       }),
       "attempt", "attempt 2, but there is no record of attempt 1 before it"},
      {11, "a gate left out", run, true, without("tma.reduce@sm_90a#1"), "gate-list",
       "gates.jsonl: no record of gate 'tma.reduce'"},
      {11, "a gate left out, and out of rules.json", run, true,
       both(without("tma.reduce@sm_90a#1"), document(evidence::kRulesFile,
                                                     [](Json& rules) {
                                                       for (std::size_t i = 0; i < rules["gates"].size(); ++i)
                                                         if (rules["gates"][i]["gate"] == "tma.reduce")
                                                           return rules["gates"].erase(i);
                                                     })),
       "gate-list", "rules.json: does not name gate 'tma.reduce', which every run by rules/3 has: shortened"},
      {11, "the device's own target left out, another target kept", run, true,
       replaced(gather, "tma.gather4@sm_120a#1"), "gate-list",
       "no record of gate 'tma.gather4' at sm_90a, the device's own target"},
      {11, "an edited image left out of many", Start::recorded_run, true,
       without("cubin.arch_patch[edit.magic]@sm_90a#1"), "gate-list", "no record of cubin.arch_patch[edit.magic]"},
      {11, "a gate said to be not selected, beside other records of it", run, true,
       [](const fs::path& b) {
         lines([&](Lines& all) {
           const std::size_t at = line_of(all, "tma.gather4@sm_90a#1");
           Json silent = all.at(line_of(all, "cubin.arch_patch#1"));
           for (const char* key : {"gate", "instruction", "proves", "does_not_prove"}) silent[key] = all[at][key];
           silent["record_id"] = "tma.gather4#1";
           for (const char* key : {"started_utc", "finished_utc", "monotonic_ns"}) silent[key] = all[at][key];
           all.insert(all.begin() + static_cast<std::ptrdiff_t>(at), silent);
           count_again(all);
         })(b);
       },
       "contradiction", "gate tma.gather4 is said not to have been selected, but has other records"},
      {0, "a gate that no run has", run, true,
       lines([](Lines& all) { all.at(line_of(all, "tma.gather4@sm_90a#1"))["gate"] = "kernel.nvfp4"; }), "schema",
       "record_id is not kernel.nvfp4@sm_90a#1"},
      {37, "finished before it started", run, true, told_later(load, "finished_utc", "2026-11-27T02:37:00Z"), "time",
       "finished before it started"},
      {37, "started before the record before it", run, true,
       record(load, [](Record& r) { r.started_utc = r.finished_utc = "2026-11-27T02:37:38Z"; }), "time",
       "started before the challenge was issued or the record before it started"},
      {37, "the monotonic clock going backwards", run, true, told_later(load, "monotonic_ns", 1), "time",
       "monotonic clock behind that of the record before it"},
      {37, "the monotonic clock against the wall clock", run, true, lines([](Lines& all) {
         for (std::size_t i = line_of(all, "tma.load@sm_90a#1"); i + 1 < all.size(); ++i)
           all[i]["monotonic_ns"] = all[i]["monotonic_ns"].get<std::int64_t>() + 3'600'000'000'000;
       }),
       "time", "started_utc and monotonic_ns are -3600 s further apart than in the first record"},
      {37, "a date that no calendar has", run, true, told_later(load, "started_utc", "2026-02-30T02:37:47Z"), "time",
       "started_utc: '2026-02-30T02:37:47Z' is no time"},
  };
}

INSTANTIATE_TEST_SUITE_P(Ledger, ForgeryTest, testing::ValuesIn(ledger_rows()), name_of);

}  // namespace assay::forgery
