// A report as plain data: everything that the three renderers print, and nothing that they make up.
//
// It is a pure function of a verified bundle, the guardrail's judgement of it, and the profile of the device's model,
// so whoever has the bundle can render it again and compare bytes. Sentences that claim anything come as
// SupportedClaim, which only the guardrail makes. The blocks in words: docs/report.md. Tested by
// tests/reports/report_test.cc.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/evidence/verified_bundle.h"
#include "reports/guardrail.h"
#include "reports/kernel_table.h"
#include "reports/ladder.h"
#include "reports/legend.h"
#include "reports/measured.h"
#include "reports/profile_differences.h"
#include "reports/stage_matrix.h"

namespace assay::reports {

/// One answered question of a device gate.
struct MeasuredValue {
  std::string gate;
  evidence::Measurement measurement;
};

struct Report {
  static constexpr std::string_view kSchema = "report/1";

  std::string manifest_sha256, catalogue_sha256, rules;
  std::string attestation_line;  ///< Never empty.
  evidence::Attestation attestation;
  evidence::Environment environment;
  std::string challenge_issuer, challenge_purpose, challenge_issued_utc, challenge_expires_utc;
  std::string first_utc, last_utc;  ///< When the first record began and the last ended; empty without records.
  bool emulated = false;            ///< Some record is of an emulated device: nothing here is about hardware.

  std::size_t records = 0;
  std::vector<std::pair<std::string, std::size_t>> verdicts;  ///< Gates by verdict, as the ladder has them.
  std::vector<LadderRow> ladder;
  StageMatrix matrix;
  std::string own_target;  ///< The device's column of the matrix; empty without a device.
  std::vector<ImageAnswer> images;
  std::vector<LegendEntry> codes;
  MeasuredLines measured;
  std::vector<MeasuredValue> values;
  std::optional<ProfileDifferences> profile;  ///< Absent without a device, or where no profile is of its model.
  std::map<std::string, std::vector<AlsoClaimed>> also_claimed;  ///< By key of the profile: what others published.
  KernelTable kernels;
  Judgement judgement;
  std::vector<std::string> limits;  ///< What remains open, a sentence each.
};

/// What a report is made with besides the bundle.
struct ReportInputs {
  Judgement judgement;
  std::string catalogue_sha256;
  std::vector<Profile> profiles;
  ErrorTable errors{{}};
};
Report make_report(const evidence::VerifiedBundle&, ReportInputs);

/// The catalogue, the profiles and the error table that are built in, over the bundle. Error: a fault of the build.
Result<Report> make_report(const evidence::VerifiedBundle&);

/// What a reader is told of who vouches for a bundle. Without trust he is told so, whatever `line` says.
std::string attestation_line(const evidence::Attestation&);
/// "NVIDIA H100 80GB HBM3", "no device".
std::string device_name(const Report&);
/// The banner of a report of an emulated run.
inline constexpr std::string_view kEmulatedBanner =
    "EMULATED: no hardware was asked. Nothing in this report is evidence about any device.";
inline constexpr std::string_view kNoKernel = "No kernel is on record in this bundle, so there is no rate to show.";

}  // namespace assay::reports
