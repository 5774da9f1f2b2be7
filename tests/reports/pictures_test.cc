#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "reports/ladder_picture.h"
#include "reports/roofline_picture.h"
#include "tests/reports/report_fixture.h"

namespace assay::reports {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::size_t count(const std::string& text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(LadderPictureTest, HasARowAndSixMarksForEachGate) {
  const Report report = report_of(kH100);
  const std::string picture = ladder_picture(report.ladder).markup();
  EXPECT_EQ(count(picture, "class=\"gate\""), report.ladder.size());
  EXPECT_EQ(count(picture, "class=\"rung "), 6 * report.ladder.size());
  EXPECT_THAT(picture,
              HasSubstr("<title>tma.load: assemble ok, load ok, resolve ok, launch ok, complete ok, verify ok; "
                        "proven</title>"));
  EXPECT_THAT(picture, HasSubstr("role=\"img\""));
  EXPECT_THAT(picture, HasSubstr("<desc id=\"ladder-desc\">"));
}

TEST(LadderPictureTest, EveryStateHasAShapeOfItsOwn) {
  std::set<std::string> shapes;
  for (const Rung rung : {Rung::ok, Rung::refused, Rung::failed, Rung::mixed, Rung::not_reached, Rung::not_asked}) {
    std::string key = rung_key(rung).markup();
    const std::string state = "rung " + std::string(word(rung));
    ASSERT_NE(key.find(state), std::string::npos);
    key.erase(key.find(state), state.size());
    EXPECT_TRUE(shapes.insert(key).second) << word(rung) << " looks like another state without its colour";
  }
}

TEST(LadderPictureTest, IsNotDrawnWithoutGates) { EXPECT_TRUE(ladder_picture({}).empty()); }

TEST(RooflinePictureTest, PlacesKernelsThatCountedBothUnderTheMeasuredRoof) {
  const std::string picture = roofline_picture(timed_report().kernels).markup();
  EXPECT_EQ(count(picture, "class=\"point\""), 1u);
  EXPECT_THAT(picture, HasSubstr("<title>tma.load: 51.2 Gop/s at 2.00 operations per byte</title>"));
  EXPECT_THAT(picture, HasSubstr("roof: a plain read in this run, 3.00 TB/s"));
  EXPECT_EQ(picture, roofline_picture(timed_report().kernels).markup());
}

TEST(RooflinePictureTest, HasNoRoofThatWasNotMeasured) {
  KernelTable table = timed_report().kernels;
  table.read_bytes_per_second = 0;
  EXPECT_THAT(roofline_picture(table).markup(), Not(HasSubstr("roof:")));
}

TEST(RooflinePictureTest, IsNotDrawnWithoutAPoint) {
  KernelTable table = timed_report().kernels;
  table.rows.erase(table.rows.begin());
  EXPECT_TRUE(roofline_picture(table).empty());
}

}  // namespace
}  // namespace assay::reports
