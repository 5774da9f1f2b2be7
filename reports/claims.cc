#include "reports/claims.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "harness/base/digest.h"
#include "harness/base/json.h"
#include "reports/claim_texts.h"

namespace assay::reports {
namespace {

/// One row a kind: how files spell it, what stands above its sentences, and what it rests on.
struct KindRow {
  ClaimKind kind;
  std::string_view word, heading, needs;
};
constexpr std::array<KindRow, 14> kKinds = {{
    {ClaimKind::query, "query", "Reported by the driver", "an answered device question (E1)"},
    {ClaimKind::limit, "limit", "Limits measured", "a device question that used the limit, each value read"},
    {ClaimKind::capability, "capability", "Executes correctly",
     "every record at the device's own target proven (E5), none of an edited image"},
    {ClaimKind::accepts, "accepts", "Accepted by the assembler", "assemble ok for that target (E2)"},
    {ClaimKind::refuses, "refuses", "Refused by the assembler",
     "assemble refused for that target, and the same text accepted for its home target"},
    {ClaimKind::loads, "loads", "Loaded by the driver", "an unmodified image loaded and not launched (E3)"},
    {ClaimKind::driver_refuses, "driver-refuses", "Refused by the driver",
     "load refused with a code, and native images of the same run proven"},
    {ClaimKind::patched, "patched", "After an image edit",
     "an edited image loaded or run (P1 to P3), its edit on record"},
    {ClaimKind::walk, "walk", "Gates in front", "refusals at two software gates or more, a record each"},
    {ClaimKind::method, "method", "Method", "nothing"},
    {ClaimKind::unproven, "unproven", "Not proven here", "a device that was asked, and no proven record"},
    {ClaimKind::profile, "profile", "Agreement with the profile",
     "a profile of the device, a fact observed, and no difference of severity fail"},
    {ClaimKind::correctness, "correctness", "Kernels that compute correctly", "a proven record of a kernel"},
    {ClaimKind::throughput, "throughput", "Kernel speed",
     "a proven record with 5 timed launches or more, spread, clocks, a floor, and no throttling"},
}};

const KindRow& row_of(ClaimKind kind) { return *std::ranges::find(kKinds, kind, &KindRow::kind); }

ClaimKind read_kind(ObjectReader& reader) {
  const std::string text = reader.string("kind");
  const auto found = std::ranges::find(kKinds, text, &KindRow::word);
  if (found != kKinds.end()) return found->kind;
  reader.fault("kind", fmt::format("unknown word '{}'", text));
  return ClaimKind::method;
}

/// A list of texts, none of them empty.
Result<std::vector<std::string>> read_texts(const Json& list, const std::string& where) {
  std::vector<std::string> texts;
  for (const Json& one : list) {
    if (!one.is_string() || one.get_ref<const std::string&>().empty())
      return Error{fmt::format("{}[{}]: must be a text that is not empty", where, texts.size())};
    texts.push_back(one.get<std::string>());
  }
  return texts;
}

Result<std::vector<Quantity>> read_quantities(const Json& list, const std::string& where) {
  std::vector<Quantity> quantities;
  for (const Json& one : list) {
    ObjectReader reader(one, fmt::format("{}[{}]", where, quantities.size()));
    Quantity quantity{.key = reader.string("key"), .of = reader.string("of")};
    if (const Status status = reader.finish(); !status) return status.error();
    quantities.push_back(std::move(quantity));
  }
  return quantities;
}

bool needs_gates(ClaimKind kind) {
  return kind == ClaimKind::query || kind == ClaimKind::limit || kind == ClaimKind::capability ||
         kind == ClaimKind::walk;
}

/// What is wrong with the fields together; empty if nothing is.
std::string fault_of(const Claim& claim, std::string_view name) {
  if (claim.id + ".json" != name) return fmt::format("id: '{}' is not the file's name", claim.id);
  if (claim.subject.empty()) return "subject: empty";
  if (claim.does_not_say.empty()) return "does_not_say: empty; every claim tells what it does not say";
  if (needs_gates(claim.kind) && claim.gates.empty())
    return fmt::format("gates: empty; a claim of kind {} rests on a gate", word(claim.kind));
  if (claim.kind == ClaimKind::capability && claim.gates.size() != 1) return "gates: a capability rests on one gate";
  if (claim.kind == ClaimKind::limit && claim.measurements.empty()) return "measurements: empty; a limit has a value";
  return "";
}

Json to_json(const Claim& claim) {
  Json measurements = Json::array();
  for (const Quantity& quantity : claim.measurements)
    measurements.push_back({{"key", quantity.key}, {"of", quantity.of}});
  return {{"schema", Claim::kSchema},     {"id", claim.id},
          {"kind", word(claim.kind)},     {"family", claim.family},
          {"subject", claim.subject},     {"gates", claim.gates},
          {"measurements", measurements}, {"does_not_say", claim.does_not_say}};
}

}  // namespace

std::string_view word(ClaimKind kind) { return row_of(kind).word; }
std::string_view heading(ClaimKind kind) { return row_of(kind).heading; }
std::string_view needs(ClaimKind kind) { return row_of(kind).needs; }

const Claim* find_claim(std::span<const Claim> claims, std::string_view id) {
  const auto exact = std::ranges::find(claims, id, &Claim::id);
  if (exact != claims.end()) return &*exact;
  const auto family = std::ranges::find(claims, id.substr(0, id.find('/')), &Claim::id);
  return family != claims.end() && family->family ? &*family : nullptr;
}

Result<Claim> parse_claim(std::string_view text, std::string_view name) {
  const Result<Json> json = parse_json(text, name);
  if (!json) return json.error();
  ObjectReader reader(*json, std::string(name));
  if (reader.string("schema") != Claim::kSchema) reader.fault("schema", fmt::format("must be {}", Claim::kSchema));
  Claim claim{.id = reader.string("id"),
              .kind = read_kind(reader),
              .family = reader.boolean("family"),
              .subject = reader.string("subject")};
  const Json& gates = reader.array("gates");
  const Json& measurements = reader.array("measurements");
  const Json& does_not_say = reader.array("does_not_say");
  if (const Status status = reader.finish(); !status) return status.error();

  auto gate_ids = read_texts(gates, fmt::format("{}: gates", name));
  if (!gate_ids) return gate_ids.error();
  claim.gates = *std::move(gate_ids);
  auto quantities = read_quantities(measurements, fmt::format("{}: measurements", name));
  if (!quantities) return quantities.error();
  claim.measurements = *std::move(quantities);
  auto clauses = read_texts(does_not_say, fmt::format("{}: does_not_say", name));
  if (!clauses) return clauses.error();
  claim.does_not_say = *std::move(clauses);
  if (const std::string fault = fault_of(claim, name); !fault.empty()) return Error{fmt::format("{}: {}", name, fault)};
  return claim;
}

Result<std::vector<Claim>> builtin_claims() {
  std::vector<Claim> claims;
  for (const EmbeddedText& file : claim_texts()) {
    Result<Claim> claim = parse_claim(file.text, fmt::format("{}.json", file.stem));
    if (!claim) return claim.error();
    claims.push_back(*std::move(claim));
  }
  // Grouped as people read them: by kind, then by name.
  std::ranges::stable_sort(claims, {}, [](const Claim& claim) { return claim.kind; });
  return claims;
}

std::string catalogue_sha256(std::span<const Claim> claims, std::span<const EmbeddedText> profiles) {
  Json list = Json::array(), digests = Json::object();
  for (const Claim& claim : claims) list.push_back(to_json(claim));
  for (const EmbeddedText& profile : profiles) digests[std::string(profile.stem)] = hex(sha256(profile.text));
  const auto text = canonical_json({{"claims", list}, {"profiles", digests}});
  return text ? hex(sha256(*text)) : std::string();
}

}  // namespace assay::reports
