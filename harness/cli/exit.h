// What the process tells its caller. The list in README.md is this enum.
#pragma once

#include <string_view>

#include "harness/base/result.h"

namespace assay::cli {

enum class Exit : int {
  done = 0,    ///< Everything asked for holds.
  failed = 1,  ///< Something required or compared failed.
  usage = 2,
  environment = 3,  ///< No driver, device or compiler where there should be one; device busy. Worth a retry.
  integrity = 4,    ///< Damaged, forged or malformed input.
  unproven = 5,     ///< Asked for what no evidence supports.
  skipped = 77,     ///< Everything asked for was skipped or does not apply here.
  interrupted = 130,
  terminated = 143,
};

/// Of an error that input or machine may be guilty of: `environment` where the operating system refused, a full disk
/// for one, else `integrity`.
inline Exit guilty(const Error& error) { return error.call.empty() ? Exit::integrity : Exit::environment; }

/// Prints "assay COMMAND: message" and, if there is one, the log, on standard error; returns `code`.
Exit complain(std::string_view command, const Error&, Exit code);

}  // namespace assay::cli
