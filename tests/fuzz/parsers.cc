#include "tests/fuzz/parsers.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "harness/base/json.h"
#include "harness/cli/inspection.h"
#include "harness/cubin/describe.h"
#include "harness/cubin/fatbin.h"
#include "harness/cubin/patch.h"

namespace assay::fuzz {
namespace {

using namespace assay::cubin;
using Bytes = std::span<const std::byte>;

void expect(bool kept, std::string_view promise, std::string& breach) {
  if (!kept && breach.empty()) breach = promise;
}

/// A refusal is one line, and one of a reader starts with its offset.
void check_refusal(const Error& error, bool with_offset, std::string& breach) {
  expect(!error.message.empty() && error.message.find('\n') == std::string::npos, "a refusal is one line", breach);
  if (with_offset) expect(error.message.starts_with("offset 0x"), "a reader's refusal has an offset", breach);
}

template <class T>
void check(const Result<T>& result, std::string& breach) {
  if (!result) check_refusal(result.error(), true, breach);
}

/// The copy is the source with the edits of its diff, and nothing else.
void check_patched(Bytes source, const Result<Patched>& patched, std::string& breach) {
  if (!patched) return check_refusal(patched.error(), false, breach);
  std::vector<std::byte> again = patched->image;
  expect(again.size() == source.size() && !patched->edits.empty(), "an edit keeps the size and changes something",
         breach);
  for (const ByteEdit& edit : patched->edits) {
    expect(edit.offset < again.size() && again[edit.offset] == std::byte{edit.is} && edit.was != edit.is,
           "a diff says what changed", breach);
    if (edit.offset < again.size()) again[edit.offset] = std::byte{edit.was};
  }
  expect(std::ranges::equal(again, source), "an edit changes only what its diff says", breach);
}

void run_edits(Bytes bytes, const Elf& elf, std::string& breach) {
  check_patched(bytes, patch_sm(bytes, elf.sm(), elf.sm() == 100 ? 121 : 100), breach);
  check_patched(bytes, patch_byte(bytes, bytes.size() / 2, std::to_integer<std::uint8_t>(bytes[bytes.size() / 2]), 1),
                breach);
  for (const Section& section : elf.sections()) {
    if (holds_info(section)) {
      check_patched(bytes, patch_info_record(bytes, section.name, 0x37, {.attribute = attribute::kPad}), breach);
      check_patched(bytes, patch_info_value(bytes, section.name, 9, 0, 1, 0), breach);
    }
    if (section.name.starts_with(".text.")) check_patched(bytes, patch_word(bytes, section.name, 0x5a5a, 1), breach);
  }
  check_patched(bytes, patch_info_record_twice(bytes, "kernel", 0x37, {.format = 0}), breach);
  for (const char* table : {".symtab", ".nv.merc.symtab"})
    check_patched(bytes, patch_symbol(bytes, table, ".nv.reservedSmem.offset0", {.section = std::uint16_t{0xfff1}}),
                  breach);
  check_patched(bytes, rename_symbol(bytes, "kernel", "kernal"), breach);
  const auto compared = compare_code(bytes, bytes);
  if (compared) expect(compared->text_identical() && compared->other.empty(), "an image equals itself", breach);
}

Reached run_image(Bytes bytes, std::string& breach) {
  Reached reached;
  check(opcodes(bytes), breach);
  check(driver_calls(bytes), breach);
  const Result<Elf> elf = Elf::read(bytes);
  check(elf, breach);
  if (!elf) return reached;
  reached.image = true;
  for (const Section& section : elf->sections()) {
    check(info_records(*elf, section), breach);
    check(elf->symbols_in(section), breach);
  }
  check(tool_notes(*elf), breach);
  check(cuda_note(*elf), breach);
  const auto description = describe(*elf);
  check(description, breach);
  reached.described = bool(description);
  reached.patchable = bool(check_patchable(*elf));
  if (description)
    expect(description->unpatchable.empty() == reached.patchable, "both say whether it can be edited", breach);
  run_edits(bytes, *elf, breach);
  return reached;
}

/// The document must be strict JSON, and its text must hold nothing that a terminal obeys.
bool run_inspection(Bytes bytes, std::optional<std::size_t> entry, std::string& breach) {
  const Result<Json> document = cli::inspect_bytes(bytes, entry);
  if (!document) {
    check_refusal(document.error(), false, breach);
    return false;
  }
  expect(bool(canonical_json(*document)), "a document is strict JSON", breach);
  const std::string text = cli::inspection_text(*document, {.width = 100, .list = true});
  const auto obeyed = [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f; };
  expect(std::ranges::none_of(text, obeyed), "a text holds no control characters", breach);
  return true;
}

void run_entries(Bytes bytes, const std::vector<FatbinEntry>& entries, std::string& breach) {
  for (std::size_t i = 0; i < std::min<std::size_t>(entries.size(), 6); ++i) {
    const auto image = inflate(entries[i]);
    check(image, breach);
    if (image) expect(image->size() == entries[i].size, "a payload has the size that its header states", breach);
    run_inspection(bytes, i, breach);
  }
}

}  // namespace

Reached run_parsers(Bytes bytes, std::string& breach) {
  Reached reached = run_image(bytes, breach);
  const auto entries = read_fatbin(bytes);
  check(entries, breach);
  const auto host = find_fatbins(bytes);
  check(host, breach);
  reached.fatbin = bytes.size() > 0 && (entries || (host && !host->entries.empty()));
  if (entries) run_entries(bytes, *entries, breach);
  if (host && is_host_elf(bytes)) run_entries(bytes, host->entries, breach);
  reached.inspected = run_inspection(bytes, std::nullopt, breach);
  return reached;
}

}  // namespace assay::fuzz
