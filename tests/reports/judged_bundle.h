// A bundle of the records that a test hands in, opened and judged by the built-in catalogue.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "harness/base/json_fwd.h"
#include "reports/claims.h"
#include "reports/guardrail.h"
#include "tests/evidence/fixtures.h"

namespace assay::reports {

std::vector<Claim> catalogue();

Judgement judge_folder(const std::filesystem::path& folder);

Judgement judge(const std::vector<evidence::Record>& records);
Judgement judge(const std::vector<evidence::Record>& records, const Json& environment,
                const std::vector<std::string>& artifacts = {});

const SupportedClaim* supported(const Judgement& judgement, std::string_view id);

/// The claim's sentence; of one that is refused "refused: " and what is missing.
std::string said(const Judgement& judgement, std::string_view id);

Json environment_with(std::string_view pointer, const Json& value);

/// The environment of a machine that has a toolchain and nothing else.
Json toolchain_alone();

/// The environment with the compiler of kernels and edited images in it.
Json environment_with_compiler();

}  // namespace assay::reports
