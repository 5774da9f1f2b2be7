#include "harness/gate/probe.h"

#include <fmt/format.h>

#include <algorithm>

namespace assay::gate {
namespace {

constexpr std::string_view kInstruction = "// @instruction", kStandIn = "// @stand-in", kEnd = "// @end";

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size()))
    text.replace(at, from.size(), to);
  return text;
}

std::string_view trimmed(std::string_view line) {
  const std::size_t first = line.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(" \t\r") + 1 - first);
}

/// Goes through a text line by line and keeps what stands outside the regions and in the stand-ins.
class StandIn {
 public:
  explicit StandIn(std::string_view stem) : stem_(stem) {}

  Status take(std::string_view line) {
    ++line_;
    const std::string_view text = trimmed(line);
    if (text == kInstruction) return enter(Region::outside, Region::instruction, text);
    if (text == kStandIn) return enter(Region::instruction, Region::stand_in, text);
    if (text == kEnd) return enter(Region::stand_in, Region::outside, text);
    if (region_ == Region::stand_in) return uncomment(text);
    if (region_ == Region::outside) keep(line);
    return ok();
  }

  Result<std::string> finish() && {
    if (region_ != Region::outside) return fault("the text ends inside a region: close it with '// @end'");
    if (regions_ == 0) return fault("no '// @instruction' region: mark what the gate asks about");
    return std::move(kept_);
  }

 private:
  enum class Region { outside, instruction, stand_in };

  Error fault(std::string_view rule) const { return Error{fmt::format("ptx/{}.ptx:{}: {}", stem_, line_, rule)}; }

  Status enter(Region from, Region to, std::string_view marker) {
    if (region_ != from)
      return fault(fmt::format("'{}' out of order: the order is @instruction, @stand-in, @end", marker));
    region_ = to;
    regions_ += to == Region::instruction;
    return ok();
  }

  Status uncomment(std::string_view text) {
    if (!text.starts_with("// ")) return fault("a stand-in line must be a comment that starts with '// '");
    keep(text.substr(3));
    return ok();
  }

  void keep(std::string_view line) {
    kept_ += line;
    kept_ += '\n';
  }

  std::string_view stem_;
  std::size_t line_ = 0;
  int regions_ = 0;
  Region region_ = Region::outside;
  std::string kept_;
};

std::string filled(const Source& source, std::string_view text, Target target) {
  const PtxVersion version = std::max(source.floor, ptx_version_floor(target));
  return replaced(replaced(std::string(text), "@VERSION@", to_string(version)), "@TARGET@", to_string(target));
}

}  // namespace

std::string with_instruction(const Source& source, Target target) { return filled(source, source.text, target); }

Result<std::string> without_instruction(const Source& source, Target target) {
  StandIn stand_in(source.stem);
  std::string_view rest = source.text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    if (Status taken = stand_in.take(rest.substr(0, end)); !taken) return taken.error();
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  Result<std::string> text = std::move(stand_in).finish();
  if (!text) return text.error();
  return filled(source, *text, target);
}

}  // namespace assay::gate
