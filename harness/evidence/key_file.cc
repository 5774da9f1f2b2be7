#include "harness/evidence/key_file.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include <fmt/format.h>

#include "harness/base/descriptor.h"
#include "harness/base/file_system.h"

namespace assay::evidence {
namespace {

constexpr std::size_t kLargestKey = 1u << 16;
constexpr std::size_t kLongestPassphrase = 1024;

/// From the descriptor that was examined, so that nothing can be put in its place in between.
Result<std::string> read_whole(const std::string& name, const Descriptor& file) {
  std::string text(kLargestKey, '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    const std::ptrdiff_t count = read_some(file, text.data() + filled, text.size() - filled);
    if (count < 0) return errno_error(name, "read", "read", errno);
    if (count == 0) break;
    filled += static_cast<std::size_t>(count);
  }
  if (filled == kLargestKey) return Error{fmt::format("{}: too large for a key", name)};
  text.resize(filled);
  return text;
}

Error in_file(const std::filesystem::path& path, Error error) {
  error.message = fmt::format("{}: {}", path.string(), error.message);
  return error;
}

}  // namespace

Result<std::string> read_passphrase(int descriptor) {
  const std::string name = fmt::format("passphrase from file descriptor {}", descriptor);
  std::string line;
  for (char letter = 0; line.size() <= kLongestPassphrase;) {
    const ssize_t count = ::read(descriptor, &letter, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_error(name, "read", "read", errno);
    if (count == 0 || letter == '\n') break;
    line += letter;
  }
  if (line.empty()) return Error{name + ": empty"};
  if (line.size() > kLongestPassphrase) return Error{fmt::format("{}: over {} bytes", name, kLongestPassphrase)};
  return line;
}

Result<PrivateKey> load_private_key(const std::filesystem::path& path, const std::optional<std::string>& passphrase) {
  const Result<Descriptor> file = open_regular(path.string(), Links::kFollow);
  if (!file) return file.error();
  struct stat status {};
  if (::fstat(file->get(), &status) != 0) return errno_error(path.string(), "stat", "fstat", errno);
  if ((status.st_mode & 077) != 0)
    return Error{fmt::format("{0}: the private key is open to other users (mode {1:04o}); run: chmod 600 {0}",
                             path.string(), status.st_mode & 07777)};
  const auto text = read_whole(path.string(), *file);
  if (!text) return text.error();
  auto key = PrivateKey::from_pem(*text, passphrase);
  if (!key) return in_file(path, key.error());
  return key;
}

Status write_private_key(const std::filesystem::path& path, const PrivateKey& key,
                         const std::optional<std::string>& passphrase) {
  const auto pem = key.pem(passphrase);
  if (!pem) return in_file(path, pem.error());
  return create_file(path, *pem, Readers::kOwner);
}

}  // namespace assay::evidence
