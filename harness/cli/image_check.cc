#include "harness/cli/image_check.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "harness/base/target.h"
#include "harness/cli/all_gates.h"
#include "harness/cubin/describe.h"
#include "harness/cubin/elf.h"
#include "harness/cubin/fatbin.h"
#include "harness/gate/attempt.h"
#include "harness/gate/witness.h"
#include "harness/gate/workload.h"

namespace assay::cli {
namespace {

using evidence::Record;
using Bytes = std::span<const std::byte>;

Bytes bytes(std::string_view text) { return std::as_bytes(std::span(text.data(), text.size())); }

/// Whether the gate table has an edited image by the record's name; which one it is does not depend on the challenge.
bool is_an_edited_one(const gate::Gate* gate, const Record& record, Target target) {
  const auto* make = gate == nullptr ? nullptr : std::get_if<gate::MakeImages>(&gate->method);
  if (make == nullptr || gate->version != record.gate_version) return false;
  const std::vector<gate::ImageAttempt> images = (*make)({}, target);
  const auto found = std::ranges::find(images, record.variant, &gate::ImageAttempt::variant);
  return found != images.end() && static_cast<bool>(found->edit);
}

/// What a cubin states of the target that it was made for, against the record's; nothing may say another.
std::string wrong_target(Bytes image, Target target) {
  const auto elf = cubin::Elf::read(image);
  const auto told = elf ? cubin::describe(*elf) : Result<cubin::Description>(elf.error());
  if (!told) return fmt::format("the image cannot be read: {}", told.error().message);
  const auto other = [&](std::string_view place, std::string_view says) {
    return fmt::format("its {} says {}, the record says {}", place, says, to_string(target));
  };
  if (elf->sm() != target.sm) return other("ELF header", fmt::format("sm_{}", elf->sm()));
  if (told->virtual_sm && static_cast<int>(*told->virtual_sm) != target.sm)
    return other("note", fmt::format("sm_{}", *told->virtual_sm));
  const char suffix = told->architecture.suffix;
  if (suffix != '?' && suffix != target.suffix)
    return other("metadata", to_string(Target{told->architecture.sm, suffix}));
  return "";
}

/// The kernels that a record's row launches; empty where that is not known.
std::vector<std::string> kernels_of(const gate::Gate* gate, const Record& record, GateTexts& texts) {
  if (gate == nullptr || gate->version != record.gate_version) return {};
  if (const auto* workload = std::get_if<const gate::Workload*>(&gate->method)) {
    const Result<gate::WorkloadText> text = (*workload)->text(record);
    return text ? text->entries : std::vector<std::string>();
  }
  const GateText* text = texts.of(record.gate, record.gate_version);
  return text == nullptr ? std::vector<std::string>()
                         : std::vector<std::string>(text->kernels.begin(), text->kernels.end());
}

/// They must be in the image, or it is another gate's.
std::string wrong_kernels(const std::vector<std::string>& kernels, Bytes image) {
  if (kernels.empty()) return "";
  const auto elf = cubin::Elf::read(image);
  const auto told = elf ? cubin::describe(*elf) : Result<cubin::Description>(elf.error());
  if (!told) return told.error().message;
  for (const std::string& kernel : kernels)
    if (std::ranges::find(told->functions, kernel, &cubin::Function::name) == told->functions.end())
      return fmt::format("the image holds no kernel '{}', which the gate launches", kernel);
  return "";
}

/// A record's images: one cubin, or those of a fatbin. None of them: the image is text.
Result<std::vector<std::vector<std::byte>>> cubins_of(Bytes image) {
  std::vector<std::vector<std::byte>> cubins;
  if (cubin::is_elf(image)) cubins.emplace_back(image.begin(), image.end());
  if (!cubin::is_fatbin(image)) return cubins;
  const auto entries = cubin::read_fatbin(image);
  if (!entries) return entries.error();
  for (const cubin::FatbinEntry& entry : *entries) {
    if (entry.kind != cubin::EntryKind::cubin) continue;
    auto inflated = cubin::inflate(entry);
    if (!inflated) return inflated.error();
    cubins.push_back(*std::move(inflated));
  }
  return cubins;
}

/// The witness of the record, looked for again in what was kept.
std::string wrong_witness(const Record& record, Bytes image, const evidence::KeptArtifact& kept) {
  if (record.controls.witness != evidence::ControlStatus::ok) return "";
  const auto opcodes = cubin::opcodes(image);
  if (!opcodes) return opcodes.error().message;
  if (record.witness.lowering == "instruction" && record.witness.opcodes.empty())
    return "the witness says that the instruction was found, and names no opcode";
  for (const std::int64_t opcode : record.witness.opcodes)
    if (record.witness.lowering == "instruction" && !std::ranges::binary_search(*opcodes, opcode))
      return fmt::format("its code does not hold opcode 0x{:03x}, which the witness names", opcode);
  const std::string with = kept("witness-with"), without = kept("witness-without");
  const auto again = gate::find_witness(image, bytes(with), bytes(without));
  if (!again) return fmt::format("the witness cannot be looked for again: {}", again.error().message);
  const bool same = again->opcodes == record.witness.opcodes && again->externs == record.witness.externs &&
                    again->lowering == record.witness.lowering;
  return same ? "" : fmt::format("the kept images show lowering '{}', the witness says otherwise", again->lowering);
}

std::string check(std::span<const gate::Gate> table, const Record& record, const evidence::KeptArtifact& kept,
                  GateTexts& texts) {
  const auto target = parse_target(record.target);
  if (!target) return target.error().message;
  const gate::Gate* gate = gate::find_gate(table, record.gate);
  if (is_an_edited_one(gate, record, *target))
    return fmt::format("image '{}' is an edited one, the record says native", record.variant);
  const std::string handed_over = kept("image");
  const std::string image = handed_over.empty() ? kept("cubin") : handed_over;
  if (image.empty()) return "an image was handed to the driver, but none is kept";
  const auto cubins = cubins_of(bytes(image));
  if (!cubins) return cubins.error().message;
  const std::vector<std::string> kernels = kernels_of(gate, record, texts);
  for (const std::vector<std::byte>& cubin : *cubins)
    for (std::string wrong : {wrong_target(cubin, *target), wrong_kernels(kernels, cubin)})
      if (!wrong.empty()) return wrong;
  return wrong_witness(record, cubins->empty() ? bytes(image) : Bytes(cubins->front()), kept);
}

}  // namespace

evidence::CheckImage image_check(std::shared_ptr<GateTexts> texts) { return image_check_among(all_gates(), texts); }

evidence::CheckImage image_check_among(std::span<const gate::Gate> table, std::shared_ptr<GateTexts> texts) {
  return [table, texts = std::move(texts)](const Record& record, const evidence::KeptArtifact& kept) {
    return check(table, record, kept, *texts);
  };
}

}  // namespace assay::cli
