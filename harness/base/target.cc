#include "harness/base/target.h"

#include <array>
#include <cctype>

namespace assay {
namespace {

struct Floor {
  Target target;
  PtxVersion version;
};

// sm_90 and later: measured with ptxas 13.0.88, an empty kernel at every version. Older ones: the target notes of the
// PTX ISA (section 11.1.2).
constexpr std::array kFloors = {
    Floor{{70, ' '}, {6, 0}},  Floor{{75, ' '}, {6, 3}},  Floor{{80, ' '}, {7, 0}},  Floor{{86, ' '}, {7, 1}},
    Floor{{87, ' '}, {7, 4}},  Floor{{89, ' '}, {7, 8}},  Floor{{90, ' '}, {7, 8}},  Floor{{90, 'a'}, {8, 0}},
    Floor{{100, ' '}, {8, 6}}, Floor{{100, 'a'}, {8, 6}}, Floor{{100, 'f'}, {8, 8}}, Floor{{103, ' '}, {8, 8}},
    Floor{{103, 'a'}, {8, 8}}, Floor{{103, 'f'}, {8, 8}}, Floor{{110, ' '}, {9, 0}}, Floor{{110, 'a'}, {9, 0}},
    Floor{{110, 'f'}, {9, 0}}, Floor{{120, ' '}, {8, 7}}, Floor{{120, 'a'}, {8, 7}}, Floor{{120, 'f'}, {8, 8}},
    Floor{{121, ' '}, {8, 8}}, Floor{{121, 'a'}, {8, 8}}, Floor{{121, 'f'}, {8, 8}},
};

}  // namespace

std::string to_string(PtxVersion v) { return std::to_string(v.major) + "." + std::to_string(v.minor); }

std::string to_string(Target t) {
  std::string text = "sm_" + std::to_string(t.sm);
  if (t.suffix != ' ') text += t.suffix;
  return text;
}

Result<Target> parse_target(std::string_view text) {
  const Error error{"target '" + std::string(text) + "': expected sm_ and a number, with suffix a, f or none"};
  if (!text.starts_with("sm_")) return error;
  Target target;
  std::size_t i = 3;
  for (; i < text.size() && std::isdigit(static_cast<unsigned char>(text[i])) && target.sm < 1000; ++i)
    target.sm = target.sm * 10 + (text[i] - '0');
  if (i + 1 == text.size() && (text[i] == 'a' || text[i] == 'f')) target.suffix = text[i++];
  if (target.sm < 10 || target.sm > 999 || to_string(target) != text) return error;
  return target;
}

PtxVersion ptx_version_floor(Target target) {
  for (const Floor& row : kFloors)
    if (row.target == target) return row.version;
  return {9, 0};
}

}  // namespace assay
