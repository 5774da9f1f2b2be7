// A forger who can do all that needs no key: edit any line, chain the ledger again, and seal the folder again.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string_view>
#include <vector>

#include "harness/base/json.h"
#include "harness/evidence/closed_world.h"
#include "tests/evidence/fixtures.h"

namespace assay::evidence {

using Lines = std::vector<Json>;

Lines read_lines(const std::filesystem::path& folder);

/// Writes the lines as they are; with `chain`, each prev_sha256 is made to fit.
void write_lines(const std::filesystem::path& folder, Lines lines, bool chain = true);

void seal_again(const std::filesystem::path& folder);

/// Edits the lines of the ledger and seals everything again.
void forge_lines(const std::filesystem::path& folder, const std::function<void(Lines&)>& edit);

/// Edits a record as a record, labels it by the rules, and seals everything again.
void forge_record(const std::filesystem::path& folder, std::size_t index, std::string_view rules,
                  const std::function<void(Record&)>& edit);
void forge_record(const std::filesystem::path& folder, std::size_t index, const std::function<void(Record&)>& edit);

/// Edits a top-level document and seals again (and chains again, for the challenge).
void forge_document(const std::filesystem::path& folder, std::string_view name, const std::function<void(Json&)>& edit);

}  // namespace assay::evidence
