// Every reader of machine code, over bytes of any content: what each must keep, whatever it is given.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace assay::fuzz {

/// How far the bytes came.
struct Reached {
  bool image = false, described = false, patchable = false, fatbin = false, inspected = false;
};

/// Runs every parser, every edit and the rendering over the bytes. A breach of what they promise (a refusal without an
/// offset, an edit that is not the one in its diff, a document that is not strict JSON) ends up in `breach`.
Reached run_parsers(std::span<const std::byte> bytes, std::string& breach);

}  // namespace assay::fuzz
