// What cannot be true of a record, or of the records of one run together.
//
// Labels follow from what a record says happened, so a forger's next step is to change what happened. A record alone
// can contradict itself (a launch after a refused load); records of a run can contradict each other (a prerequisite
// that was "proven" by a gate which was refused). The key holder who rewrites all of it consistently is not caught
// here; recomputing from the challenge, and a challenge of somebody else's, are for that. Tested by
// tests/evidence/consistency_test.cc.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/evidence/bundle.h"
#include "harness/evidence/challenge.h"
#include "harness/evidence/finding.h"
#include "harness/evidence/record.h"

namespace assay::evidence {

/// The first thing in the record that contradicts another; nullopt if nothing does.
std::optional<std::string> contradiction(const Record&);

/// Takes the records of a run in order and remembers what later ones are held against.
class RunConsistency {
 public:
  RunConsistency(const Challenge&, const RunRules&);

  /// What is wrong with the next record, of which `verdict` is the label.
  std::vector<Finding> add(const Record&, Verdict verdict, const std::string& where);
  /// What is missing when no more records come.
  std::vector<Finding> finish() const;

 private:
  std::optional<std::string> against_challenge(const Record&) const;
  std::optional<std::string> against_rules(const Record&) const;
  std::optional<std::string> against_prerequisites(const Record&) const;
  std::optional<std::string> against_clock(const Record&);
  std::optional<std::string> clocks_apart(std::chrono::sys_seconds started, std::int64_t monotonic_ns);
  std::optional<std::string> against_attempts(const Record&);
  std::optional<std::string> against_selection(const Record&);
  std::optional<std::string> against_library(const Record&);

  std::set<std::string, std::less<>> asked_;                        ///< Gates that the challenge names.
  bool asks_for_all_ = false;                                       ///< A verifier's challenge that names none.
  std::int64_t max_attempts_ = 0;                                   ///< 0: no limit.
  std::map<std::string, std::int64_t, std::less<>> gates_;          ///< Required id to version.
  std::map<std::string, std::set<Verdict>, std::less<>> verdicts_;  ///< Of the gates so far.
  std::set<std::string> ids_;
  std::map<std::string, std::int64_t> attempts_;  ///< Of ids without their number: the highest so far.
  std::set<std::string, std::less<>> left_out_;   ///< Gates that were not selected.
  std::optional<DriverLibrary> library_;
  std::chrono::sys_seconds earliest_, latest_;  ///< No record started before, or finished after.
  std::int64_t monotonic_ns_ = 0;
  std::optional<std::chrono::sys_seconds> boot_;  ///< Where the first record puts the monotonic clock's zero.
};

}  // namespace assay::evidence
