#include "harness/gate/copy_control.h"

#include "harness/gate/compare.h"
#include "harness/gate/device_buffers.h"

namespace assay::gate {
namespace {

Status launch_and_compare(const Case& launch_case, cuda::Device& device, cuda::Function function, const Seed& seed) {
  const Result<DeviceBuffers> buffers = DeviceBuffers::place(device, launch_case, seed);
  if (!buffers) return buffers.error();
  if (Status launched = device.launch(function, launch_case.launch, buffers->parameters()); !launched) return launched;
  if (Status finished = device.synchronize(); !finished) return finished;
  const Result<Observed> observed = buffers->collect();
  if (!observed) return observed.error();
  if (!observed->canary.empty()) return Error{observed->canary};
  const Comparison comparison = compare(*outputs(launch_case).front(), observed->outputs.front());
  if (!comparison.mismatches.empty()) return Error{comparison.first};
  return ok();
}

}  // namespace

Status run_copy_control(const Probe& copy, cuda::Device& device, cuda::PtxAssembler& assembler, Target target,
                        const Seed& seed) {
  const auto assembly = assembler.assemble(with_instruction(copy.source, target), target);
  if (!assembly) return assembly.error();
  if (!assembly->accepted) return Error{"the copy kernel was refused by the assembler", "", 0, "", assembly->log};
  const Result<cuda::Module> module = device.load(assembly->cubin);
  if (!module) return module.error();
  const Case& launch_case = copy.cases.front();
  const Result<cuda::Function> function = device.resolve(*module, launch_case.entry);
  if (!function) return function.error();
  Status copied = launch_and_compare(launch_case, device, *function, seed);
  device.unload(*module);
  return copied;
}

}  // namespace assay::gate
