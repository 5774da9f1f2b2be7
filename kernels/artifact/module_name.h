// A module's name, "model.layers.0.mlp.up_proj", in its two parts.
#pragma once

#include <string_view>

namespace assay::artifact {

struct ModuleName {
  std::string_view parent;  ///< "model.layers.0.mlp.", with its dot; empty at the top.
  std::string_view last;    ///< "up_proj".
};

/// At its last dot.
constexpr ModuleName split_module(std::string_view module) {
  const std::size_t dot = module.rfind('.');
  if (dot == std::string_view::npos) return {"", module};
  return {module.substr(0, dot + 1), module.substr(dot + 1)};
}

}  // namespace assay::artifact
