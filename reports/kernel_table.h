// Kernels that were timed: one row a record that holds a performance, with where it stands under the memory roof.
//
// A rate stands here only because its record holds a right answer of the same launch beside it. The roof is what a
// plain read reached in the same run; no vendor's peak is drawn. All of it in integers, since floating point prints
// differently on different machines. Tested by tests/reports/kernel_table_test.cc.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/evidence/verify.h"

namespace assay::reports {

struct KernelRow {
  std::string record, gate, target, verdict;
  evidence::Performance performance;
  std::int64_t bytes_per_second = 0;             ///< 0 where no bytes were counted.
  std::int64_t operations_per_second = 0;        ///< 0 where no operations were counted.
  std::int64_t operations_per_byte_by_1000 = 0;  ///< 1000 times the intensity; 0 where one of both was not counted.
  std::int64_t floor_percent_by_10 = 0;          ///< 10 times the share of the floor's rate; 0 without a floor.
};

struct KernelTable {
  std::vector<KernelRow> rows;             ///< In the order of the records.
  std::int64_t read_bytes_per_second = 0;  ///< What a plain read reached in this run; 0 where none was timed.
};
KernelTable kernel_table(std::span<const evidence::VerifiedRecord>);

}  // namespace assay::reports
