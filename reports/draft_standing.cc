// Where the bundle stands as a whole: what stands in front of an instruction, what is not proven, and how evidence is
// to be read.
#include <fmt/format.h>

#include <algorithm>

#include "reports/drafts.h"
#include "reports/image_edit_words.h"
#include "reports/wording.h"

namespace assay::reports {
namespace {

using evidence::ImageKind;
using evidence::Record;
using evidence::Stage;
using evidence::StageStatus;
using evidence::Verdict;
using evidence::VerifiedRecord;

bool is_proven_here(const std::string& gate, const BundleView& bundle) {
  return std::ranges::any_of(bundle.at_own_target(gate),
                             [](const VerifiedRecord* one) { return one->derived.verdict == Verdict::proven; });
}

/// How the gate stands at the device's own target: "is refused ("assembler refused: ...")".
std::string standing(const std::string& gate, const BundleView& bundle) {
  const BundleView::Records records = bundle.at_own_target(gate);
  if (records.empty()) return fmt::format("has no record at {}", bundle.own_target());
  return fmt::format("is {} ({})", word(records.front()->derived.verdict), in_quotes(records.front()->derived.reason));
}

std::vector<std::string> ids_of(const BundleView::Records& records) {
  std::vector<std::string> ids;
  for (const VerifiedRecord* one : records) ids.push_back(one->record.id());
  return ids;
}

/// Whether the gate's native image was launched on this device, whatever came of it.
bool was_launched(const std::string& gate, const BundleView& bundle) {
  return std::ranges::any_of(bundle.at_own_target(gate), [](const VerifiedRecord* one) {
    return one->record.stage(Stage::launch).status == StageStatus::ok;
  });
}

/// One software gate of a walk, and the records at which it said no.
struct Step {
  std::string words;
  std::vector<std::string> records;
};

/// The gates whose texts the assembler refuses for the device's own target while it accepts them for their home target.
Step refused_texts(const Claim& claim, const BundleView& bundle) {
  Step step;
  std::vector<std::string> gates;
  std::string assembler;
  for (const std::string& gate : claim.gates)
    for (const VerifiedRecord* one : bundle.at_own_target(gate)) {
      if (one->record.stage(Stage::assemble).status != StageStatus::refused) continue;
      if (one->record.controls.home_target != evidence::ControlStatus::ok) continue;
      gates.push_back(gate);
      step.records.push_back(one->record.id());
      assembler = bundle.assembler_of(one->record);
    }
  if (!gates.empty() && !assembler.empty())
    step.words = fmt::format("{} refuses the texts of {} for {}", assembler, listed(gates), bundle.own_target());
  return step;
}

bool is_of_walk(const Claim& claim, const Record& record) {
  if (std::ranges::find(claim.gates, record.gate) != claim.gates.end()) return true;
  // Named attempts of the images gate carry the instruction family in their name: "sm-byte.tcgen05_alloc.sm_100a".
  const std::string family = claim.gates.front().substr(0, claim.gates.front().find('.')) + "_";
  return record.variant.find(family) != std::string::npos;
}

/// The driver's refusals of images of one kind, with the codes that it gave.
Step refused_images(const Claim& claim, const BundleView& bundle, ImageKind kind, std::string_view words) {
  Step step;
  std::vector<std::string> codes;
  for (const VerifiedRecord& one : bundle.report().records) {
    const evidence::StageResult& load = one.record.stage(Stage::load);
    if (!is_of_walk(claim, one.record) || one.record.image != kind || load.status != StageStatus::refused) continue;
    step.records.push_back(one.record.id());
    std::string code = name_of(fmt::format("{} {}", load.code, load.name));
    if (std::ranges::find(codes, code) == codes.end()) codes.push_back(std::move(code));
  }
  if (!step.records.empty())
    step.words = fmt::format("the driver refuses {} {} with {}", step.records.size(), words, listed(codes));
  return step;
}

}  // namespace

Drafts draft_walk(const Claim& claim, const BundleView& bundle) {
  if (!bundle.has_device()) return lacking("no device was opened");
  for (const std::string& gate : claim.gates)
    if (was_launched(gate, bundle)) return lacking(fmt::format("gate {} was launched on this device", gate));
  std::vector<std::string> told, records;
  for (const Step& step : {refused_texts(claim, bundle),
                           refused_images(claim, bundle, ImageKind::native,
                                          "of their images and PTX texts, unmodified and for other targets,"),
                           refused_images(claim, bundle, ImageKind::patched, "of their images after an edit")}) {
    if (step.words.empty()) continue;
    told.push_back(step.words);
    records.insert(records.end(), step.records.begin(), step.records.end());
  }
  constexpr std::size_t kSeveral = 2;
  if (told.size() < kSeveral)
    return lacking(
        fmt::format("refusals at {} of the {} software gates that are needed are on record", told.size(), kSeveral));
  if (!bundle.takes_native_images())
    return lacking("gate control.copy is not proven: the driver may refuse every image");
  return {.made = {{.scope = bundle.scope(),
                    .sentence = fmt::format("On {}, several software gates stand before {} can run: {}.",
                                            bundle.device_words(), claim.subject, fmt::join(told, "; ")),
                    .records = std::move(records)}},
          .lacks = {}};
}

Drafts draft_method(const Claim& claim, const BundleView&) {
  return {.made = {{.sentence = fmt::format("{} are hints, and no proof that an instruction executes.",
                                            capitalised(claim.subject))}},
          .lacks = {}};
}

Drafts draft_unproven(const Claim& claim, const BundleView& bundle) {
  if (!bundle.has_device()) return lacking("no device was asked");
  Drafts drafts;
  std::vector<std::string> records;
  for (const std::string& gate : claim.gates) {
    const auto ids = ids_of(bundle.at_own_target(gate));
    records.insert(records.end(), ids.begin(), ids.end());
    if (!is_proven_here(gate, bundle)) {
      if (!claim.family) continue;
      drafts.made.push_back(
          {.key = gate,
           .scope = bundle.scope(),
           .sentence = fmt::format("On the evidence of this bundle, gate {} is unproven on {}: it {}.", gate,
                                   bundle.device_words(), standing(gate, bundle)),
           .records = ids_of(bundle.at_own_target(gate))});
    } else if (!claim.family) {
      return lacking(fmt::format("gate {} is proven on this device", gate));
    }
  }
  if (claim.family) return or_lacking(std::move(drafts), "each of these gates is proven on this device");
  return {
      .made = {{.scope = bundle.scope(),
                .sentence = fmt::format("On the evidence of this bundle, {} are unproven on {}: none of the gates {} "
                                        "is proven, and the first of them {}.",
                                        claim.subject, bundle.device_words(), listed(claim.gates),
                                        standing(claim.gates.front(), bundle)),
                .records = std::move(records)}},
      .lacks = {}};
}

}  // namespace assay::reports
