#include "reports/kernel_table.h"

#include <algorithm>

namespace assay::reports {
namespace {

constexpr std::int64_t kNanosecondsASecond = 1'000'000'000;

/// a * b / c in 128 bits, which no count of a launch overflows; 0 if c is.
std::int64_t scaled(std::int64_t a, std::int64_t b, std::int64_t c) {
  __extension__ using Wide = __int128;
  return c <= 0 ? 0 : static_cast<std::int64_t>(static_cast<Wide>(a) * b / c);
}

KernelRow row_of(const evidence::VerifiedRecord& one) {
  const evidence::Performance& timed = *one.record.performance;
  return {.record = one.record.id(),
          .gate = one.record.gate,
          .target = one.record.target,
          .verdict = std::string(evidence::word(one.derived.verdict)),
          .performance = timed,
          .bytes_per_second = scaled(timed.bytes, kNanosecondsASecond, timed.median_ns),
          .operations_per_second = scaled(timed.operations, kNanosecondsASecond, timed.median_ns),
          .operations_per_byte_by_1000 = scaled(timed.operations, 1000, timed.bytes),
          .floor_percent_by_10 = timed.floor_ns == 0 ? 0 : scaled(timed.floor_ns, 1000, timed.median_ns)};
}

std::int64_t plain_read(const evidence::Record& record) {
  const auto found = std::ranges::find(record.measurements, "bench_read_bandwidth", &evidence::Measurement::key);
  const bool read = found != record.measurements.end() && found->unit == "B/s" && found->value.is_integer();
  return read ? found->value.integer() : 0;
}

}  // namespace

KernelTable kernel_table(std::span<const evidence::VerifiedRecord> records) {
  KernelTable table;
  for (const evidence::VerifiedRecord& one : records) {
    if (one.record.performance) table.rows.push_back(row_of(one));
    if (table.read_bytes_per_second == 0) table.read_bytes_per_second = plain_read(one.record);
  }
  return table;
}

}  // namespace assay::reports
