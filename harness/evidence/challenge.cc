#include "harness/evidence/challenge.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "harness/base/json.h"

namespace assay::evidence {
namespace {

/// What the second schema added: which gates, how often.
void read_demands(ObjectReader& reader, Challenge& challenge) {
  for (const Json& gate : reader.array("gates")) {
    if (!gate.is_string() || gate.get_ref<const std::string&>().empty())
      return reader.fault("gates", "an element is no gate id");
    challenge.gates.push_back(gate);
    if (std::count(challenge.gates.begin(), challenge.gates.end(), challenge.gates.back()) > 1)
      return reader.fault("gates", fmt::format("'{}' is named twice", challenge.gates.back()));
  }
  challenge.max_attempts = reader.integer("max_attempts", 0);
}

}  // namespace

Challenge make_challenge(std::string purpose, std::chrono::sys_seconds now, std::chrono::seconds lifetime) {
  Challenge challenge{.issuer = std::string(kSelfIssued),
                      .issued_utc = format_utc(now),
                      .expires_utc = format_utc(now + lifetime),
                      .purpose = std::move(purpose)};
  random_bytes(challenge.nonce);
  return challenge;
}

Json to_json(const Challenge& challenge) {
  return {{"schema", Challenge::kSchema},       {"nonce", hex(challenge.nonce)},         {"issuer", challenge.issuer},
          {"issued_utc", challenge.issued_utc}, {"expires_utc", challenge.expires_utc},  {"purpose", challenge.purpose},
          {"gates", challenge.gates},           {"max_attempts", challenge.max_attempts}};
}

Result<Challenge> challenge_from_json(const Json& json, std::string_view where) {
  ObjectReader reader(json, std::string(where));
  const std::string schema = reader.string("schema");
  if (schema != Challenge::kSchema && schema != Challenge::kFirstSchema)
    reader.fault("schema", fmt::format("'{}' is neither '{}' nor '{}', the schemas that this build reads", schema,
                                       Challenge::kFirstSchema, Challenge::kSchema));
  const Result<Digest> nonce = digest_from_hex(reader.sha256("nonce"));
  Challenge challenge{.nonce = nonce ? *nonce : Digest{},
                      .issuer = reader.string("issuer"),
                      .issued_utc = reader.string("issued_utc"),
                      .expires_utc = reader.string("expires_utc"),
                      .purpose = reader.string("purpose")};
  if (schema == Challenge::kSchema) read_demands(reader, challenge);
  if (challenge.nonce == Digest{}) reader.fault("nonce", "all zero");
  if (challenge.issuer.empty()) reader.fault("issuer", "empty");
  const auto issued = parse_utc(challenge.issued_utc);
  const auto expires = parse_utc(challenge.expires_utc);
  if (!issued) reader.fault("issued_utc", issued.error().message);
  if (!expires) reader.fault("expires_utc", expires.error().message);
  if (issued && expires && *expires <= *issued) reader.fault("expires_utc", "not after issued_utc");
  if (const Status status = reader.finish(); !status) return status.error();
  return challenge;
}

}  // namespace assay::evidence
