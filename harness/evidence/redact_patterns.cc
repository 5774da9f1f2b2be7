// What must not be published, as patterns, and the search for them in texts and binaries.
#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>

#include "harness/evidence/redact.h"

namespace assay::evidence {
namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr bool is_word(char c) { return is_letter(c) || is_digit(c) || c == '_'; }

char at(std::string_view text, std::size_t i) { return i < text.size() ? text[i] : '\0'; }

template <class Is>
std::size_t run_of(std::string_view text, Is is) {
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is) - text.begin());
}

/// Length of the match of a shape at the start of `text`: 'x' is a hex digit, all else is itself. 0: no match.
std::size_t match_shape(std::string_view text, std::string_view shape) {
  if (text.size() < shape.size()) return 0;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 'x' ? !is_hex(text[i]) : text[i] != shape[i]) return 0;
  }
  return is_word(at(text, shape.size())) ? 0 : shape.size();
}

constexpr std::string_view kUuid = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

std::size_t match_gpu_uuid(std::string_view text) {
  if (!text.starts_with("GPU-") && !text.starts_with("MIG-")) return 0;
  const std::size_t length = match_shape(text.substr(4), kUuid);
  return length == 0 ? 0 : length + 4;
}

std::size_t match_pci(std::string_view text) {
  constexpr std::array<std::string_view, 2> kShapes{"xxxx:xx:xx.x", "xxxxxxxx:xx:xx.x"};
  for (const std::string_view shape : kShapes) {
    if (const std::size_t length = match_shape(text, shape)) return length;
  }
  return 0;
}

std::size_t match_mac(std::string_view text) {
  constexpr std::array<std::string_view, 2> kShapes{"xx:xx:xx:xx:xx:xx", "xx-xx-xx-xx-xx-xx"};
  for (const std::string_view shape : kShapes) {
    const std::size_t length = match_shape(text, shape);
    if (length != 0 && at(text, length) != shape[2]) return length;
  }
  return 0;
}

std::size_t match_ipv4(std::string_view text) {
  std::size_t length = 0;
  for (int part = 0; part < 4; ++part) {
    if (part > 0 && at(text, length++) != '.') return 0;
    const std::size_t digits = run_of(text.substr(length), is_digit);
    // A leading zero, or a fifth part, is a firmware version.
    if (digits == 0 || digits > 3 || (digits > 1 && text[length] == '0')) return 0;
    if (std::atoi(std::string(text.substr(length, digits)).c_str()) > 255) return 0;
    length += digits;
  }
  const bool goes_on = is_word(at(text, length)) || (at(text, length) == '.' && is_digit(at(text, length + 1)));
  return goes_on ? 0 : length;
}

std::size_t match_ipv6(std::string_view text) {
  const std::size_t length = run_of(text, [](char c) { return is_hex(c) || c == ':'; });
  const std::string run(text.substr(0, length));
  // Words of hex letters joined by "::" are C++ or PTX, not addresses; a short one names no machine.
  const bool plausible = length >= 6 && length < INET6_ADDRSTRLEN && !is_word(at(text, length)) &&
                         std::any_of(run.begin(), run.end(), is_digit) && std::count(run.begin(), run.end(), ':') >= 2;
  in6_addr address;
  return plausible && inet_pton(AF_INET6, run.c_str(), &address) == 1 ? length : 0;
}

std::size_t match_address(std::string_view text) {
  const std::size_t length = match_ipv4(text);
  return length != 0 ? length : match_ipv6(text);
}

std::size_t match_email(std::string_view text) {
  constexpr std::size_t kLongest = 64;  // RFC 5321, section 4.5.3.1.1; also keeps the search linear.
  const std::size_t local = run_of(text.substr(0, kLongest + 1),
                                   [](char c) { return is_word(c) || c == '.' || c == '+' || c == '-' || c == '%'; });
  if (local == 0 || local > kLongest || at(text, local) != '@') return 0;
  const std::string_view domain = text.substr(local + 1, 255);
  std::size_t length = run_of(domain, [](char c) { return is_letter(c) || is_digit(c) || c == '.' || c == '-'; });
  while (length > 0 && !is_letter(domain[length - 1]) && !is_digit(domain[length - 1])) --length;
  const std::size_t dot = domain.substr(0, length).rfind('.');
  if (dot == std::string_view::npos || dot == 0 || length - dot < 3 || !is_letter(domain[dot + 1])) return 0;
  return local + 1 + length;
}

std::size_t match_home(std::string_view text) {
  constexpr std::array<std::string_view, 2> kBases{"/home/", "/Users/"};
  for (const std::string_view base : kBases) {
    if (!text.starts_with(base)) continue;
    const std::size_t name =
        run_of(text.substr(base.size()), [](char c) { return is_word(c) || c == '.' || c == '-'; });
    if (name > 0) return base.size() + name;
  }
  constexpr std::string_view kRoot = "/root";
  return text.starts_with(kRoot) && !is_word(at(text, kRoot.size())) && at(text, kRoot.size()) != '-' ? kRoot.size()
                                                                                                      : 0;
}

std::size_t match_private_key(std::string_view text) {
  constexpr std::string_view kBegin = "-----BEGIN ", kEnd = "-----END ", kKind = "PRIVATE KEY-----";
  if (!text.starts_with(kBegin)) return 0;
  const std::size_t kind = text.find(kKind);
  if (kind == std::string_view::npos || kind > kBegin.size() + 32) return 0;
  const std::size_t end = text.find(kEnd, kind);
  const std::size_t last = end == std::string_view::npos ? end : text.find(kKind, end);
  return last == std::string_view::npos ? text.size() : last + kKind.size();
}

constexpr std::array<std::string_view, 12> kTokenPrefixes{"ghp_",   "gho_", "ghs_",  "github_pat_", "glpat-", "hf_",
                                                          "nvapi-", "sk-",  "xoxb-", "xoxp-",       "AKIA",   "eyJ"};

std::size_t match_access_token(std::string_view text) {
  constexpr std::size_t kShortest = 16;
  for (const std::string_view prefix : kTokenPrefixes) {
    if (!text.starts_with(prefix)) continue;
    const std::size_t rest =
        run_of(text.substr(prefix.size()), [](char c) { return is_word(c) || c == '-' || c == '.'; });
    if (rest >= kShortest) return prefix.size() + rest;
  }
  return 0;
}

constexpr bool begins_private_key(char c) { return c == '-'; }
constexpr bool begins_home(char c) { return c == '/'; }
constexpr bool begins_gpu_uuid(char c) { return c == 'G' || c == 'M'; }
constexpr bool begins_address(char c) { return is_hex(c) || c == ':'; }
constexpr bool begins_access_token(char c) {
  for (const std::string_view prefix : kTokenPrefixes)
    if (prefix.front() == c) return true;
  return false;
}
constexpr bool begins_email(char c) { return is_word(c) || c == '+' || c == '-' || c == '%'; }

/// One kind of leak. `match` gives the length of the leak that starts exactly at its argument.
struct Pattern {
  std::string_view what;
  std::size_t (*match)(std::string_view);
  bool (*begins)(char);  ///< Whether a match can start with this character.
  bool in_binaries;      ///< So particular that machine code does not hold it by chance.
  bool starts_a_word;    ///< Else it starts anywhere: "-L/home/name".
  char needs = '\0';     ///< A character that every match holds.
};
// The more particular first: an address inside a longer one is not looked for.
constexpr std::array kPatterns{Pattern{"private key", match_private_key, begins_private_key, true, false},
                               Pattern{"home path", match_home, begins_home, true, false},
                               Pattern{"GPU UUID", match_gpu_uuid, begins_gpu_uuid, true, true},
                               Pattern{"PCI address", match_pci, is_hex, false, true},
                               Pattern{"MAC address", match_mac, is_hex, false, true},
                               Pattern{"IP address", match_address, begins_address, false, true},
                               Pattern{"access token", match_access_token, begins_access_token, false, true},
                               Pattern{"e-mail address", match_email, begins_email, false, true, '@'}};

/// For each character a bit for each pattern that can start with it, in texts and in binaries: most of what is scanned
/// is passed over by one look at this table.
using Starts = std::array<std::uint8_t, 256>;
constexpr Starts starts(bool binary) {
  Starts starts{};
  for (std::size_t c = 0; c < starts.size(); ++c)
    for (std::size_t p = 0; p < kPatterns.size(); ++p)
      if ((!binary || kPatterns[p].in_binaries) && kPatterns[p].begins(static_cast<char>(c)))
        starts[c] = static_cast<std::uint8_t>(starts[c] | (1u << p));
  return starts;
}
static_assert(kPatterns.size() <= 8);
constexpr Starts kInText = starts(false), kInBinary = starts(true);

std::optional<Leak> leak_at(std::string_view text, std::size_t i, std::uint8_t candidates) {
  const bool starts_word = i == 0 || (!is_word(text[i - 1]) && text[i - 1] != '.');
  for (std::size_t p = 0; p < kPatterns.size(); ++p) {
    const Pattern& pattern = kPatterns[p];
    if ((candidates >> p & 1) == 0 || (pattern.starts_a_word && !starts_word)) continue;
    if (const std::size_t length = pattern.match(text.substr(i))) return Leak{i, length, pattern.what};
  }
  return std::nullopt;
}

/// The patterns that can be in the bytes at all: every word may begin a mail address, but few texts hold an '@'.
std::uint8_t possible(std::string_view bytes) {
  std::uint8_t all = 0;
  for (std::size_t p = 0; p < kPatterns.size(); ++p)
    if (kPatterns[p].needs == '\0' || bytes.find(kPatterns[p].needs) != std::string_view::npos)
      all = static_cast<std::uint8_t>(all | (1u << p));
  return all;
}

std::optional<Leak> find_leak(std::string_view bytes, std::size_t from, bool binary) {
  const Starts& starts = binary ? kInBinary : kInText;
  const std::uint8_t mask = possible(bytes);
  for (std::size_t i = from; i < bytes.size(); ++i) {
    const std::uint8_t candidates = starts[static_cast<unsigned char>(bytes[i])] & mask;
    // Inside a word nothing starts, so a word is looked at once, at its first letter.
    if (candidates == 0 || (i > 0 && is_word(bytes[i]) && is_word(bytes[i - 1]))) continue;
    if (auto leak = leak_at(bytes, i, candidates)) return leak;
  }
  return std::nullopt;
}

}  // namespace

bool is_binary(std::string_view bytes) { return bytes.find('\0') != std::string_view::npos; }

std::optional<Leak> scan(std::string_view bytes, std::size_t from) { return find_leak(bytes, from, is_binary(bytes)); }

}  // namespace assay::evidence
