#include "harness/evidence/dsse.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/base/json.h"
#include "harness/evidence/base64.h"
#include "tests/evidence/fixtures.h"
#include "tests/evidence/keys.h"
#include "tests/support/json.h"

namespace assay::evidence {
namespace {

struct Vector {
  std::string type, payload, pae, pae_sha256, payload_base64, signature_base64;
};

/// The PAE of the first is the DSSE specification's own; both signatures are by the first key of RFC 8032.
const Vector kVectors[] = {
    {"http://example.com/HelloWorld", "hello world", "DSSEv1 29 http://example.com/HelloWorld 11 hello world",
     "217751fac2c4f14edb2c9297fbc34abcb016ba88e74757e875ec4ac16fb6b6a1",
     "aGVsbG8gd29ybGQ=", "4DHX3Zn4qpBKvEj7maE8O9u9bjXEnPLLnyXVUJ2PXJR8DSLcL3QDpFvfJOj3pB/SPHsl6Jg4boxsMb6KvuYABw=="},
    {"application/vnd.in-toto+json", "{}", "DSSEv1 28 application/vnd.in-toto+json 2 {}",
     "4842cb1ba6fed6e460d8a0d56f6b64ccf1f1e11f7714a7f282080d5780251b63",
     "e30=", "vW8iDoS+pQIrO8G9pV+VHVGcvY/XcGMh2vfWpJJwwrH/m4CRZswsl9wIASL/n2XN7RSNIqdiogwYkqskDFZiAQ=="}};

PrivateKey rfc_key() { return key_of_seed("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"); }

TEST(DsseTest, SignsAsTheVectorsSay) {
  for (const Vector& vector : kVectors) {
    EXPECT_EQ(pae(vector.type, vector.payload), vector.pae);
    EXPECT_EQ(digest_of(vector.pae), vector.pae_sha256);
    const auto envelope = sign_payload(vector.type, vector.payload, rfc_key());
    ASSERT_TRUE(envelope) << envelope.error().message;
    EXPECT_EQ(base64(envelope->signatures.front().signature), vector.signature_base64);
    const Json json = test::parsed(*envelope_text(*envelope));
    EXPECT_EQ(json["payload"], vector.payload_base64);
    EXPECT_EQ(json["payloadType"], vector.type);
    EXPECT_EQ(json["signatures"][0]["sig"], vector.signature_base64);
    EXPECT_EQ(json["signatures"][0]["keyid"], rfc_key().public_key().keyid());
  }
}

TEST(DsseTest, LengthsAreOfBytes) { EXPECT_EQ(pae("t", "\xc3\xa9"), "DSSEv1 1 t 2 \xc3\xa9"); }

Envelope good_envelope() { return *sign_payload("text/plain", "payload \xfb\xff\xbf", operator_key()); }
Json good_json() { return test::parsed(*envelope_text(good_envelope())); }

TEST(DsseTest, GoesToTextAndBack) {
  const auto back = read_envelope(*envelope_text(good_envelope()), "x.dsse.json");
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(*back, good_envelope());
}

TEST(DsseTest, ReadsTheUrlSafeAlphabetAndNoKeyid) {
  Json json = good_json();
  for (Json* value : {&json["payload"], &json["signatures"][0]["sig"]}) {
    std::string text = *value;
    std::replace(text.begin(), text.end(), '+', '-');
    std::replace(text.begin(), text.end(), '/', '_');
    *value = text;
  }
  ASSERT_NE(json["payload"], good_json()["payload"]);
  json["signatures"][0].erase("keyid");
  const auto envelope = read_envelope(spelled(json), "x.dsse.json");
  ASSERT_TRUE(envelope) << envelope.error().message;
  EXPECT_EQ(envelope->payload, good_envelope().payload);
  EXPECT_EQ(envelope->signatures.front().keyid, "");
  EXPECT_EQ(envelope->signatures.front().signature, good_envelope().signatures.front().signature);
}

struct Fault {
  std::string pointer;
  Json value;
  std::string message;
};

TEST(DsseTest, RefusesWhatIsNotExactlyAnEnvelope) {
  const std::string sig = good_json()["signatures"][0]["sig"];
  const std::string short_sig = base64(std::string(63, 'x')), long_sig = base64(std::string(65, 'x'));
  for (const Fault& fault : {
           Fault{"/payload", "+-==",
                 "x: field 'payload': base64: offset 0: a letter of the standard alphabet among "
                 "those of the URL-safe one"},
           Fault{"/payload", "YQ", "x: field 'payload': base64: offset 2: padding is missing"},
           Fault{"/payload", "YR==", "x: field 'payload': base64: offset 1: unused bits are not zero"},
           Fault{"/payload", 7, "x: field 'payload': "},
           Fault{"/payloadType", nullptr, "x: field 'payloadType': "},
           Fault{"/signatures", Json::array(), "x: field 'signatures': empty"},
           Fault{"/signatures", Json::object(), "x: field 'signatures': "},
           Fault{"/signatures/0", "sig", "x: signatures[0]: "},
           Fault{"/signatures/0/sig", short_sig,
                 "x: signatures[0]: field 'sig': 63 bytes, an Ed25519 signature has 64"},
           Fault{"/signatures/0/sig", long_sig, "x: signatures[0]: field 'sig': 65 bytes, an Ed25519 signature has 64"},
           Fault{"/signatures/0/sig", sig.substr(0, sig.size() - 2),
                 "x: signatures[0]: field 'sig': base64: offset 86: padding is missing"},
           Fault{"/signatures/0/cert", "x", "x: signatures[0]: field 'cert': unknown"},
           Fault{"/note", "x", "x: field 'note': unknown"},
       }) {
    Json json = good_json();
    json[Json::json_pointer(fault.pointer)] = fault.value;
    const auto read = read_envelope(spelled(json), "x");
    ASSERT_FALSE(read) << fault.pointer << " = " << fault.value;
    EXPECT_THAT(read.error().message, testing::StartsWith(fault.message));
  }
  for (const char* field : {"payload", "payloadType", "signatures"}) {
    Json json = good_json();
    json.erase(field);
    EXPECT_FALSE(read_envelope(spelled(json), "x")) << field;
  }
  EXPECT_FALSE(read_envelope(R"({"payload":"","payload":"","payloadType":"","signatures":[]})", "x"));
  EXPECT_FALSE(read_envelope("", "x"));
}

const std::vector<PublicKey> kKeys{verifier_key().public_key(), operator_key().public_key()};

std::string refusal(const Envelope& envelope) {
  const auto found = signers(envelope, kKeys);
  return found ? "" : found.error().message;
}

TEST(DsseTest, FindsWhoSigned) {
  Envelope envelope = good_envelope();
  ASSERT_TRUE(add_signature(envelope, stranger_key()));
  ASSERT_TRUE(add_signature(envelope, verifier_key()));
  const auto found = signers(envelope, kKeys);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_THAT(*found, testing::ElementsAre(1, std::nullopt, 0));
}

TEST(DsseTest, ASignatureIsOfPayloadAndType) {
  for (const auto change : {+[](Envelope& e) { e.payload += ' '; }, +[](Envelope& e) { e.payload_type += 'x'; }}) {
    Envelope envelope = good_envelope();
    change(envelope);
    envelope.signatures.front().keyid.clear();
    EXPECT_THAT(*signers(envelope, kKeys), testing::ElementsAre(std::nullopt));
  }
}

TEST(DsseTest, AKeyidIsAHintThatMustNotLie) {
  Envelope nameless = good_envelope();
  nameless.signatures.front().keyid.clear();
  EXPECT_THAT(*signers(nameless, kKeys), testing::ElementsAre(1));
  const std::string mine(short_id(operator_key().public_key().keyid()));
  Envelope stolen = *sign_payload("text/plain", "payload", stranger_key());
  stolen.signatures.front().keyid = operator_key().public_key().keyid();
  EXPECT_EQ(refusal(stolen), "signatures[0] names key " + mine + ", which did not sign these bytes");
  Envelope misnamed = good_envelope();
  misnamed.signatures.front().keyid = "somebody";
  EXPECT_EQ(refusal(misnamed), "signatures[0] names key 'somebody', but is of key " + mine);
}

TEST(DsseTest, AKeyCountsOnce) {
  Envelope envelope = good_envelope();
  envelope.signatures.push_back(envelope.signatures.front());
  envelope.signatures.back().keyid.clear();
  EXPECT_EQ(refusal(envelope), "signatures[1] is a second one of key " +
                                   std::string(short_id(operator_key().public_key().keyid())) + "; a key counts once");
}

}  // namespace
}  // namespace assay::evidence
