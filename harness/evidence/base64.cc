#include "harness/evidence/base64.h"

#include <cstdint>

#include <fmt/format.h>
#include <openssl/evp.h>

namespace assay::evidence {
namespace {

constexpr std::string_view kStandard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlSafe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

Error fault(std::size_t offset, std::string_view rule) {
  return Error{fmt::format("base64: offset {}: {}", offset, rule)};
}

/// The alphabet that a text is written in: the URL-safe one if it shows one of its own letters.
std::string_view alphabet_of(std::string_view text) {
  return text.find_first_of("-_") == text.npos ? kStandard : kUrlSafe;
}

std::size_t padding_of(std::string_view text) {
  if (text.ends_with("==")) return 2;
  return text.ends_with('=') ? 1 : 0;
}

}  // namespace

std::string base64(std::string_view bytes) {
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');  // One more: OpenSSL ends it with a NUL.
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                      reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

Result<std::string> unbase64(std::string_view text) {
  if (text.size() % 4 != 0) return fault(text.size(), "padding is missing");
  const std::string_view alphabet = alphabet_of(text);
  const std::string_view letters = text.substr(0, text.size() - padding_of(text));
  if (alphabet == kUrlSafe && letters.find_first_of("+/") != letters.npos)
    return fault(letters.find_first_of("+/"), "a letter of the standard alphabet among those of the URL-safe one");
  std::string bytes;
  bytes.reserve(letters.size() * 3 / 4);
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (std::size_t i = 0; i < letters.size(); ++i) {
    const std::size_t value = alphabet.find(letters[i]);
    if (value == alphabet.npos) return fault(i, "no letter of base64");
    bits = (bits << 6 | static_cast<std::uint32_t>(value)) & 0xFFFFu;
    held += 6;
    if (held < 8) continue;
    held -= 8;
    bytes += static_cast<char>(bits >> held & 0xFFu);
  }
  if ((bits & ((1u << held) - 1)) != 0) return fault(letters.size() - 1, "unused bits are not zero");
  return bytes;
}

}  // namespace assay::evidence
