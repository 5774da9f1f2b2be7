// `assay keygen`: a key pair, and the entry by which others trust it.
#include <filesystem>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/base/file_system.h"
#include "harness/base/json.h"
#include "harness/cli/key_choice.h"
#include "harness/cli/subcommand.h"
#include "harness/evidence/trust.h"
#include "harness/evidence/utc.h"

namespace assay::cli {
namespace {

struct Options {
  KeyChoice key;
  std::string role = "operator", owner = "unnamed";
  int days = 365;
  bool json = false;
};

/// "key.pub.pem" beside "key.pem".
std::string public_name(std::string name) {
  constexpr std::string_view kSuffix = ".pem";
  if (name.ends_with(kSuffix)) name.resize(name.size() - kSuffix.size());
  return name + ".pub.pem";
}

evidence::TrustedKey entry_of(const evidence::PublicKey& key, const Options& options) {
  const auto now = evidence::utc_now();
  return {.key = key,
          .role = *evidence::parse_role(options.role),
          .owner = options.owner,
          .not_before = evidence::format_utc(now),
          .not_after = evidence::format_utc(now + std::chrono::days(options.days)),
          .revoked = false};
}

/// The private key last, so that a key whose public half could not be written is no key.
Status write_keys(const Options& options, const evidence::PrivateKey& key) {
  const auto passphrase = passphrase_of(options.key);
  if (!passphrase) return passphrase.error();
  const std::string public_file = public_name(options.key.file);
  if (const Status written = create_file(public_file, key.public_key().pem()); !written) return written;
  Status written = evidence::write_private_key(options.key.file, key, *passphrase);
  std::error_code ignored;
  if (!written) std::filesystem::remove(public_file, ignored);
  return written;
}

void print(const Options& options, const Json& entry) {
  const std::string keyid = entry.at("keyid");
  if (options.json) {
    const auto text = pretty_json({{"schema", "keygen/1"},
                                   {"private_key", options.key.file},
                                   {"public_key", public_name(options.key.file)},
                                   {"keyid", keyid},
                                   {"trust_entry", entry}});
    if (text) fmt::print("{}", *text);
    return;
  }
  const auto text = pretty_json(entry);
  fmt::print("{}: the private key; whoever has it signs in your name\n{}: the public key\nkeyid {}\n\n",
             options.key.file, public_name(options.key.file), keyid);
  if (text) fmt::print("For the list `keys` of the trust file of who is to trust it:\n{}", *text);
}

}  // namespace

Exit run_keygen(Arguments arguments) {
  CLI::App app;
  Options options;
  app.add_option("-o,--out", options.key.file, "File of the private key; KEY.pub.pem is written beside it")->required();
  app.add_option("--role", options.role, "What the owner may vouch for")
      ->check(CLI::IsMember({"operator", "verifier", "publisher"}));
  app.add_option("--owner", options.owner, "Who that is, one line");
  app.add_option("--days", options.days, "How long from now on the trust entry holds")->check(CLI::Range(1, 36500));
  add_passphrase_option(app, options.key);
  app.add_flag("--json", options.json, "As JSON on standard output");
  Exit end = Exit::done;
  if (!parse(app, arguments, *find_subcommand("keygen"), end)) return end;

  const auto key = evidence::PrivateKey::generate();
  if (!key) return complain("keygen", key.error(), Exit::environment);
  const Json entry = to_json(entry_of(key->public_key(), options));
  const auto usable =
      evidence::trust_from_json({{"schema", evidence::TrustFile::kSchema}, {"keys", {entry}}}, "--owner");
  if (!usable) return complain("keygen", usable.error(), Exit::usage);
  if (const Status written = write_keys(options, *key); !written)
    return complain("keygen", written.error(), Exit::usage);
  print(options, entry);
  return Exit::done;
}

}  // namespace assay::cli
