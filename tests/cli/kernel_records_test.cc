// Records of kernels, as a run on a right device writes them: made again from the challenge, held against the row, and
// refused with one thing changed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "harness/cli/gate_check.h"
#include "harness/cli/image_check.h"
#include "harness/cli/recompute.h"
#include "harness/gate/attempt.h"
#include "kernels/kernel_gates.h"
#include "tests/evidence/fixtures.h"
#include "tests/kernels/stand_in.h"

namespace assay::cli {
namespace {

using evidence::Record;
using testing::HasSubstr;

class KernelRecordsTest : public testing::Test {
 protected:
  /// Runs a stand-in's problem under the fixtures' challenge.
  Record record(std::size_t row, std::size_t problem = 0) {
    const gate::Gate& gate = gates_.rows()[row];
    const kernels::KernelWorkload workload(kernels::kStandIns[row]);
    Record record = gate::start_record(gate, "sm_90a", workload.variants().at(problem));
    record.started_utc = record.finished_utc = "2026-11-22T22:00:00Z";
    record.driver_library = evidence::DriverLibrary::system;
    record.prerequisites = {{"control.copy", evidence::Verdict::proven, evidence::Verdict::proven}};
    const gate::Seed seed = gate::derive_seed(nonce_, record.gate, record.target);
    const gate::ProbeTools probe{&device_, assembler_, test::no_disassembler(), kernels::copy_of, log_};
    workload.run({seed, {90, 'a'}, facts_, probe, compiler_}, record);
    return record;
  }

  std::string check(const Record& record) const {
    return gate_check(gates_.rows())(record, [this](std::string_view digest) -> std::string {
      const auto kept = log_.kept.find(std::string(digest));
      if (kept == log_.kept.end()) return "";
      return {reinterpret_cast<const char*>(kept->second.data()), kept->second.size()};
    });
  }

  /// What a verification finds of a bundle with this record.
  std::vector<std::string> verify(const Record& record) {
    const TemporaryFolder folder;
    Record copy = evidence::good_record("control.copy");
    copy.target = "sm_90a";
    Record whole = record;
    whole.monotonic_ns = copy.monotonic_ns;
    whole.started_utc = whole.finished_utc = copy.finished_utc;
    std::vector<std::string> artifacts;
    for (const auto& [digest, bytes] : log_.kept)
      artifacts.emplace_back(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    evidence::write_bundle(folder.path() / "b", {evidence::good_question(), copy, whole}, artifacts);
    evidence::VerifyOptions options;
    options.recompute = [this](const Record& one, const Digest& nonce) {
      return recompute_among(gates_.rows(), one, nonce);
    };
    const evidence::VerifyReport report = evidence::verify_bundle(folder.path() / "b", options);
    std::vector<std::string> found;
    for (const evidence::Finding& finding : report.findings) found.push_back(finding.message);
    agreed_ = report.cases.agreed;
    return found;
  }

  const kernels::KernelGates gates_{kernels::kStandIns};
  const Digest nonce_ = evidence::good_challenge().nonce;
  const cuda::DeviceFacts facts_ = [] {
    cuda::DeviceFacts facts;
    facts.attributes = {{"multiprocessor_count", 16, 132, 0}};  // the environment of the fixtures has as many
    return facts;
  }();
  kernels::StandInDevice device_;
  Result<std::unique_ptr<cuda::CudaCompiler>> compiler_ =
      std::unique_ptr<cuda::CudaCompiler>(std::make_unique<kernels::TinyCompiler>());
  Result<std::unique_ptr<cuda::PtxAssembler>> assembler_ =
      std::unique_ptr<cuda::PtxAssembler>(std::make_unique<test::FakeAssembler>());
  test::MemoryLog log_;
  std::size_t agreed_ = 0;
};

TEST_F(KernelRecordsTest, OfARightDeviceVerifyAndAgree) {
  for (std::size_t row = 0; row < std::size(kernels::kStandIns); ++row) {
    const Record one = record(row);
    EXPECT_EQ(check(one), "") << one.id();
    EXPECT_THAT(verify(one), testing::IsEmpty()) << one.id();
    EXPECT_EQ(agreed_, 1u) << one.id();
  }
  const Record gated = record(0, 1);
  EXPECT_THAT(verify(gated), testing::IsEmpty());
}

TEST_F(KernelRecordsTest, OfAWrongDeviceVerifyToo) {
  device_.sabotage.wrong_element = true;
  const Record one = record(0);
  EXPECT_EQ(evidence::derive(one)->verdict, evidence::Verdict::mismatch);
  EXPECT_THAT(verify(one), testing::IsEmpty());
}

struct Forgery {
  std::string_view name;
  std::function<void(Record&)> change;
  std::string_view finding;
};
void PrintTo(const Forgery& forgery, std::ostream* out) { *out << forgery.name; }

class ForgedKernelTest : public KernelRecordsTest, public testing::WithParamInterface<Forgery> {};

TEST_P(ForgedKernelTest, IsRefused) {
  Record one = record(0);
  GetParam().change(one);
  EXPECT_THAT(verify(one), testing::Contains(HasSubstr(GetParam().finding)));
}

INSTANTIATE_TEST_SUITE_P(
    All, ForgedKernelTest,
    testing::Values(
        Forgery{"AnotherProblem", [](Record& r) { r.variant = "m2 n16 k64 f16 gated"; }, "4 cases, the gate has 3"},
        Forgery{"NoSuchProblem", [](Record& r) { r.variant = "m1 n1 k16 bf16"; }, "has no problem"},
        Forgery{"OtherInputs", [](Record& r) { r.cases[0].inputs_sha256 = std::string(64, 'a'); },
                "case 'wide range': inputs are not those of the challenge"},
        Forgery{"AnotherOracle", [](Record& r) { r.cases[0].expected_sha256 = std::string(64, 'a'); },
                "case 'wide range': expected output is not the oracle's"},
        Forgery{"FewerCompared", [](Record& r) { r.cases[0].compared = 5; }, "5 words compared, the gate compares 72"},
        Forgery{"ASecondLaunchThatDiffered", [](Record& r) { r.cases[2].observed_sha256 = std::string(64, 'a'); },
                "no mismatches, but the output is not the oracle's"},
        Forgery{"ACaseLeftOut", [](Record& r) { r.cases.pop_back(); }, "3 cases, the gate has 4"}),
    [](const auto& forgery) { return std::string(forgery.param.name); });

TEST_F(KernelRecordsTest, ATextThatIsNotTheRowsOwnIsRefused) {
  Record one = record(0);
  one.measurements.front().value = 7;  // the plan of another device
  EXPECT_EQ(check(one), "the text that was compiled is not the row's own for m3 n24 k96 bf16 bias on such a device");
  one = record(0);
  one.artifacts.erase("cuda");
  EXPECT_EQ(check(one), "compiled, but the text is not kept");
  one = record(0);
  one.artifacts["ptx"] = one.artifacts["cuda"];
  EXPECT_EQ(check(one), "artifact 'ptx', of which records of this gate have none");
  one = record(0);
  one.prerequisites.clear();
  EXPECT_EQ(check(one), "launched without its prerequisite control.copy (proven needed)");
}

/// The synthetic image is of sm_121 and holds one kernel, "kernel".
TEST_F(KernelRecordsTest, AnImageWithoutTheKernelsThatThePlanLaunchesIsRefused) {
  const auto check = image_check_among(gates_.rows(), std::make_shared<GateTexts>());
  Record one = record(0);
  one.target = "sm_121a";
  const std::vector<std::byte> image = test::tiny_cubin(0x123), twin = test::tiny_cubin(0x456);
  const auto text = [](const std::vector<std::byte>& bytes) {
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  const auto kept = [&](std::string_view role) {
    return role == "image" ? "" : role == "witness-without" ? text(twin) : text(image);
  };
  EXPECT_EQ(check(one, kept), "the image holds no kernel 'product', which the gate launches");
  kernels::Kernel renamed = kernels::kStandIns[0];
  renamed.plan = [](const kernels::Problem& problem, const kernels::DeviceLimits& limits) {
    kernels::Plan plan = kernels::plan_product(problem, limits);
    plan.launches.front().entry = "kernel";
    return plan;
  };
  const kernels::KernelGates row({&renamed, 1});
  EXPECT_EQ(image_check_among(row.rows(), std::make_shared<GateTexts>())(one, kept), "");
}

TEST_F(KernelRecordsTest, AnUnknownVersionIsNotRecomputed) {
  Record one = record(0);
  one.gate_version = 9;
  const auto recomputed = recompute_among(gates_.rows(), one, nonce_);
  ASSERT_TRUE(recomputed);
  EXPECT_FALSE(recomputed->known_version);
}

}  // namespace
}  // namespace assay::cli
