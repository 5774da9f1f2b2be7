// What is concluded: labels against the rules, and everything that would make an emulated or doubtful run look proven.
#include "tests/forgery/forgery_test.h"

#include "harness/base/json.h"

namespace assay::forgery {
namespace {

using evidence::ControlStatus;
using evidence::DriverLibrary;
using evidence::Stage;
using evidence::StageStatus;

const std::string kLoad = "tma.load@sm_90a#1", kRefused = "tcgen05.alloc@sm_90a#1";

/// A record in which two words were wrong.
void mismatch(Record& r) {
  r.cases[0].mismatches = 2;
  r.cases[0].first_mismatch = "tile[0]: expected 0x00000001, observed 0x00000002";
  r.stage(Stage::verify) = {.status = StageStatus::failed, .message = "2 words differ", .wall_ns = 1};
}

Forge labelled(const std::string& id, const Forge& edit, const std::string& key, const std::string& word) {
  return both(edit, field(id, "/derived/" + key, word));
}
Forge controlled(const std::function<void(Record&)>& edit) { return record(kLoad, edit); }
Forge unchanged() {
  return [](const fs::path&) {};
}

/// Each record and, as far as `environment` says, the environment told as of the installed driver.
Forge told_as_real(const std::function<void(Json& driver)>& environment) {
  return [=](const fs::path& b) {
    for (const Json& line : evidence::read_lines(b)) {
      if (!line.contains("record_id") || line.at("driver_library") == "none") continue;
      record(line.at("record_id"), [](Record& r) {
        r.driver_library = DriverLibrary::system;
        for (evidence::PrerequisiteResult& one : r.prerequisites)
          if (one.found == evidence::Verdict::agrees) one.found = evidence::Verdict::proven;
      })(b);
    }
    document(evidence::kEnvironmentFile, [&](Json& json) { environment(json["driver"]); })(b);
  };
}

Forge all_labelled_by(const std::string& rules) {
  return both(lines([=](Lines& all) {
                for (Json& line : all)
                  if (line.contains("derived")) line["derived"]["rules"] = rules;
                all.at(line_of(all, kRefused))["derived"]["verdict"] = "proven";
                all.at(line_of(all, kRefused))["derived"]["level"] = "E5";
              }),
              document(evidence::kRulesFile, [=](Json& json) { json["rules"] = rules; }));
}

Forge versioned(int version) {
  return both(lines([=](Lines& all) {
                Json& line = all.at(line_of(all, kLoad));
                line["gate_version"] = version;
                for (Json& one : line["cases"]) one["observed_sha256"] = one["expected_sha256"] = std::string(64, 'a');
              }),
              document(evidence::kRulesFile, [=](Json& json) {
                for (Json& gate : json["gates"])
                  if (gate["gate"] == "tma.load") gate["gate_version"] = version;
              }));
}

/// A kernel that nobody wrote, with a speed that nobody measured.
void invent_kernel(const fs::path& b) {
  lines([](Lines& all) {
    const std::size_t at = line_of(all, kLoad);
    Json kernel = all[at];
    kernel["gate"] = "kernel.nvfp4_gemm";
    kernel["record_id"] = "kernel.nvfp4_gemm@sm_90a#1";
    kernel["performance"] = evidence::to_json([] {
      Record timed;
      timed.performance = evidence::good_performance();
      return timed;
    }())["performance"];
    all.insert(all.begin() + static_cast<std::ptrdiff_t>(at) + 1, kernel);
    all.back()["done"] = all.size() - 1;
  })(b);
  document(evidence::kRulesFile, [](Json& json) {
    json["gates"].push_back({{"gate", "kernel.nvfp4_gemm"}, {"gate_version", 1}});
  })(b);
}

std::vector<Command> requires_claim(const std::string& id, const std::string& says) {
  return {{{"claims", "BUNDLE", "--trust", "TRUST", "--require", id}, 5, says}};
}

}  // namespace

std::vector<Row> label_rows() {
  const Start run = Start::signed_run, emulated = Start::emulated_run;
  return {
      {7, "a mismatch told as proven", run, true, labelled(kLoad, controlled(mismatch), "verdict", "proven"), "label",
       "verdict is labelled 'proven', the rules say 'mismatch'"},
      {7, "a refusal told as proven", run, true, labelled(kRefused, unchanged(), "verdict", "proven"), "label",
       "verdict is labelled 'proven', the rules say 'refused'"},
      {7, "a level raised", run, true, labelled(kRefused, unchanged(), "level", "E5"), "label",
       "level is labelled 'E5', the rules say 'none'"},
      {7, "a class raised", run, true, labelled(kRefused, unchanged(), "class", "real-execution"), "label",
       "class is labelled 'real-execution', the rules say 'driver-signal'"},
      {7, "a furthest stage raised", run, true, labelled(kRefused, unchanged(), "furthest", "verify"), "label",
       "furthest is labelled 'verify', the rules say 'none'"},
      {7, "a reason rewritten", run, true, labelled(kRefused, unchanged(), "reason", "all well"), "label",
       "reason is labelled 'all well', the rules say 'assembler refused"},
      {15, "an emulated pass given level E5", emulated, true, labelled(kLoad, unchanged(), "level", "E5"), "label",
       "level is labelled 'E5', the rules say 'none'"},
      {15, "an emulated pass told as proven", emulated, true, labelled(kLoad, unchanged(), "verdict", "proven"),
       "label", "verdict is labelled 'proven', the rules say 'agrees'"},
      {15,
       "a claim asked of an emulated run",
       emulated,
       false,
       {},
       "",
       "",
       requires_claim("executes.tma.load", "not supported by this bundle: the driver library is emulated")},
      {15, "a claim written into an emulated run's statement", emulated, false,
       [](const fs::path& b) {
         evidence::sign_again(b, [](Json& statement) {
           statement["predicate"]["claims"].push_back({{"id", "executes.tma.load"}, {"level", "E5"}});
         });
       },
       "statement", "/predicate/claims/- is not what this bundle gives"},
      {16, "one emulated record told as the installed driver's", emulated, true,
       record(kLoad, [](Record& r) { r.driver_library = DriverLibrary::system; }), "driver-library",
       "driver library system, but earlier records of this run have emulated"},
      {16, "every emulated record told so, not the environment", emulated, true, told_as_real([](Json&) {}),
       "driver-library", "driver kind emulated, but device.query#1 has driver library system"},
      {16, "the environment too, but not what the library says of itself", emulated, true,
       told_as_real([](Json& driver) { driver["kind"] = "system"; }), "driver-library",
       "the library says that it is emulated, but driver kind is system"},
      {16, "that too, but not the kernel module", emulated, true, told_as_real([](Json& driver) {
         driver["kind"] = "system";
         driver["says_emulated"] = false;
       }),
       "kernel-module", "beside kernel module"},
      {16, "that too, with a module that agrees and has no version", emulated, true, told_as_real([](Json& driver) {
         driver["kind"] = "system";
         driver["says_emulated"] = false;
         driver["kernel_agrees"] = true;
       }),
       "driver-library", "the library is said to agree with the kernel module, but is 580.159.04 beside ''"},
      {16, "that too, but no device node was opened", emulated, true, told_as_real([](Json& driver) {
         driver["kind"] = "system";
         driver["says_emulated"] = false;
         driver["kernel_agrees"] = true;
         driver["kernel_module_version"] = driver["driver_version"];
       }),
       "device-node", "the driver library opened no device node"},
      {18,
       "a claim on which only an edited image stands",
       Start::recorded_run,
       false,
       {},
       "",
       "",
       requires_claim("executes.tcgen05.alloc", "gate tcgen05.alloc is refused")},
      {18, "an edited image's record under a capability claim of the statement", Start::recorded_run, false,
       [](const fs::path& b) {
         evidence::sign_again(b, [](Json& statement) {
           for (Json& claim : statement["predicate"]["claims"])
             if (claim["id"] == "executes.tma.load")
               claim["records"] = {"cubin.arch_patch[sm-byte.arithmetic.sm_100a]@sm_90a#1"};
         });
       },
       "statement", "is not what this bundle gives"},
      {20, "proven with nothing compared", run, true,
       labelled(kLoad, controlled([](Record& r) { r.cases.clear(); }), "verdict", "proven"), "label",
       "verdict is labelled 'proven', the rules say 'unresolved'"},
      {20, "a launch without its comparison", run, true, controlled([](Record& r) { r.cases.clear(); }),
       "contradiction", "verify is ok, but nothing was compared"},
      {20, "no word compared in a case", run, true, controlled([](Record& r) { r.cases[0].compared = 0; }), "recompute",
       "0 words compared, the gate compares"},
      {20, "more words compared than there are", run, true, controlled([](Record& r) { r.cases[0].compared *= 1000; }),
       "recompute", "words compared, the gate compares"},
      {20, "a case left out", run, true, controlled([](Record& r) { r.cases.pop_back(); }), "recompute",
       "12 cases, the gate has 13"},
      {20, "a mismatch within a tolerance of the forger's", run, true, controlled([](Record& r) {
         mismatch(r);
         r.stage(Stage::verify) = {.status = StageStatus::ok, .wall_ns = 1};
       }),
       "contradiction", "has mismatches, but verify is ok"},
      {0, "a mismatch of which the first is still told", run, true,
       controlled([](Record& r) { r.cases[0].first_mismatch = "tile[0]: expected 0x1, observed 0x2"; }),
       "contradiction", "has no mismatch, but a first one is told"},
      {0, "a case called otherwise", run, true,
       controlled([](Record& r) { r.cases[0].name = "every shape that there is"; }), "recompute",
       "case 'every shape that there is': the gate's own is called"},
      {21, "proven beside a failed control", run, true,
       labelled(kLoad, controlled([](Record& r) { r.controls.canary = ControlStatus::failed; }), "verdict", "proven"),
       "label", "verdict is labelled 'proven', the rules say 'unresolved'"},
      {21, "proven beside a control that was not run", run, true,
       labelled(kLoad, controlled([](Record& r) { r.controls.home_target = ControlStatus::not_run; }), "level", "E5"),
       "label", "level is labelled 'E5', the rules say 'E4'"},
      {21, "proven though a wrong oracle was believed", run, true,
       labelled(kLoad, controlled([](Record& r) { r.controls.negative = ControlStatus::failed; }), "verdict", "proven"),
       "label", "verdict is labelled 'proven', the rules say 'unresolved'"},
      {21, "a failed control told as ok, its note forgotten", run, true,
       controlled([](Record& r) { r.control_note = "guard words of 'd' were written"; }), "contradiction",
       "no control failed, but what one found is told"},
      {21, "a control left out", run, true,
       lines([](Lines& all) { all.at(line_of(all, kLoad))["controls"].erase("negative"); }), "schema",
       "field 'negative': missing"},
      {21, "a witness that is ok and found nothing", run, true,
       controlled([](Record& r) { r.witness.lowering = "absent"; }), "contradiction",
       "control witness is ok, but the lowering is 'absent'"},
      {28, "rules of the forger's own", run, true, all_labelled_by("rules/9"), "rules-version",
       "'rules/9' is unknown to this build"},
      {28, "other rules for one record", run, true, labelled(kLoad, unchanged(), "rules", "rules/1"), "label",
       "labelled by 'rules/1', rules.json says 'rules/3'"},
      {28, "a softer field in rules.json", run, true,
       document(evidence::kRulesFile, [](Json& rules) { rules["waived"] = {"tma.load"}; }), "schema",
       "rules.json: field 'waived': unknown"},
      {28, "a gate of a version that nobody knows", run, true, versioned(99), "gate-version",
       "gate 'tma.load', version 99, is unknown to this build"},
      {28, "a record of another version of its gate", run, true, record(kLoad, [](Record& r) { r.gate_version = 99; }),
       "gate-list", "gate version 99, rules.json says 1"},
      {30, "speed of a wrong answer", run, true, controlled([](Record& r) {
         mismatch(r);
         r.performance = evidence::good_performance();
       }),
       "contradiction", "performance is told of a launch whose verify stage is failed"},
      {30, "speed of a gate that times nothing", run, true,
       controlled([](Record& r) { r.performance = evidence::good_performance(); }), "gate-table",
       "performance is told, but no launch of this gate is timed"},
      {30, "speed of a kernel that nobody wrote", run, true, invent_kernel, "gate-version",
       "gate 'kernel.nvfp4_gemm', version 1, is unknown to this build"},
      {30, "speed without a launch", run, true, controlled([](Record& r) {
         r.performance = evidence::good_performance();
         r.performance->samples = 0;
       }),
       "contradiction", "performance rests on no timed launch"},
      {30, "clocks that were held back, not told", run, true, controlled([](Record& r) {
         r.performance = evidence::good_performance();
         r.performance->throttle.clear();
       }),
       "contradiction", "performance does not say how it was launched, or whether the clocks were held back"},
      {32, "a retry told as proven", run, true,
       [](const fs::path& b) {
         lines([](Lines& all) {
           Json& line = all.at(line_of(all, kLoad));
           line["attempt"] = 2;
           line["record_id"] = "tma.load@sm_90a#2";
         })(b);
       },
       "label", "level is labelled 'E5', the rules say 'E4'"},
      {32, "a gate that was not selected, counted as proof", run, true,
       labelled("cubin.arch_patch#1", unchanged(), "verdict", "proven"), "label",
       "verdict is labelled 'proven', the rules say 'not-run'"},
      {32,
       "a refused gate under a claim",
       run,
       false,
       {},
       "",
       "",
       requires_claim("executes.tcgen05.alloc", "gate tcgen05.alloc is refused")},
      {32,
       "a gate that was not selected under a claim",
       run,
       false,
       {},
       "",
       "",
       requires_claim("kernel.correct", "not supported by this bundle: no kernel is on record")},
  };
}

INSTANTIATE_TEST_SUITE_P(Label, ForgeryTest, testing::ValuesIn(label_rows()), name_of);

}  // namespace assay::forgery
