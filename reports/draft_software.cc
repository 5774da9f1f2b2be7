// What assembler and driver said to texts and images. Facts about that software, whatever they said.
#include <fmt/format.h>

#include <algorithm>

#include "harness/base/target.h"
#include "reports/drafts.h"
#include "reports/image_edit_words.h"
#include "reports/wording.h"

namespace assay::reports {
namespace {

using evidence::DriverLibrary;
using evidence::ImageKind;
using evidence::Level;
using evidence::Record;
using evidence::Stage;
using evidence::StageResult;
using evidence::StageStatus;
using evidence::VerifiedRecord;

/// A first attempt at a gate's own text: no edited image, no kernel.
bool is_text(const Record& record) {
  return !record.target.empty() && record.variant.empty() && record.attempt == 1 && !is_of_kernel(record) &&
         record.image != ImageKind::patched && record.image != ImageKind::supplied;
}

/// An assembler's answer is of no device.
Scope of_assembler(const Record& record, const BundleView& bundle) {
  return {.device = {},
          .compute_capability = {},
          .driver = {},
          .assembler = bundle.assembler_of(record),
          .target = record.target};
}

Draft assembler_draft(const VerifiedRecord& one, const BundleView& bundle, Level level) {
  return {.key = subject_key(one.record),
          .level = level,
          .scope = of_assembler(one.record, bundle),
          .records = {one.record.id()}};
}

std::string form_of(const Record& record) {
  return record.instruction.empty() ? "" : fmt::format(" ({})", record.instruction);
}

Draft driver_draft(const VerifiedRecord& one, const BundleView& bundle) {
  return {.key = subject_key(one.record),
          .evidence_class = one.derived.evidence_class,
          .level = one.derived.level,
          .scope = bundle.scope(one.record),
          .records = {one.record.id()}};
}

/// The stage at which the driver refused an image, or null.
const StageResult* driver_refusal(const Record& record) {
  if (record.driver_library != DriverLibrary::system || evidence::opening_failed(record)) return nullptr;
  for (const Stage stage : {Stage::load, Stage::resolve})
    if (const StageResult& result = record.stage(stage); result.status == StageStatus::refused) return &result;
  return nullptr;
}

/// "209 CUDA_ERROR_NO_BINARY_FOR_GPU".
std::string code_of(const StageResult& result) { return name_of(fmt::format("{} {}", result.code, result.name)); }

/// " after an ELF arch-field rewrite of 1 byte (...), its machine code ...," of an edited image.
std::string edit_clause(const Record& record) {
  if (!record.edit) return "";
  return fmt::format(" after {}, {},", edit_words(*record.edit, record.target), comparison_with_native(*record.edit));
}

std::string stage_of(const Record& record) {
  return record.stage(Stage::load).status == StageStatus::refused ? "load" : "resolve";
}

}  // namespace

Drafts draft_accepts(const Claim&, const BundleView& bundle) {
  Drafts drafts;
  for (const VerifiedRecord& one : bundle.report().records) {
    if (!is_text(one.record) || one.record.stage(Stage::assemble).status != StageStatus::ok) continue;
    Draft draft = assembler_draft(one, bundle, Level::e2);
    if (draft.scope.assembler.empty()) {
      drafts.lacks.push_back({draft.key, "environment.json does not name the assembler"});
      continue;
    }
    draft.sentence = fmt::format("{} accepts the text of gate {}{} for target {}.", draft.scope.assembler,
                                 one.record.gate, form_of(one.record), one.record.target);
    drafts.made.push_back(std::move(draft));
  }
  return or_lacking(std::move(drafts), "no text was assembled");
}

Drafts draft_refuses(const Claim&, const BundleView& bundle) {
  Drafts drafts;
  for (const VerifiedRecord& one : bundle.report().records) {
    const StageResult& assemble = one.record.stage(Stage::assemble);
    if (!is_text(one.record) || assemble.status != StageStatus::refused) continue;
    Draft draft = assembler_draft(one, bundle, Level::none);
    if (one.record.controls.home_target != evidence::ControlStatus::ok) {
      drafts.lacks.push_back({draft.key, fmt::format("control home_target is {}: the text itself may be at fault",
                                                     word(one.record.controls.home_target))});
      continue;
    }
    if (draft.scope.assembler.empty()) {
      drafts.lacks.push_back({draft.key, "environment.json does not name the assembler"});
      continue;
    }
    draft.sentence = fmt::format(
        "{} refuses the text of gate {}{} for target {}, which it accepts for its home target: {}.",
        draft.scope.assembler, one.record.gate, form_of(one.record), one.record.target, in_quotes(assemble.message));
    drafts.made.push_back(std::move(draft));
  }
  return or_lacking(std::move(drafts), "no text was refused");
}

Drafts draft_loads(const Claim&, const BundleView& bundle) {
  Drafts drafts;
  for (const VerifiedRecord& one : bundle.report().records) {
    if (one.derived.level != Level::e3 || one.record.image != ImageKind::native) continue;
    Draft draft = driver_draft(one, bundle);
    if (!bundle.has_device()) {
      drafts.lacks.push_back({draft.key, "no device was opened"});
      continue;
    }
    draft.sentence = fmt::format("{} loads {}; it was not launched.", capitalised(bundle.driver_words()),
                                 image_words(one.record, draft.scope.assembler));
    drafts.made.push_back(std::move(draft));
  }
  return or_lacking(std::move(drafts), "no unmodified image was loaded without being launched");
}

Drafts draft_driver_refuses(const Claim&, const BundleView& bundle) {
  Drafts drafts;
  for (const VerifiedRecord& one : bundle.report().records) {
    const StageResult* refusal = driver_refusal(one.record);
    if (refusal == nullptr) continue;
    Draft draft = driver_draft(one, bundle);
    if (!bundle.has_device() || !bundle.takes_native_images()) {
      drafts.lacks.push_back({draft.key, "gate control.copy is not proven: the driver may refuse every image"});
      continue;
    }
    draft.sentence = fmt::format("{} refuses {}{} at {} with {}; it takes native images.",
                                 capitalised(bundle.driver_words()), image_words(one.record, draft.scope.assembler),
                                 edit_clause(one.record), stage_of(one.record), code_of(*refusal));
    drafts.made.push_back(std::move(draft));
  }
  return or_lacking(std::move(drafts), "the driver refused no image");
}

Drafts draft_patched(const Claim& claim, const BundleView& bundle) {
  Drafts drafts;
  for (const VerifiedRecord& one : bundle.report().records) {
    const bool of_claim = claim.gates.empty() || std::ranges::find(claim.gates, one.record.gate) != claim.gates.end();
    if (!of_claim || one.derived.evidence_class != evidence::EvidenceClass::patched_cubin) continue;
    if (one.derived.level == Level::none) continue;  // refused: the driver's answer, told among those
    Draft draft = driver_draft(one, bundle);
    if (!one.record.edit || one.record.edit->bytes.empty()) {
      drafts.lacks.push_back({draft.key, "what was edited is not on record"});
      continue;
    }
    draft.sentence = fmt::format("On {}, {} {}{} and shows no capability.", bundle.device_words(),
                                 image_words(one.record, draft.scope.assembler), how_far(one.derived.level),
                                 edit_clause(one.record));
    drafts.made.push_back(std::move(draft));
  }
  return or_lacking(std::move(drafts), "no edited image was loaded");
}

}  // namespace assay::reports
