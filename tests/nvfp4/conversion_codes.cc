// Our conversions for tests in other languages: numbers on stdin, numbers on stdout, little-endian.
//
//   assay_conversion_codes to e2m1|e4m3|bf16|f16      float32 to codes, 16 bits each
//   assay_conversion_codes from e2m1|e4m3|bf16|f16    codes, 16 bits each, to float32
#include <bit>
#include <cstdint>
#include <cstdio>
#include <iterator>
#include <string_view>

#include "kernels/nvfp4/formats.h"

namespace assay::nvfp4 {
namespace {

static_assert(std::endian::native == std::endian::little);

struct Format {
  std::string_view name;
  std::uint16_t (*code)(float value);
  float (*value)(std::uint16_t code);
};

constexpr Format kFormats[] = {{"e2m1", [](float x) { return std::uint16_t{e2m1_nearest(x)}; },
                                [](std::uint16_t code) { return e2m1_value(static_cast<std::uint8_t>(code)); }},
                               {"e4m3", [](float x) { return std::uint16_t{e4m3_nearest(x)}; },
                                [](std::uint16_t code) { return e4m3_value(static_cast<std::uint8_t>(code)); }},
                               {"bf16", bf16_nearest, bf16_value},
                               {"f16", f16_nearest, f16_value}};

/// Every number of stdin through `convert` to stdout.
template <class To, class From>
int convert_all(To (*convert)(From)) {
  From from = 0;
  while (std::fread(&from, sizeof from, 1, stdin) == 1) {
    const To to = convert(from);
    std::fwrite(&to, sizeof to, 1, stdout);
  }
  return std::fflush(stdout) == 0 ? 0 : 1;
}

}  // namespace
}  // namespace assay::nvfp4

int main(int argc, char** argv) {
  using namespace assay::nvfp4;
  if (argc == 3)
    for (const Format& format : kFormats) {
      if (format.name != argv[2]) continue;
      if (std::string_view(argv[1]) == "to") return convert_all(format.code);
      if (std::string_view(argv[1]) == "from") return convert_all(format.value);
    }
  std::fprintf(stderr, "usage: assay_conversion_codes to|from e2m1|e4m3|bf16|f16\n");
  return 2;
}
