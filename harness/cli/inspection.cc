#include "harness/cli/inspection.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "harness/base/digest.h"
#include "harness/base/json.h"
#include "harness/base/target.h"
#include "harness/cli/terminal.h"
#include "harness/cubin/describe.h"
#include "harness/cubin/fatbin.h"

namespace assay::cli {
namespace {

using cubin::FatbinEntry;
using cubin::InfoRecord;
using Bytes = std::span<const std::byte>;
using Rows = std::vector<std::vector<Cell>>;

/// Text of the file as one line that a terminal can be shown.
std::string clean(std::string_view text) {
  std::string line = clean_utf8(text);
  std::ranges::replace_if(
      line, [](char c) { return c == '\n' || c == '\t'; }, ' ');
  while (line.ends_with(' ') || line.ends_with('\0')) line.pop_back();
  return line;
}

std::string text_of(Bytes bytes) { return clean({reinterpret_cast<const char*>(bytes.data()), bytes.size()}); }

// --- The document ---

std::string target_word(int sm, char suffix) { return to_string(Target{sm, suffix}); }

Json to_json(const cubin::Architecture& architecture) {
  const bool known = architecture.suffix != '?';
  return {{"sm", architecture.sm},
          {"target", known ? Json(target_word(architecture.sm, architecture.suffix)) : Json()},
          {"why", clean(architecture.why)}};
}

Json to_json(const InfoRecord& record, std::string_view name) {
  return {{"attribute", record.attribute},
          {"name", name},
          {"format", cubin::format_name(record.format)},
          {"value", record.value},
          {"payload", hex(record.payload)}};
}

template <class T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

Json to_json(const cubin::Function& function) {
  Json needs = Json::array();
  for (const InfoRecord& record : function.needs)
    needs.push_back(to_json(record, cubin::attribute_name(record.attribute)));
  return {{"name", clean(function.name)},
          {"kernel", function.is_kernel},
          {"text_bytes", function.text_bytes},
          {"capmerc_bytes", function.capmerc_bytes},
          {"shared_bytes", function.shared_bytes},
          {"constant_bytes", function.constant_bytes},
          {"registers", or_null(function.registers)},
          {"frame_bytes", or_null(function.frame_bytes)},
          {"min_stack_bytes", or_null(function.min_stack_bytes)},
          {"barriers", or_null(function.barriers)},
          {"parameter_base", or_null(function.parameter_base)},
          {"parameter_bytes", or_null(function.parameter_bytes)},
          {"needs", needs}};
}

Json to_json(const cubin::ToolNote& tool) {
  return {{"tool", clean(tool.tool)},
          {"version", clean(tool.version)},
          {"build", clean(tool.build)},
          {"options", clean(tool.options)}};
}

Json to_json(const cubin::Description& description) {
  Json tools = Json::array(), compat = Json::array(), functions = Json::array(), undefined = Json::array();
  for (const auto& tool : description.tools) tools.push_back(to_json(tool));
  for (const auto& record : description.compat)
    compat.push_back(to_json(record, cubin::compat_attribute_name(record.attribute)));
  for (const auto& function : description.functions) functions.push_back(to_json(function));
  for (const auto& name : description.undefined) undefined.push_back(clean(name));
  return {{"abi", description.abi},
          {"e_flags", description.flags},
          {"image_kind", description.abi == 8 ? Json(description.kind) : Json()},
          {"note_section", or_null(description.note_section)},
          {"architecture", to_json(description.architecture)},
          {"virtual_sm", or_null(description.virtual_sm)},
          {"cuda_version", description.cuda ? Json(description.cuda->cuda_version) : Json()},
          {"tools", tools},
          {"compat", compat},
          {"functions", functions},
          {"undefined_symbols", undefined},
          {"sections", description.section_count},
          {"mercury_sections", description.mercury_sections},
          {"mercury_bytes", description.mercury_bytes},
          {"call_edges", description.call_edges},
          {"unpatchable", description.unpatchable.empty() ? Json() : Json(clean(description.unpatchable))}};
}

Result<Json> cubin_document(Bytes image) {
  const Result<cubin::Elf> elf = cubin::Elf::read(image);
  if (!elf) return elf.error();
  const Result<cubin::Description> description = cubin::describe(*elf);
  if (!description) return description.error();
  return to_json(*description);
}

std::string kind_word(cubin::EntryKind kind) {
  switch (kind) {
    case cubin::EntryKind::ptx:
      return "ptx";
    case cubin::EntryKind::cubin:
      return "cubin";
    case cubin::EntryKind::lto_ir:
      return "lto-ir";
  }
  return fmt::format("kind {}", static_cast<int>(kind));
}

std::string_view packing_word(cubin::Packing packing) {
  switch (packing) {
    case cubin::Packing::stored:
      return "stored";
    case cubin::Packing::lz4:
      return "lz4";
    case cubin::Packing::zstd:
      return "zstd";
  }
  return "";
}

Json to_json(const FatbinEntry& entry, std::size_t index) {
  const bool compat = cubin::has_compat_options(entry);
  return {{"index", index},
          {"offset", entry.offset},
          {"kind", kind_word(entry.kind)},
          {"version", fmt::format("{}.{}", entry.major, entry.minor)},
          {"sm", entry.sm},
          {"target", target_word(entry.sm, cubin::suffix_of(entry))},
          {"flags", fmt::format("{:#x}", entry.flags)},  // All 64 bits, which no JSON integer of ours has.
          {"debug", cubin::has_debug(entry)},
          {"packing", packing_word(entry.packing)},
          {"stored_bytes", entry.payload.size()},
          {"bytes", entry.size},
          {"name", clean(entry.name)},
          {"options", compat ? "" : text_of(entry.options)},
          {"compat_options", compat ? hex(entry.options) : ""}};
}

/// The word after a directive of PTX; empty where there is none.
std::string word_after(std::string_view text, std::string_view directive) {
  std::size_t at = text.find(directive);
  if (at == std::string_view::npos) return "";
  at = text.find_first_not_of(" \t", at + directive.size());
  if (at == std::string_view::npos) return "";
  const std::string_view rest = text.substr(at, 200);
  return clean(rest.substr(0, std::min(rest.find_first_of("\r\n"), rest.size())));
}

/// What is in an entry, inflated.
Result<Json> content_document(const FatbinEntry& entry) {
  const Result<std::vector<std::byte>> image = cubin::inflate(entry);
  if (!image) return image.error();
  Json content = {{"sha256", hex(sha256(*image))}};
  if (entry.kind == cubin::EntryKind::ptx) {
    const std::string_view text(reinterpret_cast<const char*>(image->data()), image->size());
    content["ptx"] = {{"version", word_after(text, ".version")},
                      {"target", word_after(text, ".target")},
                      {"lines", std::ranges::count(text, '\n')}};
  }
  if (entry.kind != cubin::EntryKind::cubin) return content;
  Result<Json> document = cubin_document(*image);
  if (!document)
    return Error{fmt::format("the image of the entry at {:#x}: {}", entry.offset, document.error().message)};
  const auto sm = (*document)["architecture"]["sm"].get<int>();
  content["sm_agrees"] = sm == entry.sm;
  content["cubin"] = *std::move(document);
  return content;
}

Result<Json> fatbin_document(const std::vector<FatbinEntry>& entries, std::optional<std::size_t> wanted) {
  Json list = Json::array();
  std::set<std::uint64_t> containers;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    containers.insert(entries[i].container);
    list.push_back(to_json(entries[i], i));
  }
  Json fatbin = {{"containers", containers.size()}, {"entries", list}};
  if (!wanted) return fatbin;
  if (*wanted >= entries.size())
    return Error{.message = fmt::format("no entry {}: the file holds {}", *wanted, entries.size()),
                 .name = "no such entry"};
  Result<Json> content = content_document(entries[*wanted]);
  if (!content) return content.error();
  fatbin["inspected"] = {{"index", *wanted}, {"content", *std::move(content)}};
  return fatbin;
}

Result<Json> host_document(Bytes file, std::optional<std::size_t> wanted) {
  const Result<cubin::HostFatbins> found = cubin::find_fatbins(file);
  if (!found) return found.error();
  Result<Json> fatbin = fatbin_document(found->entries, wanted);
  if (fatbin) (*fatbin)["wrappers"] = found->wrappers;
  return fatbin;
}

Json document_of(std::string_view kind, Bytes file) {
  return {{"schema", "inspect/1"}, {"kind", kind}, {"bytes", file.size()}, {"sha256", hex(sha256(file))}};
}

// --- The text ---

std::string number(const Json& value) { return value.is_null() ? "-" : spelled(value); }

/// "  label         what it says", continued under itself.
std::string line(std::string_view label, const std::string& value, const TextOptions& options) {
  constexpr std::size_t kLabel = 14;
  return fmt::format("  {}{}\n", paint(fmt::format("{:<{}}", label, kLabel), Colour::dim, options.colour), value);
}

std::string target_text(const Json& architecture) {
  const Json& target = architecture["target"];
  const std::string word = target.is_null() ? fmt::format("sm_{}, suffix not derivable", number(architecture["sm"]))
                                            : target.get<std::string>();
  return fmt::format("{} ({})", word, architecture["why"].get<std::string>());
}

std::string flags_text(const Json& cubin) {
  const auto flags = cubin["e_flags"].get<std::uint32_t>();
  const std::string sm = number(cubin["architecture"]["sm"]);
  if (cubin["image_kind"].is_null())
    return fmt::format("{:#010x}: SM {}, PTX target {}", flags, sm, number(cubin["virtual_sm"]));
  const int kind = cubin["image_kind"].get<int>();
  const std::string_view name = cubin::kind_name(kind);
  return fmt::format("{:#010x}: kind {} ({}), SM {}, note section {}", flags, kind, name.empty() ? "unknown" : name, sm,
                     number(cubin["note_section"]));
}

std::string compat_text(const Json& compat) {
  std::string text;
  for (const Json& record : compat) {
    const auto name = record["name"].get<std::string>(), payload = record["payload"].get<std::string>();
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ",
                        name.empty() ? fmt::format("{:#04x}", record["attribute"].get<int>()) : name,
                        payload.empty() ? number(record["value"]) : payload);
  }
  return text;
}

std::string joined(const Json& words) {
  std::string text;
  for (const Json& word : words) text += (text.empty() ? "" : ", ") + word.get<std::string>();
  return text;
}

/// "AT_ENTRY_FRAGMENTS 06000000, TCGEN05_1CTA_USED".
std::string needs_text(const Json& needs) {
  std::string text;
  for (const Json& record : needs) {
    const auto payload = record["payload"].get<std::string>();
    text += fmt::format("{}{}{}{}", text.empty() ? "" : ", ", record["name"].get<std::string>(),
                        payload.empty() ? "" : " ", payload.substr(0, 16));
  }
  return text.empty() ? "-" : text;
}

std::string functions_table(const Json& functions, const TextOptions& options) {
  Rows rows;
  for (const Json& one : functions) {
    const bool kernel = one["kernel"].get<bool>();
    const Json& base = one["parameter_base"];
    const std::string parameters =
        base.is_null() ? number(one["parameter_bytes"])
                       : fmt::format("{} at {:#x}", number(one["parameter_bytes"]), base.get<std::uint32_t>());
    rows.push_back({{kernel ? "kernel" : "function"},
                    {number(one["registers"])},
                    {number(one["text_bytes"])},
                    {number(one["capmerc_bytes"])},
                    {number(one["shared_bytes"])},
                    {number(one["frame_bytes"])},
                    {number(one["barriers"])},
                    {parameters},
                    {needs_text(one["needs"])},
                    {one["name"].get<std::string>(), Colour::bold}});
  }
  return "\n" + table({"code", "registers", "text B", "capmerc B", "shared B", "frame B", "barriers", "parameters B",
                       "asks for or states", "name"},
                      rows, options.width, options.colour);
}

std::string cubin_text(const Json& cubin, const TextOptions& options) {
  std::string text = line("target", target_text(cubin["architecture"]), options);
  text += line("header", fmt::format("ABI {}, e_flags {}", number(cubin["abi"]), flags_text(cubin)), options);
  for (const Json& tool : cubin["tools"])
    text += line("made by",
                 fmt::format("{}, {}: {}", tool["tool"].get<std::string>(), tool["version"].get<std::string>(),
                             tool["options"].get<std::string>()),
                 options);
  if (!cubin["cuda_version"].is_null())
    text += line("made for",
                 fmt::format("CUDA API version {}, PTX target number {}", number(cubin["cuda_version"]),
                             number(cubin["virtual_sm"])),
                 options);
  if (!cubin["compat"].empty()) text += line("compat", compat_text(cubin["compat"]), options);
  text +=
      line("sections",
           fmt::format("{}, of which {} for Mercury ({} bytes); {} rows in the call graph", number(cubin["sections"]),
                       number(cubin["mercury_sections"]), number(cubin["mercury_bytes"]), number(cubin["call_edges"])),
           options);
  if (!cubin["undefined_symbols"].empty()) text += line("undefined", joined(cubin["undefined_symbols"]), options);
  const Json& refusal = cubin["unpatchable"];
  text += line("assay patch", refusal.is_null() ? "takes it" : "refuses it: " + refusal.get<std::string>(), options);
  if (cubin["functions"].empty()) return text + "\nno function: the image holds no code\n";
  return text + functions_table(cubin["functions"], options);
}

std::string entry_list(const Json& entries, const TextOptions& options) {
  Rows rows;
  for (const Json& one : entries)
    rows.push_back({{number(one["index"])},
                    {fmt::format("{:#x}", one["offset"].get<std::uint64_t>())},
                    {one["kind"].get<std::string>()},
                    {one["target"].get<std::string>(), Colour::bold},
                    {one["version"].get<std::string>()},
                    {one["packing"].get<std::string>()},
                    {number(one["stored_bytes"])},
                    {number(one["bytes"])},
                    {one["flags"].get<std::string>()},
                    {one["options"].get<std::string>()}});
  return table({"entry", "offset", "kind", "target", "version", "packing", "bytes", "inflated", "flags", "options"},
               rows, options.width, options.colour);
}

std::string entry_summary(const Json& entries, const TextOptions& options) {
  struct Sum {
    std::size_t entries = 0;
    std::uint64_t stored = 0, inflated = 0;
  };
  std::map<std::tuple<std::string, int, std::string, std::string, std::string>, Sum> sums;
  for (const Json& one : entries) {
    Sum& sum = sums[{one["kind"], one["sm"], one["target"], one["version"], one["packing"]}];
    ++sum.entries;
    sum.stored += one["stored_bytes"].get<std::uint64_t>();
    sum.inflated += one["bytes"].get<std::uint64_t>();
  }
  Rows rows;
  for (const auto& [key, sum] : sums)
    rows.push_back({{std::get<0>(key)},
                    {std::get<2>(key), Colour::bold},
                    {std::get<3>(key)},
                    {std::get<4>(key)},
                    {std::to_string(sum.entries)},
                    {std::to_string(sum.stored)},
                    {std::to_string(sum.inflated)}});
  return table({"kind", "target", "version", "packing", "entries", "bytes", "inflated"}, rows, options.width,
               options.colour);
}

std::string content_text(const Json& inspected, const TextOptions& options) {
  const Json& content = inspected["content"];
  std::string text = paint(fmt::format("\nentry {}\n", number(inspected["index"])), Colour::bold, options.colour);
  text += line("sha256", content["sha256"].get<std::string>(), options);
  if (content.contains("sm_agrees") && !content["sm_agrees"].get<bool>())
    text +=
        line("SM", paint("the entry and its image state different SM numbers", Colour::red, options.colour), options);
  if (content.contains("ptx"))
    text += line("ptx",
                 fmt::format(".version {}, .target {}, {} lines", content["ptx"]["version"].get<std::string>(),
                             content["ptx"]["target"].get<std::string>(), number(content["ptx"]["lines"])),
                 options);
  return content.contains("cubin") ? text + cubin_text(content["cubin"], options) : text;
}

std::string fatbin_text(const Json& fatbin, const TextOptions& options) {
  const Json& entries = fatbin["entries"];
  std::string text =
      line("holds", fmt::format("{} entries in {} containers", entries.size(), number(fatbin["containers"])), options);
  if (fatbin.contains("wrappers")) text += line("wrappers", number(fatbin["wrappers"]), options);
  const bool list = options.list || entries.size() <= kListedEntries;
  if (fatbin.contains("inspected")) return text + content_text(fatbin["inspected"], options);
  if (entries.empty()) return text;
  return text + "\n" + (list ? entry_list(entries, options) : entry_summary(entries, options));
}

}  // namespace

Result<Json> inspect_bytes(Bytes file, std::optional<std::size_t> entry) {
  if (cubin::is_fatbin(file)) {
    const Result<std::vector<FatbinEntry>> entries = cubin::read_fatbin(file);
    if (!entries) return entries.error();
    Result<Json> fatbin = fatbin_document(*entries, entry);
    if (!fatbin) return fatbin.error();
    Json document = document_of("fatbin", file);
    document["fatbin"] = *std::move(fatbin);
    return document;
  }
  if (cubin::is_host_elf(file)) {
    Result<Json> fatbin = host_document(file, entry);
    if (!fatbin) return fatbin.error();
    Json document = document_of("host", file);
    document["fatbin"] = *std::move(fatbin);
    return document;
  }
  if (!cubin::is_elf(file)) return Error{"offset 0x0: neither an ELF image (7f 45 4c 46) nor a fatbin (50 ed 55 ba)"};
  if (entry) return Error{.message = "a cubin has no entries; leave --entry out", .name = "no such entry"};
  Result<Json> cubin = cubin_document(file);
  if (!cubin) return cubin.error();
  Json document = document_of("cubin", file);
  document["cubin"] = *std::move(cubin);
  return document;
}

std::string inspection_text(const Json& document, const TextOptions& options) {
  const auto kind = document["kind"].get<std::string>();
  std::string text =
      fmt::format("{} of {} bytes\n", paint(kind == "host" ? "host file" : kind, Colour::bold, options.colour),
                  number(document["bytes"]));
  text += line("sha256", document["sha256"].get<std::string>(), options);
  return text + (kind == "cubin" ? cubin_text(document["cubin"], options) : fatbin_text(document["fatbin"], options));
}

}  // namespace assay::cli
