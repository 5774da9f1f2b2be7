// What a driver reports of one device.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/target.h"

namespace assay::cuda {

/// One attribute with its answer. `code` 0: answered.
struct Attribute {
  std::string name;  ///< cuda.h's name in lower snake case without prefix: "multiprocessor_count"; an attribute
                     ///< that this build has no name for is "attribute_143".
  int number = 0;    ///< CUdevice_attribute.
  std::int64_t value = 0;
  int code = 0;  ///< CUresult of cuDeviceGetAttribute.
};

struct DeviceFacts {
  int ordinal = 0;
  std::string name;
  std::string uuid;        ///< "GPU-xxxxxxxx-...": secret, only as a token outside the process.
  std::string pci_bus_id;  ///< Secret likewise.
  int major = 0, minor = 0;
  std::uint64_t total_bytes = 0;
  std::vector<Attribute> attributes;

  /// The answered value of an attribute, or `fallback`.
  std::int64_t attribute(std::string_view name, std::int64_t fallback = 0) const;
  /// The device's own most specific target: sm_90a on a 9.0; plain before 9.0.
  Target own_target() const;
};

}  // namespace assay::cuda
