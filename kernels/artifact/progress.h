// How far a long piece of work is, counted from several threads. Tested by tests/artifact/convert_test.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>

namespace assay::artifact {

/// Elements that are done, of all; called by one thread at a time. May be empty.
using OnProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// Counts and tells the listener, which outlives it.
class Progress {
 public:
  explicit Progress(const OnProgress& listener) : listener_(listener) {}
  /// Before the first `done`.
  void expect(std::uint64_t elements) { total_ += elements; }
  /// From any thread.
  void done(std::uint64_t elements) {
    if (!listener_) return;
    const std::scoped_lock held(lock_);
    done_ += elements;
    listener_(done_, total_);
  }

 private:
  const OnProgress& listener_;
  std::mutex lock_;
  std::uint64_t done_ = 0, total_ = 0;
};

}  // namespace assay::artifact
