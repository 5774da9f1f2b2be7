// A fatbin of one stored cubin, and PTX beside it if wanted, in the form that nvcc 13.0 writes for sm_90: without name
// and options.
//
// The driver picks an entry by the SM number in its header and then compares the image's own number, so a fatbin whose
// two numbers disagree asks which of them it reads. Tested by tests/cubin/fatbin_writer_test.cc.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "harness/base/target.h"

namespace assay::cubin {

/// Where the SM number of the first entry lies: 32 bits behind the container's 16 bytes.
constexpr std::size_t kEntrySmOffset = 16 + 28;
/// Where the first entry's image starts.
constexpr std::size_t kEntryImageOffset = 16 + 64;

/// The container with the image as its only entry, for this target.
std::vector<std::byte> fatbin_of(std::span<const std::byte> cubin, Target target);

/// The fatbin with the text as one more entry, from which a driver makes code where no image is for its device.
std::vector<std::byte> with_ptx(std::vector<std::byte> fatbin, std::string_view ptx, PtxVersion, Target);

}  // namespace assay::cubin
