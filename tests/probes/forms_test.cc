// The form matrix: the texts and the data are whole, every difference is found, and the installed assembler answers
// every cell as the data says.
#include "probes/forms.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <iostream>
#include <set>

#include <fmt/format.h>

#include "harness/base/json.h"
#include "probes/form_matrix.h"

namespace assay::probes {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<Form> forms() {
  const Result<std::vector<Form>> all = builtin_forms();
  EXPECT_TRUE(all) << all.error().message;
  return all ? *all : std::vector<Form>();
}

FormMatrix data() {
  const Result<FormMatrix> matrix = expected_forms();
  EXPECT_TRUE(matrix) << matrix.error().message;
  return matrix ? *matrix : FormMatrix();
}

/// An assembler that answers as it is told, and counts how often it was asked.
class ScriptedAssembler : public cuda::PtxAssembler {
 public:
  using Answer = std::function<Result<cuda::Assembly>(std::string_view, Target)>;
  explicit ScriptedAssembler(Answer answer, std::string version = "13.0")
      : answer_(std::move(answer)), version_(std::move(version)) {}
  cuda::ToolIdentity identity() const override { return {"nvJitLink", version_, std::string(64, '0'), "toolkit"}; }
  Result<cuda::Assembly> assemble(std::string_view ptx, Target target) override { return answer_(ptx, target); }

 private:
  Answer answer_;
  std::string version_;
};

cuda::Assembly accepted(std::string log = "") { return {.accepted = true, .cubin = {}, .log = std::move(log)}; }
cuda::Assembly refused(std::string log) { return {.accepted = false, .cubin = {}, .log = std::move(log)}; }

/// Says of the built-in forms what the data says, from `.version` own and target's lowest on.
ScriptedAssembler as_the_data_says(std::string version = "13.0") {
  return ScriptedAssembler(
      [matrix = data(), all = forms()](std::string_view ptx, Target target) -> Result<cuda::Assembly> {
        for (const Form& form : all)
          for (const PtxVersion asked : form_versions()) {
            if (form_ptx(form, target, asked) != ptx) continue;
            const FormRow& row = *std::ranges::find(matrix.rows, form.id, &FormRow::form);
            const auto column = std::ranges::find(matrix.targets, target) - matrix.targets.begin();
            const FormAnswer& answer = row.answers[static_cast<std::size_t>(column)];
            const bool early = asked < std::max(row.lowest.value_or(PtxVersion()), ptx_version_floor(target));
            std::string log;
            for (const std::string& line : answer.messages)
              log += "ptxas application ptx input, line 9; " + line + "\n";
            return answer.accepted && !early ? accepted(log) : refused(log);
          }
        return Error{"no such form"};
      },
      std::move(version));
}

FormMatrix ask(cuda::PtxAssembler& assembler, const std::vector<Form>& some) {
  const Result<FormMatrix> matrix = ask_forms(assembler, some, form_targets());
  EXPECT_TRUE(matrix) << matrix.error().message;
  return matrix ? *matrix : FormMatrix();
}

std::vector<std::string> told(const FormComparison& comparison) {
  std::vector<std::string> lines;
  for (const FormDifference& d : comparison.differences)
    lines.push_back(fmt::format("{} for {}: expected '{}', is '{}'", d.form, d.target, d.expected, d.said));
  return lines;
}

TEST(FormTextsTest, Hold136FormsWithIdsOfTheirOwn) {
  std::set<std::string_view> ids, texts;
  for (const Form& form : forms()) {
    EXPECT_TRUE(ids.insert(form.id).second) << form.id << " is there twice";
    EXPECT_TRUE(texts.insert(form.statements).second) << form.id << " has the text of another form";
    const std::string_view family = form.id.substr(0, form.id.find_first_of(".+/"));
    EXPECT_THAT(std::string(form.statements), HasSubstr(std::string(family))) << form.id;
  }
  EXPECT_EQ(ids.size(), 136u);
}

TEST(FormTextsTest, AreAskedForSeventeenTargets) {
  const auto targets = form_targets();
  EXPECT_EQ(std::set<Target>(targets.begin(), targets.end()).size(), 17u);
  EXPECT_EQ(to_string(targets.front()), "sm_90");
  EXPECT_EQ(to_string(targets.back()), "sm_121f");
}

TEST(FormTextsTest, AreReadByMarkers) {
  const auto read = parse_forms("// head\n.reg .b32 a;\n\n// @form x.y\nx.y a;\n\n// @form x.z\nx.z a;\nx.w a;\n", "x");
  ASSERT_TRUE(read) << read.error().message;
  ASSERT_THAT(*read, SizeIs(2));
  EXPECT_EQ(read->at(0).id, "x.y");
  EXPECT_EQ(read->at(0).family, "x");
  EXPECT_EQ(read->at(1).setup, "// head\n.reg .b32 a;");
  EXPECT_EQ(read->at(1).statements, "x.z a;\nx.w a;");
  EXPECT_EQ(form_ptx(read->at(0), {121, 'a'}, {8, 8}),
            ".version 8.8\n.target sm_121a\n.address_size 64\n"
            ".visible .entry form(.param .u64 out, .param .align 64 .b8 tensor_map[128]) {\n"
            ".shared .align 1024 .b8 pool[1024];\n// head\n.reg .b32 a;\nx.y a;\nret;\n}\n");
}

TEST(FormTextsTest, ThatAreNoneAreRefused) {
  const auto refusal = [](std::string_view text) { return parse_forms(text, "x").error().message; };
  EXPECT_EQ(refusal("// head\n"), "x: holds no '// @form'");
  EXPECT_EQ(refusal("// @form a\n// @form b\nb;\n"), "x: the form 'a' has no statements");
  EXPECT_EQ(refusal("// @form a b\nb;\n"), "x: 'a b' is no id of a form; write one word after '@form'");
}

TEST(FormPatternTest, AStarStandsForAnyText) {
  EXPECT_TRUE(fits("tcgen05.ld.x1", "tcgen05.ld.x1"));
  EXPECT_TRUE(fits("tcgen05.ld.x1", "tcgen05.*"));
  EXPECT_TRUE(fits("tcgen05.ld.x1", "*ld*1"));
  EXPECT_TRUE(fits("tcgen05.ld.x1", "**"));
  EXPECT_FALSE(fits("tcgen05.ld.x1", "tcgen05"));
  EXPECT_FALSE(fits("tcgen05.ld.x1", "*ld"));
  EXPECT_FALSE(fits("", "?"));
}

TEST(FormMessagesTest, AreTheAssemblersLinesWithoutTheirPlace) {
  EXPECT_THAT(messages_of("ptxas application ptx input, line 20; error   : Feature '.rs' not supported on .target "
                          "'sm_90'\nptxas fatal   : Ptx assembly aborted due to errors\n"
                          "ERROR NVJITLINK_ERROR_PTX_COMPILE: JIT the PTX (ptx)\n",
                          {90, ' '}),
              ElementsAre("error   : Feature '.rs' not supported on .target '<T>'",
                          "fatal   : Ptx assembly aborted due to errors"));
  EXPECT_THAT(messages_of("ptxas info    : (C7504) Loss: 'setmaxnreg' ignored; on 'sm_90a/sm_90'", {90, 'a'}),
              ElementsAre("info    : (C7504) Loss: 'setmaxnreg' ignored; on 'sm_90a/sm_90'"));
  EXPECT_THAT(messages_of("", {90, 'a'}), IsEmpty());
}

TEST(FormDataTest, HasARowForEachFormAndACellForEachTarget) {
  const FormMatrix matrix = data();
  EXPECT_EQ(matrix.assembler, "nvJitLink 13.0");
  EXPECT_TRUE(std::ranges::equal(matrix.targets, form_targets()));
  EXPECT_EQ(matrix.rows.size(), 136u);
  for (const Form& form : forms()) {
    const auto row = std::ranges::find(matrix.rows, form.id, &FormRow::form);
    ASSERT_NE(row, matrix.rows.end()) << form.id << " is not in expected.json";
    EXPECT_EQ(row->family, form.family) << form.id;
    EXPECT_EQ(row->answers.size(), 17u) << form.id;
    const bool taken = std::ranges::any_of(row->answers, &FormAnswer::accepted);
    EXPECT_EQ(row->lowest.has_value(), taken) << form.id;
    for (const FormAnswer& answer : row->answers) EXPECT_TRUE(answer.accepted || !answer.messages.empty()) << form.id;
  }
}

TEST(FormDataTest, ComesBackAsItWasWritten) {
  const auto text = pretty_json(form_data(data()));
  ASSERT_TRUE(text);
  const Result<FormMatrix> again = parse_form_data(*text, "again");
  ASSERT_TRUE(again) << again.error().message;
  const FormComparison comparison = compare_forms(data(), *again);
  EXPECT_TRUE(comparison.same_assembler);
  EXPECT_THAT(told(comparison), IsEmpty());
}

TEST(FormDataTest, ThatDoesNotFitIsRefused) {
  const auto refusal = [](const std::string& cells, const std::string& lowest = "8.6", const std::string& more = "") {
    const auto read = parse_form_data(
        R"({"schema":"form-answers/1","assembler":"x","version":"9.0","targets":["sm_90","sm_90a"],"forms":[)"
        R"({"form":"f","family":"g","cells":")" +
            cells + R"(","lowest":")" + lowest + R"(","messages":{"a":["m"]}})" + more + "]}",
        "d.json");
    return read ? "accepted" : read.error().message;
  };
  EXPECT_EQ(refusal("+a"), "accepted");
  EXPECT_EQ(refusal("+a", ""), "accepted");
  EXPECT_THAT(refusal("+"), HasSubstr("must have a character for each target"));
  EXPECT_THAT(refusal("+b"), HasSubstr("'b' has no messages"));
  EXPECT_THAT(refusal("+a", "8.9"), HasSubstr("unknown version '8.9'"));
  EXPECT_EQ(refusal("+a", "8.6", R"(,{"form":"f","family":"g","cells":"++","lowest":"8.6","messages":{}})"),
            "d.json: the form 'f' is there twice");
  EXPECT_THAT(parse_form_data(R"({"schema":"x"})", "d.json").error().message, HasSubstr("must be form-answers/1"));
}

TEST(FormComparisonTest, FindsNothingWhereTheAnswersAreThoseOfTheData) {
  ScriptedAssembler assembler = as_the_data_says();
  const FormComparison comparison = compare_forms(data(), ask(assembler, forms()));
  EXPECT_TRUE(comparison.same_assembler);
  EXPECT_FALSE(comparison.failed());
  EXPECT_THAT(told(comparison), IsEmpty());
}

/// One form that only 100a and 103a take, at 8.7.
std::vector<Form> one_form() {
  std::vector<Form> all = forms();
  std::erase_if(all, [](const Form& form) { return form.id != "cvt.rs.f16x2.f32"; });
  return all;
}

TEST(FormComparisonTest, ReportsEachDoctoredCell) {
  ScriptedAssembler assembler = as_the_data_says();
  const FormMatrix said = ask(assembler, one_form());
  const std::string refusal =
      "refused: error   : Feature '.rs' not supported on .target '<T>' | "
      "fatal   : Ptx assembly aborted due to errors";
  const auto with = [&](const std::function<void(FormRow&)>& doctor) {
    FormMatrix doctored = data();
    doctor(*std::ranges::find(doctored.rows, "cvt.rs.f16x2.f32", &FormRow::form));
    const FormComparison comparison = compare_forms(doctored, said);
    EXPECT_TRUE(comparison.failed());
    return told(comparison);
  };
  EXPECT_THAT(with([](FormRow& row) { row.answers[3] = row.answers[0]; }),
              ElementsAre("cvt.rs.f16x2.f32 for sm_100a: expected '" + refusal + "', is 'accepted'"));
  EXPECT_THAT(with([](FormRow& row) { row.answers[16].accepted = true; }), SizeIs(1));
  EXPECT_THAT(with([](FormRow& row) { row.answers[16].messages.pop_back(); }),
              ElementsAre("cvt.rs.f16x2.f32 for sm_121f: expected 'refused: error   : Feature '.rs' not supported on "
                          ".target '<T>'', is '" +
                          refusal + "'"));
  EXPECT_THAT(with([](FormRow& row) { row.answers[3].messages = {"warning : slow"}; }),
              ElementsAre("cvt.rs.f16x2.f32 for sm_100a: expected 'accepted: warning : slow', is 'accepted'"));
  EXPECT_THAT(with([](FormRow& row) {
                row.lowest = {8, 6};
              }),
              ElementsAre("cvt.rs.f16x2.f32 for : expected '.version 8.6', is '.version 8.7'"));
  EXPECT_THAT(with([](FormRow& row) { row.form = "another"; }),
              ElementsAre("cvt.rs.f16x2.f32 for : expected 'no row in the data', is 'a form'"));
}

TEST(FormComparisonTest, AnotherVersionsDifferencesAreToldAndFailNothing) {
  ScriptedAssembler newer([](std::string_view, Target) -> Result<cuda::Assembly> { return accepted(); }, "13.9");
  const FormComparison comparison = compare_forms(data(), ask(newer, one_form()));
  EXPECT_FALSE(comparison.same_assembler);
  EXPECT_FALSE(comparison.failed());
  EXPECT_THAT(told(comparison), SizeIs(16));  // 15 cells, and the lowest version
}

TEST(FormAskTest, AnAssemblerThatCouldNotBeAskedIsAnError) {
  ScriptedAssembler broken([](std::string_view, Target) -> Result<cuda::Assembly> { return Error{"out of threads"}; });
  const auto matrix = ask_forms(broken, one_form(), form_targets());
  ASSERT_FALSE(matrix);
  EXPECT_EQ(matrix.error().message, "out of threads");
}

TEST(FormAskTest, SomeTargetsShowNoLowestVersion) {
  ScriptedAssembler assembler = as_the_data_says();
  const std::vector<Target> some{{100, 'a'}};
  const auto matrix = ask_forms(assembler, one_form(), some);
  ASSERT_TRUE(matrix);
  EXPECT_EQ(matrix->rows.at(0).lowest, std::nullopt);
  EXPECT_THAT(told(compare_forms(data(), *matrix)), IsEmpty());
}

std::vector<std::string> families() {
  std::vector<std::string> names;
  for (const Form& form : forms())
    if (names.empty() || names.back() != form.family) names.emplace_back(form.family);
  return names;
}

/// The installed assembler and one family; nothing comes from a cache.
class InstalledAssemblerTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    ASSERT_TRUE(assembler_) << assembler_.error().message;
    std::erase_if(forms_, [](const Form& form) { return form.family != GetParam(); });
  }

  /// With the assembler of the data every difference fails; with another one they are printed.
  void judge(const std::vector<std::string>& found) const {
    const auto identity = (*assembler_)->identity();
    if (identity.name + " " + identity.version == data_.assembler) {
      EXPECT_THAT(found, IsEmpty());
      return;
    }
    std::cout << "[   NOTE   ] another assembler than the data's differs in " << found.size() << " cells\n";
    for (const std::string& cell : found) std::cout << "[   NOTE   ]   " << cell << "\n";
  }

  bool takes(const Form& form, Target target, PtxVersion version) const {
    const Result<bool> taken = takes_version(**assembler_, form, target, version);
    EXPECT_TRUE(taken) << taken.error().message;
    return taken && *taken;
  }

  /// Whether the form is taken from this version on, and not before. At kFormVersion all forms were asked already.
  bool is_lowest(const Form& form, Target target, PtxVersion version) const {
    const auto versions = form_versions();
    const auto own = std::ranges::find(versions, version);
    if (own != versions.begin() && takes(form, target, *std::prev(own))) return false;
    return version == kFormVersion || takes(form, target, version);
  }

  const Result<std::unique_ptr<cuda::PtxAssembler>> assembler_ = cuda::open_ptx_assembler();
  const FormMatrix data_ = data();
  std::vector<Form> forms_ = forms();
};

TEST_P(InstalledAssemblerTest, AnswersEachCellAsTheDataSays) {
  const FormMatrix said = ask(**assembler_, forms_);
  EXPECT_EQ(said.rows.size(), forms_.size());
  EXPECT_EQ(said.targets.size(), 17u);
  judge(told(compare_forms(data_, said)));
}

// A row keeps one version; for each target the later of that one and the target's own first must be the lowest.
TEST_P(InstalledAssemblerTest, TakesEachFormFromItsLowestVersionOnForEachTarget) {
  std::vector<std::string> found;
  for (const Form& form : forms_) {
    const FormRow& row = *std::ranges::find(data_.rows, form.id, &FormRow::form);
    for (std::size_t i = 0; i < data_.targets.size(); ++i) {
      if (!row.answers[i].accepted) continue;
      const PtxVersion lowest = std::max(*row.lowest, ptx_version_floor(data_.targets[i]));
      if (!is_lowest(form, data_.targets[i], lowest))
        found.push_back(
            fmt::format("{} for {}: {} is not its lowest", form.id, to_string(data_.targets[i]), to_string(lowest)));
    }
  }
  judge(found);
}

INSTANTIATE_TEST_SUITE_P(Family, InstalledAssemblerTest, testing::ValuesIn(families()),
                         [](const auto& family) { return family.param; });

}  // namespace
}  // namespace assay::probes
