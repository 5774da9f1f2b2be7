// The closed world of a bundle: these files, with these bytes, and no others.
//
// A checksum list that only vouches for the files it names lets anything be laid beside them. Here an extra file is as
// much a fault as a missing one, and what is no plain file of its own (a link, a second name of another file, a device,
// a pipe) is refused before it is opened. The manifest itself has one spelling only, so no byte of it is free.
// Beside it lie the three files of a signature, all or none: they are over the manifest, so it cannot list them.
// Ancestry: Khronos conformance packages, in-toto. Tested by tests/evidence/forgery_test.cc, closed_world_test.cc.
#pragma once

#include <array>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/evidence/finding.h"

namespace assay::evidence {

inline constexpr std::string_view kManifestFile = "manifest.json";
inline constexpr std::string_view kArtifactFolder = "artifacts";

/// A signature: what is said, who says so, and the key that the first signature is of.
inline constexpr std::string_view kStatementFile = "statement.intoto.json";
inline constexpr std::string_view kEnvelopeFile = "evidence.dsse.json";
inline constexpr std::string_view kPublicKeyFile = "run.pub.pem";
inline constexpr std::array kSignatureFiles{kEnvelopeFile, kPublicKeyFile, kStatementFile};

/// Writes manifest.json of a complete folder and returns its digest. A signature that lies there is left alone. Error:
/// the folder holds what is no file of a bundle.
Result<std::string> write_manifest(const std::filesystem::path& folder);

/// A bundle's folder as found. Each file was opened once; what was hashed is what is held here.
struct ClosedWorld {
  std::map<std::string, std::string, std::less<>> documents;  ///< Top-level files by name, whole.
  std::set<std::string, std::less<>> artifacts;               ///< Names of the artifacts that are there.
  std::vector<Finding> findings;                              ///< Against the manifest and the rules above.
  std::vector<Finding> leaks;                                 ///< What must not be published, in artifacts.

  bool has(std::string_view name) const { return documents.contains(name); }
  /// The file's text; empty if it is not there.
  std::string_view document(std::string_view name) const;
};

ClosedWorld open_closed_world(const std::filesystem::path& folder);

}  // namespace assay::evidence
