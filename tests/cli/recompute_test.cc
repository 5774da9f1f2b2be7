// What a right run of a gate shows, computed again from the challenge alone.
#include "harness/cli/recompute.h"

#include <gtest/gtest.h>

#include <variant>

#include "harness/gate/attempt.h"
#include "harness/gate/challenge_stream.h"
#include "harness/gate/run_probe.h"
#include "probes/gates.h"

namespace assay::cli {
namespace {

constexpr std::string_view kGate = "tma.load";

Digest nonce_of(std::byte value) {
  Digest nonce;
  nonce.fill(value);
  return nonce;
}

evidence::Record record_of(std::string_view gate, std::string_view target = "sm_90a") {
  return gate::start_record(*gate::find_gate(probes::gates(), gate), target);
}

std::vector<std::string> expected_of(const Result<evidence::Recomputed>& recomputed) {
  std::vector<std::string> digests;
  for (const evidence::CaseDigests& one : recomputed->cases) digests.push_back(one.expected_sha256);
  return digests;
}

TEST(RecomputeTest, EveryInstructionGateIsMadeAgainFromItsSeed) {
  const Digest nonce = nonce_of(std::byte{7});
  int made = 0;
  for (const gate::Gate& gate : probes::gates()) {
    const auto* make = std::get_if<gate::MakeProbe>(&gate.method);
    if (make == nullptr) continue;
    SCOPED_TRACE(gate.id);
    const auto recomputed = recompute(record_of(gate.id), nonce);
    ASSERT_TRUE(recomputed && recomputed->known_version);
    const gate::Probe probe = (*make)(gate::derive_seed(nonce, gate.id, "sm_90a", "1"));
    ASSERT_EQ(recomputed->cases.size(), probe.cases.size());
    for (std::size_t i = 0; i < probe.cases.size(); ++i) {
      const evidence::CaseDigests right = gate::digests(probe.cases[i]);
      EXPECT_EQ(recomputed->cases[i].inputs_sha256, right.inputs_sha256);
      EXPECT_EQ(recomputed->cases[i].expected_sha256, right.expected_sha256);
      EXPECT_EQ(recomputed->cases[i].observed_if_right, right.observed_if_right);
      EXPECT_EQ(recomputed->cases[i].exact, right.exact);
    }
    ++made;
  }
  EXPECT_GT(made, 0);
}

TEST(RecomputeTest, AnImagesReadingIsMadeAgainAndItsKindIsTheTables) {
  const gate::Gate& gate = *gate::find_gate(probes::gates(), "cubin.arch_patch");
  const Target device{90, 'a'};
  const Digest nonce = nonce_of(std::byte{7});
  const auto images = std::get<gate::MakeImages>(gate.method)(gate::image_seed(hex(nonce), gate, device), device);
  evidence::Record record = gate::start_record(gate, "sm_90a", images.front().variant);
  record.image = evidence::ImageKind::patched;
  record.cases.push_back({.name = images.front().readings.front().expected.name});
  const auto recomputed = recompute(record, nonce);
  ASSERT_TRUE(recomputed) << recomputed.error().message;
  ASSERT_EQ(recomputed->cases.size(), 1u);
  EXPECT_EQ(recomputed->cases[0].expected_sha256,
            gate::digests(images.front().readings.front().expected).expected_sha256);
  record.image = evidence::ImageKind::native;
  const auto relabelled = recompute(record, nonce);
  ASSERT_FALSE(relabelled);
  EXPECT_EQ(relabelled.error().message, "image 'sm-byte.arithmetic.sm_100a' is an edited one, the record says native");
}

TEST(RecomputeTest, ALikenessThatIsNotSoIsNamed) {
  const evidence::ImageEdit unreadable{.source = "sm_100a", .bytes = {}, .code = evidence::Likeness::identical};
  EXPECT_EQ(compare_images(unreadable, "no image", "no image"),
            "its .text is said to be identical beside the native build's, it is not-compared");
  EXPECT_EQ(compare_images({}, "no image", "no image"), "");
}

TEST(RecomputeTest, ChallengeTargetAndAttemptEachChangeTheOracle) {
  const evidence::Record record = record_of(kGate);
  const auto before = expected_of(recompute(record, nonce_of(std::byte{7})));
  ASSERT_FALSE(before.empty());
  EXPECT_EQ(expected_of(recompute(record, nonce_of(std::byte{7}))), before);
  EXPECT_NE(expected_of(recompute(record, nonce_of(std::byte{8}))), before);
  EXPECT_NE(expected_of(recompute(record_of(kGate, "sm_100a"), nonce_of(std::byte{7}))), before);
  evidence::Record again = record;
  again.attempt = 2;
  EXPECT_NE(expected_of(recompute(again, nonce_of(std::byte{7}))), before);
}

TEST(RecomputeTest, WhatThisBuildDoesNotHaveIsNotRecomputed) {
  evidence::Record unknown = record_of(kGate), newer = unknown, older = unknown;
  unknown.gate = "tma.later";
  ++newer.gate_version;
  --older.gate_version;
  for (const evidence::Record& record : {unknown, newer, older, record_of("device.query", "")}) {
    const auto recomputed = recompute(record, nonce_of(std::byte{7}));
    ASSERT_TRUE(recomputed);
    EXPECT_FALSE(recomputed->known_version) << record.gate;
    EXPECT_TRUE(recomputed->cases.empty());
  }
}

}  // namespace
}  // namespace assay::cli
