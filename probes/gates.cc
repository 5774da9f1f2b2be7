// THE gate table, in run order: one row a gate, one file a method.
//
// To add a gate: write ptx/<name>.ptx and probes/<name>.{h,cc}, then a row here. tests/probes/gates_test.cc says what a
// row lacks. A row whose method is NotImplemented is in the table so that no report can be silent about it.
#include "probes/gates.h"

#include "probes/control_arithmetic.h"
#include "probes/control_copy.h"
#include "probes/control_mma_bf16.h"
#include "probes/cubin_arch_patch.h"
#include "probes/cvt_fp4.h"
#include "probes/device_limits.h"
#include "probes/device_memory.h"
#include "probes/device_query.h"
#include "probes/device_state.h"
#include "probes/mma_fp4.h"
#include "probes/mma_fp8.h"
#include "probes/tcgen05_alloc.h"
#include "probes/tcgen05_ld.h"
#include "probes/tcgen05_mma_f16.h"
#include "probes/tcgen05_mma_mxf4nvf4.h"
#include "probes/tcgen05_mma_pair.h"
#include "probes/tma_gather4.h"
#include "probes/tma_load.h"
#include "probes/tma_multicast.h"
#include "probes/tma_reduce.h"
#include "probes/tma_scatter4.h"
#include "probes/wgmma_bf16.h"

namespace assay::probes {
namespace {

using evidence::Verdict;
using gate::DeviceQuestion;
using gate::Gate;
using gate::Prerequisite;

constexpr Prerequisite kDevice[] = {{"device.query", Verdict::reported}};
constexpr Prerequisite kCopy[] = {{"control.copy"}};
constexpr Prerequisite kArithmetic[] = {{"control.arithmetic"}};
constexpr Prerequisite kMma[] = {{"control.mma_bf16"}};
constexpr Prerequisite kTmaLoad[] = {{"tma.load"}};
constexpr Prerequisite kTcgen05Alloc[] = {{"tcgen05.alloc"}};
constexpr Prerequisite kTcgen05Ld[] = {{"tcgen05.ld"}};
constexpr Prerequisite kTcgen05Mma[] = {{"tcgen05.mma.f16"}};
constexpr Prerequisite kCvtFp4[] = {{"control.mma_bf16"}, {"cvt.fp4"}};

constexpr Target k90a{90, 'a'}, k100a{100, 'a'}, k121a{121, 'a'};

const Gate kGates[] = {
    {.id = "device.query",
     .question = "What do the driver and NVML report of this device?",
     .proves = "what the driver reports",
     .does_not_prove = "that a reported limit or feature can be used",
     .method = DeviceQuestion{ask_device_query}},
    {.id = "device.limits",
     .question = "Which limits hold when they are used?",
     .prerequisites = kDevice,
     .proves = "that these sizes ran here",
     .does_not_prove = "that other shapes, drivers or devices have the same limits",
     .method = DeviceQuestion{ask_device_limits}},
    {.id = "device.memory",
     .question = "How much memory do CUDA, NVML and the host see, and how much can be had?",
     .prerequisites = kDevice,
     .proves = "the size of one allocation that was made, with its ends written and read",
     .does_not_prove = "how much is free a moment later",
     .method = DeviceQuestion{ask_device_memory}},
    {.id = "device.state",
     .question = "In which state is the device, idle and under load, and how fast does it read and copy?",
     .prerequisites = kDevice,
     .proves = "clocks, power and rates of this moment",
     .does_not_prove = "rates of other access patterns, or of a device in another state",
     .method = DeviceQuestion{ask_device_state}},
    {.id = "control.copy",
     .question = "Does a plain load and store kernel give the challenge's words back?",
     .instruction = "ld.global.u32",
     .source = "PTX ISA 9.7.9.8",
     .prerequisites = kDevice,
     .home = k90a,
     .proves = "that native images load, run and return data on this device with this driver",
     .does_not_prove = "anything about another instruction",
     .method = make_control_copy},
    {.id = "control.arithmetic",
     .question = "Does integer arithmetic on input, index and an immediate come out right?",
     .instruction = "prmt.b32",
     .source = "PTX ISA 9.7.9.7",
     .prerequisites = kCopy,
     .home = k90a,
     .proves = "that plain arithmetic runs on this device with this driver",
     .does_not_prove = "anything about tensor cores or copies",
     .method = make_control_arithmetic},
    {.id = "control.mma_bf16",
     .question = "Does the warp-level BF16 matrix multiply compute right?",
     .instruction = "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32",
     .source = "PTX ISA 9.7.14.5",
     .prerequisites = kArithmetic,
     .home = k90a,
     .proves = "that this form executes correctly on this device with this driver",
     .does_not_prove = "speed, other shapes or types",
     .method = make_control_mma_bf16},
    {.id = "cubin.arch_patch",
     .question = "What does the loader read in an image, and does it take one built for another SM?",
     .source = "probes/cubin_arch_patch.h",
     .prerequisites = kArithmetic,
     .home = k100a,
     .proves = "what the loader reads, and no more",
     .does_not_prove = "any capability of the device",
     .method = make_cubin_arch_patch},
    {.id = "tcgen05.alloc",
     .question = "Can tensor memory be allocated and freed?",
     .instruction = "tcgen05.alloc.cta_group::1.sync.aligned.shared::cta.b32",
     .source = "PTX ISA 9.7.16.7",
     .prerequisites = kArithmetic,
     .home = k100a,
     .proves = "allocation of tensor memory",
     .does_not_prove = "that tensor memory stores data, any matrix product, allocation by CTA pairs",
     .method = make_tcgen05_alloc},
    {.id = "tcgen05.ld",
     .question = "Does data written to tensor memory come back?",
     .instruction = "tcgen05.ld.sync.aligned.32x32b.x1.b32",
     .source = "PTX ISA 9.7.16.8 and 9.7.16.9",
     .prerequisites = kTcgen05Alloc,
     .home = k100a,
     .proves = "storage and addressing of the shapes that were stored, copied and read",
     .does_not_prove = "any matrix product, packing, swizzled copies, loads of more than 32 registers",
     .method = make_tcgen05_ld},
    {.id = "tcgen05.mma.f16",
     .question = "Does the tensor-memory MMA compute a right FP16 product?",
     .instruction = "tcgen05.mma.cta_group::1.kind::f16",
     .source = "PTX ISA 9.7.16.10.9.1",
     .prerequisites = kTcgen05Ld,
     .home = k100a,
     .proves = "that this kind executes correctly in the shapes and layouts that ran, on this device with this driver",
     .does_not_prove = "speed, other kinds and types, operands that are not K-major, CTA pairs",
     .method = make_tcgen05_mma_f16},
    {.id = "tcgen05.mma.mxf4nvf4",
     .question = "Does the tensor-memory MMA compute a right block-scaled FP4 product?",
     .instruction = "tcgen05.mma.cta_group::1.kind::mxf4nvf4.block_scale.block16",
     .source = "PTX ISA 9.7.16.10.7 and 9.7.16.10.9.1",
     .prerequisites = kTcgen05Mma,
     .home = k100a,
     .proves =
         "that this kind executes correctly in the shapes and layouts that ran, with scales copied by tcgen05.cp, on "
         "this device with this driver",
     .does_not_prove = "speed, other kinds and scale formats, CTA pairs, NaN scales, model quality",
     .method = make_tcgen05_mma_mxf4nvf4},
    {.id = "tcgen05.mma.pair",
     .question = "Does the tensor-memory MMA compute right over a pair of CTAs?",
     .instruction = "tcgen05.mma.cta_group::2.kind::f16",
     .source = "PTX ISA 9.7.16.10.9.1",
     .prerequisites = kTcgen05Mma,
     .home = k100a,
     .proves =
         "that this kind executes correctly over two CTAs in the shapes and layouts that ran, on this device with this "
         "driver",
     .does_not_prove = "speed, other kinds and types, operands that are not K-major, larger clusters",
     .method = make_tcgen05_mma_pair},
    {.id = "tma.load",
     .question = "Does a tensor-map copy land right in one CTA's shared memory?",
     .instruction = "cp.async.bulk.tensor.2d.shared::cta.global.tile.mbarrier::complete_tx::bytes",
     .source = "PTX ISA 9.7.9.27.1.2",
     .prerequisites = kArithmetic,
     .home = k90a,
     .proves = "that the tiled forms that ran move data correctly",
     .does_not_prove = "im2col, gather4, scatter4, what a store leaves in the padding of a row, bandwidth",
     .method = make_tma_load},
    {.id = "tma.multicast",
     .question = "Does one copy reach the shared memory of several CTAs of a cluster, and by which lowering?",
     .instruction =
         "cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes.multicast::cluster",
     .source = "PTX ISA 9.7.9.25.4.1 and 9.7.9.27.1.2",
     .prerequisites = kTmaLoad,
     .home = k90a,
     .proves = "multicast semantics by the recorded lowering: an instruction, or a call into this driver",
     .does_not_prove = "a bandwidth benefit, .cta_group::2, or the multicast-object API",
     .method = make_tma_multicast},
    {.id = "tma.gather4",
     .question = "Do four rows of a tensor, gathered in any order, land right in one CTA's shared memory?",
     .instruction = "cp.async.bulk.tensor.2d.shared::cta.global.tile::gather4.mbarrier::complete_tx::bytes",
     .source = "PTX ISA 5.5.3.4 and 9.7.9.27.1.2",
     .prerequisites = kTmaLoad,
     .home = k100a,
     .proves = "that this form gathers rows correctly on this device with this driver",
     .does_not_prove = "a destination in another CTA, multicast, .cta_group::2, bandwidth",
     .method = make_tma_gather4},
    {.id = "tma.scatter4",
     .question = "Do four rows of one CTA's shared memory land in the rows of a tensor that are named?",
     .instruction = "cp.async.bulk.tensor.2d.global.shared::cta.tile::scatter4.bulk_group",
     .source = "PTX ISA 5.5.3.4 and 9.7.9.27.1.2",
     .prerequisites = kTmaLoad,
     .home = k100a,
     .proves = "that this form scatters rows correctly on this device with this driver",
     .does_not_prove = "the order of writes to one row, what a scatter leaves in the padding of a row, bandwidth",
     .method = make_tma_scatter4},
    {.id = "tma.reduce",
     .question = "Does a tensor store that reduces update the elements of a box right, and no others?",
     .instruction = "cp.reduce.async.bulk.tensor.2d.global.shared::cta.add.tile.bulk_group",
     .source = "PTX ISA 9.7.9.27.1.3",
     .prerequisites = kTmaLoad,
     .home = k90a,
     .proves = "that the operations and types that ran update a tensor correctly, also where two CTAs meet",
     .does_not_prove = "rounding, other operations and types, im2col, bandwidth",
     .method = make_tma_reduce},
    {.id = "mma.fp8",
     .question = "Does the warp-level FP8 matrix multiply compute right?",
     .instruction = "mma.sync.aligned.m16n8k32.row.col.f32.e4m3.e4m3.f32",
     .source = "PTX ISA 9.7.14.5",
     .prerequisites = kMma,
     .home = k90a,
     .proves = "that this form executes correctly on this device with this driver",
     .does_not_prove = "that an FP8 unit computed it (some targets lower it to FP16), speed, other shapes or types",
     .method = make_mma_fp8},
    {.id = "cvt.fp4",
     .question = "Does conversion to and from E2M1 round right?",
     .instruction = "cvt.rn.satfinite.e2m1x2.f32",
     .source = "PTX ISA 9.7.9.21",
     .prerequisites = kArithmetic,
     .home = k121a,
     .proves = "that conversion from pairs of float32 and back to float16 rounds and packs right",
     .does_not_prove =
         "conversion from float16, stochastic rounding, what .relu does with NaN and with results that are negative "
         "zero, any matrix product",
     .method = make_cvt_fp4},
    {.id = "mma.fp4",
     .question = "Does the warp-level block-scaled FP4 matrix multiply compute right?",
     .instruction =
         "mma.sync.aligned.m16n8k64.row.col.kind::mxf4nvf4.block_scale.scale_vec::4X.f32.e2m1.e2m1.f32.ue4m3",
     .source = "PTX ISA 9.7.14.5.14",
     .prerequisites = kCvtFp4,
     .home = k121a,
     .proves =
         "that this form, subnormal scales counted in full, and the forms with UE8M0 scales that ran execute correctly "
         "on this device with this driver",
     .does_not_prove =
         "that a unit that flushes subnormal scales is wrong (the manual leaves it open), sparse or other block-scaled "
         "forms, NaN scales, tcgen05, tensor memory, speed, model quality",
     .method = make_mma_fp4},
    {.id = "wgmma.bf16",
     .question = "Does the warpgroup matrix multiply compute a right BF16 product?",
     .instruction = "wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16",
     .source = "PTX ISA 9.7.15.5",
     .prerequisites = kMma,
     .home = k90a,
     .proves = "that this form executes correctly on this device with this driver",
     .does_not_prove = "speed, other shapes or types",
     .method = make_wgmma_bf16},
};

}  // namespace

std::span<const gate::Gate> gates() { return kGates; }

gate::MakeProbe copy_control() { return make_control_copy; }

}  // namespace assay::probes
