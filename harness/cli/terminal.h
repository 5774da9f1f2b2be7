// What a person sees: colour where it is wanted, and tables that fit.
// Tested by tests/cli/terminal_test.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "harness/evidence/record.h"

namespace assay::cli {

enum class Colour { plain, green, red, yellow, blue, dim, bold };

/// Whether a stream takes colour: a terminal, and NO_COLOR not set.
bool takes_colour(int descriptor);
/// Columns of the terminal behind the descriptor; `fallback` if it is none.
std::size_t columns_of(int descriptor, std::size_t fallback);

/// The text in a colour, or as it is.
std::string paint(std::string_view text, Colour, bool colour);

/// The colour of a verdict: proven green, mismatch, faulted and hung red, refused yellow, not-run dim.
Colour colour_of(evidence::Verdict);

struct Cell {
  std::string text;
  Colour colour = Colour::plain;
};

/// Rows under headings, columns aligned, two spaces between; the last column is wrapped to `width` at word boundaries
/// and continued under itself.
std::string table(const std::vector<std::string>& headings, const std::vector<std::vector<Cell>>& rows,
                  std::size_t width, bool colour);

}  // namespace assay::cli
