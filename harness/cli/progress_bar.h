// A bar on standard error for one long piece of work: how much is done, how fast, and how long it will take.
// Silent where standard error is no terminal.
#pragma once

#include <chrono>
#include <cstdint>

namespace assay::cli {

class ProgressBar {
 public:
  explicit ProgressBar(bool quiet);
  /// Draws anew at most ten times a second.
  void show(std::uint64_t done, std::uint64_t of);
  /// Takes the bar off the screen.
  void end();

 private:
  using Clock = std::chrono::steady_clock;
  bool live_;
  Clock::time_point begun_ = Clock::now(), drawn_{};
};

}  // namespace assay::cli
