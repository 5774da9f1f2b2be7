// The audit of THE kernel table: what a row lacks.
#include "kernels/catalogue.h"

#include <gtest/gtest.h>

#include <regex>
#include <set>
#include <string>

#include "harness/base/file_system.h"
#include "harness/cuda/assembler.h"
#include "harness/gate/attempt.h"
#include "kernels/forms.h"
#include "kernels/kernel_gates.h"
#include "kernels/problems.h"
#include "kernels/run_kernel.h"
#include "probes/gates.h"
#include "tests/kernels/stand_in.h"

namespace assay::kernels {
namespace {

/// Limits of three devices: an H100, a GB10, a B200.
const DeviceLimits kDevices[] = {
    {.target = {90, 'a'}, .multiprocessors = 132, .shared_block_bytes = 232448, .l2_bytes = 50 << 20},
    {.target = {121, 'a'}, .multiprocessors = 48, .shared_block_bytes = 101376, .l2_bytes = 24 << 20},
    {.target = {100, 'a'}, .multiprocessors = 148, .shared_block_bytes = 232448, .l2_bytes = 126 << 20}};

/// The catalogue's rows, and the tests' own, so that the audit is never of nothing.
std::vector<const Kernel*> rows() {
  std::vector<const Kernel*> all;
  for (const Kernel& kernel : catalogue()) all.push_back(&kernel);
  for (const Kernel& kernel : kStandIns) all.push_back(&kernel);
  return all;
}

DeviceLimits at_home(const Kernel& kernel) {
  for (DeviceLimits limits : kDevices)
    if (limits.target == kernel.home) return limits;
  DeviceLimits limits = kDevices[1];
  limits.target = kernel.home;
  return limits;
}

TEST(CatalogueTest, IdsAreUniqueAndWellFormed) {
  std::set<std::string_view> ids;
  for (const Kernel* kernel : rows()) {
    EXPECT_TRUE(ids.insert(kernel->id).second) << kernel->id;
    EXPECT_TRUE(std::regex_match(std::string(kernel->id), std::regex("kernel\\.[a-z][a-z0-9_]*"))) << kernel->id;
    EXPECT_EQ(gate::find_gate(probes::gates(), kernel->id), nullptr) << kernel->id << " is a gate's id";
  }
}

TEST(CatalogueTest, EveryRowIsFilledIn) {
  for (const Kernel* kernel : rows()) {
    EXPECT_GE(kernel->version, 1) << kernel->id;
    EXPECT_FALSE(kernel->summary.empty()) << kernel->id;
    EXPECT_FALSE(kernel->source.empty()) << kernel->id;
    EXPECT_GT(kernel->home.sm, 0) << kernel->id;
    EXPECT_FALSE(text_of(kernel->form).empty()) << kernel->id << ": its form has no text in kernels/forms";
    EXPECT_NE(kernel->refuses, nullptr) << kernel->id;
    EXPECT_NE(kernel->plan, nullptr) << kernel->id;
  }
}

TEST(CatalogueTest, EveryRowNeedsGatesThatThereAre) {
  for (const Kernel* kernel : rows()) {
    EXPECT_FALSE(kernel->needs.empty()) << kernel->id << ": a kernel runs on the evidence of gates";
    for (const gate::Prerequisite& need : kernel->needs)
      EXPECT_NE(gate::find_gate(probes::gates(), need.gate), nullptr) << kernel->id << " needs " << need.gate;
  }
}

TEST(CatalogueTest, EveryRowHasProblemsOfUniqueNamesThatItTakesAtHome) {
  for (const Kernel* kernel : rows()) {
    std::set<std::string> names;
    bool takes_one = false;
    for (const Problem& problem : kernel->problems) {
      EXPECT_TRUE(names.insert(name_of(kernel->operation, problem)).second) << kernel->id;
      EXPECT_EQ(problem.k % 16, 0) << kernel->id << ": K is cut into blocks of sixteen";
      takes_one |= !kernel->refuses(problem, at_home(*kernel)).has_value();
    }
    EXPECT_TRUE(takes_one) << kernel->id << " takes none of its problems at home";
  }
}

/// A plan is a pure function, whole, and writes what its operation writes.
TEST(CatalogueTest, EveryPlanIsWholeAndTheSameAgain) {
  for (const Kernel* kernel : rows())
    for (const DeviceLimits& limits : kDevices)
      for (const Problem& problem : kernel->problems) {
        if (kernel->refuses(problem, limits)) continue;
        const Plan plan = kernel->plan(problem, limits);
        const std::string where = std::string(kernel->id) + " " + name_of(kernel->operation, problem);
        const Result<std::string> text = text_of(plan);
        ASSERT_TRUE(text) << where << ": " << text.error().message;
        EXPECT_EQ(text->find("#include"), std::string::npos) << where;
        EXPECT_FALSE(plan.choice.empty()) << where;
        EXPECT_EQ(*text, *text_of(kernel->plan(problem, limits))) << where;
        for (const Launch& launch : plan.launches) {
          EXPECT_NE(text->find(launch.entry), std::string::npos) << where << ": no kernel " << launch.entry;
          EXPECT_LE(launch.shape.dynamic_shared_bytes, limits.shared_block_bytes) << where;
          EXPECT_LE(launch.shape.block.x * launch.shape.block.y * launch.shape.block.z, 1024u) << where;
        }
      }
}

/// Sizes that nothing can be made of are refused in words, by every row.
TEST(CatalogueTest, EveryRowRefusesWhatIsNoProblem) {
  for (const Kernel& kernel : catalogue())
    for (const Problem problem :
         {Problem{.m = 0, .n = 64, .k = 64}, Problem{.m = 1, .n = 0, .k = 64}, Problem{.m = 1, .n = 64, .k = 0},
          Problem{.m = 1, .n = 64, .k = 72}, Problem{.m = 1, .n = 64, .k = 64, .bias = true, .gated = true}}) {
      const bool has_m = kernel.operation != Operation::prepare_weights;
      const bool has_n = kernel.operation != Operation::quantize_activations;
      if ((problem.m == 0 && !has_m) || (problem.n == 0 && !has_n)) continue;
      if (problem.bias && kernel.operation != Operation::w4a16_product) continue;
      const auto why = kernel.refuses(problem, at_home(kernel));
      ASSERT_TRUE(why) << kernel.id << " takes " << name_of(kernel.operation, problem);
      EXPECT_FALSE(why->empty()) << kernel.id;
    }
}

/// A test of a row's own: tests/kernels/<stem>_test.cc that names its id.
TEST(CatalogueTest, EveryRowIsTestedAndDocumented) {
  std::string tests;
  for (const auto& file : std::filesystem::directory_iterator(std::string(ASSAY_SOURCE_DIR) + "/tests/kernels"))
    if (const auto text = read_file(file.path())) tests += *text;
  const auto docs = read_file(std::string(ASSAY_SOURCE_DIR) + "/docs/kernels.md");
  ASSERT_TRUE(docs) << docs.error().message;
  for (const Kernel& kernel : catalogue()) {
    EXPECT_NE(tests.find(kernel.id), std::string::npos) << kernel.id << ": no file of tests/kernels names it";
    EXPECT_NE(docs->find(kernel.id), std::string::npos) << kernel.id << ": docs/kernels.md does not name it";
  }
}

/// By the installed NVRTC: each text for its home target, and that image holds the row's form.
TEST(CatalogueTest, EveryTextCompilesForItsHomeTargetAndHoldsItsForm) {
  const auto compiler = cuda::open_cuda_compiler();
  if (!compiler) GTEST_SKIP() << compiler.error().message;
  for (const Kernel& kernel : catalogue()) {
    const DeviceLimits limits = at_home(kernel);
    std::set<std::string> seen;
    for (const Problem& problem : kernel.problems) {
      if (kernel.refuses(problem, limits)) continue;
      const std::string text = *text_of(kernel.plan(problem, limits));
      if (!seen.insert(text).second) continue;
      const std::string where = std::string(kernel.id) + " " + name_of(kernel.operation, problem);
      const auto built = (*compiler)->compile(text, "kernel.cu", kernel.home);
      ASSERT_TRUE(built) << where << ": " << built.error().message;
      ASSERT_TRUE(built->accepted) << where << ":\n" << built->log;
      const gate::Source form{.stem = kernel.form.stem, .text = text_of(kernel.form), .floor = {}};
      const auto with = (*compiler)->compile(form.text, "form.cu", kernel.home);
      const auto without = (*compiler)->compile(*gate::without_instruction(form, kernel.home), "form.cu", kernel.home);
      ASSERT_TRUE(with && without && with->accepted && without->accepted) << where;
      EXPECT_EQ(gate::find_witness(built->cubin, with->cubin, without->cubin)->lowering, "instruction") << where;
    }
  }
}

TEST(CatalogueTest, RowsAreFoundById) {
  EXPECT_EQ(find_kernel("kernel.none"), nullptr);
  for (const Kernel& kernel : catalogue()) EXPECT_EQ(find_kernel(kernel.id), &kernel);
}

}  // namespace
}  // namespace assay::kernels
