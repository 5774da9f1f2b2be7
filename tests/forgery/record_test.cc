// What a record says happened: answers, texts, machine code, prerequisites, and the words for people.
#include "tests/forgery/forgery_test.h"

#include "harness/base/json.h"

namespace assay::forgery {
namespace {

using evidence::Stage;
using evidence::StageStatus;

const std::string kLoad = "tma.load@sm_90a#1", kMma = "wgmma.bf16@sm_90a#1", kRefused = "tcgen05.alloc@sm_90a#1",
                  kQuery = "device.query#1";

Forge load(const std::function<void(Record&)>& edit) { return record(kLoad, edit); }

Forge measured(const std::string& key, const evidence::Scalar& value) {
  return record(kQuery, [=](Record& r) {
    for (evidence::Measurement& one : r.measurements)
      if (one.key == key) one.value = value;
  });
}

/// Everything of machine code that the record has, from a record of another gate.
Forge code_of_another(const std::string& id, const std::string& other) {
  return [=](const fs::path& b) {
    const Lines all = evidence::read_lines(b);
    const Json from = all.at(line_of(all, other));
    lines([&](Lines& edited) {
      Json& to = edited.at(line_of(edited, id));
      for (const char* role : {"cubin", "witness-with", "witness-without"})
        to["artifacts"][role] = from["artifacts"][role];
      to["witness"] = from["witness"];
    })(b);
  };
}

/// The text without the instruction that the gate asks about.
Forge without_instruction(const std::string& id) {
  return [=](const fs::path& b) {
    std::string ptx = evidence::read_text(b / evidence::kArtifactFolder / artifact_of(b, id, "ptx"));
    ptx += "// and nothing more\n";
    const std::string digest = keep(b, ptx);
    field(id, "/artifacts/ptx", digest)(b);
  };
}

/// A kept file named by a record in a role of the forger's choice.
Forge named(const std::string& id, const std::string& role, const std::string& from, const std::string& as) {
  return [=](const fs::path& b) { field(id, "/artifacts/" + role, artifact_of(b, from, as))(b); };
}

}  // namespace

std::vector<Row> record_rows() {
  const Start run = Start::signed_run;
  return {
      {14, "expected output copied into observed, for other inputs", run, true, load([](Record& r) {
         r.cases[0].inputs_sha256 = std::string(64, 'a');
         r.cases[0].observed_sha256 = r.cases[0].expected_sha256;
       }),
       "recompute", "inputs are not those of the challenge"},
      {14, "an oracle of the forger's own", run, true,
       load([](Record& r) { r.cases[0].expected_sha256 = std::string(64, 'a'); }), "recompute",
       "expected output is not the oracle's"},
      {14, "a wrong output told as right", run, true,
       load([](Record& r) { r.cases[0].observed_sha256 = std::string(64, 'a'); }), "recompute",
       "no mismatches, but the output is not the oracle's"},
      {14, "a right output told as wrong", run, true, load([](Record& r) {
         r.cases[0].mismatches = 1;
         r.cases[0].first_mismatch = "tile[0]: expected 0x1, observed 0x2";
         r.stage(Stage::verify) = {.status = StageStatus::failed, .message = "1 word differs", .wall_ns = 1};
       }),
       "recompute", "output is the oracle's, but mismatches are counted"},
      {22, "another instruction than the text's", run, true,
       load([](Record& r) { r.instruction = "tcgen05.mma.cta_group::1.kind::mxf4nvf4"; }), "gate-table",
       "instruction is 'tcgen05.mma.cta_group::1.kind::mxf4nvf4', the gate's own is"},
      {22, "an opcode that the machine code does not hold", run, true,
       load([](Record& r) { r.witness.opcodes = {0xfff}; }), "image", "its code does not hold opcode 0xfff"},
      {22, "an instruction told as a call into the driver", run, true,
       load([](Record& r) { r.witness.lowering = "driver-call"; }), "image",
       "the kept images show lowering 'instruction', the witness says otherwise"},
      {22, "a text with one line more", run, true, without_instruction(kLoad), "gate-table",
       "the text that was assembled is not the gate's own for sm_90a"},
      {22, "the text of another gate", run, true,
       [](const fs::path& b) { field(kLoad, "/artifacts/ptx", artifact_of(b, kMma, "ptx"))(b); }, "gate-table",
       "the text that was assembled is not the gate's own for sm_90a"},
      {22, "the machine code of another gate, witness and all", run, true, code_of_another(kLoad, kMma), "image",
       "the image holds no kernel 'load', which the gate launches"},
      {22, "the text not kept", run, true,
       lines([](Lines& all) { all.at(line_of(all, kLoad))["artifacts"].erase("ptx"); }), "gate-table",
       "assembled, but the text is not kept"},
      {22, "the machine code not kept", run, true,
       lines([](Lines& all) { all.at(line_of(all, kLoad))["artifacts"].erase("cubin"); }), "image",
       "an image was handed to the driver, but none is kept"},
      {0, "another kept file named as the image", run, true, named(kLoad, "image", kMma, "cubin"), "gate-table",
       "artifact 'image', of which records of this gate have none"},
      {0, "a text named as the machine code", run, true, named(kLoad, "cubin", kLoad, "ptx"), "image",
       "an ELF image starts with 7f 45 4c 46"},
      {0, "a file under a role that nobody reads", run, true, named(kQuery, "notes", kLoad, "cubin"), "gate-table",
       "artifact 'notes', of which records of this gate have none"},
      {0, "two answers to one question", run, true,
       record(kQuery,
              [](Record& r) {
                r.measurements.push_back(r.measurements.front());
                r.measurements.back().value = "NVIDIA GB10";
              }),
       "contradiction", "is measured twice"},
      {0, "another .version told than the text's", run, true, load([](Record& r) { r.ptx_version = "9.9"; }),
       "gate-table", "ptx_version is '9.9', the gate's own is"},
      {0, "a refusal in the forger's words", run, true,
       record(kRefused, [](Record& r) { r.stage(Stage::assemble).message = "the silicon lacks tcgen05"; }),
       "gate-table", "the assembler's log does not hold 'the silicon lacks tcgen05'"},
      {0, "a refusal in the forger's words, the log left out", run, true,
       record(kRefused,
              [](Record& r) {
                r.stage(Stage::assemble).message = "the silicon lacks tcgen05";
                r.stage(Stage::assemble).log_sha256.clear();
              }),
       "gate-table", "the assembler's log does not hold 'the silicon lacks tcgen05'"},
      {0, "a code by another name", run, true, load([](Record& r) {
         r.end_at(Stage::complete, {.status = StageStatus::failed,
                                    .code = 715,
                                    .name = "CUDA_ERROR_SILICON_ABSENT",
                                    .call = "cuCtxSynchronize",
                                    .wall_ns = 1});
         r.cases.clear();
         r.controls.negative = r.controls.canary = evidence::ControlStatus::not_run;
       }),
       "gate-table", "715 is CUDA_ERROR_ILLEGAL_INSTRUCTION, the record says CUDA_ERROR_SILICON_ABSENT"},
      {0, "a prerequisite left out", run, true, load([](Record& r) { r.prerequisites.clear(); }), "gate-table",
       "launched without its prerequisite control.arithmetic (proven needed)"},
      {0, "a prerequisite that needs less", run, true,
       load([](Record& r) { r.prerequisites[0].needs = evidence::Verdict::reported; }), "contradiction",
       "launched, but its prerequisite control.arithmetic is proven"},
      {0, "a prerequisite that no record bears out", run, true,
       record("control.copy@sm_90a#1",
              [](Record& r) {
                r.prerequisites.push_back({"wgmma.bf16", evidence::Verdict::proven, evidence::Verdict::proven});
              }),
       "prerequisite", "prerequisite wgmma.bf16 is said to be proven, but no earlier record of it is"},
      {0, "a variant of a gate that has none", run, true, load([](Record& r) { r.variant = "fast"; }), "gate-table",
       "variant 'fast', but the gate has none"},
      {0, "launched after a refusal", run, true,
       record(kRefused, [](Record& r) { r.stage(Stage::launch).status = StageStatus::ok; }), "contradiction",
       "stage launch is ok after resolve was not-reached"},
      {0, "launched without a driver", run, true,
       load([](Record& r) { r.driver_library = evidence::DriverLibrary::none; }), "contradiction",
       "an image was handed to a driver, but there is no driver library"},
      {0, "launched though stopped", run, true, load([](Record& r) { r.stopped = evidence::Stopped::no_device; }),
       "contradiction", "stopped (no-device), but launched"},
      {0, "a child that exited and was killed", run, true,
       load([](Record& r) { r.process = evidence::ProcessResult{.exit_code = 1, .signal = 11}; }), "contradiction",
       "the process both exited with 1 and was ended by signal 11"},
      {19, "another multiprocessor count in the driver's answer", run, true, measured("multiprocessor_count", 148),
       "device", "device.multiprocessor_count is 132, but multiprocessor_count of device.query#1 is 148"},
      {19, "another name in the driver's answer", run, true, measured("device_name", "NVIDIA GB10"), "device",
       "device.name is \"NVIDIA H100 80GB HBM3\", but device_name of device.query#1 is \"NVIDIA GB10\""},
      {19, "another compute capability in the driver's answer", run, true, measured("compute_capability_minor", 1),
       "device", "device.compute_capability is \"9.0\", but device.query#1 answered \"9.1\""},
      {0, "another memory size in the driver's answer", run, true, measured("total_global_memory", 1), "device",
       "device.total_bytes is 85017493504, but total_global_memory of device.query#1 is 1"},
      {0, "another API version in the driver's answer", run, true, measured("driver_api_version", 13010),
       "driver-library", "driver.api_version is 13000, but driver_api_version of device.query#1 is 13010"},
  };
}

INSTANTIATE_TEST_SUITE_P(Record, ForgeryTest, testing::ValuesIn(record_rows()), name_of);

}  // namespace assay::forgery
