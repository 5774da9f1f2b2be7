// Whose signature it is, over which bytes, and what those say.
#include <algorithm>

#include "harness/base/json.h"
#include "tests/forgery/forgery_test.h"
#include "tests/support/json.h"

namespace assay::forgery {
namespace {

using evidence::Envelope;
using evidence::TrustFile;

std::string id_of(const evidence::PrivateKey& key) { return std::string(evidence::short_id(key.public_key().keyid())); }
const std::string kMine = id_of(evidence::operator_key()), kOther = id_of(evidence::stranger_key());
const std::string kEnvelope(evidence::kEnvelopeFile), kKey(evidence::kPublicKeyFile),
    kStatement(evidence::kStatementFile);
const std::string kNotSigned = kEnvelope + ": signatures[0] names key " + kMine + ", which did not sign these bytes";

Forge by(const evidence::PrivateKey& key) {
  return [key_id = key.public_key().keyid()](const fs::path& b) {
    for (const auto& one : {evidence::operator_key(), evidence::verifier_key(), evidence::stranger_key()})
      if (one.public_key().keyid() == key_id) sign_anyhow(b, one);
  };
}
Forge envelope(const std::function<void(Envelope&)>& edit) {
  return [=](const fs::path& b) { evidence::edit_envelope(b, edit); };
}
Forge envelope_json(const std::function<void(Json&)>& edit) {
  return [=](const fs::path& b) {
    Json json = test::parsed(evidence::read_text(b / evidence::kEnvelopeFile));
    edit(json);
    evidence::write_text(b / evidence::kEnvelopeFile, *pretty_json(json));
  };
}
Forge trust(const std::function<void(TrustFile&)>& edit) {
  return [=](const fs::path& b) {
    TrustFile file = evidence::good_trust();
    edit(file);
    write_trust(b.parent_path() / "trust.json", file);
  };
}
Forge trust_json(const std::function<void(Json&)>& edit) {
  return [=](const fs::path& b) {
    Json json = test::parsed(evidence::read_text(b.parent_path() / "trust.json"));
    edit(json);
    evidence::write_text(b.parent_path() / "trust.json", spelled(json));
  };
}
Forge public_key(const std::string& base64_of_point) {
  return [=](const fs::path& b) {
    evidence::write_text(b / evidence::kPublicKeyFile,
                         "-----BEGIN PUBLIC KEY-----\n" + base64_of_point + "\n-----END PUBLIC KEY-----\n");
  };
}
/// Said otherwise, and signed with the operator's key.
Forge said(const std::string& pointer, const Json& value) {
  return [=](const fs::path& b) {
    evidence::sign_again(b, [&](Json& statement) { statement[Json::json_pointer(pointer)] = value; });
  };
}
std::string not_given(const std::string& pointer) {
  return kStatement + ": " + pointer + " is not what this bundle gives";
}

/// S + L, little-endian, for the group order L: the same signature to a careless verifier.
std::string malleated(std::string signature) {
  constexpr std::array<unsigned char, 32> kOrder{0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
                                                 0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
                                                 0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};
  unsigned carry = 0;
  for (std::size_t i = 0; i < kOrder.size(); ++i) {
    const unsigned sum = static_cast<unsigned char>(signature[32 + i]) + kOrder[i] + carry;
    signature[32 + i] = static_cast<char>(sum & 0xff);
    carry = sum >> 8;
  }
  return signature;
}

/// One letter of the standard alphabet becomes its twin of the other one, beside others that stay.
void mix_alphabets(Json& envelope) {
  std::string& text = envelope["signatures"][0]["sig"].get_ref<std::string&>();
  const std::size_t first = text.find_first_of("+/");
  ASSERT_NE(first, std::string::npos);
  text[first] = text[first] == '+' ? '-' : '_';
  if (text.find_first_of("+/") == std::string::npos) text[first == 0 ? 1 : 0] = '+';
}

void spend_unused_bits(Json& envelope) {
  std::string& text = envelope["signatures"][0]["sig"].get_ref<std::string&>();
  ASSERT_TRUE(text.ends_with("=="));
  char& last = text[text.size() - 3];  // A, Q, g or w: its low four bits are unused
  last = static_cast<char>(last + 1);
}

std::vector<Command> usage(const std::string& says, const std::string& file = "TRUST") {
  return {{{"verify", "--recompute", "--trust", file, "BUNDLE"}, 2, says},
          {{"claims", "--trust", file, "BUNDLE"}, 2, says},
          {{"publish", "--trust", file, "BUNDLE", "--out", "OUT"}, 2, says}};
}

}  // namespace

std::vector<Row> signature_rows() {
  std::vector<Row> rows = {
      {1, "signed by a key that nobody trusts", Start::signed_run, false, by(evidence::stranger_key()), "signature",
       "not signed by a trusted operator; signed by key " + kOther},
      {1, "the signature taken off", Start::signed_run, false, unsign, "signature",
       "missing: not signed, and a trusted signature is asked for"},
      {1,
       "the bundle's own run.pub.pem offered as trust",
       Start::signed_run,
       false,
       {},
       "",
       "",
       usage("not JSON: unexpected '--'", "BUNDLE/" + kKey)},
      {1, "signed by a verifier in place of an operator", Start::signed_run, false, by(evidence::verifier_key()),
       "signature", "not signed by a trusted operator; signed by key " + id_of(evidence::verifier_key())},
      {1, "signed with a key that was revoked", Start::signed_run, false,
       trust([](TrustFile& file) { file.keys[0].revoked = true; }), "signature", "(the operator lab) is revoked"},
      {1, "signed with a key that had expired", Start::signed_run, false,
       trust([](TrustFile& file) { file.keys[0].not_after = "2026-11-27T02:37:40Z"; }), "signature",
       "speaks of runs up to 2026-11-27T02:37:40Z, this one ended at"},
      {1, "another key in run.pub.pem", Start::signed_run, false,
       [](const fs::path& b) {
         evidence::write_text(b / evidence::kPublicKeyFile, evidence::stranger_key().public_key().pem());
       },
       "signature", "no signature is of the key in run.pub.pem"},
      {2, "a public key of small order", Start::signed_run, false,
       public_key("MCowBQYDK2VwAyEAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), "signature",
       "public key: a point of small order, under which anybody can sign"},
      {2, "a public key that is not canonical", Start::signed_run, false,
       public_key("MCowBQYDK2VwAyEA7v///////////////////////////////////////38="), "signature",
       "public key: not the canonical encoding of its point"},
      {2, "a small-order key in the trust file", Start::signed_run, false,
       trust_json([](Json& file) { file["keys"][0]["public_key"] = "01" + std::string(62, '0'); }), "", "",
       usage("a point of small order, under which anybody can sign")},
      {2, "a malleable signature, S + L", Start::signed_run, false,
       envelope([](Envelope& e) { e.signatures[0].signature = malleated(e.signatures[0].signature); }), "signature",
       kNotSigned},
      {2, "a signature of 63 bytes", Start::signed_run, false,
       envelope([](Envelope& e) { e.signatures[0].signature.pop_back(); }), "signature",
       "field 'sig': 63 bytes, an Ed25519 signature has 64"},
      {2, "a signature of 65 bytes", Start::signed_run, false,
       envelope([](Envelope& e) { e.signatures[0].signature += '\0'; }), "signature",
       "field 'sig': 65 bytes, an Ed25519 signature has 64"},
      {3, "a trusted key's id on another key's signature", Start::signed_run, false,
       both(by(evidence::stranger_key()),
            envelope([](Envelope& e) { e.signatures[0].keyid = evidence::operator_key().public_key().keyid(); })),
       "signature", "signatures[0] names key '" + kMine + "', but is of key " + kOther},
      {4, "one signature twice", Start::signed_run, false,
       envelope([](Envelope& e) { e.signatures.push_back(e.signatures[0]); }), "signature",
       "signatures[1] is a second one of key " + kMine + "; a key counts once"},
      {4, "one key trusted as operator and verifier", Start::signed_run, false, trust([](TrustFile& file) {
         file.keys.push_back(evidence::trusted(evidence::operator_key(), evidence::Role::verifier));
       }),
       "", "", usage("is listed twice; a key has one role")},
      {5, "payloadType changed", Start::signed_run, false,
       envelope([](Envelope& e) { e.payload_type = "application/json"; }), "signature", kNotSigned},
      {5, "payloadType changed and signed", Start::signed_run, false, envelope([](Envelope& e) {
         e = *evidence::sign_payload("application/json", e.payload, evidence::operator_key());
       }),
       "signature", "payloadType 'application/json' is not 'application/vnd.in-toto+json'"},
      {5, "payload re-encoded", Start::signed_run, false,
       envelope([](Envelope& e) { e.payload = *pretty_json(test::parsed(e.payload)); }), "signature", kNotSigned},
      {5, "payload re-encoded and signed", Start::signed_run, false,
       [](const fs::path& b) {
         const std::string payload = *pretty_json(test::parsed(evidence::read_text(b / evidence::kStatementFile)));
         evidence::write_text(b / evidence::kStatementFile, payload);
         evidence::edit_envelope(b, [&](Envelope& e) {
           e = *evidence::sign_payload(std::string(evidence::kStatementPayloadType), payload, evidence::operator_key());
         });
       },
       "statement", "not spelled as the writer spells it"},
      {5, "mixed base64 alphabets", Start::signed_run, false, envelope_json(mix_alphabets), "signature",
       "a letter of the standard alphabet among those of the URL-safe one"},
      {5, "base64 with bits that nobody reads", Start::signed_run, false, envelope_json(spend_unused_bits), "signature",
       "unused bits are not zero"},
      {8, "a better summary, signed", Start::signed_run, false, said("/predicate/summary/by_verdict/proven", 20),
       "statement", not_given("/predicate/summary/by_verdict/proven")},
      {8, "a claim's sentence rewritten, signed", Start::signed_run, false,
       said("/predicate/claims/0/sentence", "tcgen05 is unlocked."), "statement",
       not_given("/predicate/claims/0/sentence")},
      {8, "a claim added, signed", Start::signed_run, false,
       said("/predicate/claims/-", {{"id", "executes.tcgen05.alloc"}, {"level", "E5"}}), "statement",
       "is not what this bundle gives"},
      {8, "refused claims kept silent, signed", Start::signed_run, false, said("/predicate/refused", Json::array()),
       "statement", "/predicate/refused/"},
      {8, "another scope, signed", Start::signed_run, false, said("/predicate/scope/device", "NVIDIA GB10"),
       "statement", not_given("/predicate/scope/device")},
      {8, "fewer records told, signed", Start::signed_run, false, said("/predicate/record_count", 3), "statement",
       not_given("/predicate/record_count")},
      {0, "one subject more in the statement, signed", Start::signed_run, false,
       said("/subject/-", {{"name", "another.cubin"}, {"digest", {{"sha256", std::string(64, 'a')}}}}), "statement",
       "is not what this bundle gives"},
      {0, "another tool in the statement, signed", Start::signed_run, false, said("/predicate/tool/version", "9.9.9"),
       "statement", not_given("/predicate/tool/version")},
      {0, "another predicate type, signed", Start::signed_run, false, said("/predicateType", "urn:assay:gate-run:2"),
       "statement", "predicateType is not 'urn:assay:gate-run:1', which this build reads"},
      {0, "the signature of another bundle", Start::signed_run, false,
       [](const fs::path& b) {
         const fs::path other = b.parent_path() / "other";
         write_good_bundle(Start::emulated_run, other);
         for (const std::string_view name : evidence::kSignatureFiles)
           fs::copy_file(other / name, b / name, fs::copy_options::overwrite_existing);
       },
       "statement", "is not what this bundle gives"},
      {0, "half a signature", Start::signed_run, false,
       [](const fs::path& b) { fs::remove(b / evidence::kStatementFile); }, "closed-world",
       "statement.intoto.json: missing beside evidence.dsse.json"},
      {36, "a readable copy of the statement that differs", Start::signed_run, false,
       [](const fs::path& b) {
         Json statement = test::parsed(evidence::read_text(b / evidence::kStatementFile));
         statement["predicate"]["scope"]["device"] = "NVIDIA GB10";
         evidence::write_text(b / evidence::kStatementFile, spelled(statement));
       },
       "statement", "differs from the payload of evidence.dsse.json"},
  };
  return rows;
}

INSTANTIATE_TEST_SUITE_P(Signature, ForgeryTest, testing::ValuesIn(signature_rows()), name_of);

}  // namespace assay::forgery
