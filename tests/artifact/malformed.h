// Checkpoints that must be refused, each with the whole line that says why.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace assay::artifact {

struct Malformed {
  std::string name;
  std::function<void(const std::filesystem::path& folder)> make;  ///< Into an empty folder.
  std::string expected;                                           ///< The refusal; "DIR" stands for the folder.
};

/// Published flaws of other parsers, and every rule of this one.
std::vector<Malformed> malformed_checkpoints();

/// A safetensors file: the length, the header as it is, so many bytes of data.
std::string file_of(std::string_view header, std::size_t data_bytes);

/// Writes it; a test whose files are not there must fail by itself.
void put(const std::filesystem::path& file, std::string_view content);

}  // namespace assay::artifact
