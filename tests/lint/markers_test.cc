#include "reports/lint/markers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assay::lint {
namespace {

std::string error_of(const std::string& text) {
  const Result<std::optional<Marker>> marker = read_marker({text, 0, 0});
  return marker ? "" : marker.error().message;
}

Marker marker_of(const std::string& text) {
  const Result<std::optional<Marker>> marker = read_marker({text, 3, 9});
  EXPECT_TRUE(marker && marker->has_value()) << text;
  return marker && *marker ? **marker : Marker();
}

TEST(MarkersTest, ReadsEachKind) {
  const Marker claim = marker_of("claim:accepts/tcgen05.alloc@sm_100a bundle=sha256:0123456789ab");
  EXPECT_EQ(claim.id, "accepts/tcgen05.alloc@sm_100a");
  EXPECT_EQ(claim.bundle, "0123456789ab");
  EXPECT_EQ(claim.begin, 3u);
  const Marker list = marker_of("claims:begin bundle=0123456789abcdef a b");
  EXPECT_EQ(list.kind, Marker::Kind::claims_begin);
  EXPECT_THAT(list.ids, testing::ElementsAre("a", "b"));
  const Marker quote = marker_of("lint:quote reason=\"said by others\" until=2027-01-31");
  EXPECT_EQ(quote.reason, "said by others");
  EXPECT_EQ(quote.until, "2027-01-31");
  EXPECT_EQ(marker_of("lint:end").kind, Marker::Kind::quote_end);
  EXPECT_EQ(marker_of("claims:end").kind, Marker::Kind::claims_end);
}

TEST(MarkersTest, LeavesOtherCommentsAlone) {
  for (const char* text : {"", "a note", "prettier-ignore"}) {
    const Result<std::optional<Marker>> marker = read_marker({text, 0, 0});
    EXPECT_TRUE(marker && !marker->has_value()) << text;
  }
}

TEST(MarkersTest, RefusesWhatIsMalformed) {
  EXPECT_EQ(error_of("claim:x"), "a claim's marker names its bundle: bundle=DIGEST");
  EXPECT_EQ(error_of("claim: bundle=0123456789ab"), "a claim's marker names its id: claim:ID");
  EXPECT_EQ(error_of("claim:x bundle=0123"), "bundle must be 12 to 64 hex digits of a manifest's SHA-256, not '0123'");
  EXPECT_EQ(error_of("claim:x bundle=0123456789ab until=2027-01-01"), "unknown attribute 'until=2027-01-01'");
  EXPECT_EQ(error_of("lint:quote until=2027-02-30"), "until must be a date such as 2027-01-31, not '2027-02-30'");
  EXPECT_EQ(error_of("lint:off"),
            "unknown marker 'lint:off'; there are claim:ID, claims:begin, claims:end, lint:quote, lint:end");
}

}  // namespace
}  // namespace assay::lint
