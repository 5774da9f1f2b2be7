// Redaction: what must not leave the machine is taken out while a run is recorded, before anything is hashed.
//
// Two kinds of finding. Secrets that this machine knows of itself (host name, user name, home path) are replaced
// wherever they stand as whole words. Patterns (GPU UUIDs, PCI addresses, MAC and IP addresses, e-mail, home paths,
// private keys, access tokens) are replaced whoever wrote them. Identifiers that a reader must be able to tell apart
// become keyed tokens, since a plain hash of a UUID or PCI address can be guessed; all else becomes a word in angle
// brackets. The verifier runs the same patterns over a bundle, so what scan() finds is exactly what text() removes.
// Tested by tests/evidence/redact_test.cc.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/digest.h"
#include "harness/base/json_fwd.h"
#include "harness/base/result.h"
#include "harness/evidence/record.h"

namespace assay::evidence {

/// What this machine must not tell of itself.
struct Secrets {
  std::string host;
  std::string user;
  std::string home;
  std::vector<std::string> identifiers;  ///< UUIDs and bus addresses as drivers print them; become tokens.
};
/// Host, user and home of this process.
Secrets local_secrets();

/// The owner's key for tokens: 32 random bytes in `folder`/salt, mode 0600, made if missing. It stays outside every
/// bundle. Error: not a regular file, not 32 bytes, or readable by others.
Result<Digest> load_or_create_salt(const std::filesystem::path& folder);

/// Visits every field of a record that a driver, a compiler or a device filled with free text.
void for_each_free_text(Record&, const std::function<void(std::string&)>& change);

/// A place that must not be published.
struct Leak {
  std::size_t offset = 0;
  std::size_t length = 0;
  std::string_view what;  ///< "GPU UUID", "home path": never the secret itself.
};
/// Whether the bytes are no text: they hold a NUL.
bool is_binary(std::string_view bytes);
/// The first leak by pattern at or after `from`. In a binary only what chance does not make counts.
std::optional<Leak> scan(std::string_view bytes, std::size_t from = 0);

class Redactor {
 public:
  Redactor(Secrets secrets, const Digest& salt);

  /// The text without secrets and leaks; scan() finds nothing in the answer.
  std::string text(std::string_view text) const;
  /// First 16 hex digits of HMAC-SHA256(salt, field 00 value).
  std::string token(std::string_view field, std::string_view value) const;
  /// Every string value, at every depth.
  Json json(Json value) const;
  /// Every free text of the record.
  Record record(Record record) const;

 private:
  std::string replacement(const Leak& leak, std::string_view found) const;
  std::string replace_words(std::string text) const;

  struct Word {
    std::string value;
    std::string replacement;
  };
  std::vector<Word> words_;
  Digest salt_;
};

}  // namespace assay::evidence
