// `assay forms` as a person starts it: the installed assembler, one that answers otherwise, a later one, and none.
#include "tests/cli/process_test.h"

#include "harness/base/json.h"

namespace assay::cli {
namespace {

class FormsTest : public ProcessTest {
 protected:
  /// `assay forms` with another nvJitLink before the installed one.
  Ended forms_with(const std::string& folder, std::vector<std::string> more) {
    more.insert(more.begin(), "forms");
    return assay(Start{.arguments = std::move(more), .environment = {{"LD_LIBRARY_PATH", folder}}});
  }
  static std::string stand_in_of(const std::string& version) { return ASSAY_DEADLY_DIR "/nvjitlink-" + version; }
};

TEST_F(FormsTest, ShowsTheMatrixAndTheAssemblersWords) {
  const Ended ended = assay({"forms", "--form", "wgmma*", "--target", "sm_90a", "--target", "sm_121a"});
  EXPECT_THAT(ended.out, HasSubstr("                           from  90a 121a\nwgmma\n"
                                   "  wgmma.m64n8k16.f32.f16         +   .\n"
                                   "  wgmma.m64n8k32.f32.e4m3        +   .\n"));
  EXPECT_THAT(ended.out, HasSubstr("  refused wgmma.m64n8k32.f32.e4m3 for sm_121a\n    ptxas "));
  EXPECT_THAT(ended.out, HasSubstr("Instruction 'wgmma.fence' not supported on .target 'sm_121a'\n"));
}

TEST_F(FormsTest, AnswersInStrictJson) {
  const Ended ended = assay({"forms", "--json", "--form", "tcgen05.fence"});
  const Result<Json> document = parse_json(ended.out, "forms");
  ASSERT_TRUE(document) << document.error().message;
  EXPECT_EQ(document->at("schema"), "forms/1");
  ASSERT_EQ(document->at("forms").size(), 1u);
  const Json& row = document->at("forms").at(0);
  EXPECT_EQ(row.at("form"), "tcgen05.fence");
  ASSERT_EQ(row.at("answers").size(), 17u);
  EXPECT_EQ(row.at("answers").at(3).at("target"), "sm_100a");
  EXPECT_EQ(row.at("answers").at(3).at("accepted"), true);
  EXPECT_THAT(row.at("answers").at(16).at("log").get<std::string>(), HasSubstr("tcgen05.fence"));
}

TEST_F(FormsTest, TheDatasAssemblerMustAnswerAsTheDataSays) {
  const Ended ended = forms_with(stand_in_of("13.0"), {"--form", "griddepcontrol", "--target", "sm_90a"});
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.out, EndsWith("\n1 forms x 1 targets: 1 differ from the data\n"
                                  "  griddepcontrol for sm_90a: expected 'accepted', is 'refused: error   : not "
                                  "today'\n"));
}

TEST_F(FormsTest, AnotherVersionFailsNothing) {
  const Ended ended = forms_with(stand_in_of("13.9"), {"--form", "griddepcontrol", "--target", "sm_90a"});
  EXPECT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, EndsWith("\nThe data is of nvJitLink 13.0, this is nvJitLink 13.9: 1 differ, which fails "
                                  "nothing\n  griddepcontrol for sm_90a: expected 'accepted', is 'refused: error   : "
                                  "not today'\n"));
}

TEST_F(FormsTest, WithoutAnAssemblerNothingIsAsked) {
  const std::string folder = at("broken");
  std::filesystem::create_directories(folder);
  std::filesystem::copy_file(stand_in("good"), folder + "/libnvJitLink.so.13");
  const Ended ended = forms_with(folder, {});
  EXPECT_EQ(ended.code, 3);
  EXPECT_EQ(ended.out, "");
  EXPECT_THAT(ended.err, StartsWith("assay forms: "));
  EXPECT_THAT(ended.err, HasSubstr("is not a usable nvJitLink"));
}

TEST_F(FormsTest, AFormOrATargetThatIsNoneIsAMistake) {
  const Ended form = assay({"forms", "--form", "tcgen06*"});
  EXPECT_EQ(form.code, 2);
  EXPECT_EQ(form.err, "assay forms: --form: no form fits 'tcgen06*'; 'assay forms' lists them\n");
  const Ended target = assay({"forms", "--target", "sm_80"});
  EXPECT_EQ(target.code, 2);
  EXPECT_EQ(target.err, "assay forms: --target: 'sm_80' is none of sm_90 to sm_121f\n");
}

}  // namespace
}  // namespace assay::cli
