// `assay bench kernels` and `assay bench --kernel MANIFEST`: which problems, the gates that must be proven first, a
// child for each weight, and what it all comes to. Tested by tests/cli/bench_kernels_test.cc.
#pragma once

#include "harness/cli/subcommand.h"

namespace assay::cli {

Exit run_bench_kernels(Arguments);

}  // namespace assay::cli
