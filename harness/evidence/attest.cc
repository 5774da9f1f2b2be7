#include "harness/evidence/attest.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "harness/base/json.h"
#include "harness/evidence/dsse.h"
#include "harness/evidence/issued_challenge.h"
#include "harness/evidence/redact.h"
#include "harness/evidence/statement.h"
#include "harness/evidence/verified_bundle.h"

namespace assay::evidence {
namespace {

/// First and last moment of a run, as its records tell them; a run without records took place at its challenge.
std::pair<std::string, std::string> run_time(const VerifyReport& report) {
  const std::string issued = report.challenge ? report.challenge->issued_utc : "";
  std::pair<std::string, std::string> time(issued, issued);
  for (std::size_t i = 0; i < report.records.size(); ++i) {
    const Record& record = report.records[i].record;
    time.first = i == 0 ? record.started_utc : std::min(time.first, record.started_utc);
    time.second = std::max(time.second, record.finished_utc);
  }
  return time;
}

class Attester {
 public:
  Attester(const ClosedWorld& world, const VerifyOptions& options, VerifyReport& report)
      : world_(world), options_(options), report_(report), said_(report.attestation) {}

  void attest() {
    check_challenge();
    if (!world_.has(kEnvelopeFile)) {
      if (options_.trust) find("signature", kEnvelopeFile, "missing: not signed, and a trusted signature is asked for");
      return;
    }
    const auto envelope = read_signed_envelope();
    if (!envelope) return;
    said_.is_signed = true;
    check_statement(envelope->payload);
    weigh();
  }

 private:
  void find(std::string_view rule, std::string_view where, std::string message) {
    report_.findings.push_back(finding_at(rule, std::string(where), std::move(message)));
  }
  std::vector<PublicKey> trusted_keys() const {
    return options_.trust ? options_.trust->public_keys() : std::vector<PublicKey>();
  }
  const TrustedKey* trusted(const std::string& keyid) const;

  void check_challenge();
  void check_issuer(const Challenge& challenge);
  std::optional<Envelope> read_signed_envelope();
  bool check_signatures(const Envelope& envelope, const PublicKey& own);
  bool check_trust();
  void check_statement(const std::string& payload);
  Json right_claims(const Json& stored);
  std::string why_not_independent() const;
  void weigh();

  const ClosedWorld& world_;
  const VerifyOptions& options_;
  VerifyReport& report_;
  Attestation& said_;
  std::optional<std::string> challenger_;  ///< Key id of the trusted key that signed the challenge.
};

const TrustedKey* Attester::trusted(const std::string& keyid) const {
  if (!options_.trust) return nullptr;
  for (const TrustedKey& entry : options_.trust->keys)
    if (entry.key.keyid() == keyid) return &entry;
  return nullptr;
}

// --- The challenge ---

void Attester::check_challenge() {
  if (!report_.challenge) return;
  if (!options_.challenge_sha256.empty() && options_.challenge_sha256 != report_.parts.challenge)
    find("challenge", kChallengeFile, "not the challenge that was to be answered; the bundle is of another run");
  const bool is_there = world_.has(kChallengeEnvelopeFile);
  if (report_.challenge->issuer == kSelfIssued) {
    if (is_there) find("challenge", kChallengeEnvelopeFile, "signed, but the challenge says that it is self-issued");
  } else if (is_there) {
    check_issuer(*report_.challenge);
  } else {
    find("challenge", kChallengeEnvelopeFile,
         fmt::format("missing: the challenge says that key '{}' issued it", short_id(report_.challenge->issuer)));
  }
}

/// Decoded, checked if the issuer's key is known, and only then read.
void Attester::check_issuer(const Challenge& challenge) {
  const auto refuse = [&](std::string why) { find("challenge", kChallengeEnvelopeFile, std::move(why)); };
  const std::string_view text = world_.document(kChallengeEnvelopeFile);
  const auto envelope = read_envelope(text, kChallengeEnvelopeFile);
  if (!envelope) return refuse(envelope.error().message);
  const TrustedKey* issuer = trusted(challenge.issuer);
  if (issuer != nullptr) {
    const auto found = signers(*envelope, std::span(&issuer->key, 1));
    if (!found) return refuse(found.error().message);
    if (std::find(found->begin(), found->end(), std::optional<std::size_t>(0)) == found->end())
      return refuse(fmt::format("not signed by key {}, which the challenge names", short_id(challenge.issuer)));
    if (const std::string why = issuer->why_not(challenge.issued_utc, challenge.issued_utc); !why.empty())
      return refuse(fmt::format("key {} ({}) {}", short_id(challenge.issuer), issuer->owner, why));
  }
  const auto issued = read_issued_challenge(text, kChallengeEnvelopeFile);
  if (!issued) return refuse(issued.error().message);
  if (issued->payload != world_.document(kChallengeFile)) return refuse("its payload is not challenge.json");
  if (issuer != nullptr) challenger_ = challenge.issuer;
}

// --- Signatures ---

/// The envelope, once its signatures are what they seem and its type is the one that is read here.
std::optional<Envelope> Attester::read_signed_envelope() {
  if (!world_.has(kPublicKeyFile) || !world_.has(kStatementFile)) return std::nullopt;  // A finding already.
  const std::string_view pem = world_.document(kPublicKeyFile);
  const auto own = PublicKey::from_pem(pem);
  auto envelope = read_envelope(world_.document(kEnvelopeFile), kEnvelopeFile);
  if (!own) {
    find("signature", kPublicKeyFile, own.error().message);
  } else if (own->pem() != pem) {
    find("signature", kPublicKeyFile, "not spelled as the writer spells it");
  } else if (!envelope) {
    find("signature", kEnvelopeFile, envelope.error().message);
  } else if (check_signatures(*envelope, *own)) {
    if (envelope->payload_type == kStatementPayloadType) return *std::move(envelope);
    find("signature", kEnvelopeFile,
         fmt::format("payloadType '{}' is not '{}'", envelope->payload_type, kStatementPayloadType));
  }
  return std::nullopt;
}

bool Attester::check_signatures(const Envelope& envelope, const PublicKey& own) {
  std::vector<PublicKey> keys = trusted_keys();
  if (std::find(keys.begin(), keys.end(), own) == keys.end()) keys.push_back(own);
  const auto found = signers(envelope, keys);
  if (!found) {
    find("signature", kEnvelopeFile, found.error().message);
    return false;
  }
  bool by_own = false;
  for (const std::optional<std::size_t>& signer : *found) {
    if (!signer) continue;
    by_own |= keys[*signer] == own;
    Signature signature{.keyid = keys[*signer].keyid(), .role = {}, .owner = {}};
    if (const TrustedKey* entry = trusted(signature.keyid)) {
      signature.role = word(entry->role);
      signature.owner = entry->owner;
    }
    said_.signatures.push_back(std::move(signature));
  }
  if (!by_own) find("signature", kEnvelopeFile, "no signature is of the key in run.pub.pem");
  return by_own && check_trust();
}

bool Attester::check_trust() {
  if (!options_.trust) return true;
  const auto [first, last] = run_time(report_);
  bool good = true, by_operator = false;
  for (const Signature& signature : said_.signatures) {
    const TrustedKey* entry = trusted(signature.keyid);
    if (entry == nullptr) continue;
    by_operator |= entry->role == Role::operator_;
    const std::string why = entry->why_not(first, last);
    if (why.empty()) continue;
    find("signature", kEnvelopeFile, fmt::format("key {} ({}) {}", short_id(signature.keyid), entry->owner, why));
    good = false;
  }
  if (by_operator) return good;
  find("signature", kEnvelopeFile,
       fmt::format("not signed by a trusted operator; signed by key {}", short_id(said_.signatures.front().keyid)));
  return false;
}

// --- What is signed ---

void Attester::check_statement(const std::string& payload) {
  const auto refuse = [&](std::string why) { find("statement", kStatementFile, std::move(why)); };
  said_.statement_sha256 = hex(sha256(payload));
  if (payload != world_.document(kStatementFile)) refuse("differs from the payload of evidence.dsse.json");
  const auto stored = parse_json(payload, kStatementFile);
  if (!stored) return refuse(stored.error().message);
  if (const auto leak = scan(payload); leak && !report_.environment.is_private)
    find("redaction", kStatementFile, fmt::format("{} at offset {}", leak->what, leak->offset));
  if (const Json type = stored->is_object() ? stored->value("predicateType", Json()) : Json(); type != kPredicateType)
    return refuse(fmt::format("predicateType is not '{}', which this build reads", kPredicateType));
  const Json right = make_statement(report_, right_claims(*stored));
  if (const std::string place = first_difference(right, *stored); !place.empty())
    return refuse(fmt::format("{} is not what this bundle gives", place));
  if (const auto spelled = canonical_json(right); !spelled || *spelled != payload)
    refuse("not spelled as the writer spells it");
}

/// Made again if this build has the catalogue that they were made with; what it does not have is never called forged.
Json Attester::right_claims(const Json& stored) {
  Json claims = claims_in(stored);
  const std::optional<Json> again = claims_again(report_, options_);
  if (again && again->at("catalogue_sha256") == claims.at("catalogue_sha256")) return *again;
  said_.claims_not_recomputed = claims != no_claims();
  return claims;
}

// --- How far it goes ---

std::string Attester::why_not_independent() const {
  const std::string issuer = report_.challenge ? report_.challenge->issuer : std::string(kSelfIssued);
  const TrustedKey* key = trusted(issuer);
  if (issuer == kSelfIssued || (key != nullptr && key->role == Role::operator_))
    return "the challenge is the operator's own";
  if (key == nullptr) return fmt::format("the challenge is of key {}, which is not trusted", short_id(issuer));
  if (key->role != Role::verifier) return "the challenge is of a key that is no verifier's";
  if (!challenger_) return "the challenge is not what its issuer signed";
  const auto is_his = [&](const Signature& signature) { return signature.keyid == issuer; };
  if (std::none_of(said_.signatures.begin(), said_.signatures.end(), is_his))
    return "the verifier who issued the challenge has not signed";
  return {};
}

void Attester::weigh() {
  const auto is_operator = [](const Signature& signature) { return signature.role == word(Role::operator_); };
  const auto by = std::find_if(said_.signatures.begin(), said_.signatures.end(), is_operator);
  if (by == said_.signatures.end()) {
    said_.line = fmt::format(
        "self-attested, not independently verified: signed with key {}, for which nobody but the bundle vouches",
        short_id(said_.signatures.front().keyid));
    return;
  }
  const std::string attested = fmt::format("attested by the operator key {} ({})", short_id(by->keyid), by->owner);
  if (const std::string why = why_not_independent(); !why.empty()) {
    said_.trust = Trust::by_operator;
    said_.line = fmt::format("{}; not independently verified: {}", attested, why);
    return;
  }
  said_.trust = Trust::independent;
  said_.line = fmt::format("independently verified: {} on the challenge of the verifier key {} ({}), who signed it too",
                           attested, short_id(*challenger_), trusted(*challenger_)->owner);
}

}  // namespace

void attest(const ClosedWorld& world, const VerifyOptions& options, VerifyReport& report) {
  Attester(world, options, report).attest();
}

}  // namespace assay::evidence
