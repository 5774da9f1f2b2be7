// What `assay inspect` says of a file, as pure functions of its bytes: a JSON document, and the same as text for
// people.
//
// The text is made from the document alone, so that neither says more than the other. Every string that comes from the
// file is cleaned of control characters, which a terminal would obey.
// Tested by tests/cli/inspection_test.cc.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "harness/base/json_fwd.h"
#include "harness/base/result.h"

namespace assay::cli {

/// The document, schema "inspect/1", of a cubin, a fatbin, or a host file that holds fatbins; with `entry` also what is
/// in that entry of the latter two. Error: offset and rule.
Result<Json> inspect_bytes(std::span<const std::byte> file, std::optional<std::size_t> entry = std::nullopt);

/// Entries that a fatbin's text lists one by one; more are counted by target.
constexpr std::size_t kListedEntries = 40;

struct TextOptions {
  std::size_t width = 160;
  bool colour = false;
  bool list = false;  ///< All entries one by one, however many.
};
std::string inspection_text(const Json& document, const TextOptions&);

}  // namespace assay::cli
