#include "harness/cubin/notes.h"

#include <elf.h>

#include <algorithm>
#include <array>

#include "harness/cubin/bytes.h"

namespace assay::cubin {
namespace {

constexpr std::uint32_t kToolType = 2000, kCudaType = 1000, kToolLayout = 2;
constexpr std::size_t kToolStrings = 6 * sizeof(std::uint32_t);  // Layout, five places; then the strings.

struct Note {
  std::uint64_t offset;  ///< Of the description, in the file.
  Bytes description;
};

std::uint64_t padded(std::uint64_t size) { return (size + 3) / 4 * 4; }

/// The notes of one type in the section of this name.
Result<std::vector<Note>> notes_of(const Elf& elf, std::string_view name, std::uint32_t type) {
  std::vector<Note> notes;
  const auto section = std::ranges::find(elf.sections(), name, &Section::name);
  if (section == elf.sections().end()) return notes;
  const Bytes content = elf.content(*section);
  for (std::uint64_t at = 0; at < content.size();) {
    const std::uint64_t place = section->offset + at;
    if (!fits(content, at, sizeof(Elf64_Nhdr))) return fault(place, "a note's header needs 12 bytes");
    const auto header = load<Elf64_Nhdr>(content, at);
    at += sizeof header;
    const std::uint64_t description = padded(header.n_namesz), all = description + padded(header.n_descsz);
    if (!fits(content, at, all)) return fault(place, "a note must end inside its section");
    if (header.n_type == type)
      notes.push_back({section->offset + at + description, content.subspan(at + description, header.n_descsz)});
    at += all;
  }
  return notes;
}

Result<std::string_view> string_at(const Note& note, std::size_t field) {
  const std::uint64_t place = field * sizeof(std::uint32_t);
  const std::uint32_t at = load<std::uint32_t>(note.description, place);
  const Bytes strings = note.description.subspan(kToolStrings);
  if (at >= strings.size()) return fault(note.offset + place, "a string of a tool note must start inside the note");
  const auto* first = reinterpret_cast<const char*>(strings.data()) + at;
  const void* end = std::memchr(first, '\0', strings.size() - at);
  if (end == nullptr) return fault(note.offset + place, "a string of a tool note must end inside the note");
  return std::string_view(first, static_cast<const char*>(end) - first);
}

Result<ToolNote> read_tool_note(const Note& note) {
  if (note.description.size() < sizeof(std::uint32_t)) return fault(note.offset, "a tool note states its layout");
  ToolNote tool{.layout = load<std::uint32_t>(note.description, 0)};
  if (tool.layout != kToolLayout) return tool;
  if (note.description.size() < kToolStrings) return fault(note.offset, "a tool note needs five string offsets");
  const std::array fields = {&ToolNote::object, &ToolNote::tool, &ToolNote::version, &ToolNote::build,
                             &ToolNote::options};
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const Result<std::string_view> text = string_at(note, i + 1);
    if (!text) return text.error();
    tool.*fields[i] = *text;
  }
  return tool;
}

}  // namespace

Result<std::vector<ToolNote>> tool_notes(const Elf& elf) {
  const Result<std::vector<Note>> notes = notes_of(elf, ".note.nv.tkinfo", kToolType);
  if (!notes) return notes.error();
  std::vector<ToolNote> tools;
  for (const Note& note : *notes) {
    const Result<ToolNote> tool = read_tool_note(note);
    if (!tool) return tool.error();
    tools.push_back(*tool);
  }
  return tools;
}

Result<std::optional<CudaNote>> cuda_note(const Elf& elf) {
  const Result<std::vector<Note>> notes = notes_of(elf, ".note.nv.cuinfo", kCudaType);
  if (!notes) return notes.error();
  if (notes->empty()) return std::optional<CudaNote>{};
  const auto& [offset, description] = notes->front();
  if (description.size() < 8) return fault(offset, "a CUDA note needs 8 bytes");
  return std::optional(CudaNote{.layout = load<std::uint16_t>(description, 0),
                                .virtual_sm = load<std::uint16_t>(description, 2),
                                .cuda_version = load<std::uint32_t>(description, 4)});
}

}  // namespace assay::cubin
