#include "harness/cli/pae.h"

#include <array>
#include <utility>

#include <fmt/format.h>

#include "harness/base/file_system.h"
#include "harness/evidence/closed_world.h"
#include "harness/evidence/dsse.h"

namespace assay::cli {
namespace {

namespace fs = std::filesystem;

/// The key that the signature is of or, so that openssl can say no, the one that it names.
const evidence::PublicKey* key_of(const evidence::EnvelopeSignature& signature, const std::string& bytes,
                                  const std::vector<evidence::PublicKey>& keys) {
  for (const evidence::PublicKey& key : keys)
    if (key.verifies(bytes, signature.signature)) return &key;
  for (const evidence::PublicKey& key : keys)
    if (key.keyid() == signature.keyid) return &key;
  return nullptr;
}

Status write_files(const fs::path& folder, const std::string& bytes, const std::string& signature,
                   const evidence::PublicKey& key) {
  if (const Status made = make_folder(folder); !made) return made;
  const std::array<std::pair<const char*, std::string>, 3> files{
      {{"pae.bin", bytes}, {"sig.bin", signature}, {"pub.pem", key.pem()}}};
  for (const auto& [name, content] : files)
    if (const Status written = write_file(folder / name, content); !written) return written;
  return ok();
}

std::string command(const fs::path& folder) {
  return fmt::format("openssl pkeyutl -verify -pubin -inkey {0}/pub.pem -rawin -in {0}/pae.bin -sigfile {0}/sig.bin",
                     folder.string());
}

}  // namespace

Result<std::vector<EmittedSignature>> emit_pae(const fs::path& bundle, const evidence::TrustFile& trust,
                                               const fs::path& out) {
  const auto text = read_file(bundle / evidence::kEnvelopeFile);
  if (!text) return text.error();
  const auto envelope = evidence::read_envelope(*text, evidence::kEnvelopeFile);
  if (!envelope) return envelope.error();
  std::vector<evidence::PublicKey> keys = trust.public_keys();
  if (const auto pem = read_file(bundle / evidence::kPublicKeyFile))
    if (auto own = evidence::PublicKey::from_pem(*pem)) keys.push_back(*std::move(own));
  const std::string bytes = evidence::pae(envelope->payload_type, envelope->payload);
  std::vector<EmittedSignature> emitted;
  for (const evidence::EnvelopeSignature& signature : envelope->signatures) {
    const evidence::PublicKey* key = key_of(signature, bytes, keys);
    if (key == nullptr) continue;
    const fs::path folder = out / evidence::short_id(key->keyid());
    if (const Status written = write_files(folder, bytes, signature.signature, *key); !written) return written.error();
    emitted.push_back({.keyid = key->keyid(), .command = command(folder)});
  }
  return emitted;
}

}  // namespace assay::cli
