// What a bundle must hold before a sentence is said, one missing thing at a time.
#include "reports/guardrail.h"

#include <functional>

#include "gmock/gmock.h"
#include "harness/base/json.h"
#include "reports/bundle_view.h"
#include "tests/reports/judged_bundle.h"

namespace assay::reports {
namespace {

using evidence::ControlStatus;
using evidence::DriverLibrary;
using evidence::good_record;
using evidence::ImageKind;
using evidence::Record;
using evidence::Stage;
using evidence::StageStatus;
using testing::IsEmpty;

constexpr std::string_view kLoad = "executes.tma.load";
const std::string kOn = "On an NVIDIA H100 80GB HBM3 (compute capability 9.0, driver 580.159.04), ";
const std::string kDriver = "Driver 580.159.04 on an NVIDIA H100 80GB HBM3 (compute capability 9.0) ";
const std::string kCompared = "1 case, 4096 words equal to the oracle under a fresh challenge, 5 controls ok";

/// The gate at a target that is not the device's: assembled, and the image refused by the loader.
Record foreign(std::string gate, StageStatus load = StageStatus::refused) {
  Record record = evidence::ended_at(Stage::load, load, good_record(std::move(gate)));
  record.target = "sm_100a";
  record.stopped = evidence::Stopped::foreign_target;
  record.controls = {};
  record.witness = {};
  record.process.reset();
  record.stage(Stage::load).code = 209;
  record.stage(Stage::load).name = "CUDA_ERROR_NO_BINARY_FOR_GPU";
  return record;
}

/// The assembler says no, at the device's own target, to a text that it takes for its home target.
Record refused_text(std::string gate) {
  Record record = evidence::ended_at(Stage::assemble, StageStatus::refused, good_record(std::move(gate)));
  record.image = ImageKind::none;
  record.controls = {.home_target = ControlStatus::ok};
  record.witness = {};
  record.stage(Stage::assemble).message = "Instruction 'x' not supported on .target 'sm_90a'";
  return record;
}

TEST(GuardrailTest, AProvenGateIsSaidWithItsScope) {
  const Judgement judgement = judge({good_record()});
  EXPECT_EQ(said(judgement, kLoad),
            kOn +
                "a tiled tensor-map copy into the shared memory of one CTA (the forms that ran) executes correctly "
                "when assembled for sm_90a by nvJitLink 13.0: " +
                kCompared + ".");
  const SupportedClaim& claim = *supported(judgement, kLoad);
  EXPECT_EQ(claim.kind(), ClaimKind::capability);
  EXPECT_EQ(claim.evidence_class(), evidence::EvidenceClass::real_execution);
  EXPECT_EQ(claim.level(), evidence::Level::e5);
  EXPECT_EQ(claim.records(), std::vector<std::string>{"tma.load@sm_90a#1"});
  EXPECT_EQ(claim.scope(), (Scope{.device = "NVIDIA H100 80GB HBM3",
                                  .compute_capability = "9.0",
                                  .driver = "580.159.04",
                                  .assembler = "nvJitLink 13.0",
                                  .target = "sm_90a"}));
  EXPECT_THAT(claim.does_not_say(), testing::Contains("anything about another device, driver, assembler or target"));
}

TEST(GuardrailTest, WhatIsLoweredToADriverCallIsSaidOfTheDriver) {
  Record record = good_record("tma.multicast");
  record.witness.lowering = "driver-call";
  record.witness.externs = {"__cuda_syscall_cp_async_bulk_tensor_2d_tile_multicast"};
  EXPECT_EQ(said(judge({record}), "executes.tma.multicast"),
            kOn +
                "a tensor-map copy multicast to several CTAs of a cluster gives right results through a call into this "
                "driver (__cuda_syscall_cp_async_bulk_tensor_2d_tile_multicast), to which it is lowered when assembled "
                "for sm_90a by nvJitLink 13.0: " +
                kCompared + ".");
}

struct Spoiled {
  std::string name;
  std::function<std::vector<Record>(Record)> spoil;  ///< Of the good record, into those of the bundle.
  std::string missing;
  Json environment = evidence::good_environment();
};

std::vector<Record> attempts(Record first, Record second) {
  second.attempt = 2;
  second.monotonic_ns = first.monotonic_ns + 1;
  return {std::move(first), std::move(second)};
}

Record mismatching(Record record) {
  record.stage(Stage::verify) = {.status = StageStatus::failed};
  record.cases.front().mismatches = 3;
  record.cases.front().first_mismatch = "d[17]: expected 0x3f800000, observed 0x00000000";
  return record;
}

std::vector<Spoiled> spoiled_capabilities() {
  const auto only = [](std::function<void(Record&)> change) {
    return [change = std::move(change)](Record record) {
      change(record);
      return std::vector<Record>{std::move(record)};
    };
  };
  return {
      {"another gate", [](const Record&) { return std::vector<Record>{good_record("wgmma.bf16")}; },
       "gate tma.load has no record"},
      {"another target", [](const Record&) { return std::vector<Record>{foreign("tma.load")}; },
       "gate tma.load has no record at sm_90a, the device's own target"},
      {"proven for another target that the device takes", only([](Record& r) { r.target = "sm_90"; }),
       "gate tma.load has no record at sm_90a, the device's own target"},
      {"a named attempt", only([](Record& r) { r.variant = "other"; }),
       "gate tma.load has no record at sm_90a, the device's own target"},
      {"not selected", only([](Record& r) {
         r = Record{.gate = r.gate, .started_utc = r.started_utc, .finished_utc = r.finished_utc};
         r.driver_library = DriverLibrary::system;
         r.stopped = evidence::Stopped::not_selected;
       }),
       "gate tma.load is not-run: not selected: the run asked for other gates"},
      {"refused", [](const Record&) { return std::vector<Record>{refused_text("tma.load")}; },
       "gate tma.load is refused: assembler refused (CODE): Instruction 'x' not supported on .target 'sm_90a'"},
      {"mismatch", [](const Record& r) { return std::vector<Record>{mismatching(r)}; },
       "gate tma.load is mismatch: 3 of 4096 words differ from the oracle; first in mask 3: d[17]: expected "
       "0x3f800000, "
       "observed 0x00000000"},
      {"faulted",
       [](const Record& r) { return std::vector<Record>{evidence::ended_at(Stage::complete, StageStatus::failed, r)}; },
       "gate tma.load is faulted: complete failed (CODE): message"},
      {"hung", only([](Record& r) {
         r = evidence::ended_at(Stage::complete, StageStatus::not_reached, r);
         r.process->timed_out = true;
       }),
       "gate tma.load is hung: no answer within the limit during complete"},
      {"control failed", only([](Record& r) { r.controls.negative = ControlStatus::failed; }),
       "gate tma.load is unresolved: control negative is failed"},
      {"control not run", only([](Record& r) { r.controls.canary = ControlStatus::not_run; }),
       "gate tma.load is unresolved: control canary is not-run"},
      {"nothing compared", only([](Record& r) { r.cases.front().compared = 0; }),
       "gate tma.load is unresolved: nothing was compared in a case"},
      {"edited image", only([](Record& r) {
         r.image = ImageKind::patched;
         r.edit = evidence::an_edit();
         r.artifacts = {{"built", evidence::digest_of(evidence::built_image())},
                        {"image", evidence::digest_of(evidence::edited_image())}};
       }),
       "gate tma.load is unresolved: right answer after an image edit of 1 byte; its code equals the native build's, a "
       "null test: the loader took the edit"},
      {"supplied image", only([](Record& r) { r.image = ImageKind::supplied; }),
       "gate tma.load is unresolved: right answer from a supplied image; it speaks of that file alone"},
      {"right on the second attempt", [](const Record& r) { return attempts(mismatching(r), r); },
       "gate tma.load is mismatch: 3 of 4096 words differ from the oracle; first in mask 3: d[17]: expected "
       "0x3f800000, "
       "observed 0x00000000"},
      {"wrong on the second attempt", [](const Record& r) { return attempts(r, mismatching(r)); },
       "gate tma.load, attempt 2, is mismatch: 3 of 4096 words differ from the oracle; first in mask 3: d[17]: "
       "expected "
       "0x3f800000, observed 0x00000000"},
      {"no device", [](const Record&) { return std::vector<Record>{refused_text("tma.load")}; }, "no device was opened",
       environment_with("/device", nullptr)},
      {"another assembler than is known", [](const Record& r) { return std::vector<Record>{r}; },
       "environment.json does not name the assembler", environment_with("/toolchain", Json::array())},
      {"no compute capability", [](const Record&) { return std::vector<Record>{refused_text("tma.load")}; },
       "environment.json: '9' is no compute capability", environment_with("/device/compute_capability", "9")},
  };
}

TEST(GuardrailTest, ACapabilityLacksTheFirstThingThatIsMissing) {
  for (const Spoiled& spoiled : spoiled_capabilities()) {
    SCOPED_TRACE(spoiled.name);
    const Judgement judgement =
        judge(spoiled.spoil(good_record()), spoiled.environment, {evidence::built_image(), evidence::edited_image()});
    EXPECT_EQ(said(judgement, kLoad), "refused: " + spoiled.missing);
  }
}

TEST(GuardrailTest, ARightSecondAttemptTakesNothingFromTheFirst) {
  const Judgement judgement = judge(attempts(good_record(), good_record()));
  ASSERT_NE(supported(judgement, kLoad), nullptr);
  EXPECT_EQ(supported(judgement, kLoad)->records(), std::vector<std::string>{"tma.load@sm_90a#1"});
}

// Emulated bundles ---------------------------------------------------------------------------------------------------

/// Everything that a real bundle could be said from, answered by another library.
std::vector<Record> whole_run(DriverLibrary library) {
  std::vector<Record> records = {evidence::good_question(), good_record("control.copy"), good_record(),
                                 refused_text("tcgen05.alloc"), foreign("tma.multicast")};
  for (Record& record : records) record.driver_library = library;
  return records;
}

TEST(GuardrailTest, OfAnEmulatedBundleNothingIsSaid) {
  const Judgement judgement = judge(whole_run(DriverLibrary::emulated), environment_with("/driver/kind", "emulated"));
  EXPECT_THAT(judgement.supported, IsEmpty());
  EXPECT_EQ(judgement.refused.size(), catalogue().size());
  for (const RefusedClaim& claim : judgement.refused)
    EXPECT_EQ(claim.missing, "the driver library is emulated; nothing that it answers supports a claim") << claim.id;
}

TEST(GuardrailTest, ARecordOfAnotherLibrarySilencesTheBundle) {
  Record text = refused_text("tcgen05.alloc");
  text.driver_library = DriverLibrary::emulated;
  const Judgement judgement = judge({text}, toolchain_alone());
  EXPECT_THAT(judgement.supported, IsEmpty());
  EXPECT_EQ(said(judgement, "refuses"),
            "refused: tcgen05.alloc@sm_90a#1 was answered by a driver library that is emulated; nothing of such a run "
            "supports a claim");
}

TEST(GuardrailTest, LabelsThatWereNotRecomputedSilenceTheBundle) {
  evidence::VerifyReport report;
  report.labels_not_recomputed = 2;
  EXPECT_EQ(BundleView(report).silence(), "the labels of 2 records follow rules that this build does not know");
  report.labels_not_recomputed = 0;
  EXPECT_EQ(BundleView(report).silence(), "");
}

TEST(GuardrailTest, TheSameRunOnARealDriverIsSpokenOf) {
  const Judgement judgement = judge(whole_run(DriverLibrary::system));
  EXPECT_NE(supported(judgement, kLoad), nullptr);
  EXPECT_NE(supported(judgement, "refuses/tcgen05.alloc@sm_90a"), nullptr);
  EXPECT_NE(supported(judgement, "driver-refuses/tma.multicast@sm_100a"), nullptr);
  EXPECT_NE(supported(judgement, "method.driver_signals"), nullptr);
}

// Software -----------------------------------------------------------------------------------------------------------

TEST(GuardrailTest, AnAssemblerIsSpokenOfWithoutADevice) {
  Record text = good_record();
  for (StageStatus* status :
       {&text.stage(Stage::load).status, &text.stage(Stage::resolve).status, &text.stage(Stage::launch).status,
        &text.stage(Stage::complete).status, &text.stage(Stage::verify).status})
    *status = StageStatus::not_reached;
  text.driver_library = DriverLibrary::none;
  text.image = ImageKind::none;
  text.stopped = evidence::Stopped::no_device;
  text.cases.clear();
  text.controls = {.home_target = ControlStatus::ok};
  text.witness = {};
  Record refused = refused_text("tcgen05.alloc");
  refused.driver_library = DriverLibrary::none;

  const Judgement judgement = judge({text, refused}, toolchain_alone());
  EXPECT_EQ(said(judgement, "accepts/tma.load@sm_90a"),
            "nvJitLink 13.0 accepts the text of gate tma.load "
            "(cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes) for target sm_90a.");
  EXPECT_EQ(
      supported(judgement, "accepts/tma.load@sm_90a")->scope(),
      (Scope{.device = "", .compute_capability = "", .driver = "", .assembler = "nvJitLink 13.0", .target = "sm_90a"}));
  EXPECT_EQ(supported(judgement, "accepts/tma.load@sm_90a")->level(), evidence::Level::e2);
  EXPECT_EQ(
      said(judgement, "refuses/tcgen05.alloc@sm_90a"),
      "nvJitLink 13.0 refuses the text of gate tcgen05.alloc "
      "(cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes) for target sm_90a, which "
      "it accepts for its home target: \"Instruction 'x' not supported on .target 'sm_90a'\".");
  for (const std::string_view id : {"executes.tma.load", "reports.device.query", "limit.cluster_size", "walk.tcgen05"})
    EXPECT_EQ(said(judgement, id), "refused: no device was opened") << id;
  for (const std::string_view id : {"unproven", "unproven.tcgen05"})
    EXPECT_EQ(said(judgement, id), "refused: no device was asked") << id;
}

TEST(GuardrailTest, ARefusedTextCountsOnlyIfItsHomeTargetTakesIt) {
  Record record = refused_text("tcgen05.alloc");
  for (const ControlStatus status : {ControlStatus::failed, ControlStatus::not_run}) {
    record.controls.home_target = status;
    EXPECT_EQ(said(judge({record}), "refuses/tcgen05.alloc@sm_90a"),
              "refused: control home_target is " + std::string(word(status)) + ": the text itself may be at fault");
  }
}

TEST(GuardrailTest, ADriversRefusalCountsOnlyBesideNativeImagesThatItTook) {
  const Record record = foreign("tma.load");
  EXPECT_EQ(said(judge({good_record("control.copy"), record}), "driver-refuses/tma.load@sm_100a"),
            kDriver +
                "refuses an unmodified image built for sm_100a by nvJitLink 13.0 (gate tma.load) at load with 209 "
                "CUDA_ERROR_NO_BINARY_FOR_GPU; it takes native images.");
  EXPECT_EQ(said(judge({record}), "driver-refuses/tma.load@sm_100a"),
            "refused: gate control.copy is not proven: the driver may refuse every image");
}

TEST(GuardrailTest, ADriverThatCouldNotBeOpenedRefusedNoImage) {
  Record record = evidence::ended_at(Stage::load, StageStatus::refused);
  record.image = ImageKind::none;
  record.stages[0] = {};
  record.driver_library = DriverLibrary::none;
  record.controls = {};
  record.witness = {};
  EXPECT_EQ(said(judge({record}), "driver-refuses"), "refused: the driver refused no image");
}

TEST(GuardrailTest, AnImageThatWasLoadedIsSaidToLoadAndNoMore) {
  const Record record = foreign("tma.load", StageStatus::ok);
  const Judgement judgement = judge({record});
  EXPECT_EQ(
      said(judgement, "loads/tma.load@sm_100a"),
      kDriver + "loads an unmodified image built for sm_100a by nvJitLink 13.0 (gate tma.load); it was not launched.");
  EXPECT_EQ(supported(judgement, "loads/tma.load@sm_100a")->level(), evidence::Level::e3);
  EXPECT_EQ(said(judge({good_record()}), "loads"), "refused: no unmodified image was loaded without being launched");
}

// Edited images ------------------------------------------------------------------------------------------------------

Judgement judge_patched(const std::function<void(Record&)>& change) {
  Record record = evidence::patched_record();
  record.variant = "sm-byte.arithmetic.sm_100a";
  record.artifacts["cuda"] = evidence::digest_of("text");
  change(record);
  std::string image = evidence::built_image();
  for (const evidence::ByteEdit& byte : record.edit->bytes)
    image[static_cast<std::size_t>(byte.offset)] = static_cast<char>(byte.is);
  record.artifacts["image"] = evidence::digest_of(image);
  return judge({good_record("control.copy"), record}, environment_with_compiler(),
               {evidence::built_image(), image, "text"});
}

const std::string kPatched = "patched/cubin.arch_patch[sm-byte.arithmetic.sm_100a]@sm_90a";
const std::string kImage = "an image built for sm_100a by NVRTC 13.0 (sm-byte.arithmetic.sm_100a) ";

TEST(GuardrailTest, AnEditedImageIsAlwaysToldWithItsEdit) {
  const Judgement judgement = judge_patched([](Record&) {});
  EXPECT_EQ(said(judgement, kPatched),
            kOn + kImage +
                "was loaded, ran and gave the expected output after an ELF arch-field rewrite of 1 byte (offset "
                "0x31: 0x64 to 0x5a), a loader test only, its machine code being the native build's, and shows "
                "no capability.");
  EXPECT_EQ(supported(judgement, kPatched)->evidence_class(), evidence::EvidenceClass::patched_cubin);
  EXPECT_EQ(supported(judgement, kPatched)->level(), evidence::Level::p3);
}

TEST(GuardrailTest, AnEditedImageOfOtherCodeIsNoLoaderTestAndNoCapabilityEither) {
  const auto different = [](Record& record) { record.edit->code = evidence::Likeness::different; };
  EXPECT_EQ(said(judge_patched(different), kPatched),
            kOn + kImage +
                "was loaded, ran and gave the expected output after an ELF arch-field rewrite of 1 byte (offset "
                "0x31: 0x64 to 0x5a), its machine code different from the native build's, and shows no "
                "capability.");
  const auto mercury = [](Record& record) { record.edit->mercury = evidence::Likeness::different; };
  EXPECT_THAT(said(judge_patched(mercury), kPatched),
              testing::HasSubstr("its .text equal to the native build's and its Mercury copy different, and shows no"));
  const auto not_compared = [](Record& record) {
    record.edit->code = record.edit->mercury = evidence::Likeness::not_compared;
  };
  EXPECT_THAT(said(judge_patched(not_compared), kPatched),
              testing::HasSubstr("its machine code not compared with a native build's, and shows no capability"));
}

TEST(GuardrailTest, OtherEditsAreCountedAndTheArchFieldIsNamedWhereItIsOneOfThem) {
  const auto other = [](Record& record) { record.edit->bytes = {{.offset = 48, .was = 'x', .is = 4}}; };
  EXPECT_THAT(said(judge_patched(other), kPatched),
              testing::HasSubstr("after an image edit of 1 byte (offset 0x30: 0x78 to 0x04), a loader test only"));
  const auto both = [](Record& record) {
    record.edit->bytes = {{.offset = 48, .was = 'x', .is = 4}, {.offset = 49, .was = 100, .is = 90}};
  };
  EXPECT_THAT(
      said(judge_patched(both), kPatched),
      testing::HasSubstr("after an ELF arch-field rewrite within an image edit of 2 bytes (offset 0x30: 0x78 to "
                         "0x04, offset 0x31: 0x64 to 0x5a), a loader test only"));
  const auto many = [](Record& record) {
    record.edit->bytes.clear();
    for (std::int64_t i = 0; i < 6; ++i) record.edit->bytes.push_back({.offset = i, .was = 'x', .is = 1});
  };
  EXPECT_THAT(
      said(judge_patched(many), kPatched),
      testing::HasSubstr("image edit of 6 bytes (offset 0x0: 0x78 to 0x01, offset 0x1: 0x78 to 0x01, offset 0x2: "
                         "0x78 to 0x01, offset 0x3: 0x78 to 0x01, 2 more), a loader"));
}

TEST(GuardrailTest, HowFarAnEditedImageCameIsItsLevel) {
  const auto loaded = [](Record& record) {
    record.stage(Stage::launch) = record.stage(Stage::complete) = record.stage(Stage::verify) = {};
    record.cases.clear();
    record.stopped = evidence::Stopped::load_only;
  };
  EXPECT_THAT(said(judge_patched(loaded), kPatched), testing::StartsWith(kOn + kImage + "was loaded after an ELF"));
  const auto ran = [](Record& record) {
    record.stage(Stage::verify) = {.status = StageStatus::failed};
    record.cases.front().mismatches = 1;
  };
  EXPECT_THAT(said(judge_patched(ran), kPatched),
              testing::StartsWith(kOn + kImage + "was loaded and ran after an ELF"));
}

TEST(GuardrailTest, AnEditedImageThatTheDriverRefusesIsADriversRefusal) {
  const auto refused = [](Record& record) {
    record.stage(Stage::load) = {.status = StageStatus::refused, .code = 801, .name = "CUDA_ERROR_NOT_SUPPORTED"};
    for (const Stage stage : {Stage::resolve, Stage::launch, Stage::complete, Stage::verify}) record.stage(stage) = {};
    record.cases.clear();
  };
  const Judgement judgement = judge_patched(refused);
  EXPECT_EQ(said(judgement, "patched"), "refused: no edited image was loaded");
  EXPECT_EQ(said(judgement, "driver-refuses/cubin.arch_patch[sm-byte.arithmetic.sm_100a]@sm_90a"),
            kDriver + "refuses " + kImage +
                "after an ELF arch-field rewrite of 1 byte (offset 0x31: 0x64 to 0x5a), a loader "
                "test only, its machine code being the native build's, at load with 801 CUDA_ERROR_NOT_SUPPORTED; it "
                "takes native images.");
}

TEST(GuardrailTest, ASuppliedTextIsNamedByItsDigest) {
  Record record = foreign("cubin.arch_patch");
  record.variant = "ptx.broken.opcode";
  record.image = ImageKind::supplied;
  record.target = "sm_90a";
  record.stopped = evidence::Stopped::load_only;
  record.stages[0] = {};
  record.artifacts = {{"image", evidence::digest_of("text")}};
  EXPECT_EQ(said(judge({good_record("control.copy"), record}, evidence::good_environment(), {"text"}),
                 "driver-refuses/cubin.arch_patch[ptx.broken.opcode]@sm_90a"),
            kDriver + "refuses a supplied PTX text of SHA-256 " + evidence::digest_of("text") +
                " (ptx.broken.opcode) at load with 209 CUDA_ERROR_NO_BINARY_FOR_GPU; it takes native images.");
}

// The bundle as a whole ----------------------------------------------------------------------------------------------

std::vector<Record> refused_family() {
  std::vector<Record> records = {good_record("control.copy")};
  for (const char* gate :
       {"tcgen05.alloc", "tcgen05.ld", "tcgen05.mma.f16", "tcgen05.mma.mxf4nvf4", "tcgen05.mma.pair"})
    records.push_back(refused_text(gate));
  return records;
}

TEST(GuardrailTest, AWalkNeedsRefusalsAtSeveralSoftwareGates) {
  std::vector<Record> records = refused_family();
  EXPECT_EQ(said(judge(records), "walk.tcgen05"),
            "refused: refusals at 1 of the 2 software gates that are needed are on record");
  records.push_back(foreign("tcgen05.ld"));
  const Judgement judgement = judge(records);
  EXPECT_EQ(said(judgement, "walk.tcgen05"),
            kOn +
                "several software gates stand before a tcgen05 probe can run: nvJitLink 13.0 refuses the texts of "
                "tcgen05.alloc, tcgen05.ld, tcgen05.mma.f16, tcgen05.mma.mxf4nvf4 and tcgen05.mma.pair for sm_90a; the "
                "driver refuses 1 of their images and PTX texts, unmodified and for other targets, with 209 "
                "CUDA_ERROR_NO_BINARY_FOR_GPU.");
  EXPECT_EQ(supported(judgement, "walk.tcgen05")->records().size(), 6u);
}

TEST(GuardrailTest, AWalkIsOverWhereAnInstructionWasLaunched) {
  std::vector<Record> records = refused_family();
  records[1] = good_record("tcgen05.alloc");
  records.push_back(foreign("tcgen05.ld"));
  EXPECT_EQ(said(judge(records), "walk.tcgen05"), "refused: gate tcgen05.alloc was launched on this device");
}

TEST(GuardrailTest, WhatIsNotProvenIsUnprovenHereAndNothingElse) {
  const Judgement judgement = judge(refused_family());
  EXPECT_EQ(
      said(judgement, "unproven.tcgen05"),
      "On the evidence of this bundle, tcgen05 and tensor memory are unproven on an NVIDIA H100 80GB HBM3 (compute "
      "capability 9.0, driver 580.159.04): none of the gates tcgen05.alloc, tcgen05.ld, tcgen05.mma.f16, "
      "tcgen05.mma.mxf4nvf4 and tcgen05.mma.pair is proven, and the first of them is refused (\"assembler refused "
      "(CODE): Instruction 'x' not supported on .target 'sm_90a'\").");
  EXPECT_EQ(said(judgement, "unproven/tma.load"),
            "On the evidence of this bundle, gate tma.load is unproven on an NVIDIA H100 80GB HBM3 (compute capability "
            "9.0, driver 580.159.04): it has no record at sm_90a.");
  EXPECT_EQ(said(judgement, "unproven/control.copy"), "not there");
}

TEST(GuardrailTest, WhatIsProvenIsNotUnproven) {
  std::vector<Record> records = refused_family();
  records[2] = good_record("tcgen05.ld");
  EXPECT_EQ(said(judge(records), "unproven.tcgen05"), "refused: gate tcgen05.ld is proven on this device");
}

TEST(GuardrailTest, MethodNeedsNothing) {
  const Judgement judgement = judge({good_record()});
  EXPECT_EQ(said(judgement, "method.driver_signals"),
            "Helpers and metadata that can be seen in a driver are hints, and no proof that an instruction executes.");
  EXPECT_THAT(supported(judgement, "method.driver_signals")->records(), IsEmpty());
}

TEST(GuardrailTest, EveryClaimOfTheCatalogueIsAnswered) {
  const Judgement judgement = judge({good_record()});
  for (const Claim& claim : catalogue()) {
    const auto is_of = [&](const std::string& id) { return id == claim.id || id.starts_with(claim.id + "/"); };
    const bool answered =
        std::ranges::any_of(judgement.supported, [&](const SupportedClaim& one) { return is_of(one.id()); }) ||
        std::ranges::any_of(judgement.refused, [&](const RefusedClaim& one) { return is_of(one.id); });
    EXPECT_TRUE(answered) << claim.id;
  }
}

TEST(GuardrailTest, TheJudgementIsWrittenDownAsItIs) {
  const Json json = to_json(judge({good_record()}), "digest");
  EXPECT_EQ(json["catalogue_sha256"], "digest");
  const auto found = std::ranges::find_if(json["claims"], [](const Json& one) { return one["id"] == kLoad; });
  ASSERT_NE(found, json["claims"].end());
  EXPECT_EQ((*found)["kind"], "capability");
  EXPECT_EQ((*found)["class"], "real-execution");
  EXPECT_EQ((*found)["level"], "E5");
  EXPECT_EQ((*found)["scope"]["target"], "sm_90a");
  EXPECT_EQ((*found)["records"], Json({"tma.load@sm_90a#1"}));
  EXPECT_FALSE((*found)["does_not_say"].empty());
  const auto refused =
      std::ranges::find_if(json["refused"], [](const Json& one) { return one["id"] == "executes.wgmma.bf16"; });
  ASSERT_NE(refused, json["refused"].end());
  EXPECT_EQ((*refused)["missing"], "gate wgmma.bf16 has no record");
}

}  // namespace
}  // namespace assay::reports
