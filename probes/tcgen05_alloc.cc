#include "probes/tcgen05_alloc.h"

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>
#include <utility>

#include "ptx/texts.h"

namespace assay::probes {
namespace {

using gate::ChallengeStream;

constexpr std::size_t kSlots = 4;
constexpr std::uint32_t kThreads = 128, kColumns = 512, kLeast = 32;
constexpr std::uint32_t kAlone = 120 * 1024;  // more than half of a multiprocessor's shared memory
constexpr std::size_t kMixWords = kSlots + 2;

using Slots = std::array<std::uint32_t, kSlots>;  // columns, 0 for none

struct Round {
  Slots allocate{}, held{}, deallocate{};
};
using Plan = std::vector<Round>;  // of one CTA; sizes never grow along it

std::uint32_t total(const Slots& slots) { return std::accumulate(slots.begin(), slots.end(), 0u); }

/// One piece at a time, in a drawn slot: every size, three of them or so more than once.
Plan one_at_a_time(ChallengeStream& stream) {
  std::vector<std::uint32_t> sizes = {512, 256, 128, 64, 32};
  for (int i = 0; i < 3; ++i) sizes.push_back(kLeast << stream.below(5));
  std::ranges::sort(sizes, std::greater());
  Plan plan;
  for (const std::uint32_t size : sizes) {
    Round round;
    round.allocate[stream.below(kSlots)] = size;
    round.held = round.deallocate = round.allocate;
    plan.push_back(round);
  }
  return plan;
}

/// Pieces that come and go while others stay.
Plan several_at_once(ChallengeStream& stream) {
  constexpr int kRounds = 6;
  Plan plan;
  Slots held{};
  std::uint32_t last = 256;
  for (int i = 0; i < kRounds; ++i) {
    Round round;
    for (std::size_t slot = 0; slot < kSlots; ++slot) {
      const std::uint32_t size = std::max(kLeast, last >> stream.below(2));
      if (held[slot] != 0 || total(held) + size > kColumns) continue;
      held[slot] = round.allocate[slot] = last = size;
    }
    round.held = held;
    for (std::size_t slot = 0; slot < kSlots; ++slot)
      if (stream.below(2) == 0 || i == kRounds - 1) round.deallocate[slot] = std::exchange(held[slot], 0);
    plan.push_back(round);
  }
  return plan;
}

/// Pieces that fill tensor memory, all given back, and then four of the last piece's size.
Plan all_at_once(ChallengeStream& stream) {
  constexpr std::array<Slots, 4> kWhole = {{{256, 256}, {256, 128, 128}, {256, 128, 64, 64}, {128, 128, 128, 128}}};
  const Slots whole = kWhole[stream.below(kWhole.size())];
  std::uint32_t last = 128;
  for (const std::uint32_t columns : whole)
    if (columns != 0) last = std::min(last, columns);
  const Slots again = {last, last, last, last};
  return {{whole, whole, whole}, {again, again, again}};
}

struct Work {
  std::string name;
  std::uint32_t dynamic_shared_bytes = 0;
  std::vector<Plan> plans;  // one a CTA, all equally long
  std::vector<std::uint32_t> mix;
  std::uint32_t poison = 0;
};

Work draw(ChallengeStream& stream, std::string name, Plan (*plan)(ChallengeStream&), std::size_t ctas,
          std::uint32_t dynamic_shared_bytes) {
  Work work{std::move(name), dynamic_shared_bytes, {}, {}, stream.next() | 0x80000000};
  for (std::size_t cta = 0; cta < ctas; ++cta) work.plans.push_back(plan(stream));
  work.mix.resize(ctas * work.plans.front().size() * kMixWords);
  for (std::uint32_t& word : work.mix) word = stream.next();
  return work;
}

std::vector<std::uint32_t> plan_words(const Work& work) {
  std::vector<std::uint32_t> words;
  for (const Plan& plan : work.plans)
    for (const Round& round : plan)
      for (const Slots& slots : {round.allocate, round.held, round.deallocate})
        words.insert(words.end(), slots.begin(), slots.end());
  return words;
}

/// Lane fields are 0, every held column lies in one piece, no column in several.
std::vector<std::uint32_t> expected_words(const Work& work) {
  std::vector<std::uint32_t> words = work.mix;
  std::size_t at = 0;
  for (const Plan& plan : work.plans)
    for (const Round& round : plan) {
      words[at + kSlots] ^= total(round.held);
      at += kMixWords;
    }
  return words;
}

gate::Case make_case(const Work& work) {
  const auto rounds = static_cast<std::uint32_t>(work.plans.front().size());
  return {
      .name = work.name,
      .entry = "allocate",
      .launch = {.grid = {static_cast<std::uint32_t>(work.plans.size())},
                 .block = {kThreads},
                 .cluster = {},
                 .dynamic_shared_bytes = work.dynamic_shared_bytes},
      .arguments = {gate::Input{"plan", gate::bytes_of(plan_words(work))}, gate::Input{"mix", gate::bytes_of(work.mix)},
                    gate::Output{"out", gate::bytes_of(expected_words(work)), {}},
                    gate::Scalar{"rounds", gate::bytes_of(rounds)},
                    gate::Scalar{"poison", gate::bytes_of(work.poison)}},
      .hidden = {}};
}

/// In one CTA the last piece of 512 columns becomes one of 256, which no later one exceeds.
void halve_one_piece(Plan& plan) {
  const auto whole = std::find_if(plan.rbegin(), plan.rend(), [](const Round& r) { return total(r.held) == kColumns; });
  for (Slots* slots : {&whole->allocate, &whole->held, &whole->deallocate})
    for (std::uint32_t& columns : *slots) columns /= 2;
}

}  // namespace

gate::Probe make_tcgen05_alloc(const gate::Seed& seed) {
  ChallengeStream stream(seed, "inputs");
  gate::Probe probe;
  probe.source = {.stem = "tcgen05_alloc", .text = ptx_text("tcgen05_alloc"), .floor = {8, 6}};
  probe.witness_text = probe.source.text;
  probe.mnemonics = {"UTCATOMSWS.FIND_AND_SET"};
  const Work single = draw(stream, "one piece at a time, 256 CTAs", one_at_a_time, 256, 0);
  probe.cases = {make_case(single), make_case(draw(stream, "several pieces at once", several_at_once, 64, kAlone)),
                 make_case(draw(stream, "all columns at once", all_at_once, 64, kAlone))};
  Work halved = single;
  halve_one_piece(halved.plans[stream.below(static_cast<std::uint32_t>(halved.plans.size()))]);
  halved.name += ", one of them halved";
  probe.negative = make_case(halved);
  return probe;
}

}  // namespace assay::probes
