#include "harness/gate/run_image.h"

#include <algorithm>

#include <fmt/format.h>

#include "harness/cubin/fatbin_writer.h"
#include "harness/cubin/patch.h"
#include "harness/gate/compare.h"
#include "harness/gate/image_likeness.h"

namespace assay::gate {
namespace {

using evidence::ImageKind;
using evidence::Stage;
using evidence::StageResult;
using evidence::StageStatus;
using Bytes = std::vector<std::byte>;

std::vector<evidence::ByteEdit> difference(const Bytes& built, const Bytes& edited) {
  std::vector<evidence::ByteEdit> bytes;
  for (std::size_t i = 0; i < built.size(); ++i)
    if (built[i] != edited[i])
      bytes.push_back({.offset = static_cast<std::int64_t>(i),
                       .was = std::to_integer<std::int64_t>(built[i]),
                       .is = std::to_integer<std::int64_t>(edited[i])});
  return bytes;
}

class ImageRun {
 public:
  ImageRun(const ImageAttempt& attempt, const Seed& seed, Target device, const ImageTools& tools,
           evidence::Record& record)
      : attempt_(attempt),
        device_(device),
        tools_(tools),
        record_(record),
        execution_(seed, device, tools.probe, record) {}

  void run(PatchedLaunch allowed) {
    record_.measurements.push_back({"image", "cubin.arch_patch", "", attempt_.asks, ""});
    if (!has_builder()) return;
    if (!attempt_.broken_on_purpose && !execution_.stage(Stage::assemble, [this] { return assemble(); })) return;
    if (attempt_.broken_on_purpose) image_ = text();
    if (attempt_.edit && !edit()) return;
    record_.artifacts["image"] = tools_.probe.log.keep(image_);
    execution_.announce(kind());
    const bool stopped = record_.stopped != evidence::Stopped::no;
    !stopped&& may_launch(attempt_, allowed) ? launch() : load_only();
  }

 private:
  Bytes text() const {
    const auto bytes = text_bytes(attempt_.text);
    return {bytes.begin(), bytes.end()};
  }

  bool is_ptx() const { return attempt_.container == Container::ptx; }

  /// A compiler that is not there has refused nothing.
  bool has_builder() {
    const bool there = is_ptx() ? static_cast<bool>(tools_.probe.assembler) : static_cast<bool>(tools_.compiler);
    if (there) return true;
    record_.stopped = evidence::Stopped::no_assembler;
    record_.stopped_why = is_ptx() ? tools_.probe.assembler.error().message : tools_.compiler.error().message;
    return false;
  }

  // --- the image ----------------------------------------------------------------------------------------------------

  StageResult assemble() {
    record_.artifacts[is_ptx() ? "ptx" : "cuda"] = tools_.probe.log.keep(text_bytes(attempt_.text));
    const Result<cuda::Assembly> built = build(attempt_.source);
    if (!built) return execution_.failed(built.error());
    StageResult result = Execution::good();
    if (!built->log.empty()) result.log_sha256 = tools_.probe.log.keep(text_bytes(built->log));
    if (!built->accepted) {
      result.status = StageStatus::refused;
      result.call = is_ptx() ? "nvJitLinkAddData" : "nvrtcCompileProgram";
      result.message = first_complaint(built->log);
      return result;
    }
    image_ = contained(built->cubin);
    return result;
  }

  Result<cuda::Assembly> build(Target target) const {
    if (is_ptx()) return (*tools_.probe.assembler)->assemble(attempt_.text, target);
    return (*tools_.compiler)->compile(attempt_.text, attempt_.entry + ".cu", target);
  }

  Bytes contained(const Bytes& cubin) const {
    switch (attempt_.container) {
      case Container::ptx:
        return text();
      case Container::fatbin:
        return fatbin_of(cubin);
      case Container::cubin:
        break;
    }
    return cubin;
  }

  Bytes fatbin_of(const Bytes& cubin) const {
    constexpr Target kBeside{80, ' '};
    Bytes fatbin = cubin::fatbin_of(cubin, attempt_.source);
    if (attempt_.ptx_beside.empty()) return fatbin;
    return cubin::with_ptx(std::move(fatbin), attempt_.ptx_beside, ptx_version_floor(kBeside), kBeside);
  }

  /// Whether there is an edited image now. Its diff is taken from the bytes, whatever the edit says of itself.
  bool edit() {
    const Native native = native_build();
    const Result<Bytes> edited = attempt_.edit(image_, native);
    if (!edited) return does_not_apply("the edit does not fit: " + edited.error().message);
    if (edited->size() != image_.size()) return does_not_apply("the edit changed the image's size");
    evidence::ImageEdit told{.source = to_string(attempt_.source), .bytes = difference(image_, *edited)};
    if (told.bytes.empty()) return does_not_apply("the edit changed nothing");
    const CodeLikeness likeness = code_likeness(*edited, native.image);
    told.code = likeness.code;
    told.mercury = likeness.mercury;
    note_sm_number(told, native);
    record_.edit = std::move(told);
    record_.artifacts["built"] = tools_.probe.log.keep(image_);
    image_ = *edited;
    return true;
  }

  /// Where the SM number that was written came from.
  void note_sm_number(const evidence::ImageEdit& told, const Native& native) {
    const bool in_fatbin = attempt_.container == Container::fatbin;
    const auto at = static_cast<std::int64_t>(cubin::kSmOffset + (in_fatbin ? cubin::kEntryImageOffset : 0));
    if (std::ranges::find(told.bytes, at, &evidence::ByteEdit::offset) == told.bytes.end()) return;
    record_.measurements.push_back(
        {"sm_number", native.image.empty() ? "cuDeviceGetAttribute" : "native build", "", native.sm, ""});
  }

  bool does_not_apply(std::string why) {
    record_.stopped = evidence::Stopped::not_applicable;
    record_.stopped_why = std::move(why);
    return false;
  }

  Native native_build() {
    const Result<cuda::Assembly> built = build(device_);
    if (!built || !built->accepted) return {.image = {}, .sm = device_.sm};
    record_.artifacts["native"] = tools_.probe.log.keep(built->cubin);
    const Result<cubin::Elf> elf = cubin::Elf::read(built->cubin);
    return {.image = built->cubin, .sm = elf ? elf->sm() : device_.sm};
  }

  // --- the driver ---------------------------------------------------------------------------------------------------

  ImageKind kind() const {
    if (attempt_.edit) return ImageKind::patched;
    return attempt_.broken_on_purpose ? ImageKind::supplied : ImageKind::native;
  }

  std::vector<Case> kernels() const {
    Case kernel;
    kernel.entry = attempt_.entry;
    return {kernel};
  }

  bool load_and_resolve() { return execution_.load(image_) && execution_.resolve(kernels()); }

  void load_only() {
    if (record_.stopped == evidence::Stopped::no) {
      record_.stopped = evidence::Stopped::load_only;
      record_.stopped_why = attempt_.launched_by == PatchedLaunch::none ? "this image is only ever loaded"
                                                                        : "launching it was not asked for";
    }
    if (load_and_resolve()) execution_.unload();
  }

  void launch() {
    if (!execution_.control_positive("before") || !load_and_resolve()) return;
    const Result<Observed> observed = execution_.run_case(attempt_.readings.front().expected);
    if (!observed) return;
    const Reading& reading = what_happened(*observed);
    if (!execution_.verify_case(reading.expected, *observed)) return;
    if (!reading.executed.empty())
      record_.measurements.push_back({"executed_code", "kernel", "", reading.executed, "told by a changed constant"});
    execution_.control_negative(reading.expected, reading.negative);
    execution_.control_positive("after");
  }

  const Reading& what_happened(const Observed& observed) const {
    const auto agrees = [&](const Reading& reading) {
      const auto oracle = outputs(reading.expected);
      for (std::size_t i = 0; i < oracle.size(); ++i)
        if (!compare(*oracle[i], observed.outputs[i]).mismatches.empty()) return false;
      return true;
    };
    const auto found = std::ranges::find_if(attempt_.readings, agrees);
    return found == attempt_.readings.end() ? attempt_.readings.front() : *found;
  }

  const ImageAttempt& attempt_;
  const Target device_;
  const ImageTools& tools_;
  evidence::Record& record_;
  Execution execution_;
  Bytes image_;
};

}  // namespace

void run_image(const ImageAttempt& attempt, const Seed& seed, Target device, PatchedLaunch allowed,
               const ImageTools& tools, evidence::Record& record) {
  ImageRun(attempt, seed, device, tools, record).run(allowed);
}

}  // namespace assay::gate
