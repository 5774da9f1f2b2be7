// What both scalar controls must keep, whatever words they map.
#pragma once

#include <gtest/gtest.h>

#include "tests/probes/probe_values.h"

namespace assay::probes {

/// Threads cover all words and go past the end; outputs follow from inputs by `map`; exact comparison.
template <class Map>
void expect_word_map(const gate::Case& launch_case, Map map) {
  const auto in = argument(launch_case, 0), out = argument(launch_case, 1);
  const std::uint32_t count = argument(launch_case, 2).at(0);
  ASSERT_EQ(in.size(), count);
  ASSERT_EQ(out.size(), count);
  const std::uint32_t threads = launch_case.launch.grid.x * launch_case.launch.block.x;
  EXPECT_GT(threads, count);
  EXPECT_LT(threads, count + launch_case.launch.block.x);
  for (std::uint32_t i = 0; i < count; ++i) ASSERT_EQ(out[i], map(in[i], i)) << "word " << i;
  EXPECT_TRUE(std::get<gate::Output>(launch_case.arguments[1]).bound.empty());
}

/// One input word of the negative case differs, and the output moves in that place alone.
inline void expect_one_word_moves(const gate::Probe& probe) {
  const auto inputs = differences(argument(probe.cases[0], 0), argument(probe.negative, 0));
  ASSERT_EQ(inputs.size(), 1u);
  EXPECT_EQ(differences(argument(probe.cases[0], 1), argument(probe.negative, 1)), inputs);
}

/// The text has both readings.
inline void expect_assemblable(const gate::Probe& probe) {
  const Target target{90, 'a'};
  EXPECT_EQ(probe.witness_text, probe.source.text);
  EXPECT_NE(gate::with_instruction(probe.source, target).find(".entry " + probe.cases[0].entry + "("),
            std::string::npos);
  const auto without = gate::without_instruction(probe.source, target);
  ASSERT_TRUE(without) << without.error().message;
  EXPECT_NE(*without, gate::with_instruction(probe.source, target));
}

}  // namespace assay::probes
