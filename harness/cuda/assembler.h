// PTX in, machine code or the assembler's refusal out; needs no device and no driver.
//
// The work is nvJitLink's (opened at run time). Its trap: after a failed add, its complete call still returns success
// and hands out a small cubin, so a failed add ends the attempt here. Accepted is a fact about this toolchain (level
// E2). Tested by tests/cuda/assembler_test.cc.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "harness/base/result.h"
#include "harness/base/target.h"

namespace assay::cuda {

/// What the assembler said to one text for one target.
struct Assembly {
  bool accepted = false;
  std::vector<std::byte> cubin;  ///< Empty when refused.
  std::string log;               ///< Errors when refused, advisories when accepted; verbatim.
};

/// Which library answered: part of every record that holds an Assembly, and of every cache key.
struct ToolIdentity {
  std::string name;        ///< "nvJitLink" or "NVRTC".
  std::string version;     ///< "13.0".
  std::string sha256;      ///< Of the library file, lower-case hex.
  std::string path_class;  ///< project, toolkit, system, home or other; never the path.
};

class PtxAssembler {
 public:
  virtual ~PtxAssembler() = default;
  virtual ToolIdentity identity() const = 0;
  /// An Error means that the assembler could not be asked; a refusal is an Assembly with accepted = false.
  virtual Result<Assembly> assemble(std::string_view ptx, Target target) = 0;
};

/// CUDA C++ in, PTX or a cubin out, through NVRTC (opened at run time).
class CudaCompiler {
 public:
  virtual ~CudaCompiler() = default;
  virtual ToolIdentity identity() const = 0;
  /// A cubin for `target`; `name` is the neutral file name that logs and line tables show.
  virtual Result<Assembly> compile(std::string_view source, std::string_view name, Target target) = 0;
};

/// Opens nvJitLink: the name the system's loader finds, then the toolkit's folders, then the project's bundled folder.
/// Error: not found, with every place that was tried.
Result<std::unique_ptr<PtxAssembler>> open_ptx_assembler();

/// Opens NVRTC, searched for like nvJitLink.
Result<std::unique_ptr<CudaCompiler>> open_cuda_compiler();

/// The same assembler behind a folder of earlier answers, keyed by tool identity, target and text. An unreadable or
/// damaged entry is a miss; an unwritable folder only costs speed.
std::unique_ptr<PtxAssembler> with_cache(std::unique_ptr<PtxAssembler>, std::filesystem::path folder);
std::unique_ptr<CudaCompiler> with_cache(std::unique_ptr<CudaCompiler>, std::filesystem::path folder);

}  // namespace assay::cuda
