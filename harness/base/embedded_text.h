// A file that was built into the program, byte for byte.
#pragma once

#include <span>
#include <string_view>

namespace assay {

struct EmbeddedText {
  std::string_view stem;  ///< File name without its ending.
  std::string_view text;
};

}  // namespace assay
