// Which challenge a run answers, whose it is, and when that was.
#include "harness/base/json.h"
#include "harness/evidence/utc.h"
#include "tests/forgery/forgery_test.h"

namespace assay::forgery {
namespace {

const std::string kIssued(evidence::kChallengeEnvelopeFile), kAsked(evidence::kChallengeFile);

Forge asked(const std::function<void(Json&)>& edit) { return document(evidence::kChallengeFile, edit); }
std::string keyid(const evidence::PrivateKey& key) { return key.public_key().keyid(); }

/// A second challenge beside the bundle, as the reader had sent it.
void issue_another(const fs::path& bundle) {
  const auto other = evidence::issue_challenge({.purpose = "another"}, evidence::verifier_key(),
                                               *evidence::parse_utc("2026-11-27T02:37:00Z"));
  evidence::write_text(bundle.parent_path() / "another.dsse.json", other->envelope);
}

/// The verifier's challenge with one change, signed by whoever holds the operator's key.
void issue_himself(const fs::path& bundle) {
  const std::string payload = evidence::read_text(bundle / evidence::kChallengeFile);
  const auto envelope =
      evidence::sign_payload(std::string(evidence::kChallengePayloadType), payload, evidence::operator_key());
  std::string text = *evidence::envelope_text(*envelope);
  evidence::write_text(bundle / evidence::kChallengeEnvelopeFile, text);
  evidence::seal_again(bundle);
}

Forge try_again(const std::string& id) {
  return lines([=](Lines& all) {
    const std::size_t at = line_of(all, id);
    Json again = all[at];
    again["attempt"] = 2;
    again["record_id"] = id.substr(0, id.size() - 1) + "2";
    again["derived"]["level"] = "E4";
    again["derived"]["verdict"] = "unresolved";
    again["derived"]["reason"] = "right answer on attempt 2; only a first attempt counts";
    all.insert(all.begin() + static_cast<std::ptrdiff_t>(at) + 1, again);
    all.back()["done"] = all.size() - 1;
  });
}

void cosign(const fs::path& bundle) {
  sign_anyhow(bundle);
  evidence::edit_envelope(
      bundle, [](evidence::Envelope& e) { ASSERT_TRUE(evidence::add_signature(e, evidence::verifier_key())); });
}

std::vector<Command> independent(const std::string& says) {
  return {{{"verify", "--recompute", "--independent", "--trust", "TRUST", "BUNDLE"}, 1, says}};
}

}  // namespace

std::vector<Row> challenge_rows() {
  const Start answered = Start::answered_run;
  return {
      {12,
       "an old bundle for a new challenge",
       answered,
       true,
       issue_another,
       "challenge",
       "",
       {{{"verify", "--recompute", "--challenge", "WORK/another.dsse.json", "BUNDLE"},
         4,
         "not the challenge that was to be answered; the bundle is of another run"}}},
      {12, "another nonce in the challenge", Start::signed_run, true,
       asked([](Json& c) { c["nonce"] = std::string(64, 'a'); }), "recompute", "inputs are not those of the challenge"},
      {12, "a challenge that expired during the run", Start::signed_run, true,
       asked([](Json& c) { c["expires_utc"] = "2026-11-27T02:37:40Z"; }), "time",
       "finished after the challenge expired"},
      {12, "a challenge issued after the run", Start::signed_run, true,
       asked([](Json& c) { c["issued_utc"] = "2026-11-27T03:00:00Z"; }), "time",
       "started before the challenge was issued"},
      {12, "a longer life for the verifier's challenge", answered, true,
       asked([](Json& c) { c["expires_utc"] = "2027-11-27T02:37:40Z"; }), "challenge",
       kIssued + ": its payload is not challenge.json"},
      {12, "the same, signed by the operator", answered, true,
       both(asked([](Json& c) { c["expires_utc"] = "2027-11-27T02:37:40Z"; }), issue_himself), "challenge",
       "not signed by key " + std::string(evidence::short_id(keyid(evidence::verifier_key()))) +
           ", which the challenge names"},
      {12, "attempts above the limit", answered, true, try_again("tma.reduce@sm_90a#1"), "challenge",
       "attempt 2, the challenge allows 1"},
      {12, "a gate that the challenge asks for, said to be not selected", answered, true,
       [](const fs::path& b) {
         lines([](Lines& all) {
           Json& line = all.at(line_of(all, "wgmma.bf16@sm_90a#1"));
           const Json& silent = all.at(line_of(all, "cubin.arch_patch#1"));
           Json instead = silent;
           for (const char* key : {"gate", "instruction", "proves", "does_not_prove"}) instead[key] = line[key];
           instead["record_id"] = "wgmma.bf16#1";
           line = instead;
         })(b);
       },
       "challenge", "not selected, but the challenge asks for this gate"},
      {13, "a self-issued challenge told as a verifier's", Start::signed_run, true,
       asked([](Json& c) { c["issuer"] = keyid(evidence::verifier_key()); }), "challenge",
       kIssued + ": missing: the challenge says that key"},
      {13, "a challenge of issuer self beside a verifier's envelope", answered, true,
       asked([](Json& c) { c["issuer"] = "self"; }), "challenge",
       kIssued + ": signed, but the challenge says that it is self-issued"},
      {13, "a self-issued run told as independent", Start::signed_run, false, cosign, "", "",
       independent("not independent: attested by the operator key")},
      {13,
       "a verifier's challenge, and nobody but the operator has signed",
       answered,
       true,
       {},
       "",
       "",
       independent("the verifier who issued the challenge has not signed")},
      {13, "independence written into the statement", Start::signed_run, false,
       [](const fs::path& b) {
         evidence::sign_again(b, [](Json& statement) { statement["predicate"]["independent"] = true; });
       },
       "statement", "/predicate/independent is not what this bundle gives"},
      {0, "a challenge of zeros", Start::signed_run, true, asked([](Json& c) { c["nonce"] = std::string(64, '0'); }),
       "schema", "field 'nonce': all zero"},
  };
}

INSTANTIATE_TEST_SUITE_P(Challenge, ForgeryTest, testing::ValuesIn(challenge_rows()), name_of);

}  // namespace assay::forgery
