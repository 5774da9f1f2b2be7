#include "harness/base/digest.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "harness/base/descriptor.h"

namespace assay {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

/// OpenSSL fails here only when it is out of memory or has no SHA-256 at all: nothing true could be recorded after
/// that.
void require(bool done) {
  if (done) return;
  std::fputs("assay: OpenSSL has no working SHA-256 or random source\n", stderr);
  std::abort();
}

unsigned char* raw_out(std::span<std::byte> bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }
const unsigned char* raw(std::span<const std::byte> bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
std::span<const std::byte> as_bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

Digest hmac(std::span<const std::byte> key, std::span<const std::byte> message) {
  Digest digest;
  require(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), raw(message), message.size(), raw_out(digest),
               nullptr) != nullptr);
  return digest;
}

/// SHA-256 as OpenSSL's providers have it, looked up once: a lookup takes locks and as long as a short message.
const EVP_MD* sha256_method() {
  static const EVP_MD* const method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  require(method != nullptr);
  return method;
}

}  // namespace

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  require(state_->context && EVP_DigestInit_ex(state_->context, sha256_method(), nullptr) == 1);
}
Sha256::~Sha256() = default;

void Sha256::update(std::span<const std::byte> bytes) {
  require(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
}
void Sha256::update(std::string_view text) { update(as_bytes(text)); }

Digest Sha256::finish() {
  Digest digest;
  require(EVP_DigestFinal_ex(state_->context, raw_out(digest), nullptr) == 1);
  return digest;
}

Digest sha256(std::span<const std::byte> bytes) {
  Digest digest;
  require(EVP_Digest(bytes.data(), bytes.size(), raw_out(digest), nullptr, sha256_method(), nullptr) == 1);
  return digest;
}
Digest sha256(std::string_view text) { return sha256(as_bytes(text)); }

Result<Digest> sha256_file(const std::filesystem::path& path) {
  const Result<Descriptor> file = open_regular(path.string(), Links::kFollow);
  if (!file) return file.error();
  Sha256 hash;
  std::vector<std::byte> block(std::size_t{1} << 20);
  for (;;) {
    const std::ptrdiff_t count = read_some(*file, block.data(), block.size());
    if (count < 0) return errno_error(path.string(), "read", "read", errno);
    if (count == 0) return hash.finish();
    hash.update(std::span(block).first(static_cast<std::size_t>(count)));
  }
}

Digest hmac_sha256(std::span<const std::byte> key, std::string_view message) { return hmac(key, as_bytes(message)); }

// RFC 5869: extract, then the first block of expand, which is all that 32 bytes need.
Digest hkdf_sha256(std::span<const std::byte> ikm, std::string_view salt, std::string_view info) {
  const Digest key = hmac(as_bytes(salt), ikm);
  return hmac_sha256(key, std::string(info) + '\1');
}

std::string hex(std::span<const std::byte> bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::byte byte : bytes) {
    text += kHexDigits[std::to_integer<std::size_t>(byte >> 4)];
    text += kHexDigits[std::to_integer<std::size_t>(byte & std::byte{15})];
  }
  return text;
}

Result<std::string> unhex(std::string_view text) {
  if (text.size() % 2 != 0) return Error{fmt::format("hex: {} digits, expected an even number", text.size())};
  const std::size_t wrong = text.find_first_not_of(kHexDigits);
  if (wrong != text.npos) return Error{fmt::format("hex: offset {}: expected one of {}", wrong, kHexDigits)};
  std::string bytes;
  bytes.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2)
    bytes += static_cast<char>(kHexDigits.find(text[i]) * 16 + kHexDigits.find(text[i + 1]));
  return bytes;
}

bool is_sha256_hex(std::string_view text) {
  return text.size() == 2 * sizeof(Digest) && text.find_first_not_of(kHexDigits) == text.npos;
}

Result<Digest> digest_from_hex(std::string_view text) {
  if (text.size() != 2 * sizeof(Digest)) return Error{fmt::format("digest: {} digits, expected 64", text.size())};
  const Result<std::string> bytes = unhex(text);
  if (!bytes) return bytes.error();
  Digest digest;
  std::ranges::copy(as_bytes(*bytes), digest.begin());
  return digest;
}

void random_bytes(std::span<std::byte> out) { require(RAND_bytes(raw_out(out), static_cast<int>(out.size())) == 1); }

}  // namespace assay
