// The metadata records of a cubin: what a kernel uses and what it asks of the loader.
//
// `.nv.info` (the whole module), `.nv.info.K` (one kernel), the Mercury copies of both (`.nv.merc.nv.info*`, from
// sm_100 on) and `.nv.compat` (from sm_90 on) share one wire format: {u8 format, u8 attribute, u16 value}, and with
// format SVAL the value is the length of a payload that follows. The attributes of `.nv.compat` are numbered apart.
// Numbers and names are those of the CUDA 13.0 toolkit; a number without a name is kept, an unknown format cannot be
// stepped over and is refused. Tested by tests/cubin/info_test.cc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "harness/cubin/elf.h"

namespace assay::cubin {

/// How a record carries its value: none, in the low byte, in the half word, or in a payload of that length.
enum class InfoFormat : std::uint8_t { nval = 1, bval = 2, hval = 3, sval = 4 };

/// The attributes that this program gives names to.
namespace attribute {
constexpr std::uint8_t kPad = 0x01, kParamCbank = 0x0a, kExterns = 0x0f, kFrameSize = 0x11, kMinStackSize = 0x12,
                       kCbankParamSize = 0x19, kMaxRegCount = 0x1b, kRegCount = 0x2f, kSwWar = 0x36,
                       kCudaApiVersion = 0x37, kReservedSmemUsed = 0x41, kSyscallOffsets = 0x46,
                       kVrcCtaInitCount = 0x4a, kAtEntryFragments = 0x4f, kTcgen05OneCtaUsed = 0x51,
                       kTcgen05TwoCtaUsed = 0x52, kNumBarriers = 0x4c;
}  // namespace attribute

/// The attributes of `.nv.compat`.
namespace compat {
constexpr std::uint8_t kIsaClass = 2, kTensorMap = 3, kAcceleratorTarget = 9, kFastpathFinalize = 11;
}  // namespace compat

/// One record; the payload is part of the image.
struct InfoRecord {
  std::size_t offset = 0;  ///< Of the record, in the file: format, then attribute, then value.
  std::uint8_t format = 0;
  std::uint8_t attribute = 0;
  std::uint16_t value = 0;  ///< With format SVAL the payload's length.
  std::span<const std::byte> payload;
};

/// Whether the section holds records: `.nv.info*`, `.nv.merc.nv.info*` or `.nv.compat`.
bool holds_info(const Section&);

/// The records of such a section, in file order. Error: an unknown format, a record past the end, bytes left over.
Result<std::vector<InfoRecord>> info_records(const Elf&, const Section&);

/// "AT_ENTRY_FRAGMENTS" for 0x4f of `.nv.info*`, "ISA_CLASS" for 2 of `.nv.compat`; empty where the number has no name.
std::string_view attribute_name(std::uint8_t attribute);
std::string_view compat_attribute_name(std::uint8_t attribute);
/// "SVAL"; empty for an unknown one.
std::string_view format_name(std::uint8_t format);

/// The little-endian 32-bit word at this index of a record's payload; 0 where the payload ends before.
std::uint32_t payload_word(const InfoRecord&, std::size_t index);

}  // namespace assay::cubin
