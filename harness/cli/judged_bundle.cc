#include "harness/cli/judged_bundle.h"

#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "harness/cli/verify_options.h"

namespace assay::cli {

std::optional<JudgedBundle> open_judged(std::string_view command, const std::string& folder, const std::string& trust,
                                        Exit& end) {
  const auto refused = [&](const Error& error, Exit code) {
    end = complain(command, error, code);
    return std::nullopt;
  };
  std::error_code unreadable;
  if (!std::filesystem::is_directory(folder, unreadable))
    return refused(Error{fmt::format("{}: no such folder; name the folder that a run left", folder)}, Exit::usage);
  evidence::VerifyOptions options = verify_options(true);
  if (const Status added = add_trust(options, trust); !added) return refused(added.error(), Exit::usage);
  auto bundle = evidence::VerifiedBundle::open(folder, options);
  if (!bundle) {
    Error error = bundle.error();
    error.message = fmt::format("{}: {}", folder, error.message);
    return refused(error, Exit::integrity);
  }
  auto catalogue = reports::builtin_claims();
  if (!catalogue) return refused(catalogue.error(), Exit::integrity);
  reports::Judgement claims = reports::Guardrail(*std::move(catalogue)).judge(*bundle);
  return JudgedBundle{*std::move(bundle), std::move(claims)};
}

}  // namespace assay::cli
