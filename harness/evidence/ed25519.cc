#include "harness/evidence/ed25519.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include <fmt/format.h>

#include "harness/base/digest.h"

namespace assay::evidence {
namespace {

template <class T, void (*free_it)(T*)>
struct Freed {
  void operator()(T* pointer) const { free_it(pointer); }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY, EVP_PKEY_free>>;
using Context = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX, EVP_MD_CTX_free>>;
using Memory = std::unique_ptr<BIO, Freed<BIO, BIO_free_all>>;

const unsigned char* raw(const void* bytes) { return static_cast<const unsigned char*>(bytes); }
unsigned char* raw(void* bytes) { return static_cast<unsigned char*>(bytes); }

Memory reading(std::string_view text) { return Memory(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

std::string written(const Memory& memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory.get(), &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

/// What is refused is told in words of our own; OpenSSL's queue must not speak in a later refusal.
Error refused(std::string message) {
  ERR_clear_error();
  return Error{.message = std::move(message)};
}

// --- Points ---

/// The y coordinates of the eight points of small order: 0, 1, p - 1, and two of order 8 (little-endian, no sign).
constexpr std::array<std::string_view, 5> kSmallOrder = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"};

using Point = std::array<std::byte, 32>;

Point without_sign(Point point) {
  point.back() &= std::byte{0x7f};
  return point;
}

/// Whether y is p = 2^255 - 19 or more, and so a second spelling of y - p.
bool is_reduced(const Point& y) {
  const bool high = y.back() == std::byte{0x7f} &&
                    std::all_of(y.begin() + 1, y.end() - 1, [](std::byte byte) { return byte == std::byte{0xff}; });
  return !high || y.front() < std::byte{0xed};
}

bool is_small_order(const Point& y) {
  return std::find(kSmallOrder.begin(), kSmallOrder.end(), hex(y)) != kSmallOrder.end();
}

// --- Keys ---

Result<PublicKey> public_part(const EVP_PKEY* key) {
  Point bytes{};
  std::size_t size = bytes.size();
  if (EVP_PKEY_get_raw_public_key(key, raw(bytes.data()), &size) != 1 || size != bytes.size())
    return refused("no Ed25519 key");
  return PublicKey::from_bytes(bytes);
}

/// Asks for the passphrase that the caller has; without one the answer is a refusal, never a question on a terminal.
struct Asked {
  const std::optional<std::string>& passphrase;
  bool was_asked = false;
};
int answer_passphrase(char* out, int size, int, void* state) {
  auto& asked = *static_cast<Asked*>(state);
  asked.was_asked = true;
  if (!asked.passphrase || asked.passphrase->size() > static_cast<std::size_t>(size)) return -1;
  std::memcpy(out, asked.passphrase->data(), asked.passphrase->size());
  return static_cast<int>(asked.passphrase->size());
}

}  // namespace

Result<PublicKey> PublicKey::from_bytes(std::span<const std::byte> bytes) {
  Bytes point{};
  if (bytes.size() != point.size())
    return Error{fmt::format("public key: {} bytes, expected {}", bytes.size(), point.size())};
  std::copy(bytes.begin(), bytes.end(), point.begin());
  const Point y = without_sign(point);
  if (!is_reduced(y)) return Error{"public key: not the canonical encoding of its point"};
  if (is_small_order(y)) return Error{"public key: a point of small order, under which anybody can sign"};
  return PublicKey(point);
}

Result<PublicKey> PublicKey::from_pem(std::string_view pem) {
  const Memory memory = reading(pem);
  const Key key(PEM_read_bio_PUBKEY(memory.get(), nullptr, nullptr, nullptr));
  if (!key || EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519) return refused("no Ed25519 public key in PEM");
  return public_part(key.get());
}

std::string PublicKey::pem() const {
  const Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw(bytes_.data()), bytes_.size()));
  const Memory memory(BIO_new(BIO_s_mem()));
  PEM_write_bio_PUBKEY(memory.get(), key.get());
  return written(memory);
}

std::string PublicKey::hex() const { return assay::hex(bytes_); }

std::string PublicKey::keyid() const {
  // RFC 8410: SubjectPublicKeyInfo of the algorithm 1.3.101.112, then the 32 bytes.
  constexpr std::string_view kPrefix("\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00", 12);
  Sha256 hash;
  hash.update(kPrefix);
  hash.update(bytes_);
  return assay::hex(hash.finish());
}

bool PublicKey::verifies(std::string_view message, std::string_view signature) const {
  if (signature.size() != kSignatureSize) return false;
  const Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw(bytes_.data()), bytes_.size()));
  const Context context(EVP_MD_CTX_new());
  // Ed25519 hashes by itself: no digest may be named, and the whole message is handed over at once.
  const bool good = key && context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
                    EVP_DigestVerify(context.get(), raw(signature.data()), signature.size(), raw(message.data()),
                                     message.size()) == 1;
  ERR_clear_error();
  return good;
}

void PrivateKey::Free::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

Result<PrivateKey> PrivateKey::of(evp_pkey_st* key) {
  Handle owned(key);
  if (!owned || EVP_PKEY_get_id(key) != EVP_PKEY_ED25519) return refused("no Ed25519 private key");
  const auto public_key = public_part(key);
  if (!public_key) return public_key.error();
  return PrivateKey(std::move(owned), *public_key);
}

Result<PrivateKey> PrivateKey::generate() { return of(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")); }

Result<PrivateKey> PrivateKey::from_seed(std::span<const std::byte> seed) {
  return of(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, raw(seed.data()), seed.size()));
}

Result<PrivateKey> PrivateKey::from_pem(const std::string& pem, const std::optional<std::string>& passphrase) {
  const Memory memory = reading(pem);
  Asked asked{passphrase};
  EVP_PKEY* key = PEM_read_bio_PrivateKey(memory.get(), nullptr, answer_passphrase, &asked);
  if (key == nullptr && asked.was_asked)
    return refused(passphrase ? "the passphrase does not open it"
                              : "encrypted; name the file descriptor of its passphrase with --passphrase-fd");
  if (key == nullptr) return refused("no private key in PEM (PKCS#8)");
  return of(key);
}

Result<std::string> PrivateKey::pem(const std::optional<std::string>& passphrase) const {
  const Memory memory(BIO_new(BIO_s_mem()));
  const EVP_CIPHER* cipher = passphrase ? EVP_aes_256_cbc() : nullptr;
  const char* phrase = passphrase ? passphrase->data() : nullptr;
  const int size = passphrase ? static_cast<int>(passphrase->size()) : 0;
  if (PEM_write_bio_PKCS8PrivateKey(memory.get(), key_.get(), cipher, phrase, size, nullptr, nullptr) != 1)
    return refused("private key: cannot be written as PKCS#8");
  return written(memory);
}

Result<std::string> PrivateKey::sign(std::string_view message) const {
  std::string signature(kSignatureSize, '\0');
  std::size_t size = signature.size();
  const Context context(EVP_MD_CTX_new());
  if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key_.get()) != 1 ||
      EVP_DigestSign(context.get(), raw(signature.data()), &size, raw(message.data()), message.size()) != 1 ||
      size != kSignatureSize)
    return refused("signing failed in OpenSSL");
  return signature;
}

}  // namespace assay::evidence
