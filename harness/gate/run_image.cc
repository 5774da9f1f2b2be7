#include "harness/gate/run_image.h"

#include <algorithm>

#include <fmt/format.h>

#include "harness/cubin/fatbin_writer.h"
#include "harness/cubin/patch.h"
#include "harness/gate/compare.h"

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

/// Whether two images hold the same code; an edit may leave none that can be read.
void compare_with_native(const Bytes& image, const Native& native, evidence::ImageEdit& edit) {
  edit.code = edit.mercury = "not-compared";
  if (native.image.empty()) return;
  const Result<cubin::CodeComparison> compared = cubin::compare_code(image, native.image);
  if (!compared) return;
  edit.code = compared->text_identical() ? "identical" : "different";
  edit.mercury = compared->capmerc_identical() ? "identical" : "different";
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
    if (!attempt_.broken_on_purpose && !execution_.stage(Stage::assemble, [this] { return assemble(); })) return;
    if (attempt_.broken_on_purpose) image_ = text();
    if (attempt_.edit && !edit()) return;
    record_.artifacts["image"] = tools_.probe.log.keep(image_);
    if (tools_.probe.device == nullptr) return;
    const bool launches = attempt_.launched_by != PatchedLaunch::none && attempt_.launched_by <= allowed;
    launches ? launch() : load_only();
  }

 private:
  Bytes text() const {
    const auto bytes = text_bytes(attempt_.text);
    return {bytes.begin(), bytes.end()};
  }

  // --- the image ----------------------------------------------------------------------------------------------------

  StageResult assemble() {
    record_.artifacts[attempt_.container == Container::ptx ? "ptx" : "cuda"] =
        tools_.probe.log.keep(text_bytes(attempt_.text));
    const Result<cuda::Assembly> built = build(attempt_.source);
    if (!built) return execution_.failed(built.error());
    StageResult result = Execution::good();
    if (!built->log.empty()) result.log_sha256 = tools_.probe.log.keep(text_bytes(built->log));
    if (!built->accepted) {
      result.status = StageStatus::refused;
      result.message = first_complaint(built->log);
      return result;
    }
    image_ = contained(built->cubin);
    return result;
  }

  Result<cuda::Assembly> build(Target target) const {
    if (attempt_.container == Container::ptx) {
      if (!tools_.probe.assembler) return tools_.probe.assembler.error();
      return (*tools_.probe.assembler)->assemble(attempt_.text, target);
    }
    if (!tools_.compiler) return tools_.compiler.error();
    return (*tools_.compiler)->compile(attempt_.text, attempt_.entry + ".cu", target);
  }

  Bytes contained(const Bytes& cubin) const {
    switch (attempt_.container) {
      case Container::ptx:
        return text();
      case Container::fatbin:
        return cubin::fatbin_of(cubin, attempt_.source);
      case Container::cubin:
        break;
    }
    return cubin;
  }

  /// Whether there is an edited image now. Its diff is taken from the bytes, whatever the edit says of itself.
  bool edit() {
    const Native native = native_build();
    const Result<Bytes> edited = attempt_.edit(image_, native);
    if (!edited) return does_not_apply("the edit does not fit: " + edited.error().message);
    if (edited->size() != image_.size()) return does_not_apply("the edit changed the image's size");
    evidence::ImageEdit told{.source = to_string(attempt_.source), .bytes = difference(image_, *edited)};
    if (told.bytes.empty()) return does_not_apply("the edit changed nothing");
    compare_with_native(*edited, native, told);
    record_.edit = std::move(told);
    record_.artifacts["built"] = tools_.probe.log.keep(image_);
    image_ = *edited;
    return true;
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

  bool load_and_resolve() { return execution_.load(image_, kind()) && execution_.resolve(kernels()); }

  void load_only() {
    record_.stopped = evidence::Stopped::load_only;
    record_.stopped_why = attempt_.launched_by == PatchedLaunch::none ? "this image is only ever loaded"
                                                                      : "launching an edited image was not asked for";
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
