// What the small texts show, by the installed NVRTC: each has opcodes that its twin has not, and they are the known
// ones.
#include "kernels/forms.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "harness/cubin/elf.h"
#include "harness/cuda/assembler.h"
#include "harness/gate/probe.h"
#include "harness/gate/witness.h"

namespace assay::kernels {
namespace {

struct FormAt {
  Form form;
  std::string_view target;
  std::int64_t opcode;  ///< Of the instruction itself.
};
void PrintTo(const FormAt& one, std::ostream* out) { *out << one.form.stem << '@' << one.target; }

TEST(FormsTest, EveryFormHasATextWithATwin) {
  for (const Form& form : {kMmaSync, kWgmma, kStore}) {
    ASSERT_FALSE(text_of(form).empty()) << form.stem;
    const gate::Source source{.stem = form.stem, .text = text_of(form), .floor = {}};
    const auto twin = gate::without_instruction(source, {90, 'a'});
    ASSERT_TRUE(twin) << twin.error().message;
    EXPECT_NE(*twin, source.text);
    EXPECT_EQ(source.text.find("#include"), std::string_view::npos);
  }
  EXPECT_EQ(text_of(Form{.instruction = "", .stem = "none", .mnemonic = ""}), "");
}

class FormTest : public testing::TestWithParam<FormAt> {};

TEST_P(FormTest, OnlyTheTextWithTheInstructionHasItsOpcode) {
  const auto compiler = cuda::open_cuda_compiler();
  if (!compiler) GTEST_SKIP() << compiler.error().message;
  const FormAt& one = GetParam();
  const Target target = *parse_target(one.target);
  const gate::Source source{.stem = one.form.stem, .text = text_of(one.form), .floor = {}};
  const auto with = (*compiler)->compile(source.text, "form.cu", target);
  const auto without = (*compiler)->compile(*gate::without_instruction(source, target), "form.cu", target);
  ASSERT_TRUE(with && with->accepted) << (with ? with->log : with.error().message);
  ASSERT_TRUE(without && without->accepted) << (without ? without->log : without.error().message);
  const auto witness = gate::find_witness(with->cubin, with->cubin, without->cubin);
  ASSERT_TRUE(witness) << witness.error().message;
  EXPECT_EQ(witness->lowering, "instruction");
  EXPECT_NE(std::ranges::find(witness->opcodes, one.opcode), witness->opcodes.end());
  EXPECT_LE(witness->opcodes.size(), 2u) << "a kernel need not hold whatever else the small text does";
  EXPECT_EQ(gate::find_witness(without->cubin, with->cubin, without->cubin)->lowering, "absent");
}

INSTANTIATE_TEST_SUITE_P(All, FormTest,
                         testing::Values(FormAt{kMmaSync, "sm_80", 0x23c}, FormAt{kMmaSync, "sm_90a", 0x23c},
                                         FormAt{kMmaSync, "sm_100a", 0x23c}, FormAt{kMmaSync, "sm_121a", 0x23c},
                                         FormAt{kWgmma, "sm_90a", 0xdf0}, FormAt{kStore, "sm_80", 0x986},
                                         FormAt{kStore, "sm_90a", 0x986}, FormAt{kStore, "sm_121a", 0x986}));

}  // namespace
}  // namespace assay::kernels
