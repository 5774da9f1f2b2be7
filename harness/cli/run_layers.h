// `assay run --artifact DIR`: the kernels over the tensors of a real artifact.
//
// A record of a kernel is of drawn inputs; what a model's owner wants to know is whether their layers come out right
// and how long they take. So every quantised matrix, and every gated pair, goes the whole way on this device, from the
// file's bytes to a product that is held against the host's float64. The gates that the rows need are proven first, in
// the same call, and rows without them do not run. What comes out is a table for its reader and no bundle: a claim
// about a device rests on the challenge's inputs, not on a file that its verifier does not have.
// Tested by tests/cli/run_layers_test.cc.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "harness/base/child.h"
#include "harness/cli/layer_figure.h"
#include "harness/cli/layer_request.h"
#include "harness/cli/subcommand.h"

namespace assay::cli {

/// Whether `assay run` was given an artifact.
bool asks_for_layers(Arguments);
Exit run_layers(Arguments);

/// The jobs of the next child: those that have no figure yet, to be timed unless one of their shape was.
std::vector<LayerJob> next_jobs(const std::vector<LayerFigure>& blanks, const std::vector<LayerFigure>& done);

/// Asks one child for the jobs, and hands out its lines as they come.
using AskLayers =
    std::function<Result<ChildResult>(std::vector<LayerJob>, const std::function<void(std::string_view)>& on_line)>;
/// Child after child until each blank has its figure, in their order, or somebody interrupts. A child that dies takes
/// the layer with it that it was at. Error: no child could begin.
Result<std::vector<LayerFigure>> measure_layers(const std::vector<LayerFigure>& blanks, const AskLayers&, bool quiet);

/// 1: a layer is wrong or failed; 5: of a layer no row is admitted; else 0.
Exit exit_of(const std::vector<LayerFigure>&);

}  // namespace assay::cli
