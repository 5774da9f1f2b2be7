#include "reports/report_json.h"

#include <algorithm>

#include "harness/base/json.h"
#include "reports/displayed.h"

namespace assay::reports {
namespace {

using evidence::Environment;

template <class List, class Convert>
Json list_of(const List& list, Convert convert) {
  Json array = Json::array();
  for (const auto& one : list) array.push_back(convert(one));
  return array;
}

Json json_of(const evidence::Attestation& attestation, const std::string& line) {
  constexpr std::string_view kWords[] = {"self-attested", "by-operator", "independent"};
  return {{"trust", kWords[static_cast<std::size_t>(attestation.trust)]},
          {"signed", attestation.is_signed},
          {"line", line},
          {"signatures", list_of(attestation.signatures, [](const evidence::Signature& one) {
             return Json{{"keyid", one.keyid}, {"role", one.role}, {"owner", one.owner}};
           })}};
}

Json json_of(const Environment::Device& device) {
  return {{"name", device.name},
          {"compute_capability", device.compute_capability},
          {"multiprocessor_count", device.multiprocessor_count},
          {"total_bytes", device.total_bytes}};
}

Json json_of(const Environment::Driver& driver) {
  return {{"version", driver.driver_version},
          {"kernel_module_version", driver.kernel_module_version},
          {"api_version", driver.api_version},
          {"library", evidence::word(driver.kind)},
          {"sha256", driver.sha256}};
}

template <class Value>
Json or_null(const std::optional<Value>& value) {
  return value ? json_of(*value) : Json();
}

Json json_of(const Environment& environment) {
  const auto& [name, version, commit, dirty, compiler, build_type] = environment.tool;
  return {{"device", or_null(environment.device)},
          {"driver", or_null(environment.driver)},
          {"driver_failure", environment.driver_failure ? Json(environment.driver_failure->message) : Json()},
          {"toolchain", list_of(environment.toolchain,
                                [](const Environment::Part& part) {
                                  return Json{{"name", part.name}, {"version", part.version}, {"sha256", part.sha256}};
                                })},
          {"system",
           {{"kernel", environment.system.kernel},
            {"arch", environment.system.arch},
            {"distribution", environment.system.distribution}}},
          {"tool",
           {{"name", name},
            {"version", version},
            {"git_commit", commit},
            {"git_dirty", dirty},
            {"compiler", compiler},
            {"build_type", build_type}}}};
}

Json json_of(const LadderRow& row) {
  Json stages = Json::object();
  for (std::size_t i = 0; i < row.rungs.size(); ++i)
    stages[std::string(evidence::word(static_cast<evidence::Stage>(i)))] = word(row.rungs[i]);
  return {{"gate", row.gate},       {"record", row.record},        {"target", row.target},
          {"stages", stages},       {"class", row.evidence_class}, {"level", row.level},
          {"verdict", row.verdict}, {"reason", row.reason}};
}

Json json_of(const StageMatrix& matrix) {
  return {{"targets", matrix.targets}, {"rows", list_of(matrix.rows, [](const StageMatrix::Row& row) {
                                          return Json{{"gate", row.gate}, {"cells", row.cells}};
                                        })}};
}

Json json_of(const MeasuredValue& one) {
  const evidence::Measurement& m = one.measurement;
  return {{"gate", one.gate}, {"key", m.key},       {"value", m.value},
          {"unit", m.unit},   {"source", m.source}, {"note", m.note}};
}

Json json_of(const ProfileRow& row, const std::vector<AlsoClaimed>& also) {
  return {{"key", row.key},
          {"op", word(row.op)},
          {"expected", row.expected},
          {"unit", row.unit},
          {"observed", row.observed},
          {"observed_unit", row.observed_unit},
          {"agreement", word(row.agreement)},
          {"severity", word(row.severity)},
          {"confidence", word(row.confidence)},
          {"record", row.record},
          {"sources", list_of(row.sources,
                              [](const FactSource& source) {
                                return Json{{"kind", source.kind}, {"ref", source.ref}, {"note", source.note}};
                              })},
          {"also_claimed", list_of(also, [](const AlsoClaimed& claim) {
             return Json{{"value", claim.value}, {"source", claim.source}, {"note", claim.note}};
           })}};
}

Json profile_json(const Report& report) {
  if (!report.profile) return nullptr;
  const ProfileDifferences& profile = *report.profile;
  const auto row = [&](const ProfileRow& one) {
    const auto also = report.also_claimed.find(one.key);
    return json_of(one, also == report.also_claimed.end() ? std::vector<AlsoClaimed>() : also->second);
  };
  return {{"id", profile.profile},
          {"version", profile.version},
          {"as_of", profile.as_of},
          {"notice", profile.notice},
          {"rows", list_of(profile.rows, row)}};
}

Json number_or_null(const std::optional<std::int64_t>& value) { return value ? Json(*value) : Json(); }

Json json_of(const KernelRow& row) {
  const evidence::Performance& timed = row.performance;
  return {{"record", row.record},
          {"gate", row.gate},
          {"target", row.target},
          {"verdict", row.verdict},
          {"samples", timed.samples},
          {"warmups", timed.warmups},
          {"median_ns", timed.median_ns},
          {"spread_ns", timed.spread_ns},
          {"bytes", timed.bytes},
          {"operations", timed.operations},
          {"launch", timed.launch},
          {"floor", timed.floor},
          {"floor_ns", timed.floor_ns},
          {"clock_khz_before", number_or_null(timed.clock_khz_before)},
          {"clock_khz_after", number_or_null(timed.clock_khz_after)},
          {"power_mw", number_or_null(timed.power_mw)},
          {"temperature_c", number_or_null(timed.temperature_c)},
          {"throttle", timed.throttle},
          {"bytes_per_second", row.bytes_per_second},
          {"operations_per_second", row.operations_per_second},
          {"operations_per_byte_by_1000", row.operations_per_byte_by_1000},
          {"floor_percent_by_10", row.floor_percent_by_10}};
}

Json bundle_json(const Report& report) {
  return {{"manifest_sha256", report.manifest_sha256},
          {"rules", report.rules},
          {"records", report.records},
          {"first_utc", report.first_utc},
          {"last_utc", report.last_utc},
          {"challenge",
           {{"issuer", report.challenge_issuer},
            {"purpose", report.challenge_purpose},
            {"issued_utc", report.challenge_issued_utc},
            {"expires_utc", report.challenge_expires_utc}}}};
}

}  // namespace

Json to_json(const Report& report) {
  const auto convert = [](const auto& one) { return json_of(one); };
  Json verdicts = Json::object(), images = Json::array();
  for (const auto& [verdict, count] : report.verdicts) verdicts[verdict] = count;
  for (const auto& [answer, variants] : report.images) images.push_back({{"answer", answer}, {"variants", variants}});
  return {{"schema", Report::kSchema},
          {"emulated", report.emulated ? Json(kEmulatedBanner) : Json()},
          {"bundle", bundle_json(report)},
          {"attestation", json_of(report.attestation, report.attestation_line)},
          {"environment", json_of(report.environment)},
          {"verdicts", verdicts},
          {"gates", list_of(report.ladder, convert)},
          {"matrix", json_of(report.matrix)},
          {"own_target", report.own_target},
          {"images", images},
          {"codes", list_of(report.codes, [](const LegendEntry& entry) { return to_json(entry); })},
          {"measured",
           {{"lines", list_of(report.measured,
                              [](const auto& line) {
                                return Json{{"what", line.first}, {"text", line.second}};
                              })},
            {"values", list_of(report.values, convert)}}},
          {"profile", profile_json(report)},
          {"kernels",
           {{"rows", list_of(report.kernels.rows, convert)},
            {"read_bytes_per_second", report.kernels.read_bytes_per_second}}},
          {"judgement", to_json(report.judgement, report.catalogue_sha256)},
          {"limits", report.limits}};
}

Result<std::string> render_json(const Report& report) {
  Result<std::string> text = pretty_json(to_json(report));
  if (!text) return text.error();
  return with_visible_escapes(*text);
}

}  // namespace assay::reports
