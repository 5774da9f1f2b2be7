// What is said beside a bundle: waivers, another machine's claims, reports after rendering, sentences typed by hand.
#include "harness/base/json.h"
#include "harness/cli/publication.h"
#include "harness/cli/verify_options.h"
#include "harness/evidence/verified_bundle.h"
#include "reports/report.h"
#include "tests/forgery/forgery_test.h"
#include "tests/support/json.h"

namespace assay::forgery {
namespace {

using Words = std::vector<std::string>;

/// A policy that asks for a gate which was refused, and a waiver.
Forge waived(const std::function<void(Json& waiver)>& edit) {
  return [=](const fs::path& b) {
    const fs::path work = b.parent_path();
    Json waiver = {
        {"requirement", "alloc"}, {"reason", "r"}, {"owner", "o"}, {"issue", "i"}, {"expires", "9999-12-31"}};
    edit(waiver);
    evidence::write_text(work / "waivers.json", spelled(Json{{"schema", "waivers/1"}, {"waivers", {waiver}}}));
    evidence::write_text(work / "policy.json", R"({"schema":"policy/1","name":"p","requirements":[
      {"id":"alloc","gate":"tcgen05.alloc"},{"id":"claim","claim":"executes.tcgen05.alloc"}]})");
  };
}
std::vector<Command> checked(int code, const std::string& says) {
  return {{{"check", "BUNDLE", "--require", "WORK/policy.json", "--waivers", "WORK/waivers.json"}, code, says}};
}

void another_driver(const fs::path& b) {
  Json environment = test::parsed(evidence::read_text(b / evidence::kEnvironmentFile));
  environment["driver"]["driver_version"] = environment["driver"]["kernel_module_version"] = "999.1.2";
  evidence::write_text(b.parent_path() / "here.json", spelled(environment));
}

/// Published as it should be, and a word changed afterwards.
Forge published(const std::string& file, const std::string& from, const std::string& to) {
  return [=](const fs::path& b) {
    evidence::VerifyOptions options = cli::verify_options(true);
    options.trust = evidence::good_trust();
    const auto bundle = evidence::VerifiedBundle::open(b, options);
    ASSERT_TRUE(bundle) << bundle.error().message;
    const auto report = reports::make_report(*bundle);
    ASSERT_TRUE(report) << report.error().message;
    const auto files = cli::render_files(*report, {"html", "md", "json"});
    ASSERT_TRUE(files) << files.error().message;
    const fs::path folder = b.parent_path() / "report";
    ASSERT_TRUE(cli::write_files(folder, *files));
    std::string text = evidence::read_text(folder / file);
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    evidence::write_text(folder / file, text.replace(at, from.size(), to));
  };
}
std::vector<Command> rendered_again(const std::string& says) {
  return {{{"verify", "--recompute", "--trust", "TRUST", "BUNDLE", "--report", "WORK/report"}, 4, says}};
}

/// A page beside the bundle, with the bundle's digest where it says DIGEST.
Forge page(const std::string& words) {
  return [=](const fs::path& b) {
    std::string text = words;
    if (const std::size_t at = text.find("DIGEST"); at != std::string::npos)
      text.replace(at, 6, evidence::digest_of(evidence::read_text(b / evidence::kManifestFile)));
    evidence::write_text(b.parent_path() / "page.md", text + "\n");
  };
}
std::vector<Command> linted(const std::string& says) {
  return {{Words{"lint", "--bundles", "WORK", "WORK/page.md"}, 1, says}};
}

}  // namespace

std::vector<Row> claim_rows() {
  const Start run = Start::signed_run;
  const auto nothing = [](Json&) {};
  return {
      {29, "an expired waiver", run, false, waived([](Json& w) { w["expires"] = "2026-01-01"; }), "", "",
       checked(1, "expired")},
      {29, "a waiver without an owner", run, false, waived([](Json& w) { w["owner"] = ""; }), "", "",
       checked(1, "owner")},
      {29, "a waiver that matches nothing", run, false, waived([](Json& w) { w["requirement"] = "everything"; }), "",
       "", checked(1, "everything")},
      {29,
       "a waived gate under a claim",
       run,
       false,
       waived(nothing),
       "",
       "",
       {{Words{"claims", "BUNDLE", "--trust", "TRUST", "--require", "executes.tcgen05.alloc"}, 5,
         "not supported by this bundle: gate tcgen05.alloc is refused"}}},
      {33,
       "claims after an update of the driver",
       run,
       false,
       another_driver,
       "",
       "",
       {{Words{"check", "BUNDLE", "--against-env", "WORK/here.json"}, 1, "999.1.2"}}},
      {35, "the page edited after rendering", run, false, published("report.html", "unproven", "proven"), "", "",
       rendered_again("differs from what this bundle renders to")},
      {35, "the Markdown report edited after rendering", run, false, published("report.md", "refused", "proven"), "",
       "", rendered_again("differs from what this bundle renders to")},
      {35, "the report's data edited after rendering", run, false, published("report.json", "refused", "proven"), "",
       "", rendered_again("differs from what this bundle renders to")},
      {35, "self-attested taken out of a report", run, false,
       published("report.md", "not independently verified", "independently verified"), "", "",
       rendered_again("differs from what this bundle renders to")},
      {35, "a sentence typed by hand", run, false, page("The GB10 runs tcgen05.mma at full speed."), "", "",
       linted("CL0")},
      {35, "a sentence typed under a claim's marker", run, false,
       page("<!-- claim:executes.tma.load bundle=DIGEST -->\nOn an NVIDIA H100, every copy is as fast as on a B200."),
       "", "", linted("CL001")},
      {35, "a claim that the bundle refuses under its marker", run, false,
       page(
           "<!-- claim:executes.tcgen05.alloc bundle=DIGEST -->\nOn an NVIDIA H100, tcgen05.alloc executes correctly."),
       "", "", linted("CL003")},
      {35, "a forged bundle under a marker", run, true,
       both(record("tma.load@sm_90a#1", [](Record& r) { r.cases[0].observed_sha256 = std::string(64, 'a'); }),
            page("<!-- claim:executes.tma.load bundle=DIGEST -->\nOn an NVIDIA H100, a copy executes correctly.")),
       "", "", linted("CL002")},
  };
}

INSTANTIATE_TEST_SUITE_P(Claim, ForgeryTest, testing::ValuesIn(claim_rows()), name_of);

}  // namespace assay::forgery
