#include "harness/gate/witness.h"

#include <gtest/gtest.h>

#include "tests/support/tiny_cubin.h"

namespace assay::gate {
namespace {

using evidence::ControlStatus;
using test::tiny_cubin;

constexpr std::uint64_t kWanted = 0x123, kOther = 0x456;
constexpr bool kCalls = true;

TEST(WitnessTest, OpcodesThatOnlyTheTextWithTheInstructionHasAreTheInstructions) {
  const auto witness = find_witness(tiny_cubin(kWanted), tiny_cubin(kWanted), tiny_cubin(kOther));
  ASSERT_TRUE(witness) << witness.error().message;
  EXPECT_EQ(witness->opcodes, (std::vector<std::int64_t>{kWanted}));
  EXPECT_EQ(witness->lowering, "instruction");
  EXPECT_EQ(judge(*witness), ControlStatus::ok);
}

TEST(WitnessTest, AnImageWithoutTheOpcodeIsNoWitness) {
  const auto witness = find_witness(tiny_cubin(kOther), tiny_cubin(kWanted), tiny_cubin(kOther));
  ASSERT_TRUE(witness);
  EXPECT_EQ(witness->lowering, "absent");
  EXPECT_EQ(judge(*witness), ControlStatus::failed);
}

TEST(WitnessTest, EqualTextsAreNoWitness) {
  const auto witness = find_witness(tiny_cubin(kWanted), tiny_cubin(kWanted), tiny_cubin(kWanted));
  ASSERT_TRUE(witness);
  EXPECT_TRUE(witness->opcodes.empty());
  EXPECT_EQ(judge(*witness), ControlStatus::failed);
}

TEST(WitnessTest, ACallThatOnlyTheInstructionMakesIsADriverCall) {
  const auto witness = find_witness(tiny_cubin(kWanted, kCalls), tiny_cubin(kWanted, kCalls), tiny_cubin(kOther));
  ASSERT_TRUE(witness);
  EXPECT_EQ(witness->lowering, "driver-call");
  EXPECT_EQ(witness->externs, (std::vector<std::string>{"__cuda_syscall_cp_async_bulk_multicast"}));
  EXPECT_EQ(judge(*witness), ControlStatus::ok);
}

TEST(WitnessTest, ACallThatTheLoadedImageDoesNotMakeIsNoWitness) {
  const auto witness = find_witness(tiny_cubin(kWanted), tiny_cubin(kWanted, kCalls), tiny_cubin(kOther));
  ASSERT_TRUE(witness);
  EXPECT_EQ(witness->lowering, "absent");
}

TEST(WitnessTest, ACallThatTheStandInMakesTooSaysNothing) {
  const auto witness =
      find_witness(tiny_cubin(kOther, kCalls), tiny_cubin(kWanted, kCalls), tiny_cubin(kOther, kCalls));
  ASSERT_TRUE(witness);
  EXPECT_TRUE(witness->externs.empty());
  EXPECT_EQ(witness->lowering, "absent");
}

TEST(WitnessTest, ADamagedImageIsAnError) { EXPECT_FALSE(find_witness({}, tiny_cubin(kWanted), tiny_cubin(kOther))); }

Disassemble shows(std::string text) {
  return [text](std::span<const std::byte>) -> Result<std::string> { return text; };
}

TEST(WitnessTest, TheSecondOpinionAsksForEveryMnemonicOrOneOfItsAlternatives) {
  const std::vector<std::string_view> wanted = {"UTMALDG", "QMMA|HMMA"};
  EXPECT_EQ(second_opinion(shows("UTMALDG.2D HMMA.16816"), {}, wanted), "agrees");
  EXPECT_EQ(second_opinion(shows("UTMALDG.2D QMMA"), {}, wanted), "agrees");
  EXPECT_EQ(second_opinion(shows("UTMALDG.2D FFMA"), {}, wanted), "disagrees");
  EXPECT_EQ(second_opinion(shows("QMMA"), {}, wanted), "disagrees");
}

TEST(WitnessTest, AnAbsentDisassemblerDiffersFromOneThatFailed) {
  const auto absent = [](std::span<const std::byte>) -> Result<std::string> { return Error{"none"}; };
  const auto broken = [](std::span<const std::byte>) -> Result<std::string> { return Error{"died", "nvdisasm"}; };
  EXPECT_EQ(second_opinion(absent, {}, {}), "not present");
  EXPECT_EQ(second_opinion(broken, {}, {}), "failed");
}

TEST(WitnessTest, ADisagreeingDisassemblerCountsAgainstAnInstruction) {
  evidence::Witness witness{.opcodes = {1}, .lowering = "instruction", .disassembler = "disagrees", .externs = {}};
  EXPECT_EQ(judge(witness), ControlStatus::failed);
  witness.disassembler = "failed";
  EXPECT_EQ(judge(witness), ControlStatus::ok);
}

}  // namespace
}  // namespace assay::gate
