// The gate ladder as a picture: a row a gate, six rungs, and the verdict at the end.
//
// Every state has a colour and a shape of its own (tick, cross, bang, half, hollow, dash), so the picture reads without
// colours and on paper. Colours come from the page's style sheet. Tested by tests/reports/pictures_test.cc.
#pragma once

#include <vector>

#include "reports/html.h"
#include "reports/ladder.h"

namespace assay::reports {

/// An SVG element with title and description; empty without rows.
Html ladder_picture(const std::vector<LadderRow>&);
/// The mark of one state with its word, for the legend.
Html rung_key(Rung);

}  // namespace assay::reports
