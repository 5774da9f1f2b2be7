#include "harness/base/descriptor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace assay {
namespace {

std::string_view kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "folder";
  if (S_ISFIFO(mode)) return "pipe";
  if (S_ISSOCK(mode)) return "socket";
  return "device";
}

}  // namespace

void Descriptor::close() {
  if (number_ >= 0) ::close(std::exchange(number_, -1));
}

Error errno_error(std::string_view subject, std::string_view action, std::string_view call, int code) {
  const char* name = strerrorname_np(code);
  return {.message = fmt::format("{}: cannot {}: {}", subject, action, std::generic_category().message(code)),
          .call = std::string(call),
          .code = code,
          .name = name ? name : ""};
}

Result<Descriptor> open_regular(const std::string& path, Links links) {
  // O_NONBLOCK: opening a pipe that nobody writes to must end in a refusal, not in waiting.
  int flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  if (links == Links::kRefuse) flags |= O_NOFOLLOW;
  Descriptor file(::open(path.c_str(), flags));
  if (!file && errno == ELOOP && links == Links::kRefuse)
    return Error{.message = path + ": is a link, expected a file", .call = "open", .code = ELOOP, .name = "ELOOP"};
  if (!file) return errno_error(path, "open", "open", errno);
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) return errno_error(path, "stat", "fstat", errno);
  if (!S_ISREG(facts.st_mode))
    return Error{.message = fmt::format("{}: is a {}, expected a file", path, kind_of(facts.st_mode))};
  return file;
}

std::ptrdiff_t read_some(const Descriptor& file, void* out, std::size_t size) {
  for (;;) {
    const ssize_t count = ::read(file.get(), out, size);
    if (count >= 0 || errno != EINTR) return count;
  }
}

int write_all(const Descriptor& file, std::string_view content) {
  while (!content.empty()) {
    const ssize_t count = ::write(file.get(), content.data(), content.size());
    if (count > 0) content.remove_prefix(static_cast<std::size_t>(count));
    if (count < 0 && errno != EINTR) return errno;
  }
  return 0;
}

}  // namespace assay
