#include "reports/profile_observations.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace assay::reports {
namespace {

using evidence::Record;
using evidence::Stage;
using evidence::StageResult;
using evidence::StageStatus;
using evidence::Verdict;
using evidence::VerifiedRecord;
using evidence::VerifyReport;

/// Keys and the named attempts that answer for them.
constexpr std::array<std::pair<std::string_view, std::string_view>, 18> kOfVariants = {{
    {"load_tma_multicast_sm_100a_patched", "sm-byte.multicast.sm_100a"},
    {"load_tma_multicast_sm_121a_patched", "sm-byte.multicast.sm_121a"},
    {"load_mma_block_scale_sm_121a_patched", "sm-byte.block_scale.sm_121a"},
    {"load_tcgen05_alloc_patched", "sm-byte.tcgen05_alloc.sm_100a"},
    {"load_tcgen05_mma_patched", "sm-byte.tcgen05_mma.sm_100a"},
    {"load_tcgen05_alloc_patched_without_0x4f", "sm-byte.pad-0x4f.tcgen05_alloc.sm_100a"},
    {"load_tcgen05_alloc_patched_without_0x41", "sm-byte.pad-0x41.tcgen05_alloc.sm_100a"},
    {"load_tcgen05_alloc_patched_without_0x51", "sm-byte.pad-0x51.tcgen05_alloc.sm_100a"},
    {"load_fatbin_entry_100_elf_90", "fatbin.entry-foreign"},
    {"load_fatbin_entry_90_elf_100", "fatbin.entry-edited"},
    {"load_fatbin_sm_100_with_ptx_80", "fatbin.foreign-with-ptx"},
    {"load_native_cubin_abi_version_9", "edit.abi-version-9"},
    {"load_native_cubin_flags_bits_16_23", "edit.flags-16-23"},
    {"load_native_cubin_bad_info_format", "edit.info-format"},
    {"load_native_cubin_header_sm_91", "edit.sm-byte.plus-1"},
    {"load_native_cubin_header_sm_89", "edit.sm-byte.minus-1"},
    {"jit_tcgen05_ptx", "ptx.as-is.tcgen05_alloc.sm_100a"},
    {"jit_unsupported_version", "ptx.broken.version-99"},
}};
/// Where these keys name numbers, the attempts have them on a device of this target alone.
constexpr std::string_view kNumbersOf = "sm_90a";
constexpr std::array<std::string_view, 4> kOfNumbers = {"load_fatbin_entry_100_elf_90", "load_fatbin_entry_90_elf_100",
                                                        "load_native_cubin_header_sm_91",
                                                        "load_native_cubin_header_sm_89"};

/// Keys and the instruction gates that answer for them.
constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kOfGates = {{
    {"exec_plain_arithmetic", "control.arithmetic"},
    {"exec_mma_e4m3_m16n8k32", "mma.fp8"},
    {"exec_mma_mxf4nvf4_4x_ue4m3", "mma.fp4"},
    {"exec_wgmma", "wgmma.bf16"},
    {"exec_tma_load", "tma.load"},
    {"exec_tma_multicast_cluster_2", "tma.multicast"},
    {"exec_tma_bulk_multicast_cluster_2", "tma.multicast"},
    {"exec_tcgen05_alloc", "tcgen05.alloc"},
    {"exec_tcgen05_ld", "tcgen05.ld"},
    {"exec_tcgen05_mma_f16", "tcgen05.mma.f16"},
    {"exec_tcgen05_mma_mxf4nvf4", "tcgen05.mma.mxf4nvf4"},
}};

/// Names of attempts that end in a target, and the keys made from it.
struct Pattern {
  std::string_view variant, key_start, key_end;
};
constexpr std::array<Pattern, 3> kPatterns = {{{"as-built.arithmetic.sm_", "load_sm_", "_cubin"},
                                               {"sm-byte.arithmetic.sm_", "load_sm_", "_cubin_patched"},
                                               {"ptx.as-is.sm_", "jit_compute_", "_ptx"}}};

/// What the loader said: the code's name, or the signal that ended its process. Nothing if it was not asked.
std::optional<std::string> loader_answer(const Record& record) {
  const StageResult& load = record.stage(Stage::load);
  if (load.status == StageStatus::ok) return "CUDA_SUCCESS";
  if (load.status == StageStatus::not_reached || load.name.empty()) return std::nullopt;
  return load.name;
}

/// How an execution ended, in the profiles' words. Nothing if nothing ran here.
std::optional<std::string> execution(const VerifiedRecord& one) {
  if (one.derived.verdict == Verdict::proven) return "passed";
  const bool ran = one.record.stage(Stage::launch).status != StageStatus::not_reached;
  const bool went_wrong = one.derived.verdict == Verdict::mismatch || one.derived.verdict == Verdict::faulted ||
                          one.derived.verdict == Verdict::hung;
  if (!ran || !went_wrong) return std::nullopt;
  return std::string(word(one.derived.verdict));
}

class Collector {
 public:
  void add(const VerifiedRecord& one) {
    id_ = one.record.id();
    for (const evidence::Measurement& measured : one.record.measurements)
      if (!measured.value.is_null()) seen_.try_emplace(measured.key, Observation{measured.value, measured.unit, id_});
    if (!one.record.variant.empty())
      add_variant(one.record);
    else if (one.record.attempt == 1)
      add_gate(one);
  }
  Observations take() { return std::move(seen_); }

 private:
  void put(std::string key, const std::optional<std::string>& value) {
    if (value) seen_.try_emplace(std::move(key), Observation{*value, "", id_});
  }

  void add_variant(const Record& record) {
    const std::string& name = record.variant;
    for (const auto& [key, variant] : kOfVariants) {
      const bool elsewhere = std::ranges::find(kOfNumbers, key) != kOfNumbers.end() && record.target != kNumbersOf;
      if (variant == name && !elsewhere) put(std::string(key), loader_answer(record));
    }
    for (const Pattern& pattern : kPatterns)
      if (name.starts_with(pattern.variant))
        put(fmt::format("{}{}{}", pattern.key_start, name.substr(pattern.variant.size()), pattern.key_end),
            loader_answer(record));
  }

  void add_gate(const VerifiedRecord& one) {
    for (const auto& [key, gate] : kOfGates)
      if (one.record.gate == gate) put(std::string(key), execution(one));
    if (one.record.gate == "tma.multicast" && !one.record.witness.lowering.empty())
      put("lowering_tma_multicast", one.record.witness.lowering);
  }

  Observations seen_;
  std::string id_;
};

}  // namespace

Observations observations(const VerifyReport& report) {
  Collector collector;
  for (const VerifiedRecord& one : report.records) collector.add(one);
  return collector.take();
}

}  // namespace assay::reports
