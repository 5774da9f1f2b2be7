// Every image attempt through the real compilers, judged by scripted loaders.
#include "probes/cubin_arch_patch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <cstring>
#include <map>
#include <set>

#include "harness/base/file_system.h"
#include "harness/cubin/elf.h"
#include "harness/evidence/consistency.h"
#include "harness/evidence/derive.h"
#include "harness/gate/attempt.h"
#include "harness/gate/run_image.h"
#include "probes/gates.h"
#include "tests/support/attempt_tools.h"
#include "tests/support/fake_device.h"
#include "tests/support/oracle_device.h"

namespace assay::probes {
namespace {

using evidence::Stage;
using evidence::StageStatus;
using gate::ImageAttempt;
using gate::PatchedLaunch;

// Images up to sm_90 have no second copy of the code; a device that an image was built for has no SM byte to rewrite.
const std::map<std::string, std::vector<std::string>> kDoesNotFit = {
    {"sm_90a", {"tracer.mercury.native"}},
    {"sm_100a",
     {"edit.kind-0x02", "sm-byte.e4m3.sm_100a", "sm-byte.kind.arithmetic.sm_100a", "sm-byte.kind.tcgen05_alloc.sm_100a",
      "sm-byte.multicast.sm_100a", "sm-byte.pad-0x41.tcgen05_alloc.sm_100a", "sm-byte.pad-0x4f.tcgen05_alloc.sm_100a",
      "sm-byte.pad-0x51.tcgen05_alloc.sm_100a", "sm-byte.pad-all.tcgen05_alloc.sm_100a",
      "sm-byte.tcgen05_alloc.sm_100a", "sm-byte.tcgen05_mma.sm_100a"}},
    {"sm_121a",
     {"sm-byte.e4m3.sm_121a", "sm-byte.multicast.sm_121a", "sm-byte.block_scale.sm_121a", "edit.kind-0x02"}}};

constexpr std::uint32_t kConstant = 0x5ac3967e, kTracerConstant = 0x6bd4a58f;

/// Takes every image, and runs the kernels as the image's code says: from one copy of it.
class ObedientDevice : public test::OracleDevice {
 public:
  ObedientDevice(std::vector<gate::Case> known, std::string_view executed_prefix)
      : OracleDevice(std::move(known)), prefix_(executed_prefix) {}

  Result<cuda::Module> load(std::span<const std::byte> image) override {
    image_.assign(image.begin(), image.end());
    return OracleDevice::load(image);
  }
  /// A launch is answered with the constant that stands in the executed copy of the loaded image.
  Status launch(cuda::Function function, const cuda::LaunchShape& shape,
                std::span<const cuda::Parameter> parameters) override {
    if (Status known = OracleDevice::launch(function, shape, parameters); !known) return known;
    const auto constant = executed_constant();
    if (!constant || parameters.size() != 3) return ok();
    std::uint64_t from = 0, to = 0;
    std::uint32_t count = 0;
    std::memcpy(&from, parameters[0].data(), sizeof from);
    std::memcpy(&to, parameters[1].data(), sizeof to);
    std::memcpy(&count, parameters[2].data(), sizeof count);
    for (std::uint32_t i = 0; i < count; ++i) {
      std::uint32_t word = 0;
      std::memcpy(&word, &*at(from + 4 * i), sizeof word);
      word = (word ^ *constant) + 3 * i;
      std::memcpy(&*at(to + 4 * i), &word, sizeof word);
    }
    return ok();
  }

 private:
  std::optional<std::uint32_t> executed_constant() const {
    const auto elf = cubin::Elf::read(image_);
    if (!elf) return std::nullopt;
    for (const cubin::Section& section : elf->sections()) {
      if (section.name != prefix_ + "arithmetic") continue;
      const auto code = elf->content(section);
      for (std::size_t i = 0; i + 4 <= code.size(); ++i) {
        std::uint32_t word = 0;
        std::memcpy(&word, code.data() + i, sizeof word);
        if (word == kConstant || word == kTracerConstant) return word;
      }
    }
    return std::nullopt;
  }

  std::string prefix_;
  std::vector<std::byte> image_;
};

class ArchPatchTest : public testing::TestWithParam<std::string> {
 protected:
  static void SetUpTestSuite() {
    cache_ = std::make_unique<TemporaryFolder>();
    assembler_ = cuda::open_ptx_assembler();
    compiler_ = cuda::open_cuda_compiler();
    ASSERT_TRUE(assembler_) << assembler_.error().message;
    ASSERT_TRUE(compiler_) << compiler_.error().message;
    assembler_ = cuda::with_cache(*std::move(assembler_), cache_->path());
    compiler_ = cuda::with_cache(*std::move(compiler_), cache_->path());
  }
  static void TearDownTestSuite() {
    assembler_ = Error{"closed"};
    compiler_ = Error{"closed"};
    cache_.reset();
  }

  static Target device() { return *parse_target(GetParam()); }
  static std::vector<ImageAttempt> attempts() { return make_cubin_arch_patch(test::test_seed(), device()); }
  static const ImageAttempt& named(const std::vector<ImageAttempt>& list, std::string_view variant) {
    const auto found = std::ranges::find(list, variant, &ImageAttempt::variant);
    EXPECT_NE(found, list.end()) << variant;
    return found == list.end() ? list.front() : *found;
  }

  evidence::Record run(const ImageAttempt& attempt, cuda::Device& loader, PatchedLaunch allowed = PatchedLaunch::none) {
    const gate::Gate& row = *gate::find_gate(probes::gates(), "cubin.arch_patch");
    evidence::Record record = gate::start_record(row, gate::image_target(attempt, device()), attempt.variant);
    record.driver_library = evidence::DriverLibrary::system;
    const gate::ProbeTools tools{&loader, assembler_, test::no_disassembler(), probes::copy_control(), log_};
    gate::run_image(attempt, test::test_seed(), device(), allowed, {tools, compiler_}, record);
    const auto contradiction = evidence::contradiction(record);
    EXPECT_FALSE(contradiction) << record.id() << ": " << *contradiction;
    return record;
  }

  std::vector<gate::Case> known(const ImageAttempt& attempt) const {
    std::vector<gate::Case> cases = probes::copy_control()(test::test_seed()).cases;
    for (const gate::Reading& reading : attempt.readings) {
      cases.push_back(reading.expected);
      cases.push_back(reading.negative);
    }
    return cases;
  }

  test::MemoryLog log_;
  inline static std::unique_ptr<TemporaryFolder> cache_;
  inline static Result<std::unique_ptr<cuda::PtxAssembler>> assembler_ = Error{"not opened"};
  inline static Result<std::unique_ptr<cuda::CudaCompiler>> compiler_ = Error{"not opened"};
};

TEST_P(ArchPatchTest, VariantsAreUniqueAndSayWhatTheyAsk) {
  std::set<std::string> variants;
  for (const ImageAttempt& attempt : attempts()) {
    EXPECT_TRUE(variants.insert(attempt.variant).second) << attempt.variant;
    EXPECT_FALSE(attempt.asks.empty()) << attempt.variant;
    EXPECT_FALSE(attempt.text.empty()) << attempt.variant;
  }
  EXPECT_GT(variants.size(), 60u);
}

TEST_P(ArchPatchTest, BaselineLaunchesThePlainKernelAloneAndLeaveIsNeverImplied) {
  for (const ImageAttempt& attempt : attempts()) {
    EXPECT_TRUE(attempt.launched_by != PatchedLaunch::baseline || attempt.entry == "arithmetic") << attempt.variant;
    EXPECT_EQ(attempt.launched_by == PatchedLaunch::none, attempt.readings.empty()) << attempt.variant;
    test::OracleDevice loader({});
    const evidence::Record record = run(attempt, loader);
    EXPECT_EQ(record.stage(Stage::launch).status, StageStatus::not_reached) << attempt.variant;
  }
}

TEST_P(ArchPatchTest, EveryEditIsMadeOrSaysWhyNot) {
  std::set<std::string> does_not_fit;
  for (const ImageAttempt& attempt : attempts()) {
    test::OracleDevice loader({});
    const evidence::Record record = run(attempt, loader);
    if (record.stopped == evidence::Stopped::not_applicable) {
      does_not_fit.insert(attempt.variant);
      continue;
    }
    EXPECT_EQ(record.stopped, evidence::Stopped::load_only) << attempt.variant;
    EXPECT_EQ(record.stage(Stage::load).status, StageStatus::ok)
        << record.id() << record.stage(Stage::assemble).message;
    EXPECT_EQ(record.edit.has_value(), static_cast<bool>(attempt.edit)) << attempt.variant;
    const auto derived = evidence::derive(record);
    const bool edited = record.image == evidence::ImageKind::patched;
    EXPECT_EQ(derived->evidence_class == evidence::EvidenceClass::patched_cubin, edited) << attempt.variant;
  }
  EXPECT_THAT(does_not_fit, ::testing::UnorderedElementsAreArray(kDoesNotFit.at(GetParam())));
}

TEST_P(ArchPatchTest, TheFirstAttemptRewritesOneByteToTheNativeSm) {
  const auto list = attempts();
  test::OracleDevice loader({});
  const evidence::Record record = run(list.front(), loader);
  ASSERT_TRUE(record.edit);
  EXPECT_EQ(record.edit->source, device().sm / 10 == 10 ? "sm_120a" : "sm_100a");
  EXPECT_EQ(record.edit->bytes, (std::vector<evidence::ByteEdit>{
                                    {.offset = 0x31, .was = device().sm / 10 == 10 ? 120 : 100, .is = device().sm}}));
  // From sm_100 on the plain kernel has the same code for every target.
  EXPECT_EQ(record.edit->code, device().sm >= 100 ? evidence::Likeness::identical : evidence::Likeness::different);
  EXPECT_EQ(evidence::derive(record)->level, evidence::Level::p1);
  EXPECT_EQ(evidence::derive(record)->reason, "loads; not launched: launching it was not asked for");
}

TEST_P(ArchPatchTest, ARightBaselineIsP3AndANullTestWhereTheCodeIsTheSame) {
  const auto list = attempts();
  ObedientDevice obedient(known(list.front()), ".text.");
  const evidence::Record record = run(list.front(), obedient, PatchedLaunch::baseline);
  const auto derived = evidence::derive(record);
  EXPECT_EQ(derived->verdict, evidence::Verdict::unresolved) << derived->reason << record.control_note;
  EXPECT_EQ(derived->level, evidence::Level::p3);
  EXPECT_EQ(derived->reason.find("null test") != std::string::npos, device().sm >= 100) << derived->reason;
}

TEST_P(ArchPatchTest, TheNativeImageRunsFirstAndIsNoProofOfAnInstruction) {
  const auto list = attempts();
  const ImageAttempt& native = named(list, "native.arithmetic");
  ObedientDevice obedient(known(native), ".text.");
  const evidence::Record record = run(native, obedient, PatchedLaunch::baseline);
  EXPECT_EQ(record.image, evidence::ImageKind::native);
  EXPECT_EQ(evidence::derive(record)->level, evidence::Level::e4);
  EXPECT_EQ(evidence::derive(record)->verdict, evidence::Verdict::unresolved);
}

TEST_P(ArchPatchTest, TracersTellWhichCopyRan) {
  const auto list = attempts();
  for (const std::string_view executes : {".text.", ".nv.capmerc.text."}) {
    for (const std::string_view copy : {"text", "mercury"}) {
      const ImageAttempt& tracer = named(list, fmt::format("tracer.{}.native", copy));
      ObedientDevice device_that_runs(known(tracer), executes);
      const evidence::Record record = run(tracer, device_that_runs, PatchedLaunch::baseline);
      if (record.stopped == evidence::Stopped::not_applicable) continue;  // no second copy up to sm_90
      const bool edited_copy_runs = (copy == "text") == (executes == ".text.");
      const auto executed = std::ranges::find(record.measurements, "executed_code", &evidence::Measurement::key);
      ASSERT_NE(executed, record.measurements.end()) << tracer.variant << " " << record.stage(Stage::verify).message;
      const auto told = executed->value.string();
      if (device().sm < 100 && executes != ".text.") continue;  // nothing there that could run
      EXPECT_EQ(told.starts_with("the edited"), edited_copy_runs) << tracer.variant << ": " << told;
    }
  }
}

TEST_P(ArchPatchTest, AWrongAnswerOfAnEditedImageIsAMismatch) {
  const auto list = attempts();
  std::vector<gate::Case> cases = known(list.front());
  for (gate::Case& one : cases)
    if (one.name == "as built") std::get<gate::Output>(one.arguments[1]).expected.front() ^= std::byte{1};
  test::OracleDevice wrong(cases);
  const evidence::Record record = run(list.front(), wrong, PatchedLaunch::baseline);
  EXPECT_EQ(evidence::derive(record)->verdict, evidence::Verdict::mismatch);
  EXPECT_EQ(evidence::derive(record)->level, evidence::Level::p2);
}

TEST_P(ArchPatchTest, ARefusalKeepsItsCodeAndLog) {
  class Refusing : public test::OracleDevice {
   public:
    Refusing() : OracleDevice({}) {}
    Result<cuda::Module> load(std::span<const std::byte>) override {
      return Error{"loading refused", "cuModuleLoadDataEx", 801, "CUDA_ERROR_NOT_SUPPORTED", "the whole log"};
    }
  } refusing;
  const evidence::Record record = run(attempts().front(), refusing);
  EXPECT_EQ(record.stage(Stage::load).code, 801);
  EXPECT_EQ(log_.kept.count(record.stage(Stage::load).log_sha256), 1u);
  EXPECT_EQ(evidence::derive(record)->verdict, evidence::Verdict::refused);
  EXPECT_EQ(evidence::derive(record)->evidence_class, evidence::EvidenceClass::patched_cubin);
}

INSTANTIATE_TEST_SUITE_P(Devices, ArchPatchTest, testing::Values("sm_90a", "sm_100a", "sm_121a"),
                         [](const auto& device) { return device.param; });

}  // namespace
}  // namespace assay::probes
