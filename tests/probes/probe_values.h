// Reads a probe's arguments back as numbers, for tests.
#pragma once

#include <cstring>
#include <string_view>
#include <variant>
#include <vector>

#include "harness/base/digest.h"
#include "harness/gate/challenge_stream.h"
#include "harness/gate/probe.h"

namespace assay::probes {

template <class T>
std::vector<T> values_of(const std::vector<std::byte>& bytes) {
  std::vector<T> values(bytes.size() / sizeof(T));
  std::memcpy(values.data(), bytes.data(), bytes.size());
  return values;
}

/// The words of an argument: an input's content, an output's expectation, a scalar's bytes.
template <class T = std::uint32_t>
std::vector<T> argument(const gate::Case& launch_case, std::size_t index) {
  const gate::Argument& argument = launch_case.arguments.at(index);
  if (const auto* input = std::get_if<gate::Input>(&argument)) return values_of<T>(input->bytes);
  if (const auto* output = std::get_if<gate::Output>(&argument)) return values_of<T>(output->expected);
  return values_of<T>(std::get<gate::Scalar>(argument).bytes);
}

/// One digest over all bytes of a case's arguments, bounds included, in order.
inline std::string case_digest(const gate::Case& launch_case) {
  Sha256 digest;
  for (const gate::Argument& argument : launch_case.arguments) {
    if (const auto* input = std::get_if<gate::Input>(&argument)) digest.update(input->bytes);
    if (const auto* scalar = std::get_if<gate::Scalar>(&argument)) digest.update(scalar->bytes);
    if (const auto* output = std::get_if<gate::Output>(&argument)) {
      digest.update(output->expected);
      digest.update(gate::bytes_of(output->bound));
    }
  }
  return hex(digest.finish());
}

/// Positions at which two equally long lists differ.
template <class T>
std::vector<std::size_t> differences(const std::vector<T>& a, const std::vector<T>& b) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i)
    if (std::memcmp(&a[i], &b[i], sizeof(T)) != 0) found.push_back(i);
  return found;
}

/// A fixed seed: byte i is i * 7.
inline gate::Seed fixed_seed() {
  gate::Seed seed;
  for (std::size_t i = 0; i < seed.size(); ++i) seed[i] = static_cast<std::byte>(i * 7);
  return seed;
}

}  // namespace assay::probes
