// `assay doctor`: what is missing on this machine, and the exact command that mends it.
//
// Each check is one function that answers with a state, what was seen and a remedy. The driver is asked in a child, as
// in a run: a doctor that dies of the patient's driver helps nobody.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "harness/base/digest.h"
#include "harness/base/file_system.h"
#include "harness/base/json.h"
#include "harness/cli/self.h"
#include "harness/cli/subcommand.h"
#include "harness/cli/terminal.h"
#include "harness/cuda/assembler.h"
#include "harness/cuda/driver.h"
#include "harness/gate/attempt.h"
#include "harness/gate/runner.h"
#include "harness/gate/witness.h"
#include "probes/gates.h"

namespace assay::cli {
namespace {

enum class State { good, absent, broken };

/// The answer of one check.
struct Finding {
  std::string what;
  State state = State::good;
  std::string seen;
  std::string remedy;  ///< A command, or one line; empty if nothing need be done.
};

std::string_view word(State state) {
  switch (state) {
    case State::good:
      return "ok";
    case State::absent:
      return "absent";
    case State::broken:
      return "broken";
  }
  return "";
}

Colour colour_of(State state) {
  if (state == State::good) return Colour::green;
  return state == State::broken ? Colour::red : Colour::yellow;
}

Finding check_signs(const std::vector<std::string>& signs) {
  if (signs.empty())
    return {"NVIDIA device", State::absent, "no libcuda, no /dev/nvidia* node, no PCI device of vendor 0x10de",
            "nothing to mend if this machine has no NVIDIA GPU: the gates then fill in their assemble stages only"};
  return {"NVIDIA device", State::good, fmt::format("{}", fmt::join(signs, "; ")), ""};
}

Finding check_nodes() {
  std::vector<std::string> closed;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/dev", error)) {
    const std::string name = entry.path().filename().string();
    const bool device_node = name.starts_with("nvidia") && entry.is_character_file(error);
    if (device_node && access(entry.path().c_str(), R_OK | W_OK) != 0) closed.push_back(entry.path().string());
  }
  if (closed.empty()) return {"device nodes", State::good, "readable and writable for this user, or none there", ""};
  return {"device nodes", State::broken, fmt::format("not accessible: {}", fmt::join(closed, ", ")),
          "sudo usermod -aG video,render $USER   # then log in again"};
}

/// Keeps nothing: the doctor only wants the survey.
class NoJournal : public gate::Journal {
 public:
  Result<std::string> keep(std::span<const std::byte> bytes) override { return hex(sha256(bytes)); }
  Result<evidence::Derived> append(const evidence::Record& record) override {
    return evidence::derive(record).value_or(evidence::Derived{});
  }
};

class NoObserver : public gate::Observer {
 public:
  void begins(std::string_view, std::string_view) override {}
  void ended(const evidence::Record&, const evidence::Derived&) override {}
};

Finding check_driver(const std::string& driver, bool expected) {
  gate::RunOptions options;
  options.executable = own_path();
  options.nonce = std::string(64, '0');
  options.driver = driver;
  options.only = {"device.query"};
  NoJournal journal;
  NoObserver observer;
  const auto result = gate::run_gates(probes::gates(), options, journal, observer);
  if (!result) return {"driver", State::broken, result.error().message, ""};
  if (result->survey) {
    const gate::Survey& survey = *result->survey;
    return {"driver", State::good,
            fmt::format("{} (compute capability {}.{}), driver {}, CUDA {}.{}", survey.device.name, survey.device.major,
                        survey.device.minor, survey.driver.driver_version, survey.driver.api_version / 1000,
                        survey.driver.api_version % 1000 / 10),
            ""};
  }
  const std::string why = result->driver_error ? result->driver_error->message : "no answer";
  return {"driver", expected ? State::broken : State::absent, why,
          expected ? "nvidia-smi   # must list the device; reinstall the driver package or reboot if it does not" : ""};
}

template <class Tool>
Finding check_tool(std::string_view name, const Result<std::unique_ptr<Tool>>& tool, std::string_view use) {
  if (!tool) return {std::string(name), State::broken, tool.error().message, "scripts/setup"};
  const cuda::ToolIdentity identity = (*tool)->identity();
  return {std::string(name), State::good, fmt::format("{} ({}), {}", identity.version, identity.path_class, use), ""};
}

Finding check_disassembler() {
  const Result<std::string> text = gate::find_disassembler({})(std::span<const std::byte>());
  const bool absent = !text && text.error().call.empty();
  if (!absent) return {"nvdisasm", State::good, "second opinion on the machine code", ""};
  return {"nvdisasm", State::absent, "optional: the witness then rests on the opcodes alone",
          "install the CUDA toolkit's nvdisasm (package cuda-nvdisasm-13-0)"};
}

Finding check_folder(std::string_view what, const std::filesystem::path& folder) {
  const Status made = make_folder(folder);
  const std::filesystem::path probe = folder / ".assay-doctor";
  const Status written = made ? write_file(probe, std::string_view("x")) : made;
  std::error_code ignored;
  std::filesystem::remove(probe, ignored);
  if (!written)
    return {std::string(what), State::broken, written.error().message,
            fmt::format("mkdir -p {0} && chmod u+rwx {0}", folder.string())};
  return {std::string(what), State::good, folder.string(), ""};
}

std::vector<Finding> examine(const std::string& driver) {
  const std::vector<std::string> signs = cuda::nvidia_signs();
  const bool expected = !signs.empty() || !driver.empty();
  return {check_signs(signs),
          check_nodes(),
          check_driver(driver, expected),
          check_tool("nvJitLink", cuda::open_ptx_assembler(), "assembles the PTX of the gates"),
          check_tool("NVRTC", cuda::open_cuda_compiler(), "compiles CUDA C++"),
          check_disassembler(),
          check_folder("compile cache", cache_folder()),
          check_folder("state folder", state_folder())};
}

void print_text(const std::vector<Finding>& findings) {
  std::vector<std::vector<Cell>> rows;
  for (const Finding& finding : findings)
    rows.push_back({{finding.what}, {std::string(word(finding.state)), colour_of(finding.state)}, {finding.seen}});
  fmt::print("{}",
             table({"check", "state", "seen"}, rows, columns_of(STDOUT_FILENO, 140), takes_colour(STDOUT_FILENO)));
  for (const Finding& finding : findings)
    if (!finding.remedy.empty()) fmt::print("\n{} is {}:\n  {}\n", finding.what, word(finding.state), finding.remedy);
}

void print_json(const std::vector<Finding>& findings) {
  Json list = Json::array();
  for (const Finding& finding : findings)
    list.push_back(
        {{"check", finding.what}, {"state", word(finding.state)}, {"seen", finding.seen}, {"remedy", finding.remedy}});
  if (const auto text = pretty_json(list)) fmt::print("{}", *text);
}

}  // namespace

Exit run_doctor(Arguments arguments) {
  CLI::App app;
  bool json = false;
  std::string driver;
  app.add_flag("--json", json, "Findings as JSON on standard output");
  app.add_option("--driver", driver, "system, or the path of a libcuda");
  Exit end = Exit::done;
  if (!parse(app, arguments, *find_subcommand("doctor"), end)) return end;
  if (!driver.empty())
    if (const auto choice = cuda::parse_driver_choice(driver); !choice)
      return complain("doctor", choice.error(), Exit::usage);
  const std::vector<Finding> findings = examine(driver);
  json ? print_json(findings) : print_text(findings);
  return std::ranges::any_of(findings, [](const Finding& f) { return f.state == State::broken; }) ? Exit::environment
                                                                                                  : Exit::done;
}

}  // namespace assay::cli
