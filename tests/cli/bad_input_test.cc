// Whatever a command is given, it says in a line what is wrong with it, and which code it is.
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>

#include "harness/cli/subcommand.h"
#include "tests/cli/process_test.h"

namespace assay::cli {
namespace {

constexpr std::uintmax_t kHuge = std::uintmax_t{1} << 30;

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kLimited = false;  // Its shadow alone is larger than any limit.
#elif defined(__has_feature)
constexpr bool kLimited = !__has_feature(address_sanitizer);
#else
constexpr bool kLimited = true;
#endif

/// No command needs more than 2 GiB of address space, however large its input is.
void bound_memory() {
  const rlimit limit{std::size_t{2} << 30, std::size_t{2} << 30};
  if (kLimited) ::setrlimit(RLIMIT_AS, &limit);
}

class BadInputTest : public ProcessTest {
 protected:
  Ended bounded(std::vector<std::string> words, const std::filesystem::path& input = "/dev/null") {
    return assay({.arguments = std::move(words), .input = input, .before = bound_memory});
  }
  /// A file of zeros that takes no room.
  void write_huge(const std::string& name) const {
    write(name, "");
    std::filesystem::resize_file(at(name), kHuge);
  }
  void expect_refusal(const Ended& ended, const std::string& finding) {
    EXPECT_EQ(ended.code, 4);
    EXPECT_EQ(ended.err, "");
    EXPECT_THAT(ended.out, HasSubstr("\n  " + finding + "\n"));
    EXPECT_LE(test::lines_of(ended.out), 6u) << ended.out;
  }
  /// A bundle that verifies, to be spoiled.
  void make_bundle(const std::string& folder) {
    assay(run_on_stand_in(folder, {"--quiet", "--gate", "device.query"}));
    ASSERT_EQ(verify(folder).code, 0);
  }
};

TEST_F(BadInputTest, AFolderThatIsNoneIsAMatterOfUsage) {
  write("file", "");
  for (const char* name : {"nowhere", "file"}) {
    const Ended ended = bounded({"verify", at(name)});
    EXPECT_EQ(ended.code, 2);
    EXPECT_EQ(ended.err, "assay verify: " + at(name) + ": no such folder; name the folder that a run left\n");
    EXPECT_EQ(ended.out, "");
  }
}

TEST_F(BadInputTest, AnEmptyFolderIsNoBundle) {
  ASSERT_TRUE(make_folder(at("empty")));
  expect_refusal(bounded({"verify", at("empty")}), "gates.jsonl: truncated before the first record [truncated]");
}

TEST_F(BadInputTest, EmptyFilesAreNoBundle) {
  for (const char* name : {"challenge.json", "gates.jsonl", "environment.json", "rules.json", "manifest.json"})
    write(std::string("empty/") + name, "");
  expect_refusal(bounded({"verify", at("empty")}), "gates.jsonl: truncated before the first record [truncated]");
}

TEST_F(BadInputTest, AHugeLedgerIsRefusedInBoundedMemory) {
  make_bundle("bundle");
  write_huge("bundle/gates.jsonl");
  expect_refusal(bounded({"verify", at("bundle")}), "gates.jsonl: truncated before the first record [truncated]");
}

TEST_F(BadInputTest, HugeDocumentsAreRefusedInBoundedMemory) {
  for (const std::string name : {"challenge.json", "manifest.json"}) {
    SCOPED_TRACE(name);
    make_bundle("with-" + name);
    write_huge("with-" + name + "/" + name);
    const Ended ended = bounded({"verify", at("with-" + name)});
    EXPECT_EQ(ended.code, 4) << ended.err;
    EXPECT_THAT(ended.out, HasSubstr("\n  " + name + ": "));
    EXPECT_LE(test::lines_of(ended.out), 6u) << ended.out;
  }
}

TEST_F(BadInputTest, WrongTypesAreNamed) {
  make_bundle("bundle");
  for (const std::string name : {"challenge.json", "environment.json", "rules.json", "manifest.json"}) {
    const std::string path = "bundle/" + name;
    const Result<std::string> good = read_file(at(path));
    ASSERT_TRUE(good);
    for (const char* json :
         {"null", "[]", "{}", "3", "\"x\"", "true", R"({"schema":3})", R"({"schema":{"a":[1]}})",
          R"({"schema":"manifest/1","files":[3]})", R"({"schema":"run-rules/1","rules":[],"gates":{}})",
          R"({"schema":"environment/1","private":"no"})", "{", "\xff"}) {
      SCOPED_TRACE(name + " = " + json);
      write(path, json);
      const Ended ended = bounded({"verify", "--recompute", at("bundle")});
      EXPECT_EQ(ended.code, 4);
      EXPECT_THAT(ended.out, HasSubstr("\n  " + name + ": "));
      EXPECT_LE(test::lines_of(ended.out), 6u) << ended.out;
    }
    write(path, *good);
  }
  EXPECT_EQ(verify("bundle").code, 0) << "the bundle itself was good";
}

TEST_F(BadInputTest, LedgerLinesOfWrongTypesAreNamed) {
  make_bundle("bundle");
  for (const char* line :
       {"null", "[]", "3", "{}", R"({"done":"x"})", R"({"interrupted":1,"signal":0})", "{", "\xff"}) {
    SCOPED_TRACE(line);
    write("bundle/gates.jsonl", std::string(line) + "\n");
    const Ended ended = bounded({"verify", at("bundle")});
    EXPECT_EQ(ended.code, 4);
    EXPECT_THAT(ended.out, HasSubstr("\n  gates.jsonl:1: "));
    EXPECT_LE(test::lines_of(ended.out), 4u) << ended.out;
  }
}

TEST_F(BadInputTest, ADocumentOfManySmallValuesIsRefusedInBoundedMemory) {
  make_bundle("bundle");
  std::string text = "[0";
  while (text.size() < (std::size_t{60} << 20)) text += ",0,0,0,0,0,0,0,0";
  write("bundle/environment.json", text + "]");
  const Ended ended = bounded({"verify", at("bundle")});
  EXPECT_EQ(ended.code, 4) << ended.err;
  EXPECT_THAT(ended.out, HasSubstr("\n  environment.json: "));
}

TEST_F(BadInputTest, UsageIsALineAndTwo) {
  const std::vector<std::pair<std::vector<std::string>, std::string>> lines{
      {{"frob"}, "assay: no subcommand 'frob'; see 'assay --help'"},
      {{"--frob"}, "assay run: The following argument was not expected: --frob; see 'assay run --help'"},
      {{"run", "--frob"}, "assay run: The following argument was not expected: --frob; see 'assay run --help'"},
      {{"run", "more"}, "assay run: The following argument was not expected: more; see 'assay run --help'"},
      {{"run", "--out"}, "assay run: --out: 1 required TEXT missing; see 'assay run --help'"},
      {{"run", "--gate", "tma"}, "assay run: no gate 'tma'; 'assay gates' lists them"},
      {{"run", "--attempt-limit", "0"},
       "assay run: --attempt-limit: Value 0 not in range 1 to 3600; see 'assay run --help'"},
      {{"run", "--driver", "cuda"},
       "assay run: driver 'cuda': expected system, emulated, emulated:PROFILE or a path with a '/'"},
      {{"doctor", "--driver", "cuda"},
       "assay doctor: driver 'cuda': expected system, emulated, emulated:PROFILE or a path with a '/'"},
      {{"gates", "x"}, "assay gates: The following argument was not expected: x; see 'assay gates --help'"},
      {{"verify"}, "assay verify: BUNDLE is required; see 'assay verify --help'"},
      {{"verify", "a", "b"}, "assay verify: The following argument was not expected: b; see 'assay verify --help'"}};
  for (const auto& [words, line] : lines) {
    const Ended ended = bounded(words);
    EXPECT_EQ(ended.code, 2) << line;
    EXPECT_EQ(ended.err, line + "\n");
    EXPECT_EQ(ended.out, "");
  }
}

TEST_F(BadInputTest, AnAttemptReadsOnlyARequest) {
  write_huge("zeros");
  write("text", "frob");
  write("object", "{}");
  write("list", "[[]]");
  const std::vector<std::pair<std::string, std::string>> inputs{
      {"/dev/null", "attempt request:1:1 (offset 0): not JSON: the text ends too early"},
      {at("zeros"), "attempt request:1:1 (offset 0): 1048577 bytes, over the limit of 1048576"},
      {at("text"), "attempt request:1:1 (offset 0): not JSON: unexpected 'fr'"},
      {at("object"), "attempt request: field 'kind': missing"},
      {at("list"), "attempt request: expected an object, found array"}};
  for (const auto& [input, says] : inputs) {
    const Ended ended = bounded({"attempt"}, input);
    EXPECT_EQ(ended.code, 2) << input;
    EXPECT_EQ(ended.err, "assay attempt: " + says + "\n");
    EXPECT_EQ(ended.out, "");
  }
}

TEST_F(BadInputTest, EverySubcommandHelpsWithAnExample) {
  for (const Subcommand& row : subcommands()) {
    const Ended ended = bounded({std::string(row.name), "--help"});
    EXPECT_EQ(ended.code, 0) << row.name;
    EXPECT_EQ(ended.err, "");
    EXPECT_THAT(ended.out, HasSubstr(std::string("\nExample:\n  assay ") + std::string(row.name)));
  }
  EXPECT_EQ(bounded({"--help"}).code, 0);
}

}  // namespace
}  // namespace assay::cli
