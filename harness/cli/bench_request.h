// What a child of `assay bench kernels` is asked for: one kernel, one weight, one line of JSON a figure back.
//
// A kernel may crash, hang or poison its context, so each weight's problems are timed in a process of their own, and
// the parent opens no driver. Tested by tests/cli/bench_kernels_test.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/json_fwd.h"
#include "harness/base/result.h"

namespace assay::cli {

struct BenchRequest {
  std::string driver, device;  ///< As for `assay run`.
  std::string cache;           ///< Folder of the compile cache; empty: none.
  std::string kernel;          ///< A row of the catalogue; empty where there is a manifest.
  std::string manifest;        ///< A file; empty where there is a row.
  std::int64_t n = 0, k = 0;   ///< Of a row.
  std::vector<std::int64_t> tokens;
  std::int64_t samples = 15;
  bool peer = true;
};

Json to_json(const BenchRequest&);
Result<BenchRequest> bench_request_from_json(const Json&);

/// Serves one request: {"figure":{...}} for each problem, handed out as soon as it is known. Error: the driver, the
/// device, the compiler or the manifest.
Status serve_bench(const BenchRequest&, const std::function<void(std::string_view line)>& print);

}  // namespace assay::cli
