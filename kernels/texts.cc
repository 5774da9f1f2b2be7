#include "kernels/texts.h"

#include <algorithm>

namespace assay::kernels {

std::string_view device_text(std::string_view stem) {
  const auto texts = kernel_texts();
  return std::ranges::find(texts, stem, &EmbeddedText::stem)->text;
}

std::string source_of(std::initializer_list<std::string_view> stems, std::string_view instance) {
  std::string source;
  for (const std::string_view stem : stems) source += device_text(stem);
  source += instance;
  return source;
}

}  // namespace assay::kernels
