// What a master's names and shapes become: modules, kept tensors with their reasons, and the refusals.
#include "kernels/artifact/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include <fmt/format.h>

namespace assay::artifact {
namespace {

using ::testing::ElementsAre;
using Shape = std::vector<std::int64_t>;

constexpr std::int64_t kHidden = 256;

MasterTensor floats(std::string name, Shape shape) { return {std::move(name), std::move(shape), true}; }

Policy builtin() {
  Result<Policy> policy = builtin_policy();
  if (!policy) ADD_FAILURE() << policy.error().message;
  return policy ? *std::move(policy) : Policy();
}

Result<Plan> plan_of(const std::vector<MasterTensor>& tensors, std::optional<std::int64_t> hidden = kHidden) {
  return plan_conversion(builtin(), tensors, hidden);
}

/// "MODULE <- TENSOR[offset: rows x columns / stride]^T in GROUP".
std::string spelled(const PlannedModule& one) {
  const MatrixView& view = one.source;
  return fmt::format("{} <- {}[{}: {} x {} / {}]{} in {}", one.module, view.tensor, view.offset, view.rows,
                     view.columns, view.stride, view.transposed ? "^T" : "", one.group);
}
std::string spelled(const KeptTensor& one) {
  return fmt::format("{}: {}: {}{}", one.name, one.reason.rule, one.reason.text, one.linear ? " (linear)" : "");
}
std::vector<std::string> modules_of(const Result<Plan>& plan) {
  std::vector<std::string> all;
  if (!plan) return {plan.error().message};
  for (const PlannedModule& one : plan->modules) all.push_back(spelled(one));
  return all;
}
std::vector<std::string> kept_of(const Result<Plan>& plan) {
  std::vector<std::string> all;
  if (!plan) return {plan.error().message};
  for (const KeptTensor& one : plan->kept) all.push_back(spelled(one));
  return all;
}
std::string refusal(const Result<Plan>& plan) { return plan ? "accepted" : plan.error().message; }

const MasterTensor kDense = floats("z.o_proj.weight", {256, 256});

// --- Single matrices ---

TEST(PlanTest, GroupsStandTogetherInTheOrderOfTheirNames) {
  const auto plan = plan_of({floats("a.v_proj.weight", {128, 256}), floats("a.up_proj.weight", {512, 256}),
                             floats("a.q_proj.weight", {256, 256}), floats("a.o_proj.weight", {256, 128}),
                             floats("a.gate_proj.weight", {512, 256}), floats("a.k_proj.weight", {128, 256})});
  EXPECT_THAT(modules_of(plan),
              ElementsAre("a.gate_proj <- a.gate_proj.weight[0: 512 x 256 / 256] in a.gate_proj+up_proj",
                          "a.up_proj <- a.up_proj.weight[0: 512 x 256 / 256] in a.gate_proj+up_proj",
                          "a.o_proj <- a.o_proj.weight[0: 256 x 128 / 128] in a.o_proj",
                          "a.k_proj <- a.k_proj.weight[0: 128 x 256 / 256] in a.q_proj+k_proj+v_proj",
                          "a.q_proj <- a.q_proj.weight[0: 256 x 256 / 256] in a.q_proj+k_proj+v_proj",
                          "a.v_proj <- a.v_proj.weight[0: 128 x 256 / 256] in a.q_proj+k_proj+v_proj"));
}

/// The order of the master's tensors is of no account.
TEST(PlanTest, IsTheSameForAnyOrder) {
  std::vector<MasterTensor> tensors = {floats("b.weight", {128, 128}), floats("a.q_proj.weight", {128, 128}),
                                       floats("a.k_proj.weight", {128, 128}), floats("a.norm.weight", {128})};
  const auto forth = plan_of(tensors);
  std::ranges::reverse(tensors);
  const auto back = plan_of(tensors);
  EXPECT_EQ(modules_of(forth), modules_of(back));
  EXPECT_EQ(kept_of(forth), kept_of(back));
}

TEST(PlanTest, EveryKeptTensorHasItsReason) {
  const auto plan = plan_of({kDense,
                             floats("z.o_proj.bias", {256}),
                             floats("lm_head.weight", {512, 256}),
                             floats("z.norm.weight", {256}),
                             floats("z.table", {256, 256}),
                             {"z.position_ids", {1, 512}, false},
                             {"z.bytes.weight", {256, 256}, false},
                             floats("z.odd.weight", {250, 256}),
                             floats("z.conv.weight", {256, 1, 4}),
                             floats("z.dt_bias", {16}),
                             floats("z.scalar", {})});
  EXPECT_THAT(modules_of(plan), ElementsAre("z.o_proj <- z.o_proj.weight[0: 256 x 256 / 256] in z.o_proj"));
  EXPECT_THAT(kept_of(plan),
              ElementsAre("lm_head.weight: head: an error here goes straight into the logits, and it runs once a token "
                          "(linear)",
                          "z.bytes.weight: type: it is not F32, F16 or BF16 (linear)",
                          "z.conv.weight: dimensions: it has 3 dimensions, so it is no matrix",
                          "z.dt_bias: vector: it has one dimension, so it is no matrix",
                          "z.norm.weight: norms: a norm is no matrix product",
                          "z.o_proj.bias: bias: a bias is added, not multiplied",
                          "z.odd.weight: shape: N = 250 is no multiple of 32 (linear)",
                          "z.position_ids: type: it is not F32, F16 or BF16",
                          "z.scalar: vector: it has one dimension, so it is no matrix",
                          "z.table: name: its name does not end in .weight, so it may be no Linear's"));
}

/// Exclusion lists hold modules of Linears: matrices of two dimensions whose rule says that they are.
TEST(PlanTest, OnlyMatricesOfLinearsAreForTheExclusionList) {
  const auto plan =
      plan_of({kDense, floats("m.embed_tokens.weight", {512, 256}), floats("m.mamba.in_proj.weight", {512, 256}),
               floats("m.mamba.conv1d.weight", {512, 1, 4}), floats("m.mamba.A_log", {16})});
  ASSERT_TRUE(plan) << plan.error().message;
  std::vector<std::string> linear;
  for (const KeptTensor& one : plan->kept)
    if (one.linear) linear.push_back(one.name);
  EXPECT_THAT(linear, ElementsAre("m.mamba.in_proj.weight"));
}

// --- Experts in one tensor ---

TEST(PlanTest, ExpertsAsOutputsByInputs) {
  const auto plan =
      plan_of({floats("m.experts.gate_up_proj", {2, 1024, 256}), floats("m.experts.down_proj", {2, 256, 512})});
  EXPECT_THAT(
      modules_of(plan),
      ElementsAre(
          "m.experts.0.down_proj <- m.experts.down_proj[0: 256 x 512 / 512] in m.experts.0.down_proj",
          "m.experts.0.gate_proj <- m.experts.gate_up_proj[0: 512 x 256 / 256] in m.experts.0.gate_proj+up_proj",
          "m.experts.0.up_proj <- m.experts.gate_up_proj[131072: 512 x 256 / 256] in "
          "m.experts.0.gate_proj+up_proj",
          "m.experts.1.down_proj <- m.experts.down_proj[131072: 256 x 512 / 512] in m.experts.1.down_proj",
          "m.experts.1.gate_proj <- m.experts.gate_up_proj[262144: 512 x 256 / 256] in "
          "m.experts.1.gate_proj+up_proj",
          "m.experts.1.up_proj <- m.experts.gate_up_proj[393216: 512 x 256 / 256] in "
          "m.experts.1.gate_proj+up_proj"));
  EXPECT_THAT(kept_of(plan), ElementsAre());
}

TEST(PlanTest, ExpertsAsInputsByOutputs) {
  const auto plan =
      plan_of({floats("m.experts.gate_up_proj", {2, 256, 1024}), floats("m.experts.down_proj", {2, 512, 256})});
  EXPECT_THAT(modules_of(plan),
              ElementsAre("m.experts.0.down_proj <- m.experts.down_proj[0: 512 x 256 / 256]^T in m.experts.0.down_proj",
                          "m.experts.0.gate_proj <- m.experts.gate_up_proj[0: 256 x 512 / 1024]^T in "
                          "m.experts.0.gate_proj+up_proj",
                          "m.experts.0.up_proj <- m.experts.gate_up_proj[512: 256 x 512 / 1024]^T in "
                          "m.experts.0.gate_proj+up_proj",
                          "m.experts.1.down_proj <- m.experts.down_proj[131072: 512 x 256 / 256]^T in "
                          "m.experts.1.down_proj",
                          "m.experts.1.gate_proj <- m.experts.gate_up_proj[262144: 256 x 512 / 1024]^T in "
                          "m.experts.1.gate_proj+up_proj",
                          "m.experts.1.up_proj <- m.experts.gate_up_proj[262656: 256 x 512 / 1024]^T in "
                          "m.experts.1.gate_proj+up_proj"));
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->modules[0].source.outputs(), 256);
  EXPECT_EQ(plan->modules[0].source.inputs(), 512);
  EXPECT_EQ(plan->modules[1].source.outputs(), 512);
  EXPECT_EQ(plan->modules[1].source.inputs(), 256);
}

/// Names with and without .weight; projections that are not packed; Mixtral's.
TEST(PlanTest, ExpertsOfOneProjectionATensor) {
  const auto plan = plan_of({floats("m.experts.up_proj.weight", {1, 128, 256}), floats("m.experts.w2", {1, 128, 256}),
                             floats("experts.w1", {1, 128, 256})});
  EXPECT_THAT(modules_of(plan), ElementsAre("experts.0.w1 <- experts.w1[0: 128 x 256 / 256] in experts.0.w1+w3",
                                            "m.experts.0.up_proj <- m.experts.up_proj.weight[0: 128 x 256 / 256] in "
                                            "m.experts.0.gate_proj+up_proj",
                                            "m.experts.0.w2 <- m.experts.w2[0: 128 x 256 / 256]^T in m.experts.0.w2"));
}

TEST(PlanTest, ExpertsWhoseOrientationIsNotSettledAreRefused) {
  const std::string unsettled =
      "config.json's hidden_size does not tell outputs from inputs; split the experts, or name another policy that "
      "keeps them";
  const auto of = [&](Shape shape, std::optional<std::int64_t> hidden) {
    return refusal(plan_of({kDense, floats("m.experts.up_proj", std::move(shape))}, hidden));
  };
  EXPECT_EQ(of({4, 256, 256}, 256), "tensor m.experts.up_proj: [4, 256, 256]: " + unsettled);
  EXPECT_EQ(of({4, 512, 256}, 128), "tensor m.experts.up_proj: [4, 512, 256]: " + unsettled);
  EXPECT_EQ(of({4, 512, 256}, std::nullopt), "tensor m.experts.up_proj: [4, 512, 256]: " + unsettled);
  EXPECT_EQ(of({4, 512, 256}, 256), "accepted");
}

/// A tensor that a rule of names keeps needs no orientation, and neither does one that is no experts'.
TEST(PlanTest, WhatStaysByItsNameNeedsNoOrientation) {
  const auto plan = plan_of({kDense,
                             floats("vision.experts.up_proj", {4, 256, 256}),
                             floats("m.shared.up_proj", {4, 256, 256}),
                             floats("n.experts.none", {0, 256, 256}),
                             {"o.experts.up_proj", {4, 256, 256}, false}},
                            std::nullopt);
  EXPECT_THAT(kept_of(plan),
              ElementsAre("m.shared.up_proj: dimensions: it has 3 dimensions, so it is no matrix",
                          "n.experts.none: dimensions: it has 3 dimensions, so it is no matrix",
                          "o.experts.up_proj: type: it is not F32, F16 or BF16",
                          "vision.experts.up_proj: extra-heads: multi-token prediction and vision towers stay in the "
                          "precision that they were trained in"));
}

/// A row that belongs to neither half would be lost.
TEST(PlanTest, AGateAndUpThatAreNoTwoHalvesAreRefused) {
  for (const Shape& shape : {Shape{2, 257, 256}, Shape{2, 256, 257}})
    EXPECT_EQ(
        refusal(plan_of({kDense, floats("m.experts.gate_up_proj", shape)})),
        fmt::format("tensor m.experts.gate_up_proj: [2, {}, {}]: an odd number of outputs is no gate and up, which "
                    "are as large as each other; split the experts, or name another policy that keeps them",
                    shape[1], shape[2]));
}

// --- Together or not at all ---

TEST(PlanTest, AFusedMemberThatStaysKeepsTheOthers) {
  const auto plan = plan_of({kDense, floats("a.q_proj.weight", {256, 256}), floats("a.k_proj.weight", {144, 256}),
                             floats("a.v_proj.weight", {128, 256}), floats("b.q_proj.weight", {256, 256})});
  EXPECT_THAT(modules_of(plan), ElementsAre("b.q_proj <- b.q_proj.weight[0: 256 x 256 / 256] in b.q_proj+k_proj+v_proj",
                                            "z.o_proj <- z.o_proj.weight[0: 256 x 256 / 256] in z.o_proj"));
  EXPECT_THAT(kept_of(plan), ElementsAre("a.k_proj.weight: shape: N = 144 is no multiple of 32 (linear)",
                                         "a.q_proj.weight: fused: it is served together with a.k_proj, which stays "
                                         "(linear)",
                                         "a.v_proj.weight: fused: it is served together with a.k_proj, which stays "
                                         "(linear)"));
}

/// A member of another type (an FP8 layer in a BF16 master) cannot be quantised, so it stays like one of a bad shape.
TEST(PlanTest, AFusedMemberOfAnotherTypeKeepsTheOthers) {
  const auto plan =
      plan_of({kDense, floats("a.gate_proj.weight", {256, 256}), {"a.up_proj.weight", {256, 256}, false}});
  EXPECT_THAT(kept_of(plan), ElementsAre("a.gate_proj.weight: fused: it is served together with a.up_proj, which stays "
                                         "(linear)",
                                         "a.up_proj.weight: type: it is not F32, F16 or BF16 (linear)"));
}

TEST(PlanTest, AnExpertThatStaysKeepsAllOfItsLayer) {
  const auto plan = plan_of(
      {kDense, floats("m.0.experts.0.up_proj.weight", {256, 256}), floats("m.0.experts.0.down_proj.weight", {256, 256}),
       floats("m.0.experts.1.up_proj.weight", {250, 256}), floats("m.1.experts.0.up_proj.weight", {256, 256}),
       floats("m.0.shared_experts.up_proj.weight", {256, 256})});
  EXPECT_THAT(modules_of(plan),
              ElementsAre("m.0.shared_experts.up_proj <- m.0.shared_experts.up_proj.weight[0: 256 x 256 / 256] in "
                          "m.0.shared_experts.gate_proj+up_proj",
                          "m.1.experts.0.up_proj <- m.1.experts.0.up_proj.weight[0: 256 x 256 / 256] in "
                          "m.1.experts.0.gate_proj+up_proj",
                          "z.o_proj <- z.o_proj.weight[0: 256 x 256 / 256] in z.o_proj"));
  EXPECT_THAT(kept_of(plan),
              ElementsAre("m.0.experts.0.down_proj.weight: fused: it is served together with m.0.experts.1.up_proj, "
                          "which stays (linear)",
                          "m.0.experts.0.up_proj.weight: fused: it is served together with m.0.experts.1.up_proj, "
                          "which stays (linear)",
                          "m.0.experts.1.up_proj.weight: shape: N = 250 is no multiple of 32 (linear)"));
}

/// The shape of one packed projection keeps the other tensors of its experts.
TEST(PlanTest, PackedExpertsStayTogetherToo) {
  const auto plan =
      plan_of({kDense, floats("m.experts.gate_up_proj", {2, 1024, 256}), floats("m.experts.down_proj", {2, 256, 208})});
  EXPECT_THAT(
      kept_of(plan),
      ElementsAre("m.experts.down_proj: shape: K = 208 is no multiple of 64",
                  "m.experts.gate_up_proj: fused: it is served together with m.experts.down_proj, which stays"));
}

/// So does its name, in a policy that keeps one projection.
TEST(PlanTest, APackedProjectionThatStaysByItsNameKeepsTheOthers) {
  Policy policy = builtin();
  policy.keep.push_back({"down", {"*.experts.down_proj"}, "it is kept", true});
  const std::vector<MasterTensor> tensors = {kDense, floats("m.experts.gate_up_proj", {2, 1024, 256}),
                                             floats("m.experts.down_proj", {2, 256, 512})};
  EXPECT_THAT(
      kept_of(plan_conversion(policy, tensors, kHidden)),
      ElementsAre("m.experts.down_proj: down: it is kept",
                  "m.experts.gate_up_proj: fused: it is served together with m.experts.down_proj, which stays"));
}

// --- Refusals ---

/// A policy of one's own cannot undo what loaders fuse: they would take one scale for unequal ones.
TEST(PlanTest, WhatLoadersFuseMayNotBeParted) {
  Policy policy = builtin();
  policy.fused = {{"k_proj", "v_proj"}};
  const std::vector<MasterTensor> tensors = {floats("a.k_proj.weight", {128, 256}),
                                             floats("a.q_proj.weight", {256, 256}),
                                             floats("a.v_proj.weight", {128, 256})};
  EXPECT_EQ(refusal(plan_conversion(policy, tensors, kHidden)),
            "policy default: a.k_proj and a.q_proj share no scale, but loaders fuse them into a.qkv_proj; name them in "
            "one fused set");
  policy.keep.push_back({"q", {"*.q_proj"}, "it is kept", true});
  EXPECT_EQ(refusal(plan_conversion(policy, tensors, kHidden)),
            "policy default: a.q_proj stays and a.k_proj does not, but loaders fuse them into a.qkv_proj; name them in "
            "one fused set");
  policy.fused = {{"k_proj", "v_proj", "q_proj"}};
  EXPECT_EQ(refusal(plan_conversion(policy, tensors, kHidden)),
            "policy default: nothing is left to quantise; of 2 tensors: it is served together with a.q_proj, which "
            "stays");
  policy.keep.pop_back();
  EXPECT_EQ(refusal(plan_conversion(policy, tensors, kHidden)), "accepted");
}

TEST(PlanTest, TwoMatricesOfOneNameAreRefused) {
  EXPECT_EQ(
      refusal(plan_of({floats("m.experts.up_proj", {1, 512, 256}), floats("m.experts.0.up_proj.weight", {512, 256})})),
      "module m.experts.0.up_proj: two matrices of the master would have this name");
}

TEST(PlanTest, NothingLeftIsRefusedWithTheCommonestReason) {
  EXPECT_EQ(refusal(plan_of({})), "policy default: nothing is left to quantise; it has no tensor");
  EXPECT_EQ(refusal(plan_of({floats("a.norm.weight", {256}), floats("b.norm.weight", {256}),
                             floats("lm_head.weight", {512, 256})})),
            "policy default: nothing is left to quantise; of 2 tensors: a norm is no matrix product");
}

TEST(PlanTest, TheExclusionListHoldsFullNamesOfLinears) {
  const auto plan = plan_of({kDense, floats("m.mlp.gate.weight", {16, 256}), floats("m.norm.weight", {256}),
                             floats("lm_head.weight", {512, 256}), floats("lm_head.bias", {512})});
  ASSERT_TRUE(plan) << plan.error().message;
  EXPECT_THAT(excluded_modules(*plan), ElementsAre("lm_head", "m.mlp.gate"));
}

/// Loaders that compare parts of names would leave the quantised one alone too.
TEST(PlanTest, AKeptNameThatIsPartOfAQuantisedOneIsRefused) {
  EXPECT_EQ(refusal(plan_of({floats("m.mlp.gate.weight", {16, 256}), floats("m.mlp.gate_proj.weight", {256, 256})})),
            "module 'm.mlp.gate' left alone: its name is a part of that of the quantised 'm.mlp.gate_proj', which "
            "loaders that compare parts would not read as quantised; quantise both or none");
}

}  // namespace
}  // namespace assay::artifact
