#include "harness/evidence/trust.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "harness/base/digest.h"
#include "harness/base/file_system.h"
#include "harness/base/json.h"
#include "harness/evidence/utc.h"

namespace assay::evidence {
namespace {

constexpr std::size_t kLargestFile = 1u << 20;
constexpr std::array<std::string_view, 3> kRoles = {"operator", "verifier", "publisher"};

/// The key of an element, held against the key id beside it. Faults go to the reader.
std::optional<PublicKey> read_key(ObjectReader& reader) {
  const std::string keyid = reader.sha256("keyid");
  const auto bytes = digest_from_hex(reader.sha256("public_key"));
  if (!bytes) return std::nullopt;
  const auto key = PublicKey::from_bytes(*bytes);
  if (!key) {
    reader.fault("public_key", key.error().message);
    return std::nullopt;
  }
  if (key->keyid() != keyid)
    reader.fault("keyid", fmt::format("is not that of this public key, which is {}", key->keyid()));
  return *key;
}

void check_owner(ObjectReader& reader, const std::string& owner) {
  if (owner.empty()) return reader.fault("owner", "empty");
  if (clean_utf8(owner) != owner || owner.find_first_of("\n\t") != owner.npos)
    reader.fault("owner", "not one line of plain text");
}

void check_window(ObjectReader& reader, std::string_view not_before, std::string_view not_after) {
  const auto begin = parse_utc(not_before), end = parse_utc(not_after);
  if (!begin) reader.fault("not_before", begin.error().message);
  if (!end) reader.fault("not_after", end.error().message);
  if (begin && end && *end <= *begin) reader.fault("not_after", "not after not_before");
}

Result<TrustedKey> read_entry(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  const std::optional<PublicKey> key = read_key(reader);
  const auto role = parse_role(reader.string("role"));
  if (!role) reader.fault("role", role.error().message);
  std::string owner = reader.string("owner");
  std::string not_before = reader.string("not_before"), not_after = reader.string("not_after");
  const bool revoked = reader.boolean("revoked");
  check_owner(reader, owner);
  check_window(reader, not_before, not_after);
  const Status status = reader.finish();
  if (!status) return status.error();
  if (!key || !role) return Error{where + ": holds no key"};
  return TrustedKey{*key, *role, std::move(owner), std::move(not_before), std::move(not_after), revoked};
}

}  // namespace

std::string_view word(Role role) { return kRoles[static_cast<std::size_t>(role)]; }

Result<Role> parse_role(std::string_view text) {
  const auto found = std::find(kRoles.begin(), kRoles.end(), text);
  if (found != kRoles.end()) return static_cast<Role>(found - kRoles.begin());
  return Error{fmt::format("unknown word '{}', expected one of {}", text, fmt::join(kRoles, ", "))};
}

std::string TrustedKey::why_not(std::string_view first, std::string_view last) const {
  if (revoked) return "is revoked";
  // Times of this spelling sort as text.
  if (first < not_before) return fmt::format("speaks of runs from {} on, this one began at {}", not_before, first);
  if (last > not_after) return fmt::format("speaks of runs up to {}, this one ended at {}", not_after, last);
  return {};
}

Json to_json(const TrustedKey& entry) {
  return {{"keyid", entry.key.keyid()}, {"public_key", entry.key.hex()},  {"role", word(entry.role)},
          {"owner", entry.owner},       {"not_before", entry.not_before}, {"not_after", entry.not_after},
          {"revoked", entry.revoked}};
}

std::vector<PublicKey> TrustFile::public_keys() const {
  std::vector<PublicKey> all;
  for (const TrustedKey& entry : keys) all.push_back(entry.key);
  return all;
}

Result<TrustFile> trust_from_json(const Json& json, std::string_view where) {
  ObjectReader reader(json, std::string(where));
  if (const std::string schema = reader.string("schema"); schema != TrustFile::kSchema)
    reader.fault("schema",
                 fmt::format("'{}' is not '{}', the schema that this build reads", schema, TrustFile::kSchema));
  const Json& keys = reader.array("keys");
  if (const Status status = reader.finish(); !status) return status.error();
  TrustFile trust;
  for (const Json& element : keys) {
    const std::string at = fmt::format("{}: keys[{}]", where, trust.keys.size());
    auto entry = read_entry(element, at);
    if (!entry) return entry.error();
    const auto same = [&](const TrustedKey& other) { return other.key == entry->key; };
    if (std::any_of(trust.keys.begin(), trust.keys.end(), same))
      return Error{fmt::format("{}: key {} is listed twice; a key has one role", at, short_id(entry->key.keyid()))};
    trust.keys.push_back(*std::move(entry));
  }
  return trust;
}

Result<TrustFile> load_trust(const std::filesystem::path& path) {
  const auto text = read_file(path, kLargestFile);
  if (!text) return text.error();
  const auto json = parse_json(*text, path.string());
  if (!json) return json.error();
  return trust_from_json(*json, path.string());
}

}  // namespace assay::evidence
