#include "harness/cli/device_lock.h"

#include <fmt/format.h>

#include <cerrno>

#include "harness/base/digest.h"

namespace assay::cli {

std::string device_lock_name(std::string_view uuid) {
  return "device-" + hex(sha256("assay device lock/" + std::string(uuid))).substr(0, 16);
}

Result<HostLock> lock_device(const gate::Survey& survey) {
  Result<HostLock> lock = HostLock::acquire(device_lock_name(survey.device.uuid));
  if (lock || lock.error().code != EWOULDBLOCK) return lock;
  return Error{.message = fmt::format("{} is busy: another assay run holds it; try again later", survey.device.name),
               .code = EWOULDBLOCK};
}

}  // namespace assay::cli
