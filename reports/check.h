// What `assay check` found: a row for each requirement, each difference from a baseline and each waiver that is at
// fault, and what follows for a build.
//
// Judging (requirements.h, baseline.h), waiving (waivers.h) and printing (junit.h, github.h, and the command line) meet
// in this one list, so that every output tells the same. Tested by tests/reports/check_test.cc.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/base/json_fwd.h"
#include "harness/evidence/verify.h"

namespace assay::reports {

/// `unproven`: no evidence supports it, and none speaks against it. `environment`: the machine did not answer.
enum class CheckOutcome { met, waived, failed, unproven, not_applicable, environment };
std::string_view word(CheckOutcome);

struct CheckRow {
  std::string id;      ///< By which a waiver names it.
  std::string family;  ///< What it is listed under: "tma", "limit", "claim", "baseline".
  std::string name;    ///< "tma.load@sm_90a"
  CheckOutcome outcome = CheckOutcome::unproven;
  std::string asked;                           ///< "proven"
  std::string found;                           ///< In one or two words: "refused", "232448 B", "LOST".
  std::string why;                             ///< One line.
  std::string level = "none", evidence_class;  ///< Of the record that decided; empty class where there is none.
  std::string waiver;                          ///< Of a waived row: who, until when, why.
};

/// What a build has to do with it; the first of them that occurs, in this order.
enum class Conclusion { environment, failed, unproven, nothing_applies, holds };
std::string_view word(Conclusion);

/// Of what the rows are.
struct CheckSubject {
  std::string bundle;           ///< Path as given.
  std::string manifest_sha256;  ///< By which it is known.
  std::string policy;           ///< Its name; empty where none was given.
  std::string device;           ///< "NVIDIA H100 80GB HBM3" or "no device".
  std::string compute_capability, driver;
  std::string attestation;  ///< Who says so, one sentence.
  bool emulated = false;
};
CheckSubject subject_of(const evidence::VerifyReport&, std::string bundle, std::string policy);

struct CheckReport {
  CheckSubject subject;
  std::vector<CheckRow> rows;
  std::vector<std::string> notes;  ///< What a reader must know beside the rows, a line each.
  std::vector<std::string> refused_claims;
};

/// A row if the bundle says that a driver should have answered and did not: then nothing else counts.
std::vector<CheckRow> environment_rows(const evidence::Environment&);

Conclusion conclude(std::span<const CheckRow>);
/// How many rows ended so.
std::size_t count(std::span<const CheckRow>, CheckOutcome);
/// "9 met, 1 unproven"; outcomes that did not occur are left out.
std::string tally(std::span<const CheckRow>);
/// The rows of each family, families in the order in which they first occur.
std::vector<std::pair<std::string, std::vector<CheckRow>>> by_family(std::span<const CheckRow>);
/// The lowest level of the rows that rest on a record; "none" if there is none.
std::string lowest_level(std::span<const CheckRow>);

/// check-report/1.
Json to_json(const CheckReport&);

}  // namespace assay::reports
