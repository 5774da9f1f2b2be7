// Keys, signatures and trust, as people use them: real files, the real program, and stock openssl beside it.
#include <sys/stat.h>

#include "harness/base/build_info.h"
#include "harness/base/json.h"
#include "harness/cli/verify_options.h"
#include "harness/evidence/key_file.h"
#include "tests/cli/process_test.h"
#include "tests/evidence/signed_bundle.h"
#include "tests/support/json.h"
#include "tests/support/whole_run.h"

namespace assay::cli {
namespace {

namespace fs = std::filesystem;
using evidence::operator_key;
using evidence::Role;
using evidence::verifier_key;

class SigningTest : public ProcessTest {
 protected:
  /// The key as a file; its name.
  std::string key_file(const std::string& name, const evidence::PrivateKey& key) const {
    const Status written = evidence::write_private_key(at(name), key, std::nullopt);
    EXPECT_TRUE(written);
    return at(name);
  }
  std::string trust_file(const std::vector<evidence::TrustedKey>& keys = evidence::good_trust().keys) const {
    Json list = Json::array();
    for (const evidence::TrustedKey& key : keys) list.push_back(to_json(key));
    write("trust.json", spelled(Json{{"schema", "trust/1"}, {"keys", list}}));
    return at("trust.json");
  }
  /// A signed bundle of a question, which any build recomputes whole.
  void signed_question(const std::string& name) const {
    evidence::write_bundle(at(name), test::whole_run({evidence::good_question()}));
    const Status done = evidence::sign_bundle(at(name), verify_options(true), operator_key());
    ASSERT_TRUE(done) << done.error().message;
  }
};

// --- Keys ---

TEST_F(SigningTest, AKeyIsMadeOnceAndForItsOwnerAlone) {
  const Ended ended = assay({"keygen", "-o", at("k.pem"), "--role", "verifier", "--owner", "Lab 3", "--json"});
  ASSERT_EQ(ended.code, 0) << ended.err;
  const Json made = test::parsed(ended.out);
  struct stat status {};
  ASSERT_EQ(::stat(at("k.pem").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600u);
  const auto key = evidence::load_private_key(at("k.pem"), std::nullopt);
  ASSERT_TRUE(key) << key.error().message;
  EXPECT_EQ(key->public_key().pem(), evidence::read_text(at("k.pub.pem")));
  EXPECT_EQ(made["keyid"], key->public_key().keyid());
  EXPECT_EQ(made["trust_entry"]["role"], "verifier");
  EXPECT_EQ(made["trust_entry"]["owner"], "Lab 3");
  EXPECT_TRUE(evidence::trust_from_json({{"schema", "trust/1"}, {"keys", {made["trust_entry"]}}}, "trust"));

  const std::string before = evidence::read_text(at("k.pem"));
  const Ended again = assay({"keygen", "-o", at("k.pem")});
  EXPECT_EQ(again.code, 2);
  EXPECT_EQ(again.err, "assay keygen: " + at("k.pub.pem") + ": cannot create: File exists\n");
  fs::remove(at("k.pub.pem"));
  EXPECT_EQ(assay({"keygen", "-o", at("k.pem")}).err,
            "assay keygen: " + at("k.pem") + ": cannot create: File exists\n");
  EXPECT_EQ(evidence::read_text(at("k.pem")), before);
  EXPECT_FALSE(fs::exists(at("k.pub.pem")));
}

TEST_F(SigningTest, KeygenShowsTheKeyIdAndATrustEntry) {
  const Ended ended = assay({"keygen", "-o", at("k"), "--owner", "Lab 3"});
  ASSERT_EQ(ended.code, 0) << ended.err;
  EXPECT_THAT(ended.out, StartsWith(at("k") + ": the private key; whoever has it signs in your name\n" + at("k") +
                                    ".pub.pem: the public key\nkeyid "));
  EXPECT_THAT(ended.out, HasSubstr("\"owner\": \"Lab 3\""));
  EXPECT_EQ(assay({"keygen", "-o", at("l"), "--owner", "a\nb"}).code, 2);
  EXPECT_FALSE(fs::exists(at("l")));
}

TEST_F(SigningTest, APassphraseComesThroughADescriptor) {
  write("phrase", "correct horse\n");
  write("wrong", "wrong\n");
  const auto with = [&](const std::string& phrase, std::vector<std::string> words) {
    words.insert(words.end(), {"--passphrase-fd", "0"});
    return assay({.arguments = std::move(words), .input = at(phrase)});
  };
  ASSERT_EQ(with("phrase", {"keygen", "-o", at("k.pem")}).code, 0);
  EXPECT_THAT(evidence::read_text(at("k.pem")), StartsWith("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
  EXPECT_EQ(with("phrase", {"challenge", "--key", at("k.pem"), "-o", at("c")}).code, 0);
  const Ended wrong = with("wrong", {"challenge", "--key", at("k.pem"), "-o", at("d")});
  EXPECT_EQ(wrong.code, 2);
  EXPECT_EQ(wrong.err, "assay challenge: " + at("k.pem") + ": the passphrase does not open it\n");
  EXPECT_EQ(assay({"challenge", "--key", at("k.pem"), "-o", at("d")}).err,
            "assay challenge: " + at("k.pem") +
                ": encrypted; name the file descriptor of its passphrase with --passphrase-fd\n");
}

// --- Signing a run ---

TEST_F(SigningTest, AKeyThatCannotSignIsSeenBeforeAnythingRuns) {
  const std::string key = key_file("k.pem", operator_key());
  ASSERT_EQ(::chmod(key.c_str(), 0644), 0);
  const Ended open = assay(run_into("bundle", {"--sign", key}));
  EXPECT_EQ(open.code, 2);
  EXPECT_EQ(open.err,
            "assay run: " + key + ": the private key is open to other users (mode 0644); run: chmod 600 " + key + "\n");
  EXPECT_EQ(assay(run_into("bundle", {"--sign", at("none")})).code, 2);
  ASSERT_EQ(::chmod(key.c_str(), 0600), 0);
  const Ended hidden = assay(run_into("bundle", {"--sign", key, "--no-redact"}));
  EXPECT_EQ(hidden.code, 2);
  EXPECT_EQ(hidden.err, "assay run: --no-redact: a private bundle is never signed; leave out one of the two\n");
  EXPECT_FALSE(fs::exists(at("bundle")));
}

/// A build of changed sources (as while one works on this program) signs nothing; a clean one does.
TEST_F(SigningTest, ARunIsSignedIfItMayBePublishedFrom) {
  const std::string key = key_file("k.pem", operator_key());
  const Ended ended = assay(run_on_stand_in("bundle", {"--gate", "device.query", "--sign", key, "--json"}));
  const Json summary = test::parsed(ended.out);
  const Json found = test::parsed(assay({"verify", "--recompute", "--json", at("bundle")}).out);
  EXPECT_TRUE(found["intact"]) << found;
  if (build_info().git_dirty) {
    EXPECT_NE(found["unfit"], Json::array());
  }
  if (!found["unfit"].empty()) {
    EXPECT_EQ(ended.code, 4);
    EXPECT_THAT(ended.err, HasSubstr("assay run: not signed: environment.json: "));
    EXPECT_EQ(summary["signed_by"], "");
    EXPECT_EQ(summary["exit"], 4);
    EXPECT_FALSE(fs::exists(fs::path(at("bundle")) / evidence::kEnvelopeFile));
  } else {
    EXPECT_EQ(ended.code, 0) << ended.err;
    EXPECT_EQ(summary["signed_by"], operator_key().public_key().keyid());
    EXPECT_EQ(found["attestation"]["signed"], true);
    EXPECT_EQ(found["attestation"]["claims_not_recomputed"], false);
  }
}

// --- Verifying ---

TEST_F(SigningTest, TrustDecidesWhoAttests) {
  signed_question("bundle");
  const std::string id(evidence::short_id(operator_key().public_key().keyid()));
  const Ended alone = assay({"verify", at("bundle")});
  EXPECT_EQ(alone.code, 0);
  EXPECT_THAT(alone.out, EndsWith("  self-attested, not independently verified: signed with key " + id +
                                  ", for which nobody but the bundle vouches\n"));
  const Ended trusted = assay({"verify", at("bundle"), "--trust", trust_file()});
  EXPECT_EQ(trusted.code, 0) << trusted.out;
  EXPECT_THAT(trusted.out, EndsWith("  attested by the operator key " + id +
                                    " (the operator lab); not independently verified: the challenge is the "
                                    "operator's own\n"));
  const Json json = test::parsed(assay({"verify", at("bundle"), "--trust", trust_file(), "--json"}).out);
  EXPECT_EQ(json["attestation"]["trust"], "operator");
  EXPECT_EQ(
      json["attestation"]["signatures"],
      Json::array(
          {{{"keyid", operator_key().public_key().keyid()}, {"role", "operator"}, {"owner", "the operator lab"}}}));
  const Ended unknown =
      assay({"verify", at("bundle"), "--trust", trust_file({evidence::trusted(verifier_key(), Role::operator_)})});
  EXPECT_EQ(unknown.code, 4);
  EXPECT_EQ(unknown.out, "refused " + at("bundle") +
                             "\n  evidence.dsse.json: not signed by a trusted operator; signed by key " + id +
                             " [signature]\n");
}

TEST_F(SigningTest, TrustAsksForASignatureAndForFitness) {
  evidence::write_bundle(at("plain"), test::whole_run({evidence::good_question()}));
  const Ended plain = assay({"verify", at("plain"), "--trust", trust_file()});
  EXPECT_EQ(plain.code, 4);
  EXPECT_THAT(plain.out, HasSubstr("missing: not signed, and a trusted signature is asked for [signature]\n"));
  evidence::write_bundle(at("private"), test::whole_run({evidence::good_question()}), {}, nullptr);
  EXPECT_EQ(assay({"verify", at("private")}).code, 0);
  const Ended unfit = assay({"verify", at("private"), "--trust", trust_file()});
  EXPECT_EQ(unfit.code, 4);
  EXPECT_THAT(unfit.out, HasSubstr("  unfit to publish:\n    environment.json: recorded without redaction; record "
                                   "again without --no-redact [private]\n"));
}

TEST_F(SigningTest, AFaultyTrustFileIsAMistakeOfTheCaller) {
  signed_question("bundle");
  write("bad.json", "{}");
  EXPECT_EQ(assay({"verify", at("bundle"), "--trust", at("bad.json")}).code, 2);
  EXPECT_EQ(assay({"verify", at("bundle"), "--trust", at("none.json")}).code, 2);
  const Ended alone = assay({"verify", at("bundle"), "--independent"});
  EXPECT_EQ(alone.code, 2);
  EXPECT_EQ(alone.err, "assay verify: --independent needs --trust: without it nobody is known to be independent\n");
  EXPECT_EQ(assay({"verify", at("bundle"), "--sign", key_file("k.pem", verifier_key())}).err,
            "assay verify: --sign needs --recompute: a verifier signs what he has computed again\n");
}

/// A bundle that answers the verifier's challenge now, signed by its operator.
void answered(const fs::path& folder, const evidence::PrivateKey& issuer) {
  const auto issued =
      evidence::issue_challenge({.gates = {"device.query"}}, issuer, *evidence::parse_utc("2026-11-22T12:00:00Z"));
  ASSERT_TRUE(issued);
  evidence::answer(folder, *issued, test::whole_run({evidence::good_question()}));
  const Status done = evidence::sign_bundle(folder, verify_options(true), operator_key());
  ASSERT_TRUE(done) << done.error().message;
}

TEST_F(SigningTest, AVerifierWhoChallengedAndSignsMakesItIndependent) {
  answered(at("bundle"), verifier_key());
  const std::string trust = trust_file(), key = key_file("v.pem", verifier_key());
  const std::vector<std::string> independent{"verify", at("bundle"), "--trust", trust, "--independent"};
  const Ended before = assay(independent);
  EXPECT_EQ(before.code, 1);
  EXPECT_THAT(before.err, StartsWith("assay verify: not independent: attested by the operator key "));
  const Ended signing = assay({"verify", at("bundle"), "--recompute", "--trust", trust, "--sign", key});
  EXPECT_EQ(signing.code, 0) << signing.err;
  EXPECT_THAT(signing.out, EndsWith("  signed too with key " + verifier_key().public_key().keyid() + "\n"));
  const Ended after = assay(independent);
  EXPECT_EQ(after.code, 0) << after.err;
  EXPECT_THAT(after.out, HasSubstr("\n  independently verified: attested by the operator key "));
  const Ended twice = assay({"verify", at("bundle"), "--recompute", "--trust", trust, "--sign", key});
  EXPECT_EQ(twice.code, 4);
  EXPECT_THAT(twice.err, HasSubstr("has signed already; a key counts once"));
}

TEST_F(SigningTest, ASelfIssuedChallengeIsNotToldAsIndependent) {
  signed_question("bundle");
  const std::string trust = trust_file(), key = key_file("v.pem", verifier_key());
  ASSERT_EQ(assay({"verify", at("bundle"), "--recompute", "--sign", key}).code, 0);
  const Ended ended = assay({"verify", at("bundle"), "--trust", trust, "--independent"});
  EXPECT_EQ(ended.code, 1);
  EXPECT_THAT(ended.err, EndsWith("not independently verified: the challenge is the operator's own\n"));
}

TEST_F(SigningTest, AVerifierSignsNothingThatWasRefused) {
  signed_question("bundle");
  const std::string envelope = evidence::read_text(fs::path(at("bundle")) / evidence::kEnvelopeFile);
  evidence::write_text(fs::path(at("bundle")) / "rules.json", "{}");
  EXPECT_EQ(assay({"verify", at("bundle"), "--recompute", "--sign", key_file("v.pem", verifier_key())}).code, 4);
  EXPECT_EQ(evidence::read_text(fs::path(at("bundle")) / evidence::kEnvelopeFile), envelope);
}

// --- Without this program ---

/// As a person runs the line that was printed.
int run_line(test::Sandbox& box, const std::string& line) {
  const Ended ended = box.run({"-c", line});
  EXPECT_EQ(ended.signal, 0);
  return ended.code;
}

TEST_F(SigningTest, StockOpensslChecksEachSignature) {
  answered(at("bundle"), verifier_key());
  ASSERT_EQ(assay({"verify", at("bundle"), "--recompute", "--sign", key_file("v.pem", verifier_key())}).code, 0);
  const Ended ended = assay({"verify", at("bundle"), "--trust", trust_file(), "--emit-pae", at("pae"), "--json"});
  ASSERT_EQ(ended.code, 0) << ended.err;
  const Json emitted = test::parsed(ended.out)["emitted"];
  ASSERT_EQ(emitted.size(), 2u);
  test::Sandbox shell("/bin/sh");
  for (const Json& one : emitted) {
    const std::string line = one["command"], keyid = one["keyid"];
    const fs::path folder = fs::path(at("pae")) / keyid.substr(0, 12);
    EXPECT_EQ(line, "openssl pkeyutl -verify -pubin -inkey " + folder.string() + "/pub.pem -rawin -in " +
                        folder.string() + "/pae.bin -sigfile " + folder.string() + "/sig.bin");
    EXPECT_EQ(run_line(shell, line), 0);
    std::string changed = evidence::read_text(folder / "pae.bin");
    changed.back() = static_cast<char>(changed.back() ^ 1);
    evidence::write_text(folder / "pae.bin", changed);
    EXPECT_EQ(run_line(shell, line), 1);
  }
}

TEST_F(SigningTest, WithoutTrustTheRunsOwnKeyIsWrittenOut) {
  signed_question("bundle");
  const Ended ended = assay({"verify", at("bundle"), "--emit-pae", at("pae")});
  EXPECT_EQ(ended.code, 0);
  EXPECT_THAT(ended.out, HasSubstr(": check it without this program:\n  openssl pkeyutl -verify -pubin -inkey "));
  evidence::write_bundle(at("plain"), test::whole_run({evidence::good_question()}));
  const Ended plain = assay({"verify", at("plain"), "--emit-pae", at("none")});
  EXPECT_EQ(plain.code, 4);
  EXPECT_FALSE(fs::exists(at("none")));
}

}  // namespace
}  // namespace assay::cli
