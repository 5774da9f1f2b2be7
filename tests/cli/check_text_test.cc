#include "harness/cli/check_text.h"

#include <gmock/gmock.h>

#include "harness/cli/diff_text.h"
#include "tests/reports/check_fixtures.h"

namespace assay::cli {
namespace {

using reports::CheckOutcome;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(CheckTextTest, IsSortedByWhatHasToBeDone) {
  reports::CheckReport report =
      reports::check_of({reports::row(CheckOutcome::not_applicable, "gate e"),
                         reports::row(CheckOutcome::met, "gate d"), reports::row(CheckOutcome::waived, "gate c"),
                         reports::row(CheckOutcome::unproven, "gate b"), reports::row(CheckOutcome::failed, "gate a")});
  report.rows[2].waiver = "waived until 2026-12-31 by o (i): r";
  report.notes = {"a note"};
  EXPECT_EQ(check_text(report, 1, 100, false),
            "NVIDIA H100 80GB HBM3, compute capability 9.0, driver 580.159.04\n"
            "bundle " +
                evidence::digest_of("manifest").substr(0, 12) +
                "  runs/today\n"
                "self-attested, not independently verified: whoever holds the machine can write a consistent bundle\n"
                "\n"
                "result          requirement  asked   found    why\n"
                "failed          gate a       proven  refused  the reason\n"
                "unproven        gate b       proven  refused  the reason\n"
                "WAIVED          gate c       proven  refused  waived until 2026-12-31 by o (i): r; the reason\n"
                "met             gate d       proven  proven   the reason\n"
                "does not apply  gate e       proven  refused  the reason\n"
                "\n"
                "a note\n"
                "policy release failed: 1 failed, 1 unproven, 1 WAIVED, 1 met, 1 does not apply (exit 1)\n");
}

TEST(CheckTextTest, AnEmulatedDeviceIsCalledSo) {
  reports::CheckReport report = reports::check_of({reports::row(CheckOutcome::met)});
  report.subject.emulated = true;
  EXPECT_THAT(check_text(report, 0, 100, false), testing::StartsWith("EMULATED NVIDIA H100"));
}

TEST(CheckTextTest, ColourIsOnlyWhereItIsWanted) {
  const reports::CheckReport report = reports::check_of({reports::row(CheckOutcome::failed)});
  EXPECT_THAT(check_text(report, 1, 100, true), HasSubstr("\x1b[31mfailed"));
  EXPECT_THAT(check_text(report, 1, 100, false), Not(HasSubstr("\x1b")));
}

TEST(DiffTextTest, OtherScopesAreNotCompared) {
  reports::Comparison comparison;
  comparison.not_compared = "another device: a, was b";
  EXPECT_EQ(diff_text(comparison, 100, false), "environment: the same\n\nnot compared: another device: a, was b\n");
}

}  // namespace
}  // namespace assay::cli
