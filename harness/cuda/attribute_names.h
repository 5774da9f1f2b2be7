// The names of the device attributes, by CUdevice_attribute number.
//
// The numbers are the driver's ABI and never change meaning, so the table is data of its own and does not depend on
// which cuda.h the build found. The bus, device and domain numbers together are the PCI address, which identifies a
// machine: they are never asked as attributes (DeviceFacts::pci_bus_id holds the address, marked as secret). Tested by
// tests/cuda/facts_test.cc.
#pragma once

#include <span>
#include <string_view>

namespace assay::cuda {

struct AttributeName {
  int number = 0;
  std::string_view name;
};

/// Ascending by number, each number and each name once.
std::span<const AttributeName> attribute_names();

/// Whether the attribute is a part of the PCI address.
bool attribute_is_secret(int number);

}  // namespace assay::cuda
