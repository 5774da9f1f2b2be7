// Finds the parts of a probe by name, for tests.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/base/digest.h"
#include "harness/gate/probe.h"
#include "probe_values.h"

namespace assay::probes {

/// The argument of this type and name; throws where there is none, so that the test fails and says which.
template <class T>
const T& part(const gate::Case& launch_case, std::string_view name) {
  for (const gate::Argument& argument : launch_case.arguments)
    if (const T* found = std::get_if<T>(&argument); found != nullptr && found->name == name) return *found;
  throw std::out_of_range(launch_case.name + " has no " + std::string(name));
}

inline std::vector<std::uint32_t> words_of(const std::vector<std::byte>& bytes) {
  return values_of<std::uint32_t>(bytes);
}

template <class Word = std::uint32_t>
Word scalar_of(const gate::Case& launch_case, std::string_view name) {
  return values_of<Word>(part<gate::Scalar>(launch_case, name).bytes).at(0);
}

inline const gate::Case& case_named(const gate::Probe& probe, std::string_view name) {
  for (const gate::Case& launch_case : probe.cases)
    if (launch_case.name == name) return launch_case;
  throw std::out_of_range("no case " + std::string(name));
}

/// The tensor map of a case that has one.
inline const cuda::TiledMap& map_of(const gate::Case& launch_case) {
  for (const gate::Argument& argument : launch_case.arguments)
    if (const auto* map = std::get_if<gate::MapArgument>(&argument)) return map->map;
  throw std::out_of_range(launch_case.name + " has no tensor map");
}

/// Indices of the 32-bit words in which two outputs of one name differ.
inline std::vector<std::size_t> moved_words(const gate::Case& a, const gate::Case& b, std::string_view output) {
  return differences(words_of(part<gate::Output>(a, output).expected),
                     words_of(part<gate::Output>(b, output).expected));
}

/// One digest of all arguments and expected outputs, the negative case included.
inline std::string golden(const gate::Probe& probe) {
  Sha256 sha;
  struct Add {
    Sha256& sha;
    void operator()(const gate::Input& input) const { sha.update(input.bytes); }
    void operator()(const gate::Scalar& scalar) const { sha.update(scalar.bytes); }
    void operator()(const gate::Output& output) const {
      sha.update(output.expected);
      sha.update(gate::bytes_of(output.bound));
    }
    void operator()(const gate::MapArgument& argument) const {
      sha.update(gate::bytes_of(argument.map.type));
      sha.update(gate::bytes_of(argument.map.dims));
      sha.update(gate::bytes_of(argument.map.strides));
      sha.update(gate::bytes_of(argument.map.box));
      sha.update(gate::bytes_of(argument.map.swizzle));
    }
  };
  const auto add = [&sha](const gate::Case& launch_case) {
    sha.update(launch_case.name);
    for (const gate::Argument& argument : launch_case.arguments) std::visit(Add{sha}, argument);
  };
  for (const gate::Case& launch_case : probe.cases) add(launch_case);
  add(probe.negative);
  return hex(sha.finish());
}

}  // namespace assay::probes
