#include "harness/cubin/info.h"

#include <algorithm>
#include <array>

#include "harness/cubin/bytes.h"

namespace assay::cubin {
namespace {

constexpr std::size_t kHead = 4;  // Bytes of a record before its payload.

struct Named {
  std::uint8_t number;
  std::string_view name;
};

// As the CUDA 13.0 toolkit names them (there with a prefix, and one of them misspelt).
constexpr std::array kAttributes = {
    Named{0x00, "ERROR"},
    Named{0x01, "PAD"},
    Named{0x02, "IMAGE_SLOT"},
    Named{0x03, "JUMPTABLE_RELOCS"},
    Named{0x04, "CTAIDZ_USED"},
    Named{0x05, "MAX_THREADS"},
    Named{0x06, "IMAGE_OFFSET"},
    Named{0x07, "IMAGE_SIZE"},
    Named{0x08, "TEXTURE_NORMALIZED"},
    Named{0x09, "SAMPLER_INIT"},
    Named{0x0a, "PARAM_CBANK"},
    Named{0x0b, "SMEM_PARAM_OFFSETS"},
    Named{0x0c, "CBANK_PARAM_OFFSETS"},
    Named{0x0d, "SYNC_STACK"},
    Named{0x0e, "TEXID_SAMPID_MAP"},
    Named{0x0f, "EXTERNS"},
    Named{0x10, "REQNTID"},
    Named{0x11, "FRAME_SIZE"},
    Named{0x12, "MIN_STACK_SIZE"},
    Named{0x13, "SAMPLER_FORCE_UNNORMALIZED"},
    Named{0x14, "BINDLESS_IMAGE_OFFSETS"},
    Named{0x15, "BINDLESS_TEXTURE_BANK"},
    Named{0x16, "BINDLESS_SURFACE_BANK"},
    Named{0x17, "KPARAM_INFO"},
    Named{0x18, "SMEM_PARAM_SIZE"},
    Named{0x19, "CBANK_PARAM_SIZE"},
    Named{0x1a, "QUERY_NUMATTRIB"},
    Named{0x1b, "MAXREG_COUNT"},
    Named{0x1c, "EXIT_INSTR_OFFSETS"},
    Named{0x1d, "S2RCTAID_INSTR_OFFSETS"},
    Named{0x1e, "CRS_STACK_SIZE"},
    Named{0x1f, "NEED_CNP_WRAPPER"},
    Named{0x20, "NEED_CNP_PATCH"},
    Named{0x21, "EXPLICIT_CACHING"},
    Named{0x22, "ISTYPEP_USED"},
    Named{0x23, "MAX_STACK_SIZE"},
    Named{0x24, "SUQ_USED"},
    Named{0x25, "LD_CACHEMOD_INSTR_OFFSETS"},
    Named{0x26, "LOAD_CACHE_REQUEST"},
    Named{0x27, "ATOM_SYS_INSTR_OFFSETS"},
    Named{0x28, "COOP_GROUP_INSTR_OFFSETS"},
    Named{0x29, "COOP_GROUP_MASK_REGIDS"},
    Named{0x2a, "SW1850030_WAR"},
    Named{0x2b, "WMMA_USED"},
    Named{0x2c, "HAS_PRE_V10_OBJECT"},
    Named{0x2d, "ATOMF16_EMUL_INSTR_OFFSETS"},
    Named{0x2e, "ATOM16_EMUL_INSTR_REG_MAP"},
    Named{0x2f, "REGCOUNT"},
    Named{0x30, "SW2393858_WAR"},
    Named{0x31, "INT_WARP_WIDE_INSTR_OFFSETS"},
    Named{0x32, "SHARED_SCRATCH"},
    Named{0x33, "STATISTICS"},
    Named{0x34, "INDIRECT_BRANCH_TARGETS"},
    Named{0x35, "SW2861232_WAR"},
    Named{0x36, "SW_WAR"},
    Named{0x37, "CUDA_API_VERSION"},
    Named{0x38, "NUM_MBARRIERS"},
    Named{0x39, "MBARRIER_INSTR_OFFSETS"},
    Named{0x3a, "COROUTINE_RESUME_OFFSETS"},
    Named{0x3b, "SAM_REGION_STACK_SIZE"},
    Named{0x3c, "PER_REG_TARGET_PERF_STATS"},
    Named{0x3d, "CTA_PER_CLUSTER"},
    Named{0x3e, "EXPLICIT_CLUSTER"},
    Named{0x3f, "MAX_CLUSTER_RANK"},
    Named{0x40, "INSTR_REG_MAP"},
    Named{0x41, "RESERVED_SMEM_USED"},
    Named{0x42, "RESERVED_SMEM_0_SIZE"},
    Named{0x43, "UCODE_SECTION_DATA"},
    Named{0x44, "UNUSED_LOAD_BYTE_OFFSET"},
    Named{0x45, "KPARAM_INFO_V2"},
    Named{0x46, "SYSCALL_OFFSETS"},
    Named{0x47, "SW_WAR_MEMBAR_SYS_INSTR_OFFSETS"},
    Named{0x48, "GRAPHICS_GLOBAL_CBANK"},
    Named{0x49, "SHADER_TYPE"},
    Named{0x4a, "VRC_CTA_INIT_COUNT"},
    Named{0x4b, "TOOLS_PATCH_FUNC"},
    Named{0x4c, "NUM_BARRIERS"},
    Named{0x4d, "TEXMODE_INDEPENDENT"},
    Named{0x4e, "PERF_STATISTICS"},
    Named{0x4f, "AT_ENTRY_FRAGMENTS"},
    Named{0x50, "SPARSE_MMA_MASK"},
    Named{0x51, "TCGEN05_1CTA_USED"},
    Named{0x52, "TCGEN05_2CTA_USED"},
    Named{0x53, "GEN_ERRBAR_AT_EXIT"},
    Named{0x54, "REG_RECONFIG"},
    Named{0x55, "ANNOTATIONS"},
    Named{0x56, "UNKNOWN"},
    Named{0x57, "STACK_CANARY_TRAP_OFFSETS"},
    Named{0x58, "STUB_FUNCTION_KIND"},
    Named{0x59, "LOCAL_CTA_ASYNC_STORE_OFFSETS"},
    Named{0x5a, "MERCURY_FINALIZER_OPTIONS"},
    Named{0x5b, "BLOCKS_ARE_CLUSTERS"},
    Named{0x5c, "SANITIZE"},
    Named{0x5d, "SYSCALLS_FALLBACK"},
    Named{0x5e, "CUDA_REQ"},
    Named{0x5f, "MERCURY_ISA_VERSION"},
};

// Those that were seen in images.
constexpr std::array kCompatAttributes = {
    Named{2, "ISA_CLASS"},
    Named{3, "INST_TENSORMAP_V1"},
    Named{5, "INST_TCGEN05_MMA"},
    Named{6, "ENABLE_OPPORTUNISTIC_FINALIZATION"},
    Named{7, "MERCURY_ISA_MAJOR_MINOR_VERSION"},
    Named{9, "CUDA_ACCELERATOR_TARGET"},
    Named{11, "CAN_FASTPATH_FINALIZE"},
};

constexpr std::array kFormats = {Named{1, "NVAL"}, Named{2, "BVAL"}, Named{3, "HVAL"}, Named{4, "SVAL"}};

std::string_view name_in(std::span<const Named> table, std::uint8_t number) {
  const auto row = std::ranges::find(table, number, &Named::number);
  return row == table.end() ? std::string_view{} : row->name;
}

/// The record at the start of `rest`, which lies at `offset` of the file.
Result<InfoRecord> read_record(Bytes rest, std::size_t offset) {
  if (rest.size() < kHead) return fault(offset, "a metadata record needs four bytes");
  InfoRecord record{.offset = offset,
                    .format = load<std::uint8_t>(rest, 0),
                    .attribute = load<std::uint8_t>(rest, 1),
                    .value = load<std::uint16_t>(rest, 2)};
  if (format_name(record.format).empty()) return fault(offset, "the format of a metadata record must be from 1 to 4");
  if (record.format != static_cast<std::uint8_t>(InfoFormat::sval)) return record;
  if (record.value > rest.size() - kHead)
    return fault(offset + 2, "the payload of a metadata record must end inside its section");
  record.payload = rest.subspan(kHead, record.value);
  return record;
}

}  // namespace

bool holds_info(const Section& section) {
  const std::string_view name = section.name;
  return name == ".nv.compat" || name == ".nv.info" || name.starts_with(".nv.info.") || name == ".nv.merc.nv.info" ||
         name.starts_with(".nv.merc.nv.info.");
}

Result<std::vector<InfoRecord>> info_records(const Elf& elf, const Section& section) {
  const Bytes content = elf.content(section);
  std::vector<InfoRecord> records;
  for (std::size_t at = 0; at < content.size(); at += kHead + records.back().payload.size()) {
    const Result<InfoRecord> record = read_record(content.subspan(at), section.offset + at);
    if (!record) return record.error();
    records.push_back(*record);
  }
  return records;
}

std::string_view attribute_name(std::uint8_t attribute) { return name_in(kAttributes, attribute); }
std::string_view compat_attribute_name(std::uint8_t attribute) { return name_in(kCompatAttributes, attribute); }
std::string_view format_name(std::uint8_t format) { return name_in(kFormats, format); }

std::uint32_t payload_word(const InfoRecord& record, std::size_t index) {
  const std::uint64_t at = std::uint64_t{index} * sizeof(std::uint32_t);
  return fits(record.payload, at, sizeof(std::uint32_t)) ? load<std::uint32_t>(record.payload, at) : 0;
}

}  // namespace assay::cubin
