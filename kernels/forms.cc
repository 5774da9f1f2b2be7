#include "kernels/forms.h"

#include <algorithm>

#include "kernels/form_texts.h"

namespace assay::kernels {

std::string_view text_of(const Form& form) {
  const auto texts = kernel_form_texts();
  const auto found = std::ranges::find(texts, form.stem, &EmbeddedText::stem);
  return found == texts.end() ? std::string_view() : found->text;
}

}  // namespace assay::kernels
