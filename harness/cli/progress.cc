#include "harness/cli/progress.h"

#include <unistd.h>

#include <cstdio>

#include <fmt/format.h>

#include "harness/cli/terminal.h"

namespace assay::cli {

Progress::Progress(bool quiet) : quiet_(quiet), live_(takes_colour(STDERR_FILENO)) {}

void Progress::begins(std::string_view gate, std::string_view what) {
  if (quiet_ || !live_) return;
  const std::size_t room = columns_of(STDERR_FILENO, 80);
  const std::string line = fmt::format("  {:<21} {}", gate, what).substr(0, room - 1);
  fmt::print(stderr, "\r\x1b[2K{}", paint(line, Colour::dim, live_));
  std::fflush(stderr);
}

void Progress::ended(const evidence::Record& record, const evidence::Derived& derived) {
  if (quiet_) return;
  if (live_) fmt::print(stderr, "\r\x1b[2K");
  const std::string verdict(evidence::word(derived.verdict));
  const std::string wall =
      record.process ? fmt::format("{:.2f} s", static_cast<double>(record.process->wall_ns) / 1e9) : "";
  fmt::print(stderr, "  {:<21} {}  {}\n", record.gate,
             paint(fmt::format("{:<10}", verdict), colour_of(derived.verdict), live_), wall);
}

}  // namespace assay::cli
