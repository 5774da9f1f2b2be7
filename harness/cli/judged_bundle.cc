#include "harness/cli/judged_bundle.h"

#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "harness/cli/recompute.h"

namespace assay::cli {

std::optional<JudgedBundle> open_judged(std::string_view command, const std::string& folder, Exit& end) {
  std::error_code unreadable;
  if (!std::filesystem::is_directory(folder, unreadable)) {
    end = complain(command, Error{fmt::format("{}: no such folder; name the folder that a run left", folder)},
                   Exit::usage);
    return std::nullopt;
  }
  evidence::VerifyOptions options;
  options.recompute = recompute;
  options.compare_images = compare_images;
  auto bundle = evidence::VerifiedBundle::open(folder, options);
  if (!bundle) {
    Error error = bundle.error();
    error.message = fmt::format("{}: {}", folder, error.message);
    end = complain(command, error, Exit::integrity);
    return std::nullopt;
  }
  auto catalogue = reports::builtin_claims();
  if (!catalogue) {
    end = complain(command, catalogue.error(), Exit::integrity);
    return std::nullopt;
  }
  reports::Judgement claims = reports::Guardrail(*std::move(catalogue)).judge(*bundle);
  return JudgedBundle{*std::move(bundle), std::move(claims)};
}

}  // namespace assay::cli
