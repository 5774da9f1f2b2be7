// Ed25519 keys and signatures (RFC 8032), by OpenSSL 3.
//
// OpenSSL refuses malleable signatures, but takes any 32 bytes for a public key. Under a key of small order one fixed
// signature is good for every message, and a second encoding of a point would let one key count as two; a PublicKey
// cannot hold either. A key is known by its `keyid`, the SHA-256 of its DER SubjectPublicKeyInfo, which anybody
// computes with `openssl pkey -pubin -outform DER | sha256sum`. Tested by tests/evidence/ed25519_test.cc against the
// vectors of RFC 8032.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "harness/base/result.h"

struct evp_pkey_st;  // OpenSSL's EVP_PKEY.

namespace assay::evidence {

inline constexpr std::size_t kSignatureSize = 64;

class PublicKey {
 public:
  /// 32 bytes, as RFC 8032 encodes a point. Error: another size, a point of small order, an encoding that is not the
  /// point's own.
  static Result<PublicKey> from_bytes(std::span<const std::byte> bytes);
  /// A SubjectPublicKeyInfo in PEM.
  static Result<PublicKey> from_pem(std::string_view pem);

  std::string pem() const;
  std::string hex() const;
  /// 64 hex digits.
  std::string keyid() const;
  /// Whether the signature is this key's over these very bytes. One that is not of 64 bytes never is.
  bool verifies(std::string_view message, std::string_view signature) const;
  bool operator==(const PublicKey&) const = default;

 private:
  using Bytes = std::array<std::byte, 32>;
  explicit PublicKey(const Bytes& bytes) : bytes_(bytes) {}
  Bytes bytes_;
};

class PrivateKey {
 public:
  static Result<PrivateKey> generate();
  /// The 32 bytes that RFC 8032 calls the private key.
  static Result<PrivateKey> from_seed(std::span<const std::byte> seed);
  /// PKCS#8 in PEM. Error: no such key, another algorithm, encrypted and no passphrase given, a wrong passphrase.
  static Result<PrivateKey> from_pem(const std::string& pem, const std::optional<std::string>& passphrase);

  /// PKCS#8 in PEM, encrypted (AES-256-CBC) if there is a passphrase.
  Result<std::string> pem(const std::optional<std::string>& passphrase) const;
  const PublicKey& public_key() const { return public_; }
  /// 64 bytes; the same each time.
  Result<std::string> sign(std::string_view message) const;

 private:
  struct Free {
    void operator()(evp_pkey_st*) const;
  };
  using Handle = std::unique_ptr<evp_pkey_st, Free>;
  static Result<PrivateKey> of(evp_pkey_st* key);
  PrivateKey(Handle key, PublicKey public_key) : key_(std::move(key)), public_(public_key) {}

  Handle key_;
  PublicKey public_;
};

/// The start of a key id, as people are shown it.
inline std::string_view short_id(std::string_view keyid) { return keyid.substr(0, 12); }

}  // namespace assay::evidence
