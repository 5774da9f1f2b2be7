#include "harness/evidence/verify.h"

#include <algorithm>
#include <csignal>
#include <iterator>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "harness/base/build_info.h"
#include "harness/base/json.h"
#include "harness/evidence/artifact_rules.h"
#include "harness/evidence/attest.h"
#include "harness/evidence/closed_world.h"
#include "harness/evidence/consistency.h"
#include "harness/evidence/environment_rules.h"
#include "harness/evidence/fitness.h"
#include "harness/evidence/ledger.h"
#include "harness/evidence/redact.h"

namespace assay::evidence {
namespace {

std::string signal_name(int signal) {
  switch (signal) {
    case SIGINT:
      return "SIGINT";
    case SIGTERM:
      return "SIGTERM";
    case SIGHUP:
      return "SIGHUP";
    default:
      return fmt::format("signal {}", signal);
  }
}

/// "after record 7 (tma.load@sm_90a#1)"
std::string place(const std::vector<LedgerLine>& lines) {
  if (lines.empty()) return "before the first record";
  return fmt::format("after record {} ({})", lines.size(), lines.back().record.id());
}

/// The one finding of a run that did not end, which is no forgery: nullopt for a run that did.
std::optional<Finding> unfinished(const LedgerReading& ledger, bool sealed) {
  if (ledger.fault) return std::nullopt;
  const std::string file(kLedgerFile);
  switch (ledger.end) {
    case LedgerEnd::cut:
      return Finding{"truncated", file, "truncated " + place(ledger.lines)};
    case LedgerEnd::interrupted:
      return Finding{"partial", file,
                     fmt::format("partial: interrupted by {} {}", signal_name(ledger.signal), place(ledger.lines))};
    case LedgerEnd::done:
      break;
  }
  if (sealed) return std::nullopt;
  return Finding{"truncated", std::string(kManifestFile), "missing: not sealed " + place(ledger.lines)};
}

/// A leak in any string of a document; the place is a JSON pointer, the secret is not repeated.
std::optional<std::string> find_leak(const Json& json, const std::string& pointer) {
  if (json.is_string()) {
    const auto leak = scan(json.get_ref<const std::string&>());
    if (leak) return fmt::format("{} in {} at offset {}", leak->what, pointer, leak->offset);
  }
  if (!json.is_structured()) return std::nullopt;
  for (const auto& item : json.items()) {
    if (json.is_object() && scan(item.key())) return fmt::format("leak in a key of {}", pointer);
    if (auto found = find_leak(item.value(), fmt::format("{}/{}", pointer, item.key()))) return found;
  }
  return std::nullopt;
}

std::string differing_part(const Derived& stored, const Derived& right) {
  const auto differs = [](std::string_view name, std::string_view says, std::string_view is) {
    return fmt::format("{} is labelled '{}', the rules say '{}'", name, says, is);
  };
  const auto furthest = [](const Derived& derived) { return derived.furthest ? word(*derived.furthest) : "none"; };
  if (stored.evidence_class != right.evidence_class) {
    return differs("class", word(stored.evidence_class), word(right.evidence_class));
  }
  if (stored.level != right.level) return differs("level", word(stored.level), word(right.level));
  if (stored.verdict != right.verdict) return differs("verdict", word(stored.verdict), word(right.verdict));
  if (stored.furthest != right.furthest) return differs("furthest", furthest(stored), furthest(right));
  return differs("reason", stored.reason, right.reason);
}

/// What a case's digests say against what they must be; empty if all is well.
std::string differing_digest(const CaseResult& found, const CaseDigests& right) {
  if (!right.name.empty() && found.name != right.name) return fmt::format("the gate's own is called '{}'", right.name);
  if (right.compared > 0 && found.compared != right.compared)
    return fmt::format("{} words compared, the gate compares {}", found.compared, right.compared);
  if (found.inputs_sha256 != right.inputs_sha256) return "inputs are not those of the challenge";
  if (found.expected_sha256 != right.expected_sha256) return "expected output is not the oracle's";
  if (!right.exact) return {};
  const bool same = found.observed_sha256 == right.observed_if_right;
  if (same == (found.mismatches == 0)) return {};
  return same ? "output is the oracle's, but mismatches are counted"
              : "no mismatches, but the output is not the oracle's";
}

PartDigests part_digests(const ClosedWorld& world) {
  const auto digest = [&](std::string_view name) { return hex(sha256(world.document(name))); };
  std::string_view ledger = world.document(kLedgerFile);
  if (ledger.ends_with('\n')) ledger.remove_suffix(1);
  const std::string_view last = ledger.substr(ledger.rfind('\n') + 1);
  return {.challenge = digest(kChallengeFile),
          .environment = digest(kEnvironmentFile),
          .rules = digest(kRulesFile),
          .chain_head = hex(sha256(last))};
}

/// Collects the report while the parts of a bundle are gone through in order.
class Verifier {
 public:
  explicit Verifier(const VerifyOptions& options) : options_(options) {}
  VerifyReport verify(const std::filesystem::path& folder);

 private:
  void find(std::string_view rule, std::string where, std::string message) {
    report_.findings.push_back(finding_at(rule, std::move(where), std::move(message)));
  }
  void add(std::vector<Finding> findings) {
    report_.findings.insert(report_.findings.end(), std::make_move_iterator(findings.begin()),
                            std::make_move_iterator(findings.end()));
  }
  std::string_view document(std::string_view name) const { return world_.document(name); }
  std::optional<Json> parse_document(std::string_view name);
  void read_challenge();
  void read_environment();
  bool read_rules();
  void check_versions();
  void check_gate_set();
  void check_records(std::vector<LedgerLine> lines);
  void check_label(const LedgerLine& line, const std::optional<Derived>& right, const std::string& where);
  void check_cases(const Record& record, const std::string& where);
  void check_leaks(const LedgerLine& line, const std::string& where);
  void keep(LedgerLine line, std::optional<Derived> right);
  void keep_all(std::vector<LedgerLine> lines);

  const VerifyOptions& options_;
  std::filesystem::path folder_;
  ClosedWorld world_;
  bool has_environment_ = false;
  VerifyReport report_;
};

/// Parses a document and looks for leaks in it. A missing one is already a finding of the closed world.
std::optional<Json> Verifier::parse_document(std::string_view name) {
  if (!world_.documents.contains(name)) return std::nullopt;
  auto json = parse_json(document(name), name);
  if (!json) {
    find("json", std::string(name), json.error().message);
    return std::nullopt;
  }
  if (const auto leak = find_leak(*json, "")) world_.leaks.push_back({"redaction", std::string(name), *leak});
  return *std::move(json);
}

void Verifier::read_challenge() {
  const auto json = parse_document(kChallengeFile);
  if (!json) return;
  auto challenge = challenge_from_json(*json, kChallengeFile);
  if (challenge) {
    report_.challenge = *std::move(challenge);
  } else {
    find("schema", std::string(kChallengeFile), challenge.error().message);
  }
}

void Verifier::read_environment() {
  const auto json = parse_document(kEnvironmentFile);
  if (!json) return;
  auto environment = environment_from_json(*json, kEnvironmentFile);
  if (!environment) return find("schema", std::string(kEnvironmentFile), environment.error().message);
  report_.environment = *std::move(environment);
  add(meaningless_fields(report_.environment));
  report_.unfit = unfit_to_publish(report_.environment, build_info().version);
  has_environment_ = true;
}

bool Verifier::read_rules() {
  const auto json = parse_document(kRulesFile);
  if (!json) return false;
  auto rules = run_rules_from_json(*json, kRulesFile);
  if (!rules) {
    find("schema", std::string(kRulesFile), rules.error().message);
    return false;
  }
  report_.rules = *std::move(rules);
  check_versions();
  check_gate_set();
  return true;
}

/// Nothing that a build does not know is called forged; but neither is it published as if it had been looked at.
void Verifier::check_versions() {
  const RunRules& rules = report_.rules;
  const auto unknown = [&](std::string_view rule, const std::string& what) {
    report_.unfit.push_back({rule, std::string(kRulesFile), what + "; use a build that knows it"});
  };
  if (!derive(Record{}, rules.rules))
    unknown("rules-version", fmt::format("'{}' is unknown to this build", rules.rules));
  if (!options_.knows_gate) return;
  for (const RequiredGate& one : rules.gates)
    if (!options_.knows_gate(one.gate, one.gate_version))
      unknown("gate-version", fmt::format("gate '{}', version {}, is unknown to this build, which can make none of its "
                                          "oracles and texts again",
                                          one.gate, one.gate_version));
}

/// A list of gates that somebody shortened vouches for less than the run did.
void Verifier::check_gate_set() {
  if (!options_.gate_set) return;
  const std::vector<RequiredGate>& named = report_.rules.gates;
  for (const std::string& gate : options_.gate_set(report_.rules.rules)) {
    const auto is_it = [&](const RequiredGate& one) { return one.gate == gate; };
    if (std::any_of(named.begin(), named.end(), is_it)) continue;
    find("gate-list", std::string(kRulesFile),
         fmt::format("does not name gate '{}', which every run by {} has: shortened", gate, report_.rules.rules));
  }
}

void Verifier::check_label(const LedgerLine& line, const std::optional<Derived>& right, const std::string& where) {
  if (line.rules != report_.rules.rules) {
    find("label", where, fmt::format("labelled by '{}', rules.json says '{}'", line.rules, report_.rules.rules));
  }
  if (!right) {
    ++report_.labels_not_recomputed;
  } else if (*right != line.derived) {
    find("label", where, differing_part(line.derived, *right));
  }
}

void Verifier::check_cases(const Record& record, const std::string& where) {
  if (record.cases.empty() || !report_.challenge) return;
  const auto again =
      options_.recompute ? options_.recompute(record, report_.challenge->nonce) : Result<Recomputed>(Recomputed{});
  if (!again) return find("recompute", where, again.error().message);
  if (!again->known_version) {
    ++report_.cases.not_recomputed;
    return;
  }
  const bool all = record.stage(Stage::verify).status == StageStatus::ok;
  if (record.cases.size() > again->cases.size() || (all && record.cases.size() < again->cases.size())) {
    return find("recompute", where, fmt::format("{} cases, the gate has {}", record.cases.size(), again->cases.size()));
  }
  for (std::size_t i = 0; i < record.cases.size(); ++i) {
    const std::string wrong = differing_digest(record.cases[i], again->cases[i]);
    if (!wrong.empty()) return find("recompute", where, fmt::format("case '{}': {}", record.cases[i].name, wrong));
  }
  ++report_.cases.agreed;
}

void Verifier::keep(LedgerLine line, std::optional<Derived> right) {
  VerifiedRecord verified{std::move(line.record), right ? *std::move(right) : std::move(line.derived)};
  ++report_.verdicts[verified.derived.verdict];
  report_.records.push_back(std::move(verified));
}

/// Where nothing is escaped, what a line's strings hold stands in the line, so most lines are scanned as they are.
void Verifier::check_leaks(const LedgerLine& line, const std::string& where) {
  const bool escapes = line.text.find('\\') != std::string_view::npos;
  if (!escapes && !scan(line.text)) return;
  if (const auto leak = find_leak(to_json(line.record), "")) world_.leaks.push_back({"redaction", where, *leak});
}

void Verifier::check_records(std::vector<LedgerLine> lines) {
  RunConsistency run(report_.challenge.value_or(Challenge{}), report_.rules);
  report_.records.reserve(lines.size());
  ArtifactRules artifacts(folder_, world_.artifacts, options_);
  std::size_t number = 0;
  for (LedgerLine& line : lines) {
    const std::string where = fmt::format("{}:{}", kLedgerFile, ++number);
    std::optional<Derived> right = derive(line.record, line.rules);
    check_label(line, right, where);
    add(run.add(line.record, line.derived.verdict, where));
    add(artifacts.add(line.record, where));
    check_cases(line.record, where);
    check_leaks(line, where);
    keep(std::move(line), std::move(right));
  }
  add(run.finish());
  if (has_environment_) add(against_environment(report_.environment, report_.records));
  if (has_environment_ && options_.gate_set) add(left_out_at_home(report_.environment, report_.records));
  if (has_environment_ && options_.variants)
    add(left_out_variants(report_.environment, report_.records, options_.variants));
}

/// Of a run that did not end, or whose challenge or rules are missing: what it recorded, and nothing held against it.
void Verifier::keep_all(std::vector<LedgerLine> lines) {
  for (LedgerLine& line : lines) {
    std::optional<Derived> right = derive(line.record, line.rules);
    keep(std::move(line), std::move(right));
  }
}

VerifyReport Verifier::verify(const std::filesystem::path& folder) {
  folder_ = folder;
  world_ = open_closed_world(folder);
  const bool sealed = world_.documents.contains(kManifestFile);
  LedgerReading ledger = read_ledger(document(kLedgerFile), hex(sha256(document(kChallengeFile))));
  if (auto finding = unfinished(ledger, sealed)) {
    report_.findings.push_back(*std::move(finding));
    keep_all(std::move(ledger.lines));
    return std::move(report_);
  }
  add(std::move(world_.findings));
  read_challenge();
  read_environment();
  const bool has_rules = read_rules();
  if (ledger.fault) report_.findings.push_back(*ledger.fault);
  // Records are held against the challenge, the rules and each other, so all of these must be there.
  if (!ledger.fault && report_.challenge && has_rules) {
    check_records(std::move(ledger.lines));
  } else {
    keep_all(std::move(ledger.lines));
  }
  if (!report_.environment.is_private) add(std::move(world_.leaks));
  if (sealed) report_.manifest_sha256 = hex(sha256(document(kManifestFile)));
  report_.parts = part_digests(world_);
  report_.intact = report_.findings.empty();
  attest(world_, options_, report_);
  report_.intact = report_.findings.empty();
  return std::move(report_);
}

}  // namespace

VerifyReport verify_bundle(const std::filesystem::path& folder, const VerifyOptions& options) {
  return Verifier(options).verify(folder);
}

}  // namespace assay::evidence
