// Forgeries, one a row: an untouched bundle, one change, every layer sealed again that needs no key, and the exact
// message.
#include <unistd.h>

#include <filesystem>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/base/json.h"
#include "harness/evidence/verify.h"
#include "tests/evidence/forger.h"
#include "tests/support/json.h"

namespace assay::evidence {
namespace {

namespace fs = std::filesystem;

const std::string kLog = "a log";

/// A run of five gates: a question, a proven one, a refused one, one that was not run because of it, a mismatch.
std::vector<Record> a_run() {
  Record refused = ended_at(Stage::assemble, StageStatus::refused, good_record("tcgen05.alloc"));
  refused.stages[0].log_sha256 = digest_of(kLog);
  Record not_run = ended_at(Stage::load, StageStatus::not_reached, good_record("tcgen05.ld"));
  not_run.stopped = Stopped::prerequisite;
  not_run.controls = {};
  not_run.prerequisites = {{"tcgen05.alloc", Verdict::proven, Verdict::refused}};
  Record mismatch = ended_at(Stage::verify, StageStatus::failed, good_record("mma.fp8"));
  mismatch.cases[0].mismatches = 2;
  mismatch.cases[0].first_mismatch = "d[0]: expected 0x1, observed 0x2";
  mismatch.prerequisites = {{"control.copy", Verdict::proven, Verdict::proven}};
  std::vector<Record> run{good_question(), good_record("control.copy"), refused, not_run, mismatch};
  for (std::size_t i = 0; i < run.size(); ++i) run[i].monotonic_ns = static_cast<std::int64_t>(i) * 10;
  return run;
}

struct Forgery {
  const char* what;
  std::function<void(const fs::path&)> forge;
  std::string message;  ///< One of the findings; empty where the JSON library words it.
};

std::function<void(const fs::path&)> line_edit(std::size_t index, const char* pointer, Json value) {
  return [=](const fs::path& folder) {
    forge_lines(folder, [&](Lines& lines) { lines.at(index)[Json::json_pointer(pointer)] = value; });
  };
}
std::function<void(const fs::path&)> record_edit(std::size_t index, const std::function<void(Record&)>& edit) {
  return [=](const fs::path& folder) { forge_record(folder, index, edit); };
}
std::function<void(const fs::path&)> document_edit(std::string_view name, const std::function<void(Json&)>& edit) {
  return [=](const fs::path& folder) { forge_document(folder, name, edit); };
}
std::function<void(const fs::path&)> lines_edit(const std::function<void(Lines&)>& edit) {
  return [=](const fs::path& folder) { forge_lines(folder, edit); };
}

fs::path artifact(const fs::path& folder) { return folder / "artifacts" / digest_of(kLog); }

std::vector<Forgery> forgeries() {
  const std::string log = "artifacts/" + digest_of(kLog);
  return {
      // Labels.
      {"mismatch told as proven", line_edit(4, "/derived/verdict", "proven"),
       "gates.jsonl:5: verdict is labelled 'proven', the rules say 'mismatch'"},
      {"level raised", line_edit(4, "/derived/level", "E5"),
       "gates.jsonl:5: level is labelled 'E5', the rules say 'E4'"},
      {"class raised", line_edit(2, "/derived/class", "real-execution"),
       "gates.jsonl:3: class is labelled 'real-execution', the rules say 'driver-signal'"},
      {"furthest stage raised", line_edit(4, "/derived/furthest", "verify"),
       "gates.jsonl:5: furthest is labelled 'verify', the rules say 'complete'"},
      {"reason rewritten", line_edit(0, "/derived/reason", "all well"),
       "gates.jsonl:1: reason is labelled 'all well', the rules say '1 of 2 values answered'"},
      {"refused told as proven", line_edit(2, "/derived/verdict", "proven"),
       "gates.jsonl:3: verdict is labelled 'proven', the rules say 'refused'"},
      {"other rules for one record", line_edit(1, "/derived/rules", "rules/9"),
       "gates.jsonl:2: labelled by 'rules/9', rules.json says 'rules/3'"},
      {"a word of no vocabulary", line_edit(1, "/derived/verdict", "passed"),
       "gates.jsonl:2: derived: field 'verdict': unknown word 'passed', expected one of proven, reported, agrees, "
       "mismatch, refused, faulted, hung, unresolved, not-run, not-applicable"},
      // What happened, relabelled by the rules: only contradictions are left to find.
      {"patched told as native", record_edit(1, [](Record& r) { r.edit = an_edit(); }),
       "gates.jsonl:2: bytes were edited, but the image is native"},
      {"an edit that edits nothing",
       record_edit(1,
                   [](Record& r) {
                     r.image = ImageKind::patched;
                     r.edit = an_edit();
                     r.edit->bytes.front().is = r.edit->bytes.front().was;
                   }),
       "gates.jsonl:2: the byte at 49 is said to be edited, but is as it was"},
      {"patched without a diff", record_edit(1, [](Record& r) { r.image = ImageKind::patched; }),
       "gates.jsonl:2: the image is patched, but no byte is said to be edited"},
      {"one record of another driver library",
       record_edit(1, [](Record& r) { r.driver_library = DriverLibrary::emulated; }),
       "gates.jsonl:2: driver library emulated, but earlier records of this run have system"},
      {"launch without a driver", record_edit(1, [](Record& r) { r.driver_library = DriverLibrary::none; }),
       "gates.jsonl:2: an image was handed to a driver, but there is no driver library"},
      {"loaded no image", record_edit(1, [](Record& r) { r.image = ImageKind::none; }),
       "gates.jsonl:2: an image was loaded, but the record says none was"},
      {"verify turned to ok", record_edit(4, [](Record& r) { r.stage(Stage::verify).status = StageStatus::ok; }),
       "gates.jsonl:5: case 'mask 3' has mismatches, but verify is ok"},
      {"a stage behind a refusal", record_edit(2, [](Record& r) { r.stage(Stage::load).status = StageStatus::ok; }),
       "gates.jsonl:3: stage load is ok after assemble was refused"},
      {"launched in spite of its prerequisite",
       record_edit(3,
                   [](Record& r) {
                     r.stopped = Stopped::no;
                     for (StageResult& stage : r.stages) stage.status = StageStatus::ok;
                   }),
       "gates.jsonl:4: launched, but its prerequisite tcgen05.alloc is refused"},
      {"launched though stopped", record_edit(1, [](Record& r) { r.stopped = Stopped::no_device; }),
       "gates.jsonl:2: stopped (no-device), but launched"},
      {"prerequisite told as proven", record_edit(3, [](Record& r) { r.prerequisites[0].found = Verdict::proven; }),
       "gates.jsonl:4: prerequisite tcgen05.alloc is said to be proven, but no earlier record of it is"},
      {"prerequisite that was never asked",
       record_edit(1,
                   [](Record& r) {
                     r.prerequisites = {{"device.limits", Verdict::reported, Verdict::reported}};
                   }),
       "gates.jsonl:2: prerequisite device.limits is said to be reported, but no earlier record of it is"},
      {"more mismatches than words", record_edit(4, [](Record& r) { r.cases[0].mismatches = 5000; }),
       "gates.jsonl:5: case 'mask 3': 5000 mismatches among 4096 compared"},
      {"witness without the instruction", record_edit(1, [](Record& r) { r.witness.lowering = "absent"; }),
       "gates.jsonl:2: control witness is ok, but the lowering is 'absent'"},
      {"ended twice", record_edit(1, [](Record& r) { r.process = ProcessResult{.exit_code = 1, .signal = 9}; }),
       "gates.jsonl:2: the process both exited with 1 and was ended by signal 9"},
      // Speed.
      {"speed of a wrong answer", record_edit(4, [](Record& r) { r.performance = good_performance(); }),
       "gates.jsonl:5: performance is told of a launch whose verify stage is failed"},
      {"speed without a comparison",
       record_edit(1,
                   [](Record& r) {
                     r.performance = good_performance();
                     r.cases.clear();
                   }),
       "gates.jsonl:2: performance is told, but nothing was compared"},
      // The machine.
      {"emulated driver under real records",
       document_edit("environment.json", [](Json& j) { j["driver"]["kind"] = "emulated"; }),
       "environment.json: driver kind emulated, but control.copy@sm_90a#1 has driver library system"},
      {"every record told as real, not the library",
       document_edit("environment.json", [](Json& j) { j["driver"]["says_emulated"] = true; }),
       "environment.json: the library says that it is emulated, but driver kind is system"},
      {"another device", document_edit("environment.json", [](Json& j) { j["device"]["compute_capability"] = "12.1"; }),
       "environment.json: device.compute_capability is \"12.1\", but control.copy@sm_90a#1 was launched"},
      {"more multiprocessors",
       document_edit("environment.json", [](Json& j) { j["device"]["multiprocessor_count"] = 148; }),
       "environment.json: device.multiprocessor_count is 148, but multiprocessor_count of device.query#1 is 132"},
      {"no device", document_edit("environment.json", [](Json& j) { j["device"] = nullptr; }),
       "environment.json: no device, but control.copy@sm_90a#1 was launched on one"},
      {"no multiprocessors",
       document_edit("environment.json", [](Json& j) { j["device"]["multiprocessor_count"] = 0; }),
       "environment.json: field 'device.multiprocessor_count': 0 says nothing"},
      {"a commit of zeros",
       document_edit("environment.json", [](Json& j) { j["tool"]["git_commit"] = std::string(40, '0'); }),
       "environment.json: field 'tool.git_commit': is all zero"},
      // Times.
      {"finished before it started", record_edit(1, [](Record& r) { r.finished_utc = "2026-11-22T12:00:04Z"; }),
       "gates.jsonl:2: finished before it started"},
      {"a run before its challenge", record_edit(0, [](Record& r) { r.started_utc = "2026-11-22T11:59:59Z"; }),
       "gates.jsonl:1: started before the challenge was issued or the record before it started"},
      {"a run after its challenge expired", record_edit(4, [](Record& r) { r.finished_utc = "2026-11-23T12:00:01Z"; }),
       "gates.jsonl:5: finished after the challenge expired"},
      {"clock going backwards", record_edit(3, [](Record& r) { r.monotonic_ns = 1; }),
       "gates.jsonl:4: monotonic clock behind that of the record before it"},
      {"no real date", record_edit(1, [](Record& r) { r.started_utc = "2026-02-30T12:00:00Z"; }),
       "gates.jsonl:2: started_utc: '2026-02-30T12:00:00Z' is no time of the form 2026-11-22T21:59:05Z"},
      // The list of records.
      {"records reordered", lines_edit([](Lines& lines) { std::swap(lines[2], lines[3]); }),
       "gates.jsonl:3: prerequisite tcgen05.alloc is said to be refused, but no earlier record of it is"},
      {"a record twice", lines_edit([](Lines& lines) {
         lines.insert(lines.begin() + 1, lines[1]);
         lines.back()["done"] = 6;
       }),
       "gates.jsonl:3: control.copy@sm_90a#1 is there twice"},
      {"a failing gate left out", lines_edit([](Lines& lines) {
         lines.erase(lines.begin() + 4);
         lines.back()["done"] = 4;
       }),
       "gates.jsonl: no record of gate 'mma.fp8'"},
      {"a record left out, not the count", lines_edit([](Lines& lines) { lines.erase(lines.begin() + 4); }),
       "gates.jsonl:5: says 5 records, found 4"},
      {"reordered without chaining again",
       [](const fs::path& folder) {
         Lines lines = read_lines(folder);
         std::swap(lines[0], lines[1]);
         write_lines(folder, lines, false);
         seal_again(folder);
       },
       "gates.jsonl:1: prev_sha256 is not the digest of challenge.json"},
      {"a gate that the run did not name", record_edit(1, [](Record& r) { r.gate = "wgmma.bf16"; }),
       "gates.jsonl:2: gate 'wgmma.bf16' is not named in rules.json"},
      {"an older version of the gate", record_edit(4, [](Record& r) { r.gate_version = 7; }),
       "gates.jsonl:5: gate version 7, rules.json says 1"},
      {"a softer list of gates", document_edit("rules.json", [](Json& j) { j["gates"].erase(4); }),
       "gates.jsonl:5: gate 'mma.fp8' is not named in rules.json"},
      {"records under another challenge",
       [](const fs::path& folder) {
         Json challenge = test::parsed(read_text(folder / "challenge.json"));
         challenge["nonce"] = digest_of("another");
         write_text(folder / "challenge.json", spelled(challenge));
         seal_again(folder);
       },
       "gates.jsonl:1: prev_sha256 is not the digest of challenge.json"},
      // Syntax and schema.
      {"an unknown field", line_edit(1, "/note", "x"), "gates.jsonl:2: field 'note': unknown"},
      {"a floating-point time", line_edit(1, "/monotonic_ns", 1.5), ""},
      {"a newer schema", line_edit(1, "/schema", "gate-record/4"),
       "gates.jsonl:2: field 'schema': 'gate-record/4' is none of gate-record/1, gate-record/2, gate-record/3, the "
       "schemas that this build reads"},
      {"an environment without its mark", document_edit("environment.json", [](Json& j) { j.erase("private"); }),
       "environment.json: field 'private': missing"},
      {"a challenge without a nonce",
       document_edit("challenge.json", [](Json& j) { j["nonce"] = std::string(64, '0'); }),
       "challenge.json: field 'nonce': all zero"},
      {"unknown field in the rules", document_edit("rules.json", [](Json& j) { j["waived"] = true; }),
       "rules.json: field 'waived': unknown"},
      // Leaks.
      {"a leak in the environment",
       document_edit("environment.json", [](Json& j) { j["os"]["kernel"] = "on 10.1.2.3"; }),
       "environment.json: IP address in /os/kernel at offset 3"},
      {"a leak in a record", record_edit(0, [](Record& r) { r.measurements[1].note = "see /home/bob/x"; }),
       "gates.jsonl:1: home path in /measurements/1/note at offset 4"},
      {"a home path inside an artifact",
       [](const fs::path& folder) {
         const std::string text = "compiled in /home/bob/src";
         write_text(folder / "artifacts" / digest_of(text), text);
         seal_again(folder);
       },
       "artifacts/" + digest_of("compiled in /home/bob/src") + ": home path at offset 12"},
      // The folder.
      {"artifact dropped",
       [](const fs::path& folder) {
         fs::remove(artifact(folder));
         seal_again(folder);
       },
       "gates.jsonl:3: log of assemble names artifact " + digest_of(kLog) + ", which is not there"},
      {"artifact edited", [](const fs::path& folder) { write_text(artifact(folder), "b log"); },
       log + ": its name is not its sha256"},
      {"extra file", [](const fs::path& folder) { write_text(folder / "notes.txt", "x"); },
       "notes.txt: is no file of a bundle"},
      {"extra file among the artifacts", [](const fs::path& folder) { write_text(folder / "artifacts" / "x", "x"); },
       "artifacts/x: is no file of a bundle"},
      {"unlisted artifact", [](const fs::path& folder) { write_text(folder / "artifacts" / digest_of("x"), "x"); },
       "artifacts/" + digest_of("x") + ": not listed in manifest.json"},
      {"case twin", [](const fs::path& folder) { fs::copy_file(folder / "rules.json", folder / "Rules.json"); },
       "Rules.json: is no file of a bundle"},
      {"missing file", [](const fs::path& folder) { fs::remove(folder / "rules.json"); },
       "rules.json: listed in manifest.json but missing"},
      {"file replaced by a symbolic link",
       [](const fs::path& folder) {
         fs::rename(folder / "rules.json", folder.parent_path() / "elsewhere");
         fs::create_symlink(folder.parent_path() / "elsewhere", folder / "rules.json");
       },
       "rules.json: is a symbolic link"},
      {"artifacts replaced by a symbolic link",
       [](const fs::path& folder) {
         fs::rename(folder / "artifacts", folder.parent_path() / "elsewhere");
         fs::create_directory_symlink(folder.parent_path() / "elsewhere", folder / "artifacts");
       },
       "artifacts: is no file of a bundle"},
      {"manifest behind a symbolic link",
       [](const fs::path& folder) {
         fs::rename(folder / "manifest.json", folder.parent_path() / "elsewhere");
         fs::create_symlink(folder.parent_path() / "elsewhere", folder / "manifest.json");
       },
       "manifest.json: missing: not sealed after record 5 (mma.fp8@sm_90a#1)"},
      {"hard link",
       [](const fs::path& folder) { fs::create_hard_link(folder / "rules.json", folder.parent_path() / "elsewhere"); },
       "rules.json: is a hard link: the file has 2 names"},
      {"a pipe",
       [](const fs::path& folder) {
         fs::remove(folder / "environment.json");
         ASSERT_EQ(::mkfifo((folder / "environment.json").c_str(), 0600), 0);
       },
       "environment.json: is no regular file"},
      {"document grown",
       [](const fs::path& folder) { write_text(folder / "rules.json", read_text(folder / "rules.json") + " "); },
       "rules.json: 399 bytes, manifest.json says 398"},
      {"manifest spelled otherwise",
       [](const fs::path& folder) {
         write_text(folder / "manifest.json", spelled(test::parsed(read_text(folder / "manifest.json"))));
       },
       "manifest.json: not spelled as the writer spells it"},
  };
}

/// Sealed, chained and consistent: only what every run has tells that something was left out.
TEST(ForgeryTest, AShortenedListOfGatesIsNoticed) {
  const TemporaryFolder folder;
  write_bundle(folder.path() / "bundle", {good_question(), good_record()});
  VerifyOptions options;
  std::string asked;
  options.gate_set = [&](std::string_view rules) {
    asked = rules;
    return std::vector<std::string>{"device.query", "tma.load"};
  };
  EXPECT_THAT(messages(verify_bundle(folder.path() / "bundle", options)), testing::ElementsAre());
  EXPECT_EQ(asked, kRules);
  forge_lines(folder.path() / "bundle", [](Lines& lines) {
    lines.erase(lines.begin() + 1);
    lines.back()["done"] = 1;
  });
  forge_document(folder.path() / "bundle", "rules.json", [](Json& rules) { rules["gates"].erase(1); });
  EXPECT_THAT(messages(verify_bundle(folder.path() / "bundle")), testing::ElementsAre());
  EXPECT_THAT(
      messages(verify_bundle(folder.path() / "bundle", options)),
      testing::ElementsAre("rules.json: does not name gate 'tma.load', which every run by rules/3 has: shortened"));
}

TEST(ForgeryTest, StartsFromAnIntactBundle) {
  const TemporaryFolder folder;
  write_bundle(folder.path() / "bundle", a_run(), {kLog});
  EXPECT_THAT(messages(verify_bundle(folder.path() / "bundle")), testing::ElementsAre());
  forge_record(folder.path() / "bundle", 1, [](Record&) {});
  EXPECT_THAT(messages(verify_bundle(folder.path() / "bundle")), testing::ElementsAre());
}

TEST(ForgeryTest, EveryForgeryIsRefusedWithItsOwnMessage) {
  const TemporaryFolder original;
  write_bundle(original.path() / "bundle", a_run(), {kLog});
  for (const Forgery& forgery : forgeries()) {
    SCOPED_TRACE(forgery.what);
    const TemporaryFolder folder;
    const fs::path bundle = folder.path() / "bundle";
    fs::copy(original.path() / "bundle", bundle, fs::copy_options::recursive);
    forgery.forge(bundle);
    const VerifyReport report = verify_bundle(bundle);
    EXPECT_FALSE(report.intact);
    EXPECT_FALSE(report.findings.empty());
    if (forgery.message.empty()) continue;
    EXPECT_THAT(messages(report), testing::Contains(forgery.message));
  }
}

/// A manifest is read before anything it names is trusted.
TEST(ForgeryTest, ManifestNamesPlainFilesOfABundleOnceAndInOrder) {
  const auto refusal = [](const std::function<void(Json&)>& edit) {
    const TemporaryFolder folder;
    const fs::path bundle = folder.path() / "bundle";
    write_bundle(bundle, {good_question()});
    Json manifest = test::parsed(read_text(bundle / "manifest.json"));
    edit(manifest["files"]);
    write_text(bundle / "manifest.json", *pretty_json(manifest));
    const auto lines = messages(verify_bundle(bundle));
    return lines.empty() ? "" : lines.front();
  };
  for (const char* path :
       {"../rules.json", "/etc/passwd", "artifacts/../rules.json", "a\x01b", "artifacts", "manifest.json"}) {
    const std::string message = refusal([&](Json& files) { files[2]["path"] = path; });
    EXPECT_TRUE(message.starts_with("manifest.json: files[2]: field 'path': '")) << message;
  }
  EXPECT_EQ(refusal([](Json& files) { files.push_back(files[2]); }),
            "manifest.json: files[4]: 'gates.jsonl' is listed twice or out of order");
  EXPECT_EQ(refusal([](Json& files) { std::swap(files[0], files[1]); }),
            "manifest.json: files[1]: 'challenge.json' is listed twice or out of order");
  EXPECT_EQ(refusal([](Json& files) { files.clear(); }), "challenge.json: not listed in manifest.json");
  EXPECT_EQ(refusal([](Json& files) { files[0]["mode"] = 1; }), "manifest.json: files[0]: field 'mode': unknown");
}

}  // namespace
}  // namespace assay::evidence
