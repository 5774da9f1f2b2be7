#include "harness/gate/image_likeness.h"

#include <algorithm>

#include "harness/cubin/fatbin.h"
#include "harness/cubin/fatbin_writer.h"
#include "harness/cubin/patch.h"

namespace assay::gate {

CodeLikeness code_likeness(std::span<const std::byte> image, std::span<const std::byte> native) {
  using evidence::Likeness;
  CodeLikeness likeness;
  if (cubin::is_fatbin(image) && image.size() > cubin::kEntryImageOffset)
    image = image.subspan(cubin::kEntryImageOffset);
  const Result<cubin::CodeComparison> compared = cubin::compare_code(image, native);
  if (!compared) return likeness;
  const auto is_mercury = [](const cubin::CodeMatch& match) { return match.section.starts_with(".nv.capmerc.text."); };
  likeness.code = compared->text_identical() ? Likeness::identical : Likeness::different;
  if (std::ranges::any_of(compared->code, is_mercury))
    likeness.mercury = compared->capmerc_identical() ? Likeness::identical : Likeness::different;
  return likeness;
}

}  // namespace assay::gate
