#include "harness/cli/key_choice.h"

#include <CLI/CLI.hpp>

namespace assay::cli {

void add_passphrase_option(CLI::App& app, KeyChoice& choice) {
  app.add_option("--passphrase-fd", choice.passphrase_fd,
                 "File descriptor from which the first line is the key's passphrase (never on the command line)")
      ->check(CLI::Range(0, 1 << 20));
}

Result<std::optional<std::string>> passphrase_of(const KeyChoice& choice) {
  if (choice.passphrase_fd < 0) return std::optional<std::string>();
  auto line = evidence::read_passphrase(choice.passphrase_fd);
  if (!line) return line.error();
  return std::optional<std::string>(*std::move(line));
}

Result<evidence::PrivateKey> load_key(const KeyChoice& choice) {
  const auto passphrase = passphrase_of(choice);
  if (!passphrase) return passphrase.error();
  return evidence::load_private_key(choice.file, *passphrase);
}

}  // namespace assay::cli
