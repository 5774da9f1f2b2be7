// Kernels under the memory roof that this run measured, both axes logarithmic.
//
// Drawn from kernels whose operations and bytes were both counted; points carry the number of their row in the table.
// No roof is drawn that was not measured in the same run. Tested by tests/reports/pictures_test.cc.
#pragma once

#include "reports/html.h"
#include "reports/kernel_table.h"

namespace assay::reports {

/// An SVG element with title and description; empty where no kernel can be placed.
Html roofline_picture(const KernelTable&);

}  // namespace assay::reports
