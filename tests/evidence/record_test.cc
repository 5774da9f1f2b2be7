#include "harness/evidence/record.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/base/json.h"
#include "tests/evidence/fixtures.h"

namespace assay::evidence {
namespace {

/// A record in which no field has its default value.
Record full_record() {
  Record record = good_record();
  record.gate_version = 3;
  record.variant = "sm-byte";
  record.edit = an_edit();
  record.attempt = 2;
  record.stopped = Stopped::foreign_target;
  record.stopped_why = "sm_100a is not this device's target";
  record.stages[1] = {.status = StageStatus::refused,
                      .code = 209,
                      .name = "CUDA_ERROR_NO_BINARY_FOR_GPU",
                      .call = "cuModuleLoadDataEx",
                      .message = "no kernel image",
                      .log_sha256 = digest_of("log"),
                      .wall_ns = 77};
  record.cases[0].mismatches = 1;
  record.cases[0].first_mismatch = "d[17]: expected 0x3f800000, observed 0x00000000";
  record.controls.canary = ControlStatus::failed;
  record.control_note = "guard word 3 changed";
  record.witness.externs = {"__cuda_syscall_cp_async"};
  record.prerequisites = {{.gate = "control.copy", .needs = Verdict::proven, .found = Verdict::refused}};
  record.measurements = good_question().measurements;
  record.measurements.push_back({.key = "name", .source = "s", .unit = "", .value = "H100", .note = ""});
  record.measurements.push_back({.key = "ecc", .source = "s", .unit = "", .value = true, .note = ""});
  record.performance = good_performance();
  record.artifacts = {{"cubin", digest_of("cubin")}, {"ptx", digest_of("ptx")}};
  record.process = ProcessResult{.exit_code = 0, .signal = 11, .timed_out = true, .wall_ns = 9};
  return record;
}

std::string refusal(const Json& json) {
  const auto record = record_from_json(json, "gates.jsonl:3");
  return record ? "" : record.error().message;
}

TEST(RecordTest, GoesToJsonAndBackUnchanged) {
  for (const Record& record : {full_record(), good_question(), Record{.gate = "x"}}) {
    const Json json = to_json(record);
    const auto back = record_from_json(json, "here");
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(to_json(*back), json);
  }
}

TEST(RecordTest, NamesItselfByGateTargetAndAttempt) {
  EXPECT_EQ(good_record().id(), "tma.load@sm_90a#1");
  EXPECT_EQ(good_question().id(), "device.query#1");
  Record variant = good_record("cubin.arch_patch");
  variant.variant = "sm-byte";
  EXPECT_EQ(variant.id(), "cubin.arch_patch[sm-byte]@sm_90a#1");
}

TEST(RecordTest, ReadsTheSecondSchemaWithoutPerformance) {
  Json second = to_json(patched_record());
  second["schema"] = "gate-record/2";
  EXPECT_EQ(refusal(second), "gates.jsonl:3: field 'performance': unknown");
  second.erase("performance");
  const auto read = record_from_json(second, "here");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_FALSE(read->performance);
  EXPECT_EQ(to_json(*read), to_json(patched_record()));
}

TEST(RecordTest, ReadsTheFirstSchemaWithoutVariantAndEdit) {
  Json first = to_json(good_record());
  first["schema"] = "gate-record/1";
  first.erase("performance");
  EXPECT_EQ(refusal(first), "gates.jsonl:3: field 'edit': unknown");
  first.erase("edit");
  first.erase("variant");
  const auto read = record_from_json(first, "here");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(to_json(*read), to_json(good_record()));
}

/// What could not be read stays apart from what was read as 0.
TEST(RecordTest, KeepsAnUnreadableSensorApartFromZero) {
  Record record = good_record();
  record.performance = good_performance();
  record.performance->power_mw = 0;
  record.performance->temperature_c = std::nullopt;
  const Json json = to_json(record);
  EXPECT_EQ(json["performance"]["power_mw"], 0);
  EXPECT_TRUE(json["performance"]["temperature_c"].is_null());
  const auto back = record_from_json(json, "here");
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->performance->power_mw, 0);
  EXPECT_FALSE(back->performance->temperature_c);
}

/// Calls `visit` with a pointer to every object in the document.
void each_object(const Json& json, const Json::json_pointer& at, const std::function<void(Json::json_pointer)>& visit) {
  if (json.is_object()) visit(at);
  if (!json.is_structured()) return;
  for (const auto& item : json.items()) {
    each_object(item.value(), json.is_array() ? at / std::stoul(item.key()) : at / item.key(), visit);
  }
}

TEST(RecordTest, RefusesAnUnknownFieldInEveryObject) {
  const Json good = to_json(full_record());
  int objects = 0;
  each_object(good, Json::json_pointer(), [&](const Json::json_pointer& at) {
    Json spoiled = good;
    spoiled[at]["colour"] = "red";
    EXPECT_NE(refusal(spoiled), "") << at.to_string();
    ++objects;
  });
  EXPECT_EQ(objects, 20);
}

TEST(RecordTest, RefusesAMissingFieldInEveryObject) {
  const Json good = to_json(full_record());
  each_object(good, Json::json_pointer(), [&](const Json::json_pointer& at) {
    if (at.to_string() == "/artifacts") return;  // a map, whose keys are data
    for (const auto& item : good[at].items()) {
      Json spoiled = good;
      spoiled[at].erase(item.key());
      EXPECT_NE(refusal(spoiled), "") << at.to_string() << "/" << item.key();
    }
  });
}

TEST(RecordTest, RefusesAWrongTypeOfEveryField) {
  const Json good = to_json(full_record()), wrong = Json::array({Json::object()});
  each_object(good, Json::json_pointer(), [&](const Json::json_pointer& at) {
    for (const auto& item : good[at].items()) {
      Json spoiled = good;
      spoiled[at][item.key()] = wrong;
      EXPECT_NE(refusal(spoiled), "") << at.to_string() << "/" << item.key();
    }
  });
}

TEST(RecordTest, SaysWhatIsWrong) {
  const Json good = to_json(full_record());
  const auto with = [&](const char* pointer, Json value) {
    Json spoiled = good;
    spoiled[Json::json_pointer(pointer)] = std::move(value);
    return refusal(spoiled);
  };
  EXPECT_EQ(with("/image", "NATIVE"),
            "gates.jsonl:3: field 'image': unknown word 'NATIVE', expected one of native, patched, supplied, none");
  EXPECT_EQ(
      with("/schema", "gate-record/4"),
      "gates.jsonl:3: field 'schema': 'gate-record/4' is none of gate-record/1, gate-record/2, gate-record/3, the "
      "schemas that this build reads");
  EXPECT_EQ(with("/stages/0/stage", "load"), "gates.jsonl:3: stages[0]: stage 'load' is out of order");
  EXPECT_EQ(with("/stages", Json::array()), "gates.jsonl:3: stages: 0 stages, expected 6");
  EXPECT_EQ(with("/witness/opcodes/0", 4096), "gates.jsonl:3: witness.opcodes[0]: expected an opcode from 0 to 4095");
  EXPECT_NE(with("/cases/0/compared", -1), "");
  EXPECT_EQ(with("/cases/0/compared", std::int64_t{1} << 41),
            "gates.jsonl:3: cases[0]: field 'compared': 2199023255552 is not in 0 to 1099511627776");
  EXPECT_EQ(with("/stages/0/wall_ns", INT64_MAX),
            "gates.jsonl:3: stages[0]: field 'wall_ns': 9223372036854775807 is not in 0 to 9007199254740992");
  EXPECT_NE(with("/performance/clock_khz_before", -1), "");
  EXPECT_EQ(with("/performance/temperature_c", -20), "");
  EXPECT_EQ(
      with("/edit/code", "same"),
      "gates.jsonl:3: edit: field 'code': unknown word 'same', expected one of identical, different, not-compared");
  EXPECT_EQ(with("/edit/bytes/0/is", 256), "gates.jsonl:3: edit.bytes[0]: field 'is': expected a byte");
  EXPECT_NE(with("/attempt", 0), "");
  EXPECT_NE(with("/performance/spread_ns", -1), "");
  EXPECT_NE(with("/performance/power_mw", "high"), "");
  EXPECT_NE(with("/measurements/0/value", Json::object()), "");
}

TEST(RecordTest, SpellsItsWordsInOneWay) {
  EXPECT_EQ(word(StageStatus::not_reached), "not-reached");
  EXPECT_EQ(word(EvidenceClass::real_execution), "real-execution");
  EXPECT_EQ(word(Level::e5), "E5");
  EXPECT_EQ(word(Level::p3), "P3");
  EXPECT_EQ(word(Stopped::not_applicable), "not-applicable");
  EXPECT_EQ(*parse_verdict("not-run"), Verdict::not_run);
  EXPECT_FALSE(parse_verdict("passed"));
  EXPECT_FALSE(parse_verdict(""));
}

}  // namespace
}  // namespace assay::evidence
