// One line of `assay bench kernels`: a kernel, a problem, and what it came to. What a child found and a parent shows.
//
// A figure exists only beside a right result of the same launches, so everything about speed stands in `performance`,
// in the form in which a record keeps it (harness/evidence/record.h), and is absent otherwise. Integers only, so that
// what is printed is what was kept. Tested by tests/cli/bench_kernels_test.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/base/json_fwd.h"
#include "harness/base/result.h"
#include "harness/evidence/record.h"
#include "kernels/bench/measure.h"

namespace assay::cli {

/// `right`: its output is, and it was timed if that was asked for. `wrong`: its output is. `failed`: it was refused,
/// faulted or hung. `refused`: the row does not take the problem. `unproven`: a gate that it needs is not proven here.
enum class BenchVerdict { right, wrong, failed, refused, unproven };

/// What was timed beside the kernel.
struct BesideFigure {
  std::string name;
  std::int64_t median_ns = 0, spread_ns = 0, least_ns = 0;
  std::string why_not;  ///< No figure, and why; else empty.
};

struct BenchFigure {
  std::string kernel;
  std::int64_t version = 1;
  std::int64_t m = 0, n = 0, k = 0;  ///< 0 of a kernel that claims no product.
  std::string choice;                ///< The plan in words; may be empty.
  BenchVerdict verdict = BenchVerdict::failed;
  std::string why;  ///< Empty if right.
  std::optional<evidence::Performance> performance;
  std::int64_t least_ns = 0;
  std::vector<std::int64_t> samples_ns;  ///< Of one replay each.
  std::int64_t launches_a_replay = 0;
  std::int64_t copies = 0;
  bool fits_caches = false;
  std::int64_t relative_error_ppb = 0;  ///< Of all outputs together, in parts of 10^9.
  std::int64_t worst_of_bound_ppm = 0;
  BesideFigure plain_read;
  std::optional<BesideFigure> peer;
  std::int64_t read_bytes_per_second = 0, copy_bytes_per_second = 0, byte_floor_ns = 0;
};

/// Fills in what was measured; a result with a complaint is `wrong`, one that was only checked has no `performance`.
void fill_in(const kernels::bench::Measured&, BenchFigure&);

Json to_json(const BenchFigure&);
Result<BenchFigure> bench_figure_from_json(const Json&, const std::string& where);

/// A table for people.
std::string to_text(const std::vector<BenchFigure>&, std::size_t width, bool colour);

std::string_view word(BenchVerdict);

}  // namespace assay::cli
