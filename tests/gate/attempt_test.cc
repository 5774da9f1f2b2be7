// Requests and answers on the wire, and a child that serves without a device.
#include "harness/gate/attempt.h"

#include <gtest/gtest.h>

#include "harness/base/file_system.h"
#include "harness/base/json.h"
#include "harness/evidence/derive.h"
#include "harness/gate/workload.h"

namespace assay::gate {
namespace {

constexpr std::string_view kText = R"(.version @VERSION@
.target @TARGET@
.address_size 64
.visible .entry tiny(.param .u64 out)
{
  .reg .b64 %out;
  .reg .b32 %word;
  ld.param.u64 %out, [out];
  // @instruction
  mov.u32 %word, %smid;
  // @stand-in
  // mov.u32 %word, 0;
  // @end
  st.global.u32 [%out], %word;
  ret;
}
)";

Probe tiny(const Seed&) {
  Probe probe;
  probe.source = {.stem = "tiny", .text = kText, .floor = {6, 0}};
  probe.witness_text = probe.source.text;
  return probe;
}
void no_question(QuestionContext&) {}

class Nothing : public Workload {
 public:
  std::vector<std::string> variants() const override { return {"small", "large"}; }
  void run(const WorkloadTools&, evidence::Record&) const override {}
  Result<std::vector<evidence::CaseDigests>> recompute(const evidence::Record&, const Seed&) const override {
    return Error{"nothing"};
  }
  Result<WorkloadText> text(const evidence::Record&) const override { return Error{"nothing"}; }
};
const Nothing kNothing;

const Gate kTable[] = {
    {.id = "device.query",
     .question = "What?",
     .proves = "p",
     .does_not_prove = "n",
     .method = DeviceQuestion{no_question}},
    {.id = "tiny",
     .question = "Tiny?",
     .instruction = "mov.u32 %smid",
     .home = {90, 'a'},
     .proves = "p",
     .does_not_prove = "n",
     .method = tiny},
    {.id = "work",
     .question = "Work?",
     .instruction = "mma",
     .home = {80, ' '},
     .proves = "p",
     .does_not_prove = "n",
     .method = &kNothing},
};

AttemptRequest request(AttemptRequest::Kind kind) {
  AttemptRequest request;
  request.kind = kind;
  request.nonce = std::string(64, '1');
  return request;
}

/// Lines that the child prints.
std::vector<Json> serve(const AttemptRequest& request) {
  std::vector<Json> lines;
  const Status served = serve_attempt(request, kTable, tiny, [&](std::string_view line) {
    const Result<Json> json = parse_json(line, "line");
    ASSERT_TRUE(json) << json.error().message;
    lines.push_back(*json);
  });
  EXPECT_TRUE(served) << (served ? "" : served.error().message);
  return lines;
}

TEST(AttemptTest, ARequestSurvivesTheWire) {
  AttemptRequest sent = request(AttemptRequest::Kind::probe);
  sent.work = {{.gate = "tiny", .target = "sm_90a", .variant = "edited", .attempt = 3}};
  sent.allowed = PatchedLaunch::baseline;
  sent.driver = "system";
  sent.device = "1";
  sent.scratch = "/s";
  sent.cache = "/c";
  sent.prerequisites = {{"device.query", evidence::Verdict::reported, evidence::Verdict::refused}};
  sent.unmet = "why";
  const Result<AttemptRequest> got = attempt_request_from_json(to_json(sent));
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(to_json(*got), to_json(sent));
  EXPECT_EQ(got->work.front().variant, "edited");
  EXPECT_EQ(got->work.front().attempt, 3);
  EXPECT_EQ(got->allowed, PatchedLaunch::baseline);
}

TEST(AttemptTest, ARequestWithAnUnknownKindIsRefused) {
  Json json = to_json(request(AttemptRequest::Kind::survey));
  json["kind"] = "surveys";
  const Result<AttemptRequest> got = attempt_request_from_json(json);
  ASSERT_FALSE(got);
  EXPECT_NE(got.error().message.find("unknown word 'surveys'"), std::string::npos) << got.error().message;
}

TEST(AttemptTest, ASurveySurvivesTheWire) {
  Survey sent;
  sent.driver = {.kind = cuda::LibraryKind::emulated,
                 .path_class = "project",
                 .sha256 = std::string(64, 'a'),
                 .api_version = 13000,
                 .driver_version = "1.2",
                 .kernel_module_version = "",
                 .kernel_agrees = false,
                 .opened_device_nodes = false,
                 .says_emulated = true};
  sent.device = {.ordinal = 1,
                 .name = "NVIDIA GB10",
                 .uuid = "GPU-x",
                 .pci_bus_id = "0",
                 .major = 12,
                 .minor = 1,
                 .total_bytes = 7,
                 .attributes = {{"multiprocessor_count", 0, 48, 0}}};
  const Result<Survey> got = survey_from_json(to_json(sent));
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(to_json(*got), to_json(sent));
}

TEST(AttemptTest, AssembleAnswersEachPairAndLeavesItsFiles) {
  const TemporaryFolder scratch;
  AttemptRequest assemble = request(AttemptRequest::Kind::assemble);
  assemble.scratch = scratch.path().string();
  assemble.work = {{"tiny", "sm_90a"}, {"tiny", "sm_121a"}};
  std::vector<std::string> targets;
  for (const Json& line : serve(assemble)) {
    if (!line.contains("record") || line.contains("at")) continue;
    const Result<evidence::Record> record = evidence::record_from_json(line.at("record"), "line");
    ASSERT_TRUE(record) << record.error().message;
    EXPECT_EQ(record->stage(evidence::Stage::assemble).status, evidence::StageStatus::ok);
    EXPECT_TRUE(std::filesystem::exists(scratch.path() / record->artifacts.at("cubin")));
    targets.push_back(record->target);
  }
  EXPECT_EQ(targets, (std::vector<std::string>{"sm_90a", "sm_121a"}));
}

TEST(AttemptTest, ADriverThatIsNotThereIsARecordAndNotACrash) {
  const TemporaryFolder scratch;
  AttemptRequest survey = request(AttemptRequest::Kind::survey);
  survey.scratch = scratch.path().string();
  survey.work = {{"device.query", ""}};
  survey.driver = "/nowhere/libcuda.so.1";
  const std::vector<Json> lines = serve(survey);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].at("at"), "load");
  const Result<evidence::Record> record = evidence::record_from_json(lines[1].at("record"), "line");
  ASSERT_TRUE(record) << record.error().message;
  EXPECT_EQ(record->stage(evidence::Stage::load).status, evidence::StageStatus::refused);
  EXPECT_EQ(evidence::derive(*record)->verdict, evidence::Verdict::refused);
}

TEST(AttemptTest, AWorkloadIsServedOnTheDeviceOrItsRecordSaysWhyNot) {
  const TemporaryFolder scratch;
  AttemptRequest wanted = request(AttemptRequest::Kind::workload);
  wanted.scratch = scratch.path().string();
  wanted.work = {{"work", "sm_90a", "small"}, {"work", "sm_90a", "large"}};
  wanted.driver = "/nowhere/libcuda.so.1";
  const auto sent = attempt_request_from_json(to_json(wanted));
  ASSERT_TRUE(sent) << sent.error().message;
  EXPECT_EQ(sent->kind, AttemptRequest::Kind::workload);
  const std::vector<Json> lines = serve(*sent);
  ASSERT_EQ(lines.size(), 2u);  // the others want another process
  const Result<evidence::Record> record = evidence::record_from_json(lines[1].at("record"), "line");
  ASSERT_TRUE(record) << record.error().message;
  EXPECT_EQ(record->variant, "small");
  EXPECT_EQ(record->stage(evidence::Stage::load).status, evidence::StageStatus::refused);
}

TEST(AttemptTest, AGateThatIsNoWorkloadIsServedAsNone) {
  AttemptRequest wanted = request(AttemptRequest::Kind::workload);
  wanted.work = {{"tiny", "sm_90a", "small"}};
  const Status served = serve_attempt(wanted, kTable, tiny, [](std::string_view) {});
  ASSERT_FALSE(served);
  EXPECT_EQ(served.error().message, "attempt request: gate 'tiny' has no workload");
}

TEST(AttemptTest, AnUnknownGateIsAnError) {
  AttemptRequest assemble = request(AttemptRequest::Kind::assemble);
  assemble.work = {{"huge", "sm_90a"}};
  const Status served = serve_attempt(assemble, kTable, tiny, [](std::string_view) {});
  ASSERT_FALSE(served);
  EXPECT_EQ(served.error().message, "attempt request: no gate 'huge'");
}

}  // namespace
}  // namespace assay::gate
