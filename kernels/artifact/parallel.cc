#include "kernels/artifact/parallel.h"

#include <atomic>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

namespace assay::artifact {

Status for_each_unit(std::size_t count, unsigned threads, const std::function<Status(std::size_t)>& work) {
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> stop = false;
  std::mutex lock;
  std::map<std::size_t, Error> errors;
  const auto serve = [&] {
    // What was taken is done, even after an error: an earlier unit may still fail, and then it is the first.
    for (std::size_t i = stop ? count : next++; i < count; i = stop ? count : next++) {
      const Status done = work(i);
      if (done) continue;
      stop = true;
      const std::scoped_lock held(lock);
      errors.emplace(i, done.error());
    }
  };
  {
    std::vector<std::jthread> helpers;
    for (unsigned i = 1; i < threads; ++i) helpers.emplace_back(serve);
    serve();
  }
  return errors.empty() ? ok() : Status(errors.begin()->second);
}

}  // namespace assay::artifact
