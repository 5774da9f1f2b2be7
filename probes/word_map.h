// What the two scalar controls share: a kernel (source, destination, count) that maps each word by itself.
// Tested by tests/probes/control_copy_test.cc and control_arithmetic_test.cc.
#pragma once

#include "harness/gate/gate.h"

namespace assay::probes {

/// The word that the kernel writes at an index, given the word that it reads there.
using WordMap = std::uint32_t (*)(std::uint32_t in, std::uint32_t index);

/// A probe with one exact case over some thousand challenge words, and a negative case in which one input word differs.
gate::Probe make_word_map(const gate::Seed&, gate::Source, std::string_view entry, WordMap,
                          std::vector<std::string_view> mnemonics);

}  // namespace assay::probes
