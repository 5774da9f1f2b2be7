#include "probes/device_limits.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <set>

#include <fmt/format.h>

#include "probes/device_kernel.h"
#include "probes/device_limit_search.h"
#include "probes/device_measurements.h"
#include "ptx/texts.h"

namespace assay::probes {
namespace {

constexpr std::uint32_t kSmallestTried = 1024;     // every device gives this much shared memory
constexpr std::uint64_t kPlainShared = 48 * 1024;  // what PTX allows where nothing more is asked for
constexpr std::uint64_t kBeyondShared = 1u << 20;  // no device is near a mebibyte a block
constexpr int kQuestions = 40;                     // enough to bisect a mebibyte from both sides

gate::Output output(std::string name, const std::vector<std::uint32_t>& expected) {
  return {std::move(name), gate::bytes_of(expected), {}};
}

gate::Scalar scalar(std::string name, std::uint32_t value) { return {std::move(name), gate::bytes_of(value)}; }

/// A name for a refusal, also where the API has none.
std::string refusal(const Error& error) { return error.name.empty() ? error.message : error.name; }

// Shared memory ------------------------------------------------------------------------------------------------------

gate::Case touch_case(std::uint32_t size, std::uint32_t nonce) {
  return {.name = fmt::format("dynamic shared memory {} B", size),
          .entry = "shared_touch",
          .launch = {.grid = {}, .block = {64, 1, 1}, .cluster = {}, .dynamic_shared_bytes = size},
          .arguments = {output("touched", {nonce & 0xff, nonce >> 8 & 0xff, size, nonce + size}), scalar("size", size),
                        scalar("nonce", nonce)},
          .hidden = {}};
}

void report_dynamic(gate::QuestionContext& context, const Bracket& limit, const Error& first_refusal) {
  Measurements kernel(context.record, "kernel");
  const std::int64_t reported = context.facts.attribute("max_shared_memory_per_block_optin", -1);
  const auto measured = static_cast<std::int64_t>(limit.works);
  kernel.value("dynamic_shared_memory_measured", "B", measured,
               measured == reported ? "" : fmt::format("differs: the driver reports {} B", reported));
  kernel.value("launch_dynamic_shared_memory_over", "", refusal(first_refusal),
               fmt::format("answer to {} B", limit.refused));
}

/// The largest dynamic size that launches and whose ends hold what was written; 0 if none did.
std::uint32_t ask_dynamic_shared(gate::QuestionContext& context, gate::ChallengeStream& nonces) {
  Measurements kernel_says(context.record, "kernel");
  Result<DeviceKernel> kernel =
      DeviceKernel::from_ptx(context, {"shared_touch", ptx_text("shared_touch"), {6, 0}}, "shared_touch");
  if (!kernel) {
    kernel_says.missing("dynamic_shared_memory_measured", "B", kernel.error().message);
    return 0;
  }
  const std::uint32_t nonce = nonces.next();
  const gate::Case smallest = touch_case(kSmallestTried, nonce);
  const Launched first = kernel->check(smallest);
  if (first.ending == Ending::refused)
    fail_stage(context.record, evidence::Stage::launch, evidence::StageStatus::refused, first.error);
  if (first.ending != Ending::agreed) {
    kernel_says.missing("dynamic_shared_memory_measured", "B", fmt::format("{} B did not run", kSmallestTried));
    return 0;
  }
  kernel->check_negative(smallest, touch_case(kSmallestTried, nonce ^ 0x0101));

  Error last_refusal;
  const auto runs = [&](std::uint64_t size) -> Result<bool> {
    Launched launched = kernel->check(touch_case(static_cast<std::uint32_t>(size), nonces.next()));
    if (launched.ending == Ending::faulted) return launched.error;
    if (launched.ending == Ending::refused) last_refusal = launched.error;
    return launched.ending == Ending::agreed;
  };
  const auto guess =
      static_cast<std::uint64_t>(context.facts.attribute("max_shared_memory_per_block_optin", kPlainShared));
  const Result<Bracket> limit = find_limit({kSmallestTried, kBeyondShared}, guess, kQuestions, runs);
  if (!limit) {
    kernel_says.missing("dynamic_shared_memory_measured", "B", limit.error().message);
    return 0;
  }
  report_dynamic(context, *limit, last_refusal);
  return static_cast<std::uint32_t>(limit->works);
}

std::string static_text(std::uint64_t bytes, Target target) {
  std::string text = gate::with_instruction({"shared_static", ptx_text("shared_static"), {6, 0}}, target);
  constexpr std::string_view kPlace = "@BYTES@";
  for (auto at = text.find(kPlace); at != text.npos; at = text.find(kPlace, at))
    text.replace(at, kPlace.size(), std::to_string(bytes));
  return text;
}

void ask_static_shared(gate::QuestionContext& context, Target target, std::uint64_t guess) {
  Measurements assembler_says(context.record, "assembler");
  const std::string key = fmt::format("static_shared_memory_{}", to_string(target));
  if (!context.assembler) return assembler_says.missing(key, "B", context.assembler.error().message);
  const auto accepts = [&](std::uint64_t bytes) -> Result<bool> {
    const Result<cuda::Assembly> assembly = (*context.assembler)->assemble(static_text(bytes, target), target);
    if (!assembly) return assembly.error();
    return assembly->accepted;
  };
  const Result<bool> small = accepts(kSmallestTried);
  if (!small) return assembler_says.missing(key, "B", small.error().message);
  if (!*small) return assembler_says.missing(key, "B", fmt::format("the assembler refuses {}", to_string(target)));
  const Result<Bracket> limit = find_limit({kSmallestTried, kBeyondShared}, guess, kQuestions, accepts);
  if (!limit) return assembler_says.missing(key, "B", limit.error().message);
  assembler_says.value(key, "B", static_cast<std::int64_t>(limit->works));
}

std::uint32_t ask_shared_memory(gate::QuestionContext& context, gate::ChallengeStream& nonces) {
  Measurements driver_says(context.record, "cuDeviceGetAttribute");
  for (std::string_view key : {"shared_memory_per_block", "max_shared_memory_per_block_optin",
                               "max_shared_memory_per_multiprocessor", "reserved_shared_memory_per_block"}) {
    const std::int64_t bytes = context.facts.attribute(key, -1);
    if (bytes >= 0)
      driver_says.value(key, "B", bytes);
    else
      driver_says.missing(key, "B", "the driver does not answer");
  }
  const Target own = context.facts.own_target();
  const auto optin =
      static_cast<std::uint64_t>(context.facts.attribute("max_shared_memory_per_block_optin", kPlainShared));
  ask_static_shared(context, own, own.suffix == 'a' ? optin : kPlainShared);
  if (own.suffix != ' ') ask_static_shared(context, {own.sm, ' '}, kPlainShared);
  return ask_dynamic_shared(context, nonces);
}

// Multiprocessors ----------------------------------------------------------------------------------------------------

/// The multiprocessors that the blocks of a census name. Error: a block did not report.
Result<std::set<std::uint32_t>> seen_in(std::span<const std::byte> reports, std::uint32_t nonce) {
  std::set<std::uint32_t> seen;
  for (std::uint32_t block = 0; block < reports.size() / 4; ++block) {
    std::uint32_t word = 0;
    std::memcpy(&word, reports.data() + 4 * block, 4);
    word ^= nonce;
    if ((word & 0xffff) != block) return Error{fmt::format("block {} of the census did not report", block)};
    seen.insert(word >> 16);
  }
  return seen;
}

Result<std::int64_t> count_multiprocessors(gate::QuestionContext& context, std::uint32_t whole_block,
                                           std::uint32_t nonce) {
  Result<DeviceKernel> kernel =
      DeviceKernel::from_ptx(context, {"sm_census", ptx_text("sm_census"), {6, 0}}, "sm_census");
  if (!kernel) return kernel.error();
  const std::int64_t reported = context.facts.attribute("multiprocessor_count", 1);
  const auto blocks = static_cast<std::uint32_t>(std::clamp<std::int64_t>(2 * reported, 16, 0xffff));
  // The oracle cannot know where a block runs, so the output is read here and not compared.
  const gate::Case census{
      .name = "census",
      .entry = "sm_census",
      .launch = {.grid = {blocks, 1, 1}, .block = {32, 1, 1}, .cluster = {}, .dynamic_shared_bytes = whole_block},
      .arguments = {output("reports", std::vector<std::uint32_t>(blocks)), scalar("nonce", nonce)},
      .hidden = {}};
  const Launched launched = kernel->launch(census);
  if (launched.ending != Ending::agreed) return launched.error;
  const Result<std::set<std::uint32_t>> seen = seen_in(launched.observed.outputs[0], nonce);
  if (!seen) return seen.error();
  return static_cast<std::int64_t>(seen->size());
}

void ask_multiprocessors(gate::QuestionContext& context, std::uint32_t whole_block, std::uint32_t nonce) {
  const std::int64_t reported = context.facts.attribute("multiprocessor_count", -1);
  Measurements driver_says(context.record, "cuDeviceGetAttribute");
  if (reported < 0)
    driver_says.missing("multiprocessor_count", "", "the driver refused the attribute");
  else
    driver_says.value("multiprocessor_count", "", reported);
  Measurements kernel_says(context.record, "kernel");
  const Result<std::int64_t> counted = count_multiprocessors(context, whole_block, nonce);
  if (!counted) return kernel_says.missing("multiprocessors_measured", "", counted.error().message);
  kernel_says.value("multiprocessors_measured", "", *counted,
                    *counted == reported ? "" : fmt::format("differs: the driver reports {}", reported));
}

// Clusters -----------------------------------------------------------------------------------------------------------

gate::Case cluster_case(std::uint32_t size, std::uint32_t nonce) {
  const std::uint32_t blocks = 2 * size;
  std::vector<std::uint32_t> expected;
  for (std::uint32_t block = 0; block < blocks; ++block) {
    const std::uint32_t rank = block % size, neighbour = block - rank + (rank + 1) % size;
    expected.insert(expected.end(), {size, rank, nonce + neighbour, nonce ^ block});
  }
  return {.name = fmt::format("cluster of {}", size),
          .entry = "cluster_touch",
          .launch = {.grid = {blocks, 1, 1},
                     .block = {32, 1, 1},
                     .cluster = {size, 1, 1},
                     .non_portable_cluster = size > 8},
          .arguments = {output("blocks", expected), scalar("nonce", nonce)},
          .hidden = {}};
}

void report_max_active(gate::QuestionContext& context, const DeviceKernel& kernel, const gate::Case& cluster) {
  Measurements occupancy(context.record, "cuOccupancyMaxActiveClusters");
  const std::string key = fmt::format("max_active_clusters_size_{}", cluster.launch.cluster.x);
  const Result<int> active = context.device.max_active_clusters(kernel.function(), cluster.launch);
  if (active)
    occupancy.value(key, "", *active);
  else
    occupancy.missing(key, "", refusal(active.error()));
}

/// The words of the profiles: `passed`, or how it ended. False after a fault.
bool ask_cluster(gate::QuestionContext& context, DeviceKernel& kernel, std::uint32_t size, std::uint32_t nonce) {
  Measurements kernel_says(context.record, "kernel"), driver_says(context.record, "cuLaunchKernelEx");
  const gate::Case cluster = cluster_case(size, nonce);
  report_max_active(context, kernel, cluster);
  const Launched launched = kernel.check(cluster);
  constexpr std::array<std::string_view, 4> kWords = {"passed", "mismatch", "refused", "faulted"};
  kernel_says.value(fmt::format("exec_cluster_size_{}", size), "", kWords[static_cast<std::size_t>(launched.ending)]);
  driver_says.value(fmt::format("launch_cluster_size_{}", size), "",
                    launched.ending == Ending::refused ? refusal(launched.error) : "CUDA_SUCCESS");
  if (size == 2) kernel_says.value("exec_dsmem", "", kWords[static_cast<std::size_t>(launched.ending)]);
  return launched.ending != Ending::faulted;
}

void ask_clusters(gate::QuestionContext& context, gate::ChallengeStream& nonces) {
  const std::int64_t reported = context.facts.attribute("cluster_launch", 0);
  Measurements(context.record, "cuDeviceGetAttribute").value("cluster_launch", "", reported);
  Measurements kernel_says(context.record, "kernel");
  if (context.facts.own_target().sm < 90)
    return kernel_says.missing("exec_cluster_size_2", "", "cluster registers need sm_90 or later");
  Result<DeviceKernel> kernel =
      DeviceKernel::from_ptx(context, {"cluster_touch", ptx_text("cluster_touch"), {7, 8}}, "cluster_touch");
  if (!kernel) return kernel_says.missing("exec_cluster_size_2", "", kernel.error().message);
  for (std::uint32_t size : {1u, 2u, 4u, 8u, 16u})
    if (!ask_cluster(context, *kernel, size, nonces.next())) return;
}

bool faulted(const evidence::Record& record) {
  return record.stage(evidence::Stage::complete).status == evidence::StageStatus::failed;
}

}  // namespace

void ask_device_limits(gate::QuestionContext& context) {
  gate::ChallengeStream nonces(context.seed, "nonces");
  const std::uint32_t whole_block = ask_shared_memory(context, nonces);
  if (!faulted(context.record)) ask_multiprocessors(context, whole_block, nonces.next());
  if (!faulted(context.record)) ask_clusters(context, nonces);
}

}  // namespace assay::probes
