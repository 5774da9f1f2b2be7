// Adds values to a record, one line each: a value with its source and unit, or null with the reason why there is none.
// Tested by tests/probes/device_query_test.cc.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "harness/cuda/nvml.h"
#include "harness/evidence/record.h"

namespace assay::probes {

class Measurements {
 public:
  /// Values of one source ("cuDeviceGetAttribute", "NVML", "kernel"); the record must outlive it.
  Measurements(evidence::Record& record, std::string_view source) : record_(record), source_(source) {}

  void value(std::string_view key, std::string_view unit, evidence::Scalar value, std::string note = {}) {
    record_.measurements.push_back({std::string(key), source_, std::string(unit), std::move(value), std::move(note)});
  }
  /// Null: could not be read.
  void missing(std::string_view key, std::string_view unit, std::string why) {
    value(key, unit, nullptr, std::move(why));
  }
  void reading(std::string_view key, std::string_view unit, const cuda::Reading<std::int64_t>& reading) {
    if (reading.value) return value(key, unit, *reading.value);
    missing(key, unit, reading.why_not);
  }

 private:
  evidence::Record& record_;
  std::string source_;
};

}  // namespace assay::probes
