#include "harness/cubin/describe.h"

#include <elf.h>

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "harness/base/target.h"
#include "harness/cubin/bytes.h"
#include "harness/cubin/patch.h"

namespace assay::cubin {
namespace {

constexpr std::uint8_t kEntry = 0x10;  // st_other of a kernel.
constexpr std::size_t kEdge = 8;       // Bytes of a row of `.nv.callgraph`.
constexpr std::string_view kText = ".text.";

using Sections = std::map<std::string_view, const Section*>;
/// What `.nv.info` states of each symbol: attribute and symbol index to the value.
using SymbolValues = std::map<std::pair<std::uint8_t, std::uint32_t>, std::uint32_t>;

Sections by_name(const Elf& elf) {
  Sections sections;
  for (const Section& section : elf.sections()) sections.emplace(section.name, &section);
  return sections;
}

std::uint64_t size_of(const Sections& sections, std::string_view prefix, std::string_view name) {
  const auto found = sections.find(fmt::format("{}{}", prefix, name));
  return found == sections.end() ? 0 : found->second->size;
}

/// The records of a section; none where the image has no such section.
Result<std::vector<InfoRecord>> records_in(const Elf& elf, const Sections& sections, std::string_view name) {
  const auto found = sections.find(name);
  if (found == sections.end()) return std::vector<InfoRecord>{};
  return info_records(elf, *found->second);
}

/// Every record of the image is read, so that none can hide a fault; the copies say nothing new.
Status check_records(const Elf& elf) {
  for (const Section& section : elf.sections()) {
    if (!holds_info(section)) continue;
    if (const auto records = info_records(elf, section); !records) return records.error();
  }
  return ok();
}

SymbolValues symbol_values(const std::vector<InfoRecord>& records) {
  SymbolValues values;
  for (const InfoRecord& record : records)
    if (record.payload.size() == 8) values[{record.attribute, payload_word(record, 0)}] = payload_word(record, 1);
  return values;
}

std::optional<std::uint32_t> value_of(const SymbolValues& values, std::uint8_t attribute, std::uint32_t symbol) {
  const auto found = values.find({attribute, symbol});
  if (found == values.end()) return std::nullopt;
  return found->second;
}

bool is_need(const InfoRecord& record) {
  switch (record.attribute) {
    case attribute::kAtEntryFragments:
    case attribute::kReservedSmemUsed:
    case attribute::kExterns:
    case attribute::kSyscallOffsets:
    case attribute::kTcgen05OneCtaUsed:
    case attribute::kTcgen05TwoCtaUsed:
      return true;
    default:
      return false;
  }
}

void read_record(const InfoRecord& record, Function& function) {
  if (is_need(record)) function.needs.push_back(record);
  switch (record.attribute) {
    case attribute::kCbankParamSize:
      function.parameter_bytes = record.value;
      break;
    case attribute::kParamCbank:  // The symbol of the bank, then the base in the low half of a word.
      function.parameter_base = payload_word(record, 1) & 0xffff;
      break;
    case attribute::kNumBarriers:
      function.barriers = record.value & 0xff;
      break;
    default:
      break;
  }
}

Result<std::vector<Function>> read_functions(const Elf& elf, const Sections& sections) {
  const Result<std::vector<InfoRecord>> module = records_in(elf, sections, ".nv.info");
  if (!module) return module.error();
  const SymbolValues values = symbol_values(*module);
  std::vector<Function> functions;
  std::set<std::string_view> seen;  // linked images have functions of one name; its records are told with the first
  for (std::uint32_t i = 0; i < elf.symbols().size(); ++i) {
    const Symbol& symbol = elf.symbols()[i];
    const bool defined = symbol.section != SHN_UNDEF && symbol.section < elf.sections().size();
    if (ELF64_ST_TYPE(symbol.info) != STT_FUNC || !defined) continue;
    if (!elf.sections()[symbol.section].name.starts_with(kText)) continue;
    Function function{.name = symbol.name,
                      .is_kernel = (symbol.other & kEntry) != 0,
                      .text_bytes = symbol.size,
                      .capmerc_bytes = size_of(sections, ".nv.capmerc.text.", symbol.name),
                      .shared_bytes = size_of(sections, ".nv.shared.", symbol.name),
                      .constant_bytes = size_of(sections, ".nv.constant0.", symbol.name),
                      .registers = value_of(values, attribute::kRegCount, i),
                      .frame_bytes = value_of(values, attribute::kFrameSize, i),
                      .min_stack_bytes = value_of(values, attribute::kMinStackSize, i)};
    if (seen.insert(symbol.name).second) {
      const auto records = records_in(elf, sections, fmt::format(".nv.info.{}", symbol.name));
      if (!records) return records.error();
      for (const InfoRecord& record : *records) read_record(record, function);
    }
    functions.push_back(std::move(function));
  }
  std::ranges::sort(functions, {}, &Function::name);
  return functions;
}

std::vector<std::string_view> undefined_symbols(const Elf& elf) {
  std::vector<std::string_view> names;
  for (const Symbol& symbol : elf.symbols())
    if (symbol.section == SHN_UNDEF && !symbol.name.empty()) names.push_back(symbol.name);
  std::ranges::sort(names);
  names.erase(std::unique(names.begin(), names.end()), names.end());  // rows may share a long name
  return names;
}

// --- The target ---

/// The target of "-arch sm_121a -m 64" in the last tool note that has one.
std::optional<Target> target_of(const std::vector<ToolNote>& tools) {
  std::optional<Target> target;
  for (const ToolNote& tool : tools) {
    const std::size_t at = tool.options.find("sm_");
    if (at == std::string_view::npos) continue;
    const std::string_view rest = tool.options.substr(at);
    const std::string_view word = rest.substr(0, std::min(rest.find_first_of(" ,\""), rest.size()));
    if (const Result<Target> read = parse_target(word)) target = *read;
  }
  return target;
}

std::optional<bool> accelerator_record(const std::vector<InfoRecord>& compat) {
  const auto found = std::ranges::find(compat, compat::kAcceleratorTarget, &InfoRecord::attribute);
  if (found == compat.end()) return std::nullopt;
  return (found->value & 0xff) == 1;
}

Architecture architecture_of(int sm, const std::vector<InfoRecord>& compat, const std::vector<ToolNote>& tools) {
  const std::optional<Target> made_for = target_of(tools);
  const std::optional<bool> accelerator = accelerator_record(compat);
  if (made_for && made_for->sm != sm)
    return {sm, '?', fmt::format("the header states SM {}, the tool note {}", sm, to_string(*made_for))};
  if (sm < 90) return {sm, ' ', "no target before sm_90 has a suffix"};
  if (accelerator && made_for && *accelerator != (made_for->suffix == 'a'))
    return {sm, '?',
            fmt::format("CUDA_ACCELERATOR_TARGET is {}, the tool note says {}", *accelerator ? 1 : 0,
                        to_string(*made_for))};
  if (accelerator && *accelerator) return {sm, 'a', "CUDA_ACCELERATOR_TARGET in .nv.compat is 1"};
  if (made_for) return {sm, made_for->suffix, fmt::format("the tool note says {}", to_string(*made_for))};
  if (accelerator && sm == 90) return {sm, ' ', "CUDA_ACCELERATOR_TARGET in .nv.compat is 0"};
  if (accelerator) return {sm, '?', "CUDA_ACCELERATOR_TARGET is 0: base or f, and no tool note says which"};
  return {sm, '?', "neither .nv.compat nor a tool note says"};
}

void read_flags(const Elf& elf, Description& description) {
  description.abi = elf.abi();
  description.flags = elf.flags();
  if (elf.abi() == 8) {
    description.kind = static_cast<int>(elf.flags() & 0xff);
    description.note_section = elf.flags() >> 24;
    if (description.cuda) description.virtual_sm = description.cuda->virtual_sm;
  } else {
    description.virtual_sm = elf.flags() >> 16 & 0xff;
  }
}

void count_sections(const Elf& elf, Description& description) {
  description.section_count = elf.sections().size();
  for (const Section& section : elf.sections()) {
    if (section.name == ".nv.callgraph") description.call_edges = section.size / kEdge;
    if (!section.name.starts_with(".nv.merc.") && !section.name.starts_with(".nv.capmerc.")) continue;
    ++description.mercury_sections;
    description.mercury_bytes += elf.content(section).size();
  }
}

}  // namespace

Result<Description> describe(const Elf& elf) {
  const Sections sections = by_name(elf);
  if (Status read = check_records(elf); !read) return read.error();
  Result<std::vector<ToolNote>> tools = tool_notes(elf);
  if (!tools) return tools.error();
  const Result<std::optional<CudaNote>> cuda = cuda_note(elf);
  if (!cuda) return cuda.error();
  Result<std::vector<InfoRecord>> compat = records_in(elf, sections, ".nv.compat");
  if (!compat) return compat.error();
  Result<std::vector<Function>> functions = read_functions(elf, sections);
  if (!functions) return functions.error();

  Description description{.architecture = architecture_of(elf.sm(), *compat, *tools),
                          .tools = *std::move(tools),
                          .cuda = *cuda,
                          .compat = *std::move(compat),
                          .functions = *std::move(functions),
                          .undefined = undefined_symbols(elf)};
  read_flags(elf, description);
  count_sections(elf, description);
  if (const Status patchable = check_patchable(elf); !patchable) description.unpatchable = patchable.error().message;
  return description;
}

std::string_view kind_name(int kind) {
  if (kind == 2) return "SASS and capmerc";
  return kind == 4 ? "SASS" : "";
}

}  // namespace assay::cubin
