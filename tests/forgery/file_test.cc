// The folder: these files and no others, each a plain file of its own, each by its digest.
#include <sys/stat.h>

#include "harness/base/json.h"
#include "tests/forgery/forgery_test.h"
#include "tests/support/json.h"

namespace assay::forgery {
namespace {

const std::string kRules(evidence::kRulesFile), kManifest(evidence::kManifestFile);
const fs::path kArtifacts(evidence::kArtifactFolder);

Forge extra(const fs::path& name) {
  return [=](const fs::path& b) { evidence::write_text(b / name, "x"); };
}

/// The manifest says something else of the files; it is spelled as the writer spells it.
Forge manifest(const std::function<void(Json& files)>& edit) {
  return [=](const fs::path& b) {
    Json json = test::parsed(evidence::read_text(b / kManifest));
    edit(json["files"]);
    evidence::write_text(b / kManifest, *pretty_json(json));
  };
}
Forge path_in_manifest(const std::string& path) {
  return manifest([=](Json& files) { files.back()["path"] = path; });
}

Forge elsewhere(const fs::path& name, const std::function<void(const fs::path& target, const fs::path& name)>& link) {
  return [=](const fs::path& b) {
    const fs::path target = b.parent_path() / "elsewhere";
    fs::rename(b / name, target);
    link(target, b / name);
  };
}

fs::path an_artifact(const fs::path& b) { return b / kArtifacts / artifact_of(b, "tma.load@sm_90a#1", "cubin"); }

std::vector<Command> no_bundle(const std::string& path) {
  const std::string says = "no such folder; name the folder that a run left";
  return {{{"verify", "--recompute", "--trust", "TRUST", path}, 2, says},
          {{"claims", "--trust", "TRUST", path}, 2, says},
          {{"publish", "--trust", "TRUST", path, "--out", "OUT"}, 2, says}};
}

}  // namespace

std::vector<Row> file_rows() {
  const Start run = Start::signed_run;
  return {
      {23, "an extra file", run, true, extra("notes.txt"), "closed-world", "notes.txt: is no file of a bundle"},
      {23, "an extra hidden file", run, true, extra(".notes"), "closed-world", ".notes: is no file of a bundle"},
      {23, "an extra file among the artifacts", run, true, extra(kArtifacts / "x"), "closed-world",
       "artifacts/x: is no file of a bundle"},
      {23, "an extra folder", run, true, [](const fs::path& b) { fs::create_directory(b / "more"); }, "closed-world",
       "more: is no file of a bundle"},
      {23, "a report among the files", run, true, extra("report.html"), "closed-world",
       "report.html: is no file of a bundle"},
      {23, "an artifact that the manifest does not list", run, true, [](const fs::path& b) { keep(b, "smuggled"); },
       "closed-world", "not listed in manifest.json"},
      {23, "a file missing", run, true, [](const fs::path& b) { fs::remove(an_artifact(b)); }, "closed-world",
       "listed in manifest.json but missing"},
      {23, "a symbolic link", run, true,
       elsewhere(kRules, [](const fs::path& target, const fs::path& name) { fs::create_symlink(target, name); }),
       "closed-world", "rules.json: is a symbolic link"},
      {23, "the artifacts behind a symbolic link", run, true,
       elsewhere(kArtifacts,
                 [](const fs::path& target, const fs::path& name) { fs::create_directory_symlink(target, name); }),
       "closed-world", "artifacts: is no file of a bundle"},
      {23, "the envelope behind a symbolic link", run, false,
       elsewhere(evidence::kEnvelopeFile,
                 [](const fs::path& target, const fs::path& name) { fs::create_symlink(target, name); }),
       "closed-world", "evidence.dsse.json: is a symbolic link"},
      {23, "a hard link", run, true,
       [](const fs::path& b) { fs::create_hard_link(b / kRules, b.parent_path() / "elsewhere"); }, "closed-world",
       "rules.json: is a hard link: the file has 2 names"},
      {23, "a pipe", run, true,
       [](const fs::path& b) {
         fs::remove(b / evidence::kEnvironmentFile);
         ASSERT_EQ(::mkfifo((b / evidence::kEnvironmentFile).c_str(), 0600), 0);
       },
       "closed-world", "environment.json: is no regular file"},
      {23, "a folder by the name of an artifact", run, true,
       [](const fs::path& b) {
         const fs::path artifact = an_artifact(b);
         fs::remove(artifact);
         fs::create_directory(artifact);
       },
       "closed-world", "is no regular file"},
      {23, "a path out of the folder", run, true, path_in_manifest("../rules.json"), "manifest",
       "field 'path': '../rules.json' is no file of a bundle"},
      {23, "an absolute path", run, true, path_in_manifest("/etc/passwd"), "manifest",
       "field 'path': '/etc/passwd' is no file of a bundle"},
      {23, "a path through the artifacts", run, true, path_in_manifest("artifacts/../rules.json"), "manifest",
       "field 'path': 'artifacts/../rules.json' is no file of a bundle"},
      {23, "a control character in a path", run, true, path_in_manifest("rules.json\x07"), "manifest",
       "is no file of a bundle"},
      {23, "a twin in another case", run, true, [](const fs::path& b) { fs::copy_file(b / kRules, b / "Rules.json"); },
       "closed-world", "Rules.json: is no file of a bundle"},
      {23, "a twin in other letters", run, true,
       [](const fs::path& b) { fs::copy_file(b / kRules, b / "rul\u0435s.json"); }, "closed-world",
       "is no file of a bundle"},
      {23, "a twin in the manifest, in other letters", run, true, path_in_manifest("rul\u0435s.json"), "manifest",
       "is no file of a bundle"},
      {23, "an artifact by its digest in capitals", run, true, path_in_manifest("artifacts/" + std::string(64, 'A')),
       "manifest", "is no file of a bundle"},
      {23, "an empty manifest", run, true, manifest([](Json& files) { files.clear(); }), "closed-world",
       "challenge.json: not listed in manifest.json"},
      {23, "a file listed twice", run, true, manifest([](Json& files) { files.push_back(files.back()); }), "manifest",
       "is listed twice or out of order"},
      {23, "files listed in another order", run, true, manifest([](Json& files) { std::swap(files[0], files[1]); }),
       "manifest", "is listed twice or out of order"},
      {23, "a size that is not the file's", run, true, manifest([](Json& files) { files.back()["size"] = 1; }), "size",
       "bytes, manifest.json says 1"},
      {23, "a manifest spelled otherwise", run, true,
       text(kManifest, [](std::string& t) { t = spelled(test::parsed(t)); }), "manifest",
       "manifest.json: not spelled as the writer spells it"},
      {23, "no manifest", run, true, [](const fs::path& b) { fs::remove(b / kManifest); }, "truncated",
       "manifest.json: missing: not sealed after record"},
      {24, "an artifact's bytes changed", run, true,
       [](const fs::path& b) {
         const fs::path artifact = an_artifact(b);
         evidence::write_text(artifact, evidence::read_text(artifact) + "x");
       },
       "artifact-name", "its name is not its sha256"},
      {24, "an artifact left out, all sealed again", run, true,
       [](const fs::path& b) {
         fs::remove(an_artifact(b));
         evidence::seal_again(b);
       },
       "artifact", "cubin names artifact"},
      {24, "an artifact under another's name", run, true,
       [](const fs::path& b) {
         const fs::path other = b / kArtifacts / artifact_of(b, "wgmma.bf16@sm_90a#1", "cubin");
         fs::copy_file(other, an_artifact(b), fs::copy_options::overwrite_existing);
       },
       "artifact-name", "its name is not its sha256"},
      {38, "a JUnit file in place of the bundle", run, false,
       [](const fs::path& b) { evidence::write_text(b.parent_path() / "junit.xml", "<testsuites/>"); }, "", "",
       no_bundle("WORK/junit.xml")},
      {38,
       "a bundle's own statement in place of the bundle",
       run,
       false,
       {},
       "",
       "",
       no_bundle("BUNDLE/" + std::string(evidence::kStatementFile))},
  };
}

INSTANTIATE_TEST_SUITE_P(File, ForgeryTest, testing::ValuesIn(file_rows()), name_of);

}  // namespace assay::forgery
