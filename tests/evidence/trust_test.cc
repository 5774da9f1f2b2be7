#include "harness/evidence/trust.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "harness/base/json.h"
#include "tests/evidence/fixtures.h"
#include "tests/evidence/signed_bundle.h"

namespace assay::evidence {
namespace {

Json good_file() {
  return {
      {"schema", "trust/1"},
      {"keys", {to_json(trusted(operator_key(), Role::operator_)), to_json(trusted(verifier_key(), Role::verifier))}}};
}

TEST(TrustTest, GoesToJsonAndBack) {
  const auto trust = trust_from_json(good_file(), "trust.json");
  ASSERT_TRUE(trust) << trust.error().message;
  ASSERT_EQ(trust->keys.size(), 2u);
  EXPECT_EQ(trust->keys[0].key, operator_key().public_key());
  EXPECT_EQ(trust->keys[0].role, Role::operator_);
  EXPECT_EQ(trust->keys[1].role, Role::verifier);
  EXPECT_EQ(trust->keys[1].owner, "the verifier lab");
  EXPECT_EQ(to_json(trust->keys[1]), good_file()["keys"][1]);
  EXPECT_TRUE(trust_from_json({{"schema", "trust/1"}, {"keys", Json::array()}}, "trust.json"));
}

struct Fault {
  std::string pointer;
  Json value;
  std::string message;
};

TEST(TrustTest, RefusesWhatIsNotExactlyATrustFile) {
  const std::string small = "01" + std::string(62, '0');
  for (const Fault& fault : {
           Fault{"/schema", "trust/2",
                 "trust.json: field 'schema': 'trust/2' is not 'trust/1', the schema that this build reads"},
           Fault{"/keys/0/keyid", std::string(64, '0'),
                 "trust.json: keys[0]: field 'keyid': is not that of this public key, which is " +
                     operator_key().public_key().keyid()},
           Fault{"/keys/0/public_key", verifier_key().public_key().hex(),
                 "trust.json: keys[0]: field 'keyid': is not that of this public key, which is " +
                     verifier_key().public_key().keyid()},
           Fault{"/keys/0/public_key", small,
                 "trust.json: keys[0]: field 'public_key': public key: a point of small order, under which anybody can "
                 "sign"},
           Fault{"/keys/0/public_key", "ed" + std::string(60, 'f') + "7f",
                 "trust.json: keys[0]: field 'public_key': public key: not the canonical encoding of its point"},
           Fault{"/keys/0/public_key", std::string(62, '1'), "trust.json: keys[0]: field 'public_key': "},
           Fault{"/keys/0/role", "owner",
                 "trust.json: keys[0]: field 'role': unknown word 'owner', expected one of operator, verifier, "
                 "publisher"},
           Fault{"/keys/0/owner", "", "trust.json: keys[0]: field 'owner': empty"},
           Fault{"/keys/0/owner", "a\nb", "trust.json: keys[0]: field 'owner': not one line of plain text"},
           Fault{"/keys/0/owner", "\x1b[2J", "trust.json: keys[0]: field 'owner': not one line of plain text"},
           Fault{"/keys/0/not_before", "2026-01-01", "trust.json: keys[0]: field 'not_before': "},
           Fault{"/keys/0/not_after", "", "trust.json: keys[0]: field 'not_after': "},
           Fault{"/keys/0/not_after", "2026-01-01T00:00:00Z",
                 "trust.json: keys[0]: field 'not_after': not after not_before"},
           Fault{"/keys/0/revoked", 0, "trust.json: keys[0]: field 'revoked': "},
           Fault{"/keys/0/note", "x", "trust.json: keys[0]: field 'note': unknown"},
           Fault{"/note", "x", "trust.json: field 'note': unknown"},
           Fault{"/keys/1", good_file()["keys"][0],
                 "trust.json: keys[1]: key " + std::string(short_id(operator_key().public_key().keyid())) +
                     " is listed twice; a key has one role"},
       }) {
    Json json = good_file();
    json[Json::json_pointer(fault.pointer)] = fault.value;
    const auto trust = trust_from_json(json, "trust.json");
    ASSERT_FALSE(trust) << fault.pointer << " = " << fault.value;
    EXPECT_THAT(trust.error().message, testing::StartsWith(fault.message));
  }
  const Json entry = good_file()["keys"][0];
  for (const auto& field : entry.items()) {
    Json json = good_file();
    json["keys"][0].erase(field.key());
    EXPECT_FALSE(trust_from_json(json, "trust.json")) << field.key();
  }
}

TEST(TrustTest, AKeySpeaksOfItsTimeUntilItIsRevoked) {
  TrustedKey key = trusted(operator_key(), Role::operator_);
  EXPECT_EQ(key.why_not("2026-01-01T00:00:00Z", "2026-12-31T23:59:59Z"), "");
  EXPECT_EQ(key.why_not("2025-12-31T23:59:59Z", "2026-01-02T00:00:00Z"),
            "speaks of runs from 2026-01-01T00:00:00Z on, this one began at 2025-12-31T23:59:59Z");
  EXPECT_EQ(key.why_not("2026-12-31T00:00:00Z", "2027-01-01T00:00:00Z"),
            "speaks of runs up to 2026-12-31T23:59:59Z, this one ended at 2027-01-01T00:00:00Z");
  key.revoked = true;
  EXPECT_EQ(key.why_not("2026-02-01T00:00:00Z", "2026-02-01T00:00:00Z"), "is revoked");
}

TEST(TrustTest, IsReadFromAFile) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "trust.json";
  write_text(path, spelled(good_file()));
  EXPECT_TRUE(load_trust(path));
  write_text(path, "{");
  EXPECT_THAT(load_trust(path).error().message, testing::StartsWith(path.string() + ":1:"));
  EXPECT_FALSE(load_trust(folder.path() / "none"));
}

}  // namespace
}  // namespace assay::evidence
