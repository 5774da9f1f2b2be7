#include "reports/junit.h"

#include <algorithm>
#include <sstream>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <pugixml.hpp>

#include "harness/base/json.h"

namespace assay::reports {
namespace {

/// What XML 1.0 can hold at all: no control characters, no invalid UTF-8, neither U+FFFE nor U+FFFF.
std::string storable(std::string_view text) {
  std::string clean = clean_utf8(text);
  for (const std::string_view noncharacter : {"\xEF\xBF\xBE", "\xEF\xBF\xBF"})
    for (std::size_t at; (at = clean.find(noncharacter)) != std::string::npos;)
      clean.replace(at, noncharacter.size(), "\xEF\xBF\xBD");
  return clean;
}

void set(pugi::xml_node node, const char* name, std::string_view value) {
  node.append_attribute(name) = storable(value).c_str();
}
void set(pugi::xml_node node, const char* name, std::size_t value) { set(node, name, fmt::format("{}", value)); }

void add_property(pugi::xml_node properties, std::string_view name, std::string_view value) {
  const pugi::xml_node property = properties.append_child("property");
  set(property, "name", name);
  set(property, "value", value);
}

/// "H100 80GB HBM3" as one word of a class name: "NVIDIA_H100_80GB_HBM3".
std::string class_word(std::string_view text) {
  std::string word(text);
  std::ranges::replace_if(
      word, [](unsigned char c) { return c < 0x80 && std::isalnum(c) == 0 && c != '-'; }, '_');
  return word;
}

std::string suite_name(const CheckSubject& subject, const std::string& family) {
  return fmt::format("{}{}.{}", subject.emulated ? "emulated." : "", class_word(subject.device), family);
}

void add_outcome(pugi::xml_node test, const CheckRow& row) {
  const auto verdict = [&](const char* element, std::string_view message) {
    pugi::xml_node node = test.append_child(element);
    set(node, "message", message);
    return node;
  };
  const std::string asked = fmt::format("{}: asked {}, found {}: {}", row.id, row.asked, row.found, row.why);
  switch (row.outcome) {
    case CheckOutcome::met:
      return;
    case CheckOutcome::failed:
    case CheckOutcome::unproven:
      set(verdict("failure", asked), "type", row.found.empty() ? word(row.outcome) : row.found);
      return;
    case CheckOutcome::environment:
      set(verdict("error", asked), "type", row.found);
      return;
    case CheckOutcome::waived:
      verdict("skipped", fmt::format("WAIVED, not met: {}; {}", row.waiver, asked));
      return;
    case CheckOutcome::not_applicable:
      verdict("skipped", "does not apply: " + row.why);
      return;
  }
}

void add_test(pugi::xml_node suite, const CheckRow& row, const std::string& classname) {
  pugi::xml_node test = suite.append_child("testcase");
  set(test, "name", row.name);
  set(test, "classname", classname);
  set(test, "time", "0");
  pugi::xml_node properties = test.append_child("properties");
  add_property(properties, "requirement", row.id);
  add_property(properties, "level", row.level);
  add_property(properties, "evidence_class", row.evidence_class);
  add_outcome(test, row);
}

struct Counts {
  std::size_t tests = 0, failures = 0, errors = 0, skipped = 0;
};

Counts counts_of(std::span<const CheckRow> rows) {
  return {rows.size(), count(rows, CheckOutcome::failed) + count(rows, CheckOutcome::unproven),
          count(rows, CheckOutcome::environment),
          count(rows, CheckOutcome::waived) + count(rows, CheckOutcome::not_applicable)};
}

void set_counts(pugi::xml_node node, const Counts& counts) {
  set(node, "tests", counts.tests);
  set(node, "failures", counts.failures);
  set(node, "errors", counts.errors);
  set(node, "skipped", counts.skipped);
  set(node, "time", "0");
}

void add_suite(pugi::xml_node root, const CheckSubject& subject, const std::string& family,
               const std::vector<CheckRow>& rows) {
  pugi::xml_node suite = root.append_child("testsuite");
  const std::string name = suite_name(subject, family);
  set(suite, "name", name);
  set_counts(suite, counts_of(rows));
  pugi::xml_node properties = suite.append_child("properties");
  add_property(properties, "bundle_sha256", subject.manifest_sha256);
  add_property(properties, "policy", subject.policy);
  add_property(properties, "device", subject.device);
  add_property(properties, "compute_capability", subject.compute_capability);
  add_property(properties, "driver", subject.driver);
  add_property(properties, "attestation", subject.attestation);
  for (const CheckRow& row : rows) add_test(suite, row, name);
}

}  // namespace

std::string to_junit(const CheckReport& report) {
  pugi::xml_document document;
  pugi::xml_node declaration = document.append_child(pugi::node_declaration);
  declaration.append_attribute("version") = "1.0";
  declaration.append_attribute("encoding") = "UTF-8";
  pugi::xml_node root = document.append_child("testsuites");
  set(root, "name", report.subject.emulated ? "assay check (EMULATED device)" : "assay check");
  set_counts(root, counts_of(report.rows));
  for (const auto& [family, rows] : by_family(report.rows)) add_suite(root, report.subject, family, rows);
  std::ostringstream text;
  document.save(text, "  ", pugi::format_indent, pugi::encoding_utf8);
  return text.str();
}

}  // namespace assay::reports
