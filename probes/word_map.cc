#include "probes/word_map.h"

namespace assay::probes {
namespace {

constexpr std::uint32_t kBlock = 256;

gate::Case make_case(std::string name, std::string_view entry, const std::vector<std::uint32_t>& in, WordMap map) {
  const auto count = static_cast<std::uint32_t>(in.size());
  std::vector<std::uint32_t> expected;
  for (std::uint32_t i = 0; i < count; ++i) expected.push_back(map(in[i], i));
  return {.name = std::move(name),
          .entry = std::string(entry),
          .launch = {.grid = {(count + kBlock - 1) / kBlock}, .block = {kBlock}},
          .arguments = {gate::Input{"source", gate::bytes_of(in)},
                        gate::Output{"destination", gate::bytes_of(expected), {}},
                        gate::Scalar{"count", gate::bytes_of(count)}},
          .hidden = {}};
}

}  // namespace

gate::Probe make_word_map(const gate::Seed& seed, gate::Source source, std::string_view entry, WordMap map,
                          std::vector<std::string_view> mnemonics) {
  gate::ChallengeStream stream(seed, "inputs");
  // Never a whole number of blocks: threads past the end must leave memory alone.
  const std::uint32_t count = 16 * kBlock + 1 + stream.below(kBlock - 1);
  std::vector<std::uint32_t> words(count);
  for (std::uint32_t& word : words) word = stream.next();
  std::vector<std::uint32_t> changed = words;
  changed[stream.below(count)] ^= 1u << stream.below(32);
  return {.source = source,
          .witness_text = std::string(source.text),
          .cases = {make_case("words", entry, words, map)},
          .negative = make_case("words, one bit of one word flipped", entry, changed, map),
          .mnemonics = std::move(mnemonics)};
}

}  // namespace assay::probes
