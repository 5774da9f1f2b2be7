// SHA-256, HMAC-SHA256 and HKDF-SHA256 (FIPS 180-4, RFC 2104, RFC 5869), by OpenSSL.
// Tested by tests/base/digest_test.cc against the vectors of those texts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "harness/base/result.h"

namespace assay {

using Digest = std::array<std::byte, 32>;

Digest sha256(std::span<const std::byte> bytes);
Digest sha256(std::string_view text);
/// Streams the file; an error names the file and errno. Follows links; refuses what is not a regular file.
Result<Digest> sha256_file(const std::filesystem::path&);

Digest hmac_sha256(std::span<const std::byte> key, std::string_view message);
Digest hkdf_sha256(std::span<const std::byte> ikm, std::string_view salt, std::string_view info);

/// SHA-256 of a sequence of pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void update(std::span<const std::byte> bytes);
  void update(std::string_view text);
  Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Lower-case hex, and its strict inverse (even length, lower case only).
std::string hex(std::span<const std::byte> bytes);
Result<std::string> unhex(std::string_view text);
/// Whether the text is 64 lower-case hex digits.
bool is_sha256_hex(std::string_view text);
/// The strict inverse for 32 bytes.
Result<Digest> digest_from_hex(std::string_view text);

/// Random bytes from the operating system.
void random_bytes(std::span<std::byte> out);

}  // namespace assay
