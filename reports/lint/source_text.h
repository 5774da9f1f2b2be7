// Text that remembers where in its file each byte came from.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace assay::lint {

/// `origin[i]` is the offset in the file of what became `text[i]`; it never falls.
struct SourceText {
  std::string text;
  std::vector<std::uint32_t> origin;

  void append(std::string_view bytes, std::size_t offset) {
    for (std::size_t i = 0; i < bytes.size(); ++i) push(bytes[i], offset + i);
  }
  void push(char byte, std::size_t offset) {
    text.push_back(byte);
    origin.push_back(static_cast<std::uint32_t>(offset));
  }
  SourceText part(std::size_t begin, std::size_t end) const {
    const auto at = [&](std::size_t i) { return origin.begin() + static_cast<std::ptrdiff_t>(i); };
    return {text.substr(begin, end - begin), {at(begin), at(end)}};
  }
  bool empty() const { return text.empty(); }
};

/// Where a byte of a file is, as people count: from 1, columns in code points.
struct Position {
  std::size_t line = 1, column = 1;
  bool operator==(const Position&) const = default;
};

}  // namespace assay::lint
