#include "harness/cli/progress_bar.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>

#include <fmt/format.h>

#include "harness/cli/terminal.h"

namespace assay::cli {

ProgressBar::ProgressBar(bool quiet) : live_(!quiet && takes_colour(STDERR_FILENO)) {}

void ProgressBar::show(std::uint64_t done, std::uint64_t of) {
  const Clock::time_point now = Clock::now();
  if (!live_ || of == 0 || now - drawn_ < std::chrono::milliseconds(100)) return;
  drawn_ = now;
  const double share = static_cast<double>(done) / static_cast<double>(of);
  const double seconds = std::chrono::duration<double>(now - begun_).count();
  const double left = share > 0 ? seconds * (1 - share) / share : 0;
  const std::size_t room = std::clamp<std::size_t>(columns_of(STDERR_FILENO, 80), 50, 100) - 40;
  const auto filled = static_cast<std::size_t>(share * static_cast<double>(room));
  fmt::print(stderr, "\r\x1b[2K  [{}{}] {:5.1f} %  {:.0f} s left", std::string(filled, '#'),
             std::string(room - filled, '.'), 100 * share, left);
  std::fflush(stderr);
}

void ProgressBar::end() {
  if (live_) fmt::print(stderr, "\r\x1b[2K");
}

}  // namespace assay::cli
