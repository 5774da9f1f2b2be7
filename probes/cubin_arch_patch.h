// cubin.arch_patch: what does a loader read in an image, and does it take one that was built for another SM?
//
// An image names its architecture in one byte of its header. Rewriting that byte is the oldest trick there is, and its
// success has been taken for a capability of the device again and again. Here it is asked in single steps, each a named
// attempt with a record of its own:
//
//   native              the native image itself, so that a kernel that is wrong by itself is not blamed on an edit
//   as built            images of other targets, as they come from the toolchain: what does a refusal look like?
//   SM byte             the same with the SM byte of this device, as its native twin has it
//   SM byte and more    with one thing more that such an image asks of the driver (metadata records, image kind)
//   one edit            a good native image with one thing changed: which fields does the loader read at all?
//   fatbin              the two SM numbers of a fatbin and its image, in agreement and not
//   PTX                 texts above the device, and texts that no assembler takes: the codes for them
//   tracer              one constant changed in one of the two copies of the code that images hold from sm_100 on
//
// Without leave everything is only loaded. With --allow-patched-launch=baseline the plain arithmetic kernel is launched
// as well, from sm_100 to sm_121 the same machine code for every target: a right answer of it is a null test, and the
// record says so. =all adds images of multicast and tensor-memory allocation, for a person on a machine of their own.
//
// Every edit is made on a copy; the driver is never modified. The one image that is known to have crashed a driver's
// parser (image kind 0x01) is not among them. Tested by tests/probes/cubin_arch_patch_test.cc.
#pragma once

#include <vector>

#include "harness/gate/image_attempt.h"

namespace assay::probes {

/// The attempts for a device of this target. The first, which speaks for the gate: the arithmetic kernel, built for
/// sm_100a (for sm_120a where that is the device's own family), with the SM byte of the native build.
std::vector<gate::ImageAttempt> make_cubin_arch_patch(const gate::Seed&, Target device);

}  // namespace assay::probes
