#include "reports/waivers.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "harness/base/json.h"
#include "harness/evidence/utc.h"

namespace assay::reports {
namespace {

/// The first moment after a waiver's last day.
Result<std::chrono::sys_seconds> end_of(const std::string& day) {
  const auto begin = evidence::parse_utc(day + "T00:00:00Z");
  if (!begin) return begin.error();
  return *begin + std::chrono::days(1);
}

Result<Waiver> read_waiver(const Json& json, const std::string& where) {
  ObjectReader reader(json, where);
  Waiver waiver{.requirement = reader.string("requirement"),
                .reason = reader.string_or("reason", ""),
                .owner = reader.string_or("owner", ""),
                .issue = reader.string_or("issue", ""),
                .expires = reader.string("expires")};
  if (!end_of(waiver.expires))
    reader.fault("expires", fmt::format("'{}' is not a day like 2026-12-31", waiver.expires));
  if (const Status status = reader.finish(); !status) return status.error();
  return waiver;
}

/// Why a waiver does not count; empty if it does.
std::string fault_of(const Waiver& waiver, bool names_a_row, std::chrono::sys_seconds now) {
  const auto blank = [](const std::string& text) { return text.find_first_not_of(" \t\n") == std::string::npos; };
  if (!names_a_row) return "matches no requirement; remove it or mend its name";
  if (blank(waiver.owner)) return "names no owner";
  if (blank(waiver.reason)) return "names no reason";
  if (blank(waiver.issue)) return "names no issue";
  const auto end = end_of(waiver.expires);
  if (!end || now >= *end) return fmt::format("expired after {}; mend what it waives or renew it", waiver.expires);
  return "";
}

CheckRow fault_row(const Waiver& waiver, std::string why) {
  return {.id = "waiver " + waiver.requirement,
          .family = "waiver",
          .name = waiver.requirement,
          .outcome = CheckOutcome::failed,
          .asked = "valid waiver",
          .found = "invalid",
          .why = "waiver " + std::move(why)};
}

bool may_be_waived(CheckOutcome outcome) {
  return outcome == CheckOutcome::failed || outcome == CheckOutcome::unproven;
}

}  // namespace

Result<std::vector<Waiver>> parse_waivers(std::string_view text, std::string_view file) {
  const Result<Json> json = parse_json(text, file, {.bytes = 1u << 20, .depth = 8});
  if (!json) return json.error();
  ObjectReader reader(*json, std::string(file));
  if (reader.string("schema") != kWaiversSchema) reader.fault("schema", fmt::format("must be {}", kWaiversSchema));
  const Json list = reader.array("waivers");
  if (const Status status = reader.finish(); !status) return status.error();
  std::vector<Waiver> waivers;
  std::set<std::string> named;
  for (const Json& one : list) {
    const std::string where = fmt::format("{}: waivers[{}]", file, waivers.size());
    auto waiver = read_waiver(one, where);
    if (!waiver) return waiver.error();
    if (!named.insert(waiver->requirement).second)
      return Error{fmt::format("{}: '{}' is waived twice", where, waiver->requirement)};
    waivers.push_back(*std::move(waiver));
  }
  return waivers;
}

void apply_waivers(std::span<const Waiver> waivers, std::chrono::sys_seconds now, CheckReport& report) {
  std::vector<CheckRow> faults;
  for (const Waiver& waiver : waivers) {
    const auto row = std::ranges::find(report.rows, waiver.requirement, &CheckRow::id);
    const bool found = row != report.rows.end();
    if (std::string fault = fault_of(waiver, found, now); !fault.empty()) {
      faults.push_back(fault_row(waiver, std::move(fault)));
    } else if (may_be_waived(row->outcome)) {
      row->outcome = CheckOutcome::waived;
      row->waiver =
          fmt::format("waived until {} by {} ({}): {}", waiver.expires, waiver.owner, waiver.issue, waiver.reason);
    } else {
      report.notes.push_back(fmt::format("the waiver of '{}' was not needed: it is {}", row->id, word(row->outcome)));
    }
  }
  report.rows.insert(report.rows.end(), faults.begin(), faults.end());
}

}  // namespace assay::reports
