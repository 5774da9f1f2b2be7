#include "reports/passages.h"

#include <algorithm>
#include <array>
#include <tuple>

#include <fmt/format.h>

#include "reports/figures.h"

namespace assay::reports {
namespace {

using evidence::Environment;

std::string device_line(const Environment::Device& device) {
  return fmt::format("{}, compute capability {}, {} multiprocessors, {}", device.name, device.compute_capability,
                     device.multiprocessor_count, figure(device.total_bytes, "B"));
}

std::string driver_line(const Environment& environment) {
  if (environment.driver_failure) return "none: " + environment.driver_failure->message;
  if (!environment.driver) return "none was opened";
  const Environment::Driver& driver = *environment.driver;
  const std::string module =
      driver.kernel_module_version.empty() ? "" : ", kernel module " + driver.kernel_module_version;
  return fmt::format("{} ({}){}", driver.driver_version, evidence::word(driver.kind), module);
}

std::string toolchain_line(const Environment& environment) {
  std::string text;
  for (const Environment::Part& part : environment.toolchain)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", part.name, part.version);
  return text.empty() ? "none answered" : text;
}

std::string tool_line(const Environment::Tool& tool) {
  return fmt::format("{} {}, commit {}{}, {}, {}", tool.name, tool.version, tool.git_commit.substr(0, 12),
                     tool.git_dirty ? " with changes" : "", tool.compiler, tool.build_type);
}

std::string challenge_line(const Report& report) {
  if (report.challenge_issuer.empty()) return "none";
  const std::string issuer = report.challenge_issuer == "self" ? "the machine itself" : report.challenge_issuer;
  return fmt::format("issued by {} at {}, for: {}", issuer, report.challenge_issued_utc, report.challenge_purpose);
}

/// What ran comes first, what software said of texts and images last.
std::size_t place_of(ClaimKind kind) {
  using enum ClaimKind;
  constexpr std::array kOrder = {capability, correctness, throughput, limit, query,   profile, unproven,
                                 walk,       method,      patched,    loads, accepts, refuses, driver_refuses};
  return static_cast<std::size_t>(std::ranges::find(kOrder, kind) - kOrder.begin());
}

bool is_notable(const ProfileRow& row) {
  return row.agreement == Agreement::mismatch || row.agreement == Agreement::conflict_resolved ||
         (row.confidence == Confidence::conflicting && !row.expected.is_null());
}

}  // namespace

std::vector<std::pair<std::string, std::string>> identity_lines(const Report& report) {
  const Environment& environment = report.environment;
  std::vector<std::pair<std::string, std::string>> lines = {
      {"Device", environment.device ? device_line(*environment.device) : "no device"},
      {"Driver", driver_line(environment)},
      {"Toolchain", toolchain_line(environment)},
      {"System", fmt::format("{}, Linux {}, {}", environment.system.distribution, environment.system.kernel,
                             environment.system.arch)},
      {"Run", report.first_utc.empty() ? "no records"
                                       : fmt::format("{} to {}, {} record{}", report.first_utc, report.last_utc,
                                                     report.records, report.records == 1 ? "" : "s")},
      {"Challenge", challenge_line(report)},
      {"Tool", tool_line(environment.tool)},
      {"Bundle", "manifest sha256 " + report.manifest_sha256},
      {"Rules", fmt::format("{}; claims catalogue sha256 {}", report.rules, report.catalogue_sha256)}};
  return lines;
}

std::string verdict_line(const Report& report) {
  std::string text;
  for (const auto& [verdict, count] : report.verdicts)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, verdict);
  return text;
}

std::vector<ClaimGroup> claim_groups(const Judgement& judgement) {
  std::vector<const SupportedClaim*> claims;
  for (const SupportedClaim& claim : judgement.supported) claims.push_back(&claim);
  std::ranges::stable_sort(claims, {}, [](const SupportedClaim* claim) { return place_of(claim->kind()); });
  std::vector<ClaimGroup> groups;
  for (const SupportedClaim* claim : claims) {
    const bool joins =
        !groups.empty() && groups.back().kind == claim->kind() && groups.back().does_not_say == claim->does_not_say();
    if (!joins) groups.push_back({claim->kind(), {}, claim->does_not_say()});
    groups.back().claims.push_back(claim);
  }
  return groups;
}

std::vector<const ProfileRow*> notable_rows(const ProfileDifferences& profile) {
  std::vector<const ProfileRow*> rows;
  for (const ProfileRow& row : profile.rows)
    if (is_notable(row)) rows.push_back(&row);
  const auto order = [](const ProfileRow* row) {
    return std::tuple(row->agreement != Agreement::mismatch, row->severity, row->confidence);
  };
  std::ranges::stable_sort(rows, {}, order);
  return rows;
}

std::string agreement_line(const ProfileDifferences& profile) {
  return fmt::format(
      "{} facts compared: {} match, {} differ, {} agree with another published value. {} are in the profile and were "
      "not "
      "observed, {} have nothing to compare with, {} were observed and are not in the profile.",
      profile.compared(), profile.count(Agreement::match), profile.count(Agreement::mismatch),
      profile.count(Agreement::conflict_resolved), profile.count(Agreement::not_observed),
      profile.count(Agreement::unknown), profile.count(Agreement::new_fact));
}

std::string expectation(const ProfileRow& row) {
  const std::string value = value_text(row.expected, row.unit);
  switch (row.op) {
    case Op::eq:
      return value;
    case Op::ne:
      return "not " + value;
    case Op::ge:
      return "at least " + value;
    case Op::le:
      return "at most " + value;
    case Op::range:
      return "within " + value;
    case Op::one_of:
      return "one of " + value;
    case Op::regex:
      return "matches " + value;
    case Op::present:
      return "present";
    case Op::unknown:
      return "-";
  }
  return value;
}

}  // namespace assay::reports
