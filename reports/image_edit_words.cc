#include "reports/image_edit_words.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "harness/base/target.h"
#include "reports/wording.h"

namespace assay::reports {
namespace {

using evidence::ByteEdit;
using evidence::ImageEdit;
using evidence::ImageKind;
using evidence::Level;
using evidence::Likeness;
using evidence::Record;

constexpr std::int64_t kSmOffset = 0x31;  // of an ELF image's header: its SM number (docs/evidence.md)
constexpr std::size_t kTold = 4;          // longer edits are told by their first bytes

std::int64_t sm_of(std::string_view target) {
  const auto read = parse_target(target);
  return read ? read->sm : -1;
}

/// Whether this byte is the SM number in the header of an image, becoming the target's.
bool is_arch_field(const ByteEdit& byte, const ImageEdit& edit, std::string_view target) {
  return byte.offset == kSmOffset && byte.was == sm_of(edit.source) && byte.is == sm_of(target) && byte.was != byte.is;
}

std::string bytes_of(const ImageEdit& edit) {
  std::vector<std::string> told;
  for (const ByteEdit& byte : edit.bytes) {
    if (told.size() == kTold) {
      told.push_back(fmt::format("{} more", edit.bytes.size() - kTold));
      break;
    }
    told.push_back(fmt::format("offset {:#x}: {:#04x} to {:#04x}", byte.offset, byte.was, byte.is));
  }
  return fmt::format("{}", fmt::join(told, ", "));
}

/// What was handed over: an image, a fatbin that holds some, or a text that the driver was to assemble.
std::string_view sort_of(const Record& record) {
  if (record.variant.starts_with("fatbin.")) return "fatbin";
  if (record.variant.starts_with("ptx.")) return "PTX text";
  return "image";
}

/// "for sm_80 by NVRTC 13.0".
std::string built_for(std::string_view target, std::string_view assembler) {
  return assembler.empty() ? fmt::format("for {}", target) : fmt::format("for {} by {}", target, assembler);
}

}  // namespace

std::string image_words(const Record& record, std::string_view assembler) {
  const std::string_view sort = sort_of(record);
  const std::string name = record.variant.empty() ? "gate " + record.gate : name_of(record.variant);
  if (record.image == ImageKind::supplied) {
    const auto file = record.artifacts.find("image");
    const std::string digest = file == record.artifacts.end() ? "" : fmt::format(" of SHA-256 {}", file->second);
    return fmt::format("a supplied {}{} ({})", sort, digest, name);
  }
  if (record.image == ImageKind::patched && record.edit)
    return fmt::format("{} built {} ({})", with_article(sort), built_for(record.edit->source, assembler), name);
  if (sort == "PTX text") return fmt::format("an unmodified PTX text for {} ({})", record.target, name);
  return fmt::format("an unmodified {} built {} ({})", sort, built_for(record.target, assembler), name);
}

std::string edit_words(const ImageEdit& edit, std::string_view target) {
  const bool arch_field =
      std::ranges::any_of(edit.bytes, [&](const ByteEdit& byte) { return is_arch_field(byte, edit, target); });
  const std::string size = counted(static_cast<std::int64_t>(edit.bytes.size()), "byte");
  if (arch_field && edit.bytes.size() == 1)
    return fmt::format("an ELF arch-field rewrite of {} ({})", size, bytes_of(edit));
  if (arch_field) return fmt::format("an ELF arch-field rewrite within an image edit of {} ({})", size, bytes_of(edit));
  return fmt::format("an image edit of {} ({})", size, bytes_of(edit));
}

std::string comparison_with_native(const ImageEdit& edit) {
  if (edit.code == Likeness::identical && edit.mercury == Likeness::different)
    return "its .text equal to the native build's and its Mercury copy different";
  if (edit.code == Likeness::identical) return "a loader test only, its machine code being the native build's";
  if (edit.code == Likeness::different) return "its machine code different from the native build's";
  return "its machine code not compared with a native build's";
}

std::string how_far(Level level) {
  if (level == Level::p3) return "was loaded, ran and gave the expected output";
  return level == Level::p2 ? "was loaded and ran" : "was loaded";
}

}  // namespace assay::reports
