#include "harness/evidence/sign_bundle.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "harness/base/file_system.h"
#include "harness/base/json.h"
#include "harness/evidence/closed_world.h"
#include "harness/evidence/dsse.h"
#include "harness/evidence/statement.h"
#include "harness/evidence/verified_bundle.h"

namespace assay::evidence {
namespace {

Status write_envelope(const std::filesystem::path& folder, const Envelope& envelope) {
  const auto text = envelope_text(envelope);
  return text ? write_file(folder / kEnvelopeFile, *text) : text.error();
}

}  // namespace

Status sign_bundle(const std::filesystem::path& folder, const VerifyOptions& options, const PrivateKey& key) {
  const auto bundle = VerifiedBundle::open(folder, options);
  if (!bundle) return bundle.error();
  if (bundle->report().attestation.is_signed)
    return Error{
        fmt::format("{}: signed already; a verifier adds a signature with 'assay verify --sign'", folder.string())};
  const Json claims = options.claims ? options.claims(*bundle) : no_claims();
  auto statement = canonical_json(make_statement(bundle->report(), claims));
  if (!statement) return statement.error();
  const auto envelope = sign_payload(std::string(kStatementPayloadType), *statement, key);
  if (!envelope) return envelope.error();
  if (const Status written = write_file(folder / kPublicKeyFile, key.public_key().pem()); !written) return written;
  if (const Status written = write_file(folder / kStatementFile, *statement); !written) return written;
  return write_envelope(folder, *envelope);
}

std::string why_not_cosign(const VerifyReport& report) {
  if (!report.findings.empty()) return to_string(report.findings.front());
  if (!report.unfit.empty()) return to_string(report.unfit.front());
  if (!report.attestation.is_signed) return "not signed by its operator, who does that with 'assay run --sign'";
  if (report.attestation.claims_not_recomputed)
    return "its claims are of a catalogue that this build does not have; use the build that signed it";
  if (report.labels_not_recomputed > 0)
    return fmt::format("labels of {} records not recomputed; use a build that knows their rules",
                       report.labels_not_recomputed);
  if (report.cases.not_recomputed > 0)
    return fmt::format("oracles of {} records not recomputed; use --recompute, with a build that has their gates",
                       report.cases.not_recomputed);
  return {};
}

Status cosign_bundle(const std::filesystem::path& folder, const VerifyReport& report, const PrivateKey& key) {
  if (const std::string why = why_not_cosign(report); !why.empty())
    return Error{fmt::format("{}: {}", folder.string(), why)};
  const auto text = read_file(folder / kEnvelopeFile);
  if (!text) return text.error();
  auto envelope = read_envelope(*text, kEnvelopeFile);
  if (!envelope) return envelope.error();
  if (hex(sha256(envelope->payload)) != report.attestation.statement_sha256)
    return Error{fmt::format("{}: changed while it was verified", kEnvelopeFile)};
  const auto found = signers(*envelope, std::span(&key.public_key(), 1));
  if (!found) return found.error();
  if (std::any_of(found->begin(), found->end(), [](const auto& signer) { return signer.has_value(); }))
    return Error{fmt::format("{}: key {} has signed already; a key counts once", kEnvelopeFile,
                             short_id(key.public_key().keyid()))};
  if (const Status added = add_signature(*envelope, key); !added) return added;
  return write_envelope(folder, *envelope);
}

}  // namespace assay::evidence
