#include "harness/base/digest.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>

#include "harness/base/file_system.h"

namespace assay {
namespace {

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

// FIPS 180-4 examples: one block, two blocks, nothing.
TEST(Sha256Test, GivesThePublishedDigests) {
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Sha256Test, PiecesGiveTheDigestOfTheWhole) {
  Sha256 hash;
  hash.update("a");
  hash.update("");
  hash.update(bytes("bc"));
  EXPECT_EQ(hash.finish(), sha256("abc"));
}

TEST(Sha256FileTest, StreamsMoreThanOneBlock) {
  const TemporaryFolder folder;
  const std::string content((std::size_t{2} << 20) + 1, 'a');
  ASSERT_TRUE(write_file(folder.path() / "a", content));
  const Result<Digest> digest = sha256_file(folder.path() / "a");
  ASSERT_TRUE(digest) << digest.error().message;
  EXPECT_EQ(*digest, sha256(content));
}

TEST(Sha256FileTest, FollowsLinks) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_file(folder.path() / "a", std::string_view("abc")));
  std::filesystem::create_symlink("a", folder.path() / "link");
  const Result<Digest> digest = sha256_file(folder.path() / "link");
  ASSERT_TRUE(digest) << digest.error().message;
  EXPECT_EQ(*digest, sha256("abc"));
}

TEST(Sha256FileTest, RefusesWhatIsNoFile) {
  const TemporaryFolder folder;
  const std::string pipe = folder.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(sha256_file(pipe).error().message, pipe + ": is a pipe, expected a file");
  EXPECT_EQ(sha256_file(folder.path()).error().message, folder.path().string() + ": is a folder, expected a file");
  EXPECT_EQ(sha256_file("/dev/zero").error().message, "/dev/zero: is a device, expected a file");
}

TEST(Sha256FileTest, NamesTheMissingFileAndErrno) {
  const Error error = sha256_file("/nowhere/a").error();
  EXPECT_EQ(error.message, "/nowhere/a: cannot open: No such file or directory");
  EXPECT_EQ(error.call, "open");
  EXPECT_EQ(error.code, ENOENT);
  EXPECT_EQ(error.name, "ENOENT");
}

// RFC 4231, case 2.
TEST(HmacTest, GivesThePublishedDigest) {
  EXPECT_EQ(hex(hmac_sha256(bytes("Jefe"), "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

// RFC 5869, case 1: the first 32 of its 42 bytes; and case 3, with neither salt nor info.
TEST(HkdfTest, GivesThePublishedKeys) {
  const std::string ikm(22, '\x0b');
  EXPECT_EQ(hex(hkdf_sha256(bytes(ikm), *unhex("000102030405060708090a0b0c"), *unhex("f0f1f2f3f4f5f6f7f8f9"))),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
  EXPECT_EQ(hex(hkdf_sha256(bytes(ikm), "", "")), "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
}

TEST(HexTest, EveryByteComesBack) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  const std::string text = hex(bytes(all));
  EXPECT_EQ(text.substr(0, 6), "000102");
  EXPECT_EQ(text.substr(506), "fdfeff");
  EXPECT_EQ(*unhex(text), all);
  EXPECT_EQ(*unhex(""), "");
}

TEST(HexTest, RefusesOtherSpellings) {
  EXPECT_EQ(unhex("abc").error().message, "hex: 3 digits, expected an even number");
  EXPECT_EQ(unhex("00AB").error().message, "hex: offset 2: expected one of 0123456789abcdef");
  EXPECT_EQ(unhex("0x").error().message, "hex: offset 1: expected one of 0123456789abcdef");
}

TEST(HexTest, DigestIsExactly64LowerCaseDigits) {
  const std::string good = hex(sha256("abc"));
  std::string upper = good;
  upper[0] = 'B';
  EXPECT_TRUE(is_sha256_hex(good));
  EXPECT_FALSE(is_sha256_hex(upper));
  EXPECT_FALSE(is_sha256_hex(good.substr(2)));
  EXPECT_FALSE(is_sha256_hex(good + "00"));
  EXPECT_EQ(*digest_from_hex(good), sha256("abc"));
  EXPECT_EQ(digest_from_hex(upper).error().message, "hex: offset 0: expected one of 0123456789abcdef");
  EXPECT_EQ(digest_from_hex(good.substr(2)).error().message, "digest: 62 digits, expected 64");
}

TEST(RandomBytesTest, FillsDifferentlyEachTime) {
  Digest first{}, second{};
  random_bytes(first);
  random_bytes(second);
  EXPECT_NE(first, Digest{});
  EXPECT_NE(first, second);
}

}  // namespace
}  // namespace assay
