#include "harness/gate/case_digests.h"

#include "harness/base/digest.h"
#include "harness/gate/compare.h"

namespace assay::gate {
namespace {

void digest_piece(Sha256& sha, std::string_view name, std::span<const std::byte> bytes) {
  sha.update(name);
  sha.update(std::string_view("\0", 1));
  sha.update(bytes);
}

std::vector<std::byte> map_shape(const MapArgument& argument) {
  std::vector<std::byte> bytes = bytes_of(static_cast<std::uint64_t>(argument.buffer));
  const auto append = [&bytes](const std::vector<std::byte>& more) {
    bytes.insert(bytes.end(), more.begin(), more.end());
  };
  append(bytes_of(argument.map.type));
  append(bytes_of(argument.map.dims));
  append(bytes_of(argument.map.strides));
  append(bytes_of(argument.map.box));
  append(bytes_of(argument.map.swizzle));
  return bytes;
}

}  // namespace

CaseDigests digests(const Case& launch_case) {
  Sha256 inputs, expected, observed;
  CaseDigests result{.name = launch_case.name};
  for (const Argument& argument : launch_case.arguments) {
    if (const auto* input = std::get_if<Input>(&argument)) digest_piece(inputs, input->name, input->bytes);
    if (const auto* scalar = std::get_if<Scalar>(&argument)) digest_piece(inputs, scalar->name, scalar->bytes);
    if (const auto* map = std::get_if<MapArgument>(&argument)) digest_piece(inputs, "map", map_shape(*map));
    if (const auto* output = std::get_if<Output>(&argument)) {
      digest_piece(expected, output->name, output->expected);
      digest_piece(expected, "bound", bytes_of(output->bound));
      digest_piece(observed, output->name, output->expected);
      result.exact = result.exact && output->bound.empty();
      result.compared += static_cast<std::int64_t>((output->expected.size() + 3) / 4);
    }
  }
  result.inputs_sha256 = hex(inputs.finish());
  result.expected_sha256 = hex(expected.finish());
  result.observed_if_right = hex(observed.finish());
  return result;
}

std::string observed_digest(const Case& launch_case, const Observed& observed) {
  Sha256 sha;
  const auto expected = outputs(launch_case);
  for (std::size_t i = 0; i < expected.size(); ++i) digest_piece(sha, expected[i]->name, observed.outputs[i]);
  return hex(sha.finish());
}

}  // namespace assay::gate
