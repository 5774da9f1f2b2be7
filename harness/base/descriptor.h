// An open file of the operating system, and the words for its refusals. Inner to this layer: file_system, digest and
// child stand on it. Tested through them.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "harness/base/result.h"

namespace assay {

/// Owns a file descriptor; -1 is none.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() { close(); }

  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }
  void close();

 private:
  int number_ = -1;
};

/// "SUBJECT: cannot ACTION: No such file or directory", with the call, the errno and its name.
Error errno_error(std::string_view subject, std::string_view action, std::string_view call, int code);

/// Opens a regular file for reading; a folder, a device or a pipe is an error that says so, and none can block the
/// caller.
enum class Links { kFollow, kRefuse };
Result<Descriptor> open_regular(const std::string& path, Links links);

/// Reads up to `size` bytes, through interruptions by signals; -1 and errno as read(2).
std::ptrdiff_t read_some(const Descriptor&, void* out, std::size_t size);
/// Writes all of it; 0, or the errno that stopped it.
int write_all(const Descriptor&, std::string_view content);

}  // namespace assay
