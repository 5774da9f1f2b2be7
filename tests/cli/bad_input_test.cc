// Whatever a command is given, it says in a line what is wrong with it, and which code it is.
#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <tuple>

#include "harness/base/digest.h"
#include "harness/cli/subcommand.h"
#include "tests/cli/process_test.h"
#include "tests/cubin/synthetic_cubin.h"

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
    EXPECT_LE(test::lines_of(ended.out), 8u) << ended.out;
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
    EXPECT_THAT(ended.out, HasSubstr("\n  " + name + ":"));
    EXPECT_LE(test::lines_of(ended.out), 8u) << ended.out;
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
      EXPECT_THAT(ended.out, HasSubstr("\n  " + name + ":"));
      EXPECT_LE(test::lines_of(ended.out), 8u) << ended.out;
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
    EXPECT_THAT(ended.out, HasSubstr("\n  gates.jsonl:1:"));
    EXPECT_LE(test::lines_of(ended.out), 6u) << ended.out;
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
      {{"run", "--gate", "tma"}, "assay run: no gate 'tma'; 'assay gates' and 'assay kernels' list them"},
      {{"run", "--attempt-limit", "0"},
       "assay run: --attempt-limit: Value 0 not in range 1 to 3600; see 'assay run --help'"},
      {{"run", "--driver", "cuda"},
       "assay run: driver 'cuda': expected system, emulated, emulated:PROFILE or a path with a '/'"},
      {{"doctor", "--driver", "cuda"},
       "assay doctor: driver 'cuda': expected system, emulated, emulated:PROFILE or a path with a '/'"},
      {{"gates", "x"}, "assay gates: The following argument was not expected: x; see 'assay gates --help'"},
      {{"inspect"}, "assay inspect: FILE is required; see 'assay inspect --help'"},
      {{"patch", "x", "--from", "sm_100", "--to", "sm_90"}, "assay patch: --out is required; see 'assay patch --help'"},
      {{"patch", "x", "--from", "100", "--to", "sm_90", "--out", "y"},
       "assay patch: --from: target '100': expected sm_ and a number, with suffix a, f or none"},
      {{"patch", "x", "--from", "sm_100", "--to", "sm_90a", "--out", "y"},
       "assay patch: --to: the header states no suffix; write sm_90"},
      {{"verify"}, "assay verify: BUNDLE is required; see 'assay verify --help'"},
      {{"verify", "a", "b"}, "assay verify: The following argument was not expected: b; see 'assay verify --help'"}};
  for (const auto& [words, line] : lines) {
    const Ended ended = bounded(words);
    EXPECT_EQ(ended.code, 2) << line;
    EXPECT_EQ(ended.err, line + "\n");
    EXPECT_EQ(ended.out, "");
  }
}

/// The same for both commands that read machine code.
TEST_F(BadInputTest, AFileThatCannotBeReadIsAMatterOfUsage) {
  write("file", "text");
  std::filesystem::create_symlink(at("file"), at("link"));
  ASSERT_TRUE(make_folder(at("folder")));
  write_huge("huge");
  const std::vector<std::pair<std::string, std::string>> files{
      {at("nowhere"), "cannot open: No such file or directory"},
      {at("link"), "is a link, expected a file"},
      {at("folder"), "is a folder, expected a file"},
      {"/dev/null", "is a device, expected a file"},
      {at("huge"), "1073741824 bytes, over the limit of 805306368"}};
  for (const auto& [file, says] : files) {
    const Ended inspect = bounded({"inspect", file});
    const bool folder = file == at("folder");  // which may be an artifact's
    EXPECT_EQ(inspect.code, folder ? 4 : 2) << file;
    EXPECT_EQ(inspect.err,
              "assay inspect: " + file + ": " +
                  (folder ? "holds neither model.safetensors nor model.safetensors.index.json; name the folder of a "
                            "checkpoint, or one .safetensors file"
                          : says) +
                  "\n");
    EXPECT_EQ(inspect.out, "");
    const Ended patch = bounded({"patch", file, "--from", "sm_100", "--to", "sm_90", "--out", at("copy")});
    EXPECT_EQ(patch.code, 2) << file;
    EXPECT_EQ(patch.err, "assay patch: " + file + ": " + says + "\n");
    EXPECT_FALSE(std::filesystem::exists(at("copy")));
  }
}

TEST_F(BadInputTest, AFileThatIsNoImageIsRefusedInALine) {
  write("empty", "");
  write("text", "frob");
  write("header",
        "\x7f"
        "ELF");
  write("fatbin", std::string("\x50\xed\x55\xba\1\0\x10\0\xff\0\0\0\0\0\0\0", 16));
  const std::string kinds = "neither an ELF image (7f 45 4c 46) nor a fatbin (50 ed 55 ba)";
  const std::vector<std::tuple<std::string, std::string, std::string>> files{
      {"empty", "offset 0x0: " + kinds, "offset 0x0: an ELF header needs 64 bytes"},
      {"text", "offset 0x0: " + kinds, "offset 0x4: an ELF header needs 64 bytes"},
      {"header", "offset 0x4: an ELF header needs 64 bytes", "offset 0x4: an ELF header needs 64 bytes"},
      {"fatbin", "offset 0x8: a fatbin container must lie in its file or section",
       "offset 0x10: an ELF header needs 64 bytes"}};
  for (const auto& [name, inspected, patched] : files) {
    const std::string file = at(name);
    const Ended inspect = bounded({"inspect", "--json", file});
    EXPECT_EQ(inspect.code, 4) << name;
    EXPECT_EQ(inspect.err, "assay inspect: " + file + ": " + inspected + "\n");
    EXPECT_EQ(inspect.out, "");
    const Ended patch = bounded({"patch", file, "--from", "sm_100", "--to", "sm_90", "--out", at("copy")});
    EXPECT_EQ(patch.code, 4) << name;
    EXPECT_EQ(patch.err, "assay patch: " + file + ": " + patched + "\n");
    EXPECT_FALSE(std::filesystem::exists(at("copy")));
  }
}

TEST_F(BadInputTest, APatchNeverWritesOverAnythingAndNeverInPlace) {
  cubin::SyntheticCubin image(cubin::SyntheticCubin::Extent::whole);
  const std::string bytes(reinterpret_cast<const char*>(image.bytes().data()), image.bytes().size());
  write("image", bytes);
  write("other", "precious");
  const auto patch = [&](const std::string& from, const std::string& out) {
    return bounded({"patch", at("image"), "--from", from, "--to", "sm_100", "--out", at(out)});
  };
  for (const char* out : {"image", "other"}) {
    const Ended ended = patch("sm_121", out);
    EXPECT_EQ(ended.code, 2);
    EXPECT_EQ(ended.err, "assay patch: " + at(out) + ": cannot create: File exists\n");
    EXPECT_EQ(ended.out, "");
  }
  EXPECT_EQ(*read_file(at("image")), bytes);
  EXPECT_EQ(*read_file(at("other")), "precious");

  const Ended unexpected = patch("sm_120", "copy");
  EXPECT_EQ(unexpected.code, 1);
  EXPECT_EQ(unexpected.err, "assay patch: " + at("image") +
                                ": offset 0x31: the image states SM 121, expected 120: name the SM that "
                                "it states\n");
  EXPECT_FALSE(std::filesystem::exists(at("copy")));

  const auto to = [&](const char* target) {
    return bounded({"patch", at("image"), "--from", "sm_121", "--to", target, "--out", at("copy")});
  };
  EXPECT_EQ(to("sm_95").code, 2);
  EXPECT_EQ(to("sm_95").err, "assay patch: --to sm_95: no SM number of CUDA 13.0\n");
  EXPECT_EQ(to("sm_121").code, 2);
  EXPECT_EQ(to("sm_121").err, "assay patch: --from and --to are the same SM: nothing to rewrite\n");

  const Ended good = patch("sm_121", "copy");
  EXPECT_EQ(good.code, 0) << good.err;
  EXPECT_THAT(good.out, HasSubstr("\n  offset 0x31  79 -> 64  SM 121 -> 100\n"));
  EXPECT_THAT(good.out, HasSubstr("evidence of nothing else"));
  std::string edited = bytes;
  edited[0x31] = 100;
  EXPECT_EQ(*read_file(at("copy")), edited);
  EXPECT_THAT(good.out, HasSubstr("source sha256  " + hex(sha256(bytes))));
  EXPECT_THAT(good.out, HasSubstr("copy sha256    " + hex(sha256(edited))));
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
