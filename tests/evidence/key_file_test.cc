#include "harness/evidence/key_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "gtest/gtest.h"
#include "tests/evidence/fixtures.h"
#include "tests/evidence/keys.h"

namespace assay::evidence {
namespace {

class KeyFileTest : public testing::Test {
 protected:
  std::filesystem::path file() const { return folder_.path() / "key.pem"; }
  std::string refusal(const std::optional<std::string>& passphrase = std::nullopt) const {
    const auto key = load_private_key(file(), passphrase);
    return key ? "" : key.error().message;
  }
  TemporaryFolder folder_;
};

TEST_F(KeyFileTest, IsWrittenForItsOwnerAloneAndNeverReplaced) {
  ASSERT_TRUE(write_private_key(file(), operator_key(), std::nullopt));
  struct stat status {};
  ASSERT_EQ(::stat(file().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  const auto key = load_private_key(file(), std::nullopt);
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_EQ(key->public_key(), operator_key().public_key());
  const Status again = write_private_key(file(), verifier_key(), std::nullopt);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().message, file().string() + ": cannot create: File exists");
  EXPECT_EQ(load_private_key(file(), std::nullopt)->public_key(), operator_key().public_key());
}

TEST_F(KeyFileTest, OpenToOthersIsRefusedWithTheCommandThatMendsIt) {
  ASSERT_TRUE(write_private_key(file(), operator_key(), std::nullopt));
  for (const mode_t mode : {0640, 0604, 0620, 0601}) {
    ASSERT_EQ(::chmod(file().c_str(), mode), 0);
    EXPECT_EQ(refusal(), fmt::format("{0}: the private key is open to other users (mode {1:04o}); run: chmod 600 {0}",
                                     file().string(), mode));
  }
  ASSERT_EQ(::chmod(file().c_str(), 0400), 0);
  EXPECT_EQ(refusal(), "");
}

TEST_F(KeyFileTest, EncryptedNeedsItsPassphrase) {
  ASSERT_TRUE(write_private_key(file(), operator_key(), "correct horse"));
  EXPECT_EQ(refusal("correct horse"), "");
  EXPECT_EQ(refusal("wrong"), file().string() + ": the passphrase does not open it");
  EXPECT_EQ(refusal(),
            file().string() + ": encrypted; name the file descriptor of its passphrase with --passphrase-fd");
}

TEST_F(KeyFileTest, WhatIsNoKeyIsRefused) {
  EXPECT_EQ(refusal(), file().string() + ": cannot open: No such file or directory");
  write_text(file(), "no key");
  ASSERT_EQ(::chmod(file().c_str(), 0600), 0);
  EXPECT_EQ(refusal(), file().string() + ": no private key in PEM (PKCS#8)");
  write_text(file(), std::string(1u << 17, 'x'));
  EXPECT_EQ(refusal(), file().string() + ": too large for a key");
}

std::string passphrase_of(std::string_view text) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  EXPECT_EQ(::write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  ::close(ends[1]);
  const auto line = read_passphrase(ends[0]);
  ::close(ends[0]);
  return line ? *line : "refused";
}

TEST_F(KeyFileTest, APassphraseIsTheFirstLine) {
  EXPECT_EQ(passphrase_of("correct horse\nbattery"), "correct horse");
  EXPECT_EQ(passphrase_of("correct horse"), "correct horse");
  EXPECT_EQ(passphrase_of("\nx"), "refused");
  EXPECT_EQ(passphrase_of(""), "refused");
  EXPECT_EQ(passphrase_of(std::string(2000, 'x')), "refused");
  const auto closed = read_passphrase(987);
  ASSERT_FALSE(closed);
  EXPECT_EQ(closed.error().message, "passphrase from file descriptor 987: cannot read: Bad file descriptor");
}

}  // namespace
}  // namespace assay::evidence
