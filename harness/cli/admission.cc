#include "harness/cli/admission.h"

#include <unistd.h>

#include <chrono>
#include <csignal>

#include <fmt/format.h>

#include "harness/base/digest.h"
#include "harness/base/json.h"
#include "harness/cli/device_lock.h"
#include "harness/cli/progress.h"
#include "harness/cli/self.h"
#include "harness/cli/terminal.h"
#include "probes/gates.h"

namespace assay::cli {
namespace {

class PassingJournal : public gate::Journal {
 public:
  Result<std::string> keep(std::span<const std::byte> bytes) override { return hex(sha256(bytes)); }
  Result<evidence::Derived> append(const evidence::Record& record) override { return *evidence::derive(record); }
};

Result<Admission> ask(const AdmissionRequest& request, std::span<const gate::Prerequisite> needs) {
  Admission admission;
  gate::RunOptions run;
  run.executable = own_path();
  run.nonce = request.nonce;
  run.driver = request.driver;
  run.device = request.device;
  if (request.cache) run.cache = cache_folder() / "compiled";
  run.only = {"device.query"};
  for (const gate::Prerequisite& need : needs) run.only.emplace_back(need.gate);
  run.claim = [&admission](const gate::Survey& survey) -> Status {
    Result<HostLock> lock = lock_device(survey);
    if (!lock) return lock.error();
    admission.lock = *std::move(lock);
    return ok();
  };
  PassingJournal journal;
  Progress progress(request.quiet);
  Result<gate::RunResult> result = gate::run_gates(probes::gates(), run, journal, progress);
  if (!result) return result.error();
  admission.result = *std::move(result);
  return admission;
}

/// What keeps a device that was asked from being timed, with the code to end with.
std::optional<Error> hindrance(const Admission& admission, Exit& end) {
  end = Exit::environment;
  if (admission.result.driver_error) return *admission.result.driver_error;
  if (!admission.result.survey) return Error{"no device answered"};
  if (admission.library() != evidence::DriverLibrary::emulated) return std::nullopt;
  end = Exit::skipped;
  return Error{"this device is emulated: how fast it is says nothing of a GPU"};
}

}  // namespace

std::optional<evidence::Verdict> Admission::verdict(std::string_view gate) const {
  for (const gate::GateOutcome& outcome : result.outcomes)
    if (outcome.gate == gate && outcome.selected()) return outcome.derived.verdict;
  return std::nullopt;
}

std::string Admission::unmet(std::span<const gate::Prerequisite> needs) const {
  for (const gate::Prerequisite& need : needs) {
    const evidence::Verdict found = verdict(need.gate).value_or(evidence::Verdict::not_run);
    if (evidence::meets(found, need.needs, library())) continue;
    return fmt::format("needs gate {} {}, which is {} here", need.gate, evidence::word(need.needs),
                       evidence::word(found));
  }
  return {};
}

evidence::DriverLibrary Admission::library() const {
  return result.outcomes.empty() ? evidence::DriverLibrary::none : result.outcomes.front().record.driver_library;
}

std::string fresh_nonce() {
  const auto now = std::chrono::system_clock::now().time_since_epoch().count();
  return hex(sha256(fmt::format("assay bench/{}/{}", now, getpid())));
}

std::optional<Admission> admit(const AdmissionRequest& request, std::span<const gate::Prerequisite> needs, Exit& end) {
  Result<Admission> admission = ask(request, needs);
  if (!admission) {
    end = complain(request.command, admission.error(), Exit::environment);
    return std::nullopt;
  }
  if (const int signal = admission->result.interrupted; signal != 0) {
    end = interrupted(request.command, signal);
    return std::nullopt;
  }
  if (const auto why = hindrance(*admission, end)) {
    complain(request.command, *why, end);
    return std::nullopt;
  }
  return *std::move(admission);
}

std::string heading(const Admission& admission, bool colour) {
  const gate::Survey& survey = *admission.result.survey;
  return fmt::format("{}, compute capability {}.{}, driver {}\n", paint(survey.device.name, Colour::bold, colour),
                     survey.device.major, survey.device.minor, survey.driver.driver_version);
}

Json heading_json(const Admission& admission) {
  const gate::Survey& survey = *admission.result.survey;
  Json gates = Json::array();
  for (const gate::GateOutcome& outcome : admission.result.outcomes)
    if (outcome.selected())
      gates.push_back({{"gate", outcome.gate}, {"verdict", evidence::word(outcome.derived.verdict)}});
  return {{"device", survey.device.name},
          {"compute_capability", fmt::format("{}.{}", survey.device.major, survey.device.minor)},
          {"driver", survey.driver.driver_version},
          {"driver_library", evidence::word(admission.library())},
          {"gates", std::move(gates)}};
}

Exit interrupted(std::string_view command, int signal) {
  fmt::print(stderr, "assay {}: interrupted\n", command);
  return signal == SIGTERM ? Exit::terminated : Exit::interrupted;
}

}  // namespace assay::cli
