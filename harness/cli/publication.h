// What `assay publish` writes and `assay verify --report` renders again: three files, made from a verified bundle,
// looked through once more for what must not leave the machine, and written only if all of them may be. Tested by
// tests/cli/publish_test.cc.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/evidence/verified_bundle.h"
#include "reports/report.h"

namespace assay::cli {

/// One file of a report.
struct RenderedFile {
  std::string name;  ///< "report.html"
  std::string text;
};

/// "html", "md", "json"; empty: all. Error: another word, or one twice.
Result<std::vector<std::string>> parse_formats(std::string_view list);
/// The files in the order of the formats. Error: the file, offset and kind of the first thing that must not be
/// published (never the thing itself), or a fault of the build.
Result<std::vector<RenderedFile>> render_files(const reports::Report&, const std::vector<std::string>& formats);
/// Makes the folder and writes each file whole or not at all.
Status write_files(const std::filesystem::path& folder, const std::vector<RenderedFile>&);

/// Renders the report of the bundle again and compares it with the files that are in the folder. Returns their names.
/// Error: there is none of them, or the first line that differs.
Result<std::vector<std::string>> compare_files(const evidence::VerifiedBundle&, const std::filesystem::path& folder);

}  // namespace assay::cli
