#include "harness/gate/witness.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iterator>

#include "harness/base/child.h"
#include "harness/base/digest.h"
#include "harness/base/file_system.h"
#include "harness/cubin/elf.h"
#include "harness/cuda/file_digest.h"

namespace assay::gate {
namespace {

using Opcodes = std::vector<std::int64_t>;
using Names = std::vector<std::string>;

/// What only the text with the instruction has; both lists are sorted.
template <class List>
List only_in_first(const List& first, const List& second) {
  List difference;
  std::ranges::set_difference(first, second, std::back_inserter(difference));
  return difference;
}

/// A difference in driver calls decides before one in opcodes: the code around a call differs too.
std::string lowering(const evidence::Witness& witness, const Opcodes& loaded, const Names& loaded_calls) {
  if (!witness.externs.empty()) return std::ranges::includes(loaded_calls, witness.externs) ? "driver-call" : "absent";
  const bool holds = !witness.opcodes.empty() && std::ranges::includes(loaded, witness.opcodes);
  return holds ? "instruction" : "absent";
}

/// The driver calls of an image, sorted.
Result<Names> sorted_calls(std::span<const std::byte> image) {
  Result<Names> calls = cubin::driver_calls(image);
  if (calls) std::ranges::sort(*calls);
  return calls;
}

std::filesystem::path nvdisasm_path() {
  std::vector<std::filesystem::path> folders = {"/usr/local/cuda/bin", "/opt/cuda/bin"};
  for (const char* name : {"CUDA_HOME", "CUDA_PATH"})
    if (const char* value = std::getenv(name)) folders.insert(folders.begin(), std::filesystem::path(value) / "bin");
  for (const auto& folder : folders) {
    std::error_code ignored;
    if (std::filesystem::is_regular_file(folder / "nvdisasm", ignored)) return folder / "nvdisasm";
  }
  return {};
}

Result<std::string> run_nvdisasm(const std::filesystem::path& program, std::span<const std::byte> cubin) {
  const TemporaryFolder folder;
  const auto file = folder.path() / "image.cubin";
  if (Status written = write_file(file, cubin, Durable::later); !written) return written.error();
  ChildRequest request;
  request.command = {program.string(), file.string()};
  const Result<ChildResult> child = run_child(request);
  if (!child) return child.error();
  if (child->exit_code != 0 || child->signal != 0)
    return Error{"nvdisasm refused the image", "nvdisasm", 0, "", child->log};
  return child->output;
}

std::string entry_name(const std::filesystem::path& program, std::span<const std::byte> cubin) {
  Sha256 sha;
  const Result<std::string> program_digest = cuda::cached_digest(program);
  sha.update(program_digest ? *program_digest : std::string());
  sha.update(cubin);
  return hex(sha.finish()) + ".sass";
}

/// An entry is the text behind its own digest.
Result<std::string> kept_text(const std::filesystem::path& entry) {
  if (entry.empty()) return Error{"no cache"};
  Result<std::string> content = read_file(entry);
  if (!content) return content;
  constexpr std::size_t kDigits = 64;
  if (content->size() < kDigits || hex(sha256(content->substr(kDigits))) != content->substr(0, kDigits))
    return Error{"damaged entry"};
  return content->substr(kDigits);
}

/// Whether the text holds one of the mnemonics that '|' separates.
bool shows_one_of(std::string_view text, std::string_view group) {
  while (true) {
    const std::size_t bar = group.find('|');
    if (text.find(group.substr(0, bar)) != std::string_view::npos) return true;
    if (bar == std::string_view::npos) return false;
    group.remove_prefix(bar + 1);
  }
}

}  // namespace

Disassemble find_disassembler(const std::filesystem::path& cache) {
  return [program = nvdisasm_path(), cache](std::span<const std::byte> cubin) -> Result<std::string> {
    if (program.empty()) return Error{"no nvdisasm in the CUDA toolkit's folders"};
    const std::filesystem::path entry = cache.empty() ? cache : cache / entry_name(program, cubin);
    if (Result<std::string> kept = kept_text(entry)) return kept;
    Result<std::string> text = run_nvdisasm(program, cubin);
    if (text && !entry.empty() && make_folder(cache))
      (void)write_file(entry, hex(sha256(*text)) + *text, Durable::later);  // an unwritable cache only costs time
    return text;
  };
}

Result<evidence::Witness> find_witness(std::span<const std::byte> loaded, std::span<const std::byte> with,
                                       std::span<const std::byte> without) {
  const auto loaded_opcodes = cubin::opcodes(loaded);
  if (!loaded_opcodes) return loaded_opcodes.error();
  const auto with_opcodes = cubin::opcodes(with);
  if (!with_opcodes) return with_opcodes.error();
  const auto without_opcodes = cubin::opcodes(without);
  if (!without_opcodes) return without_opcodes.error();
  const auto loaded_calls = sorted_calls(loaded), with_calls = sorted_calls(with),
             without_calls = sorted_calls(without);
  for (const auto* calls : {&loaded_calls, &with_calls, &without_calls})
    if (!*calls) return calls->error();

  evidence::Witness witness;
  witness.opcodes = only_in_first(*with_opcodes, *without_opcodes);
  witness.externs = only_in_first(*with_calls, *without_calls);
  witness.lowering = lowering(witness, *loaded_opcodes, *loaded_calls);
  return witness;
}

std::string second_opinion(const Disassemble& disassemble, std::span<const std::byte> loaded,
                           std::span<const std::string_view> mnemonics) {
  const Result<std::string> text = disassemble(loaded);
  if (!text) return text.error().call.empty() ? "not present" : "failed";
  return std::ranges::all_of(mnemonics, [&](std::string_view group) { return shows_one_of(*text, group); })
             ? "agrees"
             : "disagrees";
}

evidence::ControlStatus judge(const evidence::Witness& witness) {
  const bool found = witness.lowering == "instruction" || witness.lowering == "driver-call";
  const bool contradicted = witness.lowering == "instruction" && witness.disassembler == "disagrees";
  return found && !contradicted ? evidence::ControlStatus::ok : evidence::ControlStatus::failed;
}

}  // namespace assay::gate
