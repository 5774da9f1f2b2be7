// Private keys as files: readable by their owner alone, and never replaced.
//
// A passphrase comes through a file descriptor, since a command line is shown to every user of the machine.
// Tested by tests/evidence/key_file_test.cc.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "harness/evidence/ed25519.h"

namespace assay::evidence {

/// The first line that the descriptor gives, without its newline. Error: nothing to read, or an empty line.
Result<std::string> read_passphrase(int descriptor);

/// Reads PKCS#8 in PEM. Error: open to other users, encrypted and no passphrase, no Ed25519 key.
Result<PrivateKey> load_private_key(const std::filesystem::path& path, const std::optional<std::string>& passphrase);

/// Writes the key with mode 0600. Error: a file of this name is there.
Status write_private_key(const std::filesystem::path& path, const PrivateKey& key,
                         const std::optional<std::string>& passphrase);

}  // namespace assay::evidence
