#include "harness/evidence/ed25519.h"

#include <openssl/evp.h>

#include "gtest/gtest.h"
#include "harness/base/digest.h"
#include "tests/evidence/keys.h"

namespace assay::evidence {
namespace {

std::string repeated(std::string_view pair, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += pair;
  return text;
}

struct Vector {
  std::string_view seed, public_key, message, signature, keyid;
};

/// RFC 8032, section 7.1, tests 1 and 2; the key ids are those of `openssl pkey -outform DER`.
constexpr Vector kVectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe"
     "24655141438e7a100b",
     "06e3fd8fda29bb60ab59557de61edb0aecdb231134be30e75b455f8e1b792fa9"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302a"
     "eeb00d291612bb0c00",
     "deb2ded39dc26fce0e6085b6fc34bf6b5941913bbfe2ea614113cff9e004c170"}};

TEST(Ed25519Test, AgreesWithTheVectorsOfRfc8032) {
  for (const Vector& vector : kVectors) {
    const PrivateKey key = key_of_seed(vector.seed);
    const std::string message = *unhex(vector.message);
    EXPECT_EQ(key.public_key().hex(), vector.public_key);
    EXPECT_EQ(key.public_key().keyid(), vector.keyid);
    const auto signature = key.sign(message);
    ASSERT_TRUE(signature) << signature.error().message;
    EXPECT_EQ(hex(bytes_of(*signature)), vector.signature);
    EXPECT_TRUE(key.public_key().verifies(message, *signature));
  }
}

TEST(Ed25519Test, ASignatureIsOfItsBytesAndItsKeyAlone) {
  const PrivateKey key = key_of_seed(kVectors[0].seed), other = key_of_seed(kVectors[1].seed);
  const std::string message = "a message", good = *key.sign(message);
  EXPECT_FALSE(other.public_key().verifies(message, good));
  EXPECT_FALSE(key.public_key().verifies("a messagf", good));
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EXPECT_FALSE(key.public_key().verifies(message, bad)) << i;
  }
}

TEST(Ed25519Test, RefusesMalleableAndMissizedSignatures) {
  const PrivateKey key = key_of_seed(kVectors[0].seed);
  const std::string message = "DSSEv1 29 http://example.com/HelloWorld 11 hello world";
  const std::string good = *key.sign(message);
  ASSERT_TRUE(key.public_key().verifies(message, good));
  // The same point with S + L: equal to the good one modulo the group's order.
  const std::string added = *unhex("69e117394ad715fc317c1c8bd69efee63c7b25e898386e8c6c31be8abee60017");
  EXPECT_FALSE(key.public_key().verifies(message, good.substr(0, 32) + added));
  EXPECT_FALSE(key.public_key().verifies(message, good.substr(0, 63)));
  EXPECT_FALSE(key.public_key().verifies(message, good + '\0'));
  EXPECT_FALSE(key.public_key().verifies(message, ""));
}

struct Refused {
  std::string key, message;
};

TEST(Ed25519Test, RefusesKeysUnderWhichAnybodySignsAndSecondSpellings) {
  const std::string small = "public key: a point of small order, under which anybody can sign";
  const std::string spelled = "public key: not the canonical encoding of its point";
  const std::string eighth = "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc";
  const std::string other_eighth = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03";
  for (const Refused& row : {
           Refused{repeated("00", 32), small},
           Refused{repeated("00", 31) + "80", small},
           Refused{"01" + repeated("00", 31), small},
           Refused{"01" + repeated("00", 30) + "80", small},
           Refused{"ec" + repeated("ff", 30) + "7f", small},
           Refused{"ec" + repeated("ff", 31), small},
           Refused{eighth + "05", small},
           Refused{eighth + "85", small},
           Refused{other_eighth + "7a", small},
           Refused{other_eighth + "fa", small},
           Refused{"ed" + repeated("ff", 30) + "7f", spelled},
           Refused{"ee" + repeated("ff", 31), spelled},
           Refused{repeated("ff", 32), spelled},
           Refused{repeated("11", 31), "public key: 31 bytes, expected 32"},
           Refused{repeated("11", 33), "public key: 33 bytes, expected 32"},
           Refused{"", "public key: 0 bytes, expected 32"},
       }) {
    const std::string bytes = *unhex(row.key);
    const auto key = PublicKey::from_bytes(bytes_of(bytes));
    ASSERT_FALSE(key) << row.key;
    EXPECT_EQ(key.error().message, row.message) << row.key;
  }
  // y = p - 2 is neither.
  EXPECT_TRUE(PublicKey::from_bytes(bytes_of(*unhex("eb" + repeated("ff", 30) + "7f"))));
}

/// Why the refusal must be our own: OpenSSL takes the key, and this one signature is then good for any message.
TEST(Ed25519Test, OpensslTakesAKeyOfSmallOrder) {
  const std::string key = '\1' + std::string(31, '\0'), signature = key + std::string(32, '\0');
  const auto raw = [](const std::string& text) { return reinterpret_cast<const unsigned char*>(text.data()); };
  EVP_PKEY* taken = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, raw(key), key.size());
  ASSERT_NE(taken, nullptr);
  for (const std::string message : {"one", "another"}) {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    ASSERT_EQ(EVP_DigestVerifyInit(context, nullptr, nullptr, nullptr, taken), 1);
    EXPECT_EQ(EVP_DigestVerify(context, raw(signature), signature.size(), raw(message), message.size()), 1);
    EVP_MD_CTX_free(context);
  }
  EVP_PKEY_free(taken);
}

TEST(Ed25519Test, KeysGoToPemAndBack) {
  const PrivateKey key = key_of_seed(kVectors[0].seed);
  const std::string pem = key.public_key().pem();
  EXPECT_EQ(pem,
            "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
            "-----END PUBLIC KEY-----\n");
  EXPECT_EQ(*PublicKey::from_pem(pem), key.public_key());
  const auto plain = key.pem(std::nullopt);
  ASSERT_TRUE(plain);
  EXPECT_EQ(PrivateKey::from_pem(*plain, std::nullopt)->public_key(), key.public_key());
  EXPECT_NE(PrivateKey::generate()->public_key(), PrivateKey::generate()->public_key());
}

TEST(Ed25519Test, AnEncryptedKeyOpensWithItsPassphraseAlone) {
  const PrivateKey key = key_of_seed(kVectors[0].seed);
  const std::string pem = *key.pem("correct horse");
  EXPECT_TRUE(pem.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
  EXPECT_EQ(PrivateKey::from_pem(pem, "correct horse")->public_key(), key.public_key());
  EXPECT_EQ(PrivateKey::from_pem(pem, "wrong").error().message, "the passphrase does not open it");
  EXPECT_EQ(PrivateKey::from_pem(pem, std::nullopt).error().message,
            "encrypted; name the file descriptor of its passphrase with --passphrase-fd");
}

TEST(Ed25519Test, RefusesWhatIsNoEd25519KeyInPem) {
  EXPECT_EQ(PublicKey::from_pem("").error().message, "no Ed25519 public key in PEM");
  EXPECT_EQ(PrivateKey::from_pem("", std::nullopt).error().message, "no private key in PEM (PKCS#8)");
  // An X25519 key differs in one digit of its algorithm.
  EXPECT_EQ(PublicKey::from_pem("-----BEGIN PUBLIC KEY-----\n"
                                "MCowBQYDK2VuAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n"
                                "-----END PUBLIC KEY-----\n")
                .error()
                .message,
            "no Ed25519 public key in PEM");
  EXPECT_EQ(PublicKey::from_pem("-----BEGIN PUBLIC KEY-----\n"
                                "MCowBQYDK2VwAyEAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
                                "-----END PUBLIC KEY-----\n")
                .error()
                .message,
            "public key: a point of small order, under which anybody can sign");
}

}  // namespace
}  // namespace assay::evidence
