#include "harness/evidence/redact.h"

#include <sys/stat.h>

#include <fstream>
#include <numeric>

#include "gtest/gtest.h"
#include "harness/base/json.h"
#include "tests/evidence/fixtures.h"

namespace assay::evidence {
namespace {

Digest counting_salt() {
  Digest salt;
  for (std::size_t i = 0; i < salt.size(); ++i) salt[i] = static_cast<std::byte>(i);
  return salt;
}

Redactor alices() {
  return Redactor({.host = "lab-gx10.example.org",
                   .user = "alice",
                   .home = "/data/people/alice/",
                   .identifiers = {"44444444-1111"}},
                  counting_salt());
}

TEST(RedactTest, MakesTheTokenOfTheTestVector) {
  EXPECT_EQ(alices().token("gpu_uuid", "GPU-00000000-1111-2222-3333-444444444444"), "7da6c9022b4d7ed3");
}

struct Row {
  const char* from;
  const char* to;
};

TEST(RedactTest, ReplacesWhatMustNotLeave) {
  const Redactor redactor = alices();
  for (const Row& row : std::vector<Row>{
           {"GPU-00000000-1111-2222-3333-444444444444", "<gpu_uuid:7da6c9022b4d7ed3>"},
           {"device 00000000:01:00.0 fell off", "device <pci:20e0a5dd2a2b0e5f> fell off"},
           {"id 44444444-1111.", "id <id:TOKEN>."},
           {"mac 0a:1b:2c:3d:4e:5f", "mac <MAC-address>"},
           {"mac 0a-1b-2c-3d-4e-5f", "mac <MAC-address>"},
           {"from 192.168.7.20:443", "from <IP-address>:443"},
           {"from addr:10.0.0.1", "from addr:<IP-address>"},
           {"on fe80::1ff:fe23:4567:890a%eth0", "on <IP-address>%eth0"},
           {"mail a.b+c@example.co.uk now", "mail <e-mail-address> now"},
           {"cc -I/home/bob/include -L/root/lib", "cc -I~/include -L~/lib"},
           {"file:///Users/carol/x.cu", "file://~/x.cu"},
           {"/data/people/alice/x", "~/x"},
           {"alice@lab-gx10:~$", "<user>@<host>:~$"},
           {"lab-gx10.example.org", "<host>"},
           {"user=alice/home/bob", "user=<user>~"},
           {"key ghp_0123456789abcdefghijABCDEFGHIJ end", "key <access-token> end"},
           {"-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\nrest", "<private-key>\nrest"},
           {"-----BEGIN OPENSSH PRIVATE KEY-----\nabc", "<private-key>"},
       }) {
    const std::string to = redactor.text(row.from);
    std::string expected = row.to;
    if (const auto at = expected.find("TOKEN"); at != std::string::npos)
      expected.replace(at, 5, redactor.token("id", "44444444-1111"));
    if (const auto at = expected.find("20e0a5dd2a2b0e5f"); at != std::string::npos) {
      expected.replace(at, 16, redactor.token("pci", "00000000:01:00.0"));
    }
    EXPECT_EQ(to, expected);
    EXPECT_FALSE(scan(to)) << to;
  }
}

TEST(RedactTest, LeavesWhatOnlyLooksAlike) {
  const Redactor redactor = alices();
  for (const char* text : {
           "malice and alicespring",
           "driver 580.159.04, CUDA 13.0.88",
           "VBIOS 96.00.89.00.01",
           "1.2.3.4.5",
           "cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes",
           "tcgen05.mma.cta_group::1.kind::mxf4nvf4.block_scale",
           "@%p1 bra DONE;",
           "@P0 EXIT",
           "12:34:56",
           "2026-11-22T21:59:05Z",
           "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
           "ab::cd",
           "a/b/rootfs",
           "/homework",
           "999.1.1.1",
           "-----BEGIN CERTIFICATE-----",
           "sk-short",
           "d[17]: expected 0x1",
       }) {
    EXPECT_EQ(redactor.text(text), text);
    EXPECT_FALSE(scan(text)) << scan(text)->what << " in " << text;
  }
}

TEST(RedactTest, DoesNotReplaceShortOrCommonNames) {
  const Redactor redactor({.host = "main", .user = "root", .home = "/root", .identifiers = {}}, Digest{});
  EXPECT_EQ(redactor.text("the root of main in /root/x, rootless"), "the root of main in ~/x, rootless");
  const Redactor two({.host = "h1", .user = "ab", .home = "/", .identifiers = {}}, Digest{});
  EXPECT_EQ(two.text("ab h1 / cd"), "ab h1 / cd");
}

TEST(RedactTest, SaysWhereALeakIsAndNotWhat) {
  const auto leak = scan("log: see /home/alice/x");
  ASSERT_TRUE(leak);
  EXPECT_EQ(leak->offset, 9u);
  EXPECT_EQ(leak->length, 11u);
  EXPECT_EQ(leak->what, "home path");
  EXPECT_FALSE(scan("log: see /home/alice/x", 10));
}

TEST(RedactTest, LooksInBinariesForWhatChanceDoesNotMake) {
  EXPECT_TRUE(scan(std::string_view("\0\0/home/alice/x", 15)));
  EXPECT_FALSE(scan(std::string_view("\0\0a@b.cd", 8)));
  EXPECT_TRUE(scan("a@b.cd"));
}

TEST(RedactTest, ReachesEveryStringOfAJsonValue) {
  const Json json = alices().json({{"a", {1, true, nullptr, "at /home/bob/x"}}, {"b", {{"c", "10.1.2.3"}}}});
  EXPECT_EQ(json, (Json{{"a", {1, true, nullptr, "at ~/x"}}, {"b", {{"c", "<IP-address>"}}}}));
}

TEST(RedactTest, ReachesEveryFreeTextOfARecord) {
  const std::string leak = "/home/bob/x";
  Record record = good_record();
  record.stopped_why = record.control_note = leak;
  for (StageResult& stage : record.stages) stage.name = stage.call = stage.message = leak;
  record.cases[0].first_mismatch = leak;
  record.witness.externs = {leak};
  record.measurements = {{.key = "k", .source = "s", .unit = "", .value = leak, .note = leak}};
  const std::string text = spelled(to_json(alices().record(record)));
  EXPECT_EQ(text.find("bob"), std::string::npos) << text;
}

TEST(RedactTest, KeepsItsSaltPrivateAndTheSame) {
  const TemporaryFolder folder;
  const auto first = load_or_create_salt(folder.path() / "state");
  ASSERT_TRUE(first) << first.error().message;
  const auto second = load_or_create_salt(folder.path() / "state");
  ASSERT_TRUE(second);
  EXPECT_EQ(*first, *second);
  EXPECT_NE(*first, Digest{});
  struct stat status {};
  ASSERT_EQ(::stat((folder.path() / "state" / "salt").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST(RedactTest, RefusesASaltThatIsNotOne) {
  const TemporaryFolder folder;
  const auto salt = folder.path() / "salt";
  write_text(salt, std::string(32, 'x'));
  ASSERT_EQ(::chmod(salt.c_str(), 0644), 0);
  EXPECT_EQ(load_or_create_salt(folder.path()).error().message,
            salt.string() + ": the salt is open to other users; run: chmod 600 " + salt.string());
  ASSERT_EQ(::chmod(salt.c_str(), 0600), 0);
  EXPECT_TRUE(load_or_create_salt(folder.path()));
  write_text(salt, "short");
  EXPECT_FALSE(load_or_create_salt(folder.path()));
  std::filesystem::remove(salt);
  std::filesystem::create_symlink("elsewhere", salt);
  EXPECT_FALSE(load_or_create_salt(folder.path()));
}

TEST(RedactTest, FindsTheTokensOfEveryIssuer) {
  for (const std::string prefix :
       {"ghp_", "gho_", "ghs_", "github_pat_", "glpat-", "hf_", "nvapi-", "sk-", "xoxb-", "xoxp-", "AKIA", "eyJ"}) {
    const auto leak = scan("key " + prefix + "0123456789abcdef");
    ASSERT_TRUE(leak) << prefix;
    EXPECT_EQ(leak->what, "access token") << prefix;
    EXPECT_EQ(leak->offset, 4u) << prefix;
  }
}

}  // namespace
}  // namespace assay::evidence
