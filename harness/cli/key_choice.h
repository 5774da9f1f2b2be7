// The private key that a command line names. Tested by tests/cli/signing_test.cc.
#pragma once

#include <optional>
#include <string>

#include "harness/evidence/key_file.h"

namespace CLI {
class App;
}

namespace assay::cli {

struct KeyChoice {
  std::string file;
  int passphrase_fd = -1;  ///< Of an encrypted key; -1: none is read.
};

/// --passphrase-fd, which every subcommand that takes a key has.
void add_passphrase_option(CLI::App& app, KeyChoice& choice);

/// What the descriptor gives, if one is named.
Result<std::optional<std::string>> passphrase_of(const KeyChoice& choice);
Result<evidence::PrivateKey> load_key(const KeyChoice& choice);

}  // namespace assay::cli
