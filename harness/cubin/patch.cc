#include "harness/cubin/patch.h"

#include <elf.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "harness/cubin/bytes.h"
#include "harness/cubin/info.h"

namespace assay::cubin {
namespace {

// The parts of e_flags in an ABI 8 image, from its first byte on.
constexpr std::size_t kKindOffset = 0x30, kSpareOffset = 0x32, kNoteOffset = 0x33;
constexpr std::uint8_t kMercury = 0x02, kSass = 0x04;  // From sm_100 on, and before.
constexpr std::array kSms = {75, 80, 86, 87, 88, 89, 90, 100, 103, 110, 120, 121};

bool is_text(const Section& section) { return section.name.starts_with(".text."); }
bool is_code(const Section& section) { return is_text(section) || section.name.starts_with(".nv.capmerc.text."); }

Status check_flags(const Elf& elf) {
  const std::uint8_t kind = elf.flags() & 0xff;
  const std::size_t note = elf.flags() >> 24;
  return keep({
      {elf.abi() == 8, EI_ABIVERSION, "only images of ABI 8 are patched; ABI 7 is read only"},
      {kind == kMercury || kind == kSass, kKindOffset, "the image kind (e_flags bits 0-7) must be 2 or 4"},
      {is_known_sm(elf.sm()), kSmOffset, "the SM number (e_flags bits 8-15) must be one of CUDA 13.0's"},
      {(elf.flags() >> 16 & 0xff) == 0, kSpareOffset, "e_flags bits 16-23 must be zero"},
      {note < elf.sections().size() && elf.sections()[note].name == ".note.nv.cuinfo", kNoteOffset,
       "e_flags bits 24-31 must name the section .note.nv.cuinfo"},
  });
}

/// Linked images of libraries hold a device function several times; an edit or a comparison by name needs one of each.
Status check_names(const Elf& elf) {
  std::set<std::string_view> seen;
  for (const Section& section : elf.sections())
    if (!seen.insert(section.name).second)
      return Error{fmt::format("the image holds section {} twice: no edit or comparison by name", section.name)};
  return ok();
}

Status check_info(const Elf& elf) {
  for (const Section& section : elf.sections()) {
    if (!holds_info(section)) continue;
    if (const auto records = info_records(elf, section); !records) return records.error();
  }
  return ok();
}

/// Reads an image and checks all of it.
Result<Elf> read_patchable(Bytes image) {
  Result<Elf> elf = Elf::read(image);
  if (!elf) return elf;
  if (Status kept = check_patchable(*elf); !kept) return kept.error();
  return elf;
}

struct Replacement {
  std::uint64_t offset;
  std::vector<std::uint8_t> bytes;
};

/// The copy with the replacements, each of which lies in the image.
Result<Patched> edited(Bytes image, const std::vector<Replacement>& replacements) {
  Patched patched{{image.begin(), image.end()}, {}};
  for (const auto& [offset, bytes] : replacements)
    for (std::size_t i = 0; i < bytes.size(); ++i) patched.image[offset + i] = std::byte{bytes[i]};
  for (std::size_t at = 0; at < image.size(); ++at)
    if (image[at] != patched.image[at])
      patched.edits.push_back(
          {at, std::to_integer<std::uint8_t>(image[at]), std::to_integer<std::uint8_t>(patched.image[at])});
  if (patched.edits.empty()) return fault(replacements.front().offset, "the edit changes nothing");
  return patched;
}

std::vector<std::uint8_t> little_endian(std::uint64_t value, std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(value >> (8 * i));
  return bytes;
}

Result<Section> section_named(const Elf& elf, std::string_view name) {
  const auto found = std::ranges::find(elf.sections(), name, &Section::name);
  if (found == elf.sections().end()) return Error{fmt::format("the image holds no section {}", name)};
  return *found;
}

// --- Records ---

Result<InfoRecord> record_of(const Elf& elf, std::string_view name, std::uint8_t attribute) {
  const Result<Section> section = section_named(elf, name);
  if (!section) return section.error();
  if (!holds_info(*section)) return Error{fmt::format("section {} holds no metadata records", name)};
  const Result<std::vector<InfoRecord>> records = info_records(elf, *section);
  if (!records) return records.error();
  const auto count = std::ranges::count(*records, attribute, &InfoRecord::attribute);
  if (count != 1)
    return Error{
        fmt::format("section {} holds {} records with attribute {:#04x}; one is needed", name, count, attribute)};
  return *std::ranges::find(*records, attribute, &InfoRecord::attribute);
}

Replacement relabelled(const InfoRecord& record, const Relabel& head) {
  return {record.offset, {head.format.value_or(record.format), head.attribute.value_or(record.attribute)}};
}

/// Where the value's byte `index` lies: NVAL has none, BVAL the first of the half word, HVAL both.
Result<std::uint64_t> value_offset(const InfoRecord& record, std::size_t index) {
  const bool payload = record.format == static_cast<std::uint8_t>(InfoFormat::sval);
  const std::size_t size = payload ? record.payload.size() : record.format - 1u;
  if (index >= size)
    return fault(record.offset, fmt::format("the record's value has {} bytes, so no byte {}", size, index));
  return record.offset + (payload ? 4 : 2) + index;
}

// --- Symbols ---

bool is_symbol_table(std::string_view name) { return name == ".symtab" || name == ".nv.merc.symtab"; }

/// The offset of the only entry of this name.
Result<std::uint64_t> symbol_offset(const Elf& elf, std::string_view table, std::string_view name) {
  if (!is_symbol_table(table)) return Error{fmt::format("section {} is no symbol table", table)};
  const Result<Section> section = section_named(elf, table);
  if (!section) return section.error();
  const Result<std::vector<Symbol>> symbols = elf.symbols_in(*section);
  if (!symbols) return symbols.error();
  const auto count = std::ranges::count(*symbols, name, &Symbol::name);
  if (count != 1) return Error{fmt::format("{} holds {} symbols named {}; one is needed", table, count, name)};
  const auto index = std::ranges::find(*symbols, name, &Symbol::name) - symbols->begin();
  return section->offset + static_cast<std::uint64_t>(index) * sizeof(Elf64_Sym);
}

/// Every place in the image at which a symbol's or a section's name begins.
Result<std::set<const char*>> names_begun(const Elf& elf) {
  std::set<const char*> begun;
  for (const Section& section : elf.sections()) {
    begun.insert(section.name.data());
    if (!is_symbol_table(section.name)) continue;
    const Result<std::vector<Symbol>> symbols = elf.symbols_in(section);
    if (!symbols) return symbols.error();
    for (const Symbol& symbol : *symbols) begun.insert(symbol.name.data());
  }
  return begun;
}

/// A string table may keep a name as the tail of a longer one.
bool is_shared(std::string_view name, const std::set<const char*>& begun) {
  const bool tail = name.data()[-1] != '\0';
  const auto next = begun.upper_bound(name.data());
  return tail || (next != begun.end() && *next < name.data() + name.size());
}

// --- Comparing ---

std::map<std::string_view, Bytes> contents(const Elf& elf, bool (*wanted)(const Section&)) {
  std::map<std::string_view, Bytes> found;
  for (const Section& section : elf.sections())
    if (wanted(section)) found.emplace(section.name, elf.content(section));
  return found;
}

std::vector<CodeMatch> match_code(const Elf& first, const Elf& second) {
  const auto mine = contents(first, is_code), theirs = contents(second, is_code);
  std::vector<CodeMatch> matches;
  for (const auto& [name, code] : mine) {
    const auto other = theirs.find(name);
    const Match match = other == theirs.end()                     ? Match::only_in_first
                        : std::ranges::equal(code, other->second) ? Match::identical
                                                                  : Match::different;
    matches.push_back({std::string(name), match});
  }
  for (const auto& [name, code] : theirs)
    if (!mine.contains(name)) matches.push_back({std::string(name), Match::only_in_second});
  return matches;
}

bool holds(const Elf& elf, const Section& section, std::uint64_t at) {
  return !elf.content(section).empty() && at >= section.offset && at - section.offset < section.size;
}

/// The section that holds this byte of the file; null where none does.
const Section* section_at(const Elf& elf, std::uint64_t at) {
  const auto found = std::ranges::find_if(elf.sections(), [&](const Section& one) { return holds(elf, one, at); });
  return found == elf.sections().end() ? nullptr : &*found;
}

/// Images of one size: runs of differing bytes, each within one section.
std::vector<Difference> differing_runs(const Elf& first, const Elf& second) {
  const Bytes a = first.image(), b = second.image();
  std::vector<Difference> runs;
  const Section* home = nullptr;
  for (std::size_t at = 0; at < a.size(); ++at) {
    if (a[at] == b[at]) continue;
    if (home == nullptr || !holds(first, *home, at)) home = section_at(first, at);
    if (home != nullptr && is_code(*home)) continue;
    const std::string_view name = home == nullptr ? std::string_view{} : home->name;
    const bool goes_on = !runs.empty() && runs.back().section == name && runs.back().offset + runs.back().size == at;
    goes_on ? void(++runs.back().size) : runs.push_back({std::string(name), at, 1});
  }
  return runs;
}

/// Images of different sizes: each section outside of the code that is not the same in both, whole.
std::vector<Difference> differing_sections(const Elf& first, const Elf& second) {
  const auto theirs = contents(second, [](const Section& section) { return !is_code(section); });
  std::vector<Difference> found;
  std::set<std::string_view> mine;
  for (const Section& section : first.sections()) {
    mine.insert(section.name);
    const auto other = theirs.find(section.name);
    const bool same = other != theirs.end() && std::ranges::equal(first.content(section), other->second);
    if (!is_code(section) && !same) found.push_back({std::string(section.name), section.offset, section.size});
  }
  for (const auto& [name, content] : theirs)
    if (!mine.contains(name)) found.push_back({std::string(name), 0, 0});
  return found;
}

bool all_identical(const std::vector<CodeMatch>& code, std::string_view prefix) {
  return std::ranges::all_of(
      code, [&](const CodeMatch& one) { return !one.section.starts_with(prefix) || one.match == Match::identical; });
}

}  // namespace

bool is_known_sm(int sm) { return std::ranges::find(kSms, sm) != kSms.end(); }

Status check_patchable(const Elf& elf) {
  if (Status kept = check_flags(elf); !kept) return kept;
  if (std::ranges::none_of(elf.sections(), is_text))
    return Error{"the image holds no machine code (.text.*): an empty module"};
  if (Status kept = check_names(elf); !kept) return kept;
  return check_info(elf);
}

Result<Patched> patch_sm(Bytes image, int expected_sm, int new_sm) {
  const Result<Elf> elf = read_patchable(image);
  if (!elf) return elf.error();
  if (!is_known_sm(new_sm)) return Error{fmt::format("{} is no SM number of CUDA 13.0", new_sm)};
  if (elf->sm() != expected_sm)
    return fault(kSmOffset, fmt::format("the image states SM {}, expected {}: name the SM that it states", elf->sm(),
                                        expected_sm));
  return edited(image, {{kSmOffset, {static_cast<std::uint8_t>(new_sm)}}});
}

Result<Patched> patch_info_record(Bytes image, std::string_view section, std::uint8_t attribute, Relabel head) {
  const Result<Elf> elf = read_patchable(image);
  if (!elf) return elf.error();
  const Result<InfoRecord> record = record_of(*elf, section, attribute);
  if (!record) return record.error();
  return edited(image, {relabelled(*record, head)});
}

Result<Patched> patch_info_record_twice(Bytes image, std::string_view kernel, std::uint8_t attribute, Relabel head) {
  const Result<Elf> elf = read_patchable(image);
  if (!elf) return elf.error();
  std::vector<Replacement> replacements;
  for (const std::string_view prefix : {".nv.info.", ".nv.merc.nv.info."}) {
    const Result<InfoRecord> record = record_of(*elf, fmt::format("{}{}", prefix, kernel), attribute);
    if (!record) return record.error();
    replacements.push_back(relabelled(*record, head));
  }
  return edited(image, replacements);
}

Result<Patched> patch_info_value(Bytes image, std::string_view section, std::uint8_t attribute, std::size_t index,
                                 std::uint8_t was, std::uint8_t is) {
  const Result<Elf> elf = read_patchable(image);
  if (!elf) return elf.error();
  const Result<InfoRecord> record = record_of(*elf, section, attribute);
  if (!record) return record.error();
  const Result<std::uint64_t> offset = value_offset(*record, index);
  if (!offset) return offset.error();
  return patch_byte(image, *offset, was, is);
}

Result<Patched> patch_word(Bytes image, std::string_view section, std::uint32_t was, std::uint32_t is) {
  const Result<Elf> elf = read_patchable(image);
  if (!elf) return elf.error();
  const Result<Section> home = section_named(*elf, section);
  if (!home) return home.error();
  const Bytes content = elf->content(*home);
  std::vector<std::uint64_t> found;
  for (std::size_t at = 0; fits(content, at, sizeof was); ++at)
    if (load<std::uint32_t>(content, at) == was) found.push_back(home->offset + at);
  if (found.size() != 1)
    return Error{
        fmt::format("section {} holds the word {:#010x} {} times; once is needed", section, was, found.size())};
  return edited(image, {{found.front(), little_endian(is, sizeof is)}});
}

Result<Patched> patch_byte(Bytes image, std::uint64_t offset, std::uint8_t was, std::uint8_t is) {
  const Result<Elf> elf = read_patchable(image);
  if (!elf) return elf.error();
  if (!fits(image, offset, 1)) return fault(offset, "the image ends before");
  const auto found = load<std::uint8_t>(image, offset);
  if (found != was) return fault(offset, fmt::format("the byte is {:#04x}, expected {:#04x}", found, was));
  return edited(image, {{offset, {is}}});
}

Result<Patched> patch_symbol(Bytes image, std::string_view table, std::string_view symbol, const SymbolEdit& edit) {
  const Result<Elf> elf = read_patchable(image);
  if (!elf) return elf.error();
  const Result<std::uint64_t> at = symbol_offset(*elf, table, symbol);
  if (!at) return at.error();
  std::vector<Replacement> replacements;
  if (edit.info) replacements.push_back({*at + offsetof(Elf64_Sym, st_info), {*edit.info}});
  if (edit.section) replacements.push_back({*at + offsetof(Elf64_Sym, st_shndx), little_endian(*edit.section, 2)});
  if (edit.value) replacements.push_back({*at + offsetof(Elf64_Sym, st_value), little_endian(*edit.value, 8)});
  if (replacements.empty()) return fault(*at, "the edit changes nothing");
  return edited(image, replacements);
}

Result<Patched> rename_symbol(Bytes image, std::string_view symbol, std::string_view new_name) {
  const Result<Elf> elf = read_patchable(image);
  if (!elf) return elf.error();
  const auto found = std::ranges::find(elf->symbols(), symbol, &Symbol::name);
  if (symbol.empty() || found == elf->symbols().end())
    return Error{fmt::format(".symtab holds no symbol named '{}'", symbol)};
  if (new_name.size() != symbol.size() || new_name.find('\0') != std::string_view::npos)
    return Error{fmt::format("the new name must have {} bytes, as '{}' has", symbol.size(), symbol)};
  const Result<std::set<const char*>> begun = names_begun(*elf);
  if (!begun) return begun.error();
  const auto at = static_cast<std::uint64_t>(found->name.data() - reinterpret_cast<const char*>(image.data()));
  if (is_shared(found->name, *begun)) return fault(at, fmt::format("another name shares the bytes of '{}'", symbol));
  return edited(image, {{at, {new_name.begin(), new_name.end()}}});
}

bool CodeComparison::text_identical() const { return all_identical(code, ".text."); }
bool CodeComparison::capmerc_identical() const { return all_identical(code, ".nv.capmerc.text."); }

Result<CodeComparison> compare_code(Bytes first, Bytes second) {
  const Result<Elf> a = Elf::read(first), b = Elf::read(second);
  if (!a) return a.error();
  if (!b) return b.error();
  if (Status kept = check_names(*a); !kept) return kept.error();
  if (Status kept = check_names(*b); !kept) return kept.error();
  const bool one_size = first.size() == second.size();
  return CodeComparison{match_code(*a, *b), one_size ? differing_runs(*a, *b) : differing_sections(*a, *b)};
}

}  // namespace assay::cubin
