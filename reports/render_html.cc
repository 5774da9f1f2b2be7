#include "reports/render_html.h"

#include <array>

#include <fmt/format.h>

#include "reports/html.h"
#include "reports/page_parts.h"
#include "reports/page_table.h"
#include "reports/passages.h"
#include "reports/report_json.h"

namespace assay::reports {
namespace {

struct Part {
  std::string_view id, title, in_contents;
  Html (*body)(const Report&);
};
constexpr std::array kParts = {Part{"gates", "Gate ladder", "Gates", gates_part},
                               Part{"matrix", "Instruction by target", "Matrix", matrix_part},
                               Part{"supported", "Supported claims", "Supported", supported_part},
                               Part{"refused", "Refused claims", "Refused", refused_part},
                               Part{"measured", "Measured", "Measured", measured_part},
                               Part{"profile", "Against the profile", "Profile", profile_part},
                               Part{"kernels", "Kernels", "Kernels", kernels_part},
                               Part{"images", "Images", "Images", images_part},
                               Part{"codes", "What the codes show", "Codes", codes_part},
                               Part{"limits", "What remains open", "Limits", limits_part}};

std::string title_of(const Report& report) {
  return fmt::format("{}{}: assay report", report.emulated ? "EMULATED " : "", device_name(report));
}

Html tile(std::string_view style, std::size_t count, std::string_view what) {
  return element("li", {{"class", fmt::format("tile {}", style)}},
                 {element("b", {}, std::to_string(count)), " ", what});
}

Html tiles(const Report& report) {
  Html all;
  for (const auto& [verdict, count] : report.verdicts)
    all += tile(verdict == kByImage ? "v-images" : "v-" + verdict, count,
                count == 1 ? "gate " + verdict : "gates " + verdict);
  all += tile("said", report.judgement.supported.size(), "sentences supported");
  all += tile("unsaid", report.judgement.refused.size(), "claims refused");
  return element("ul", {{"class", "tiles"}}, all);
}

Html seal(const Report& report) {
  constexpr std::array kStyles = {"seal", "seal operator", "seal independent"};  // In the order of Trust.
  return element("p", {{"class", kStyles[static_cast<std::size_t>(report.attestation.trust)]}},
                 report.attestation_line);
}

Html summary_line(const Report& report) {
  const evidence::Environment& environment = report.environment;
  Html line;
  if (environment.device) line += element("span", {}, "compute capability " + environment.device->compute_capability);
  if (environment.driver) line += element("span", {}, "driver " + environment.driver->driver_version);
  for (const evidence::Environment::Part& part : environment.toolchain)
    line += element("span", {}, fmt::format("{} {}", part.name, part.version));
  if (!report.first_utc.empty()) line += element("span", {}, report.first_utc.substr(0, 10));
  return paragraph("facts", line);
}

Html identity(const Report& report) {
  Html lines;
  for (const auto& [what, text] : identity_lines(report)) lines += {element("dt", {}, what), element("dd", {}, text)};
  return element("dl", {{"class", "lines identity"}}, lines);
}

Html banner(const Report& report) {
  return report.emulated ? element("p", {{"class", "banner"}, {"role", "alert"}}, kEmulatedBanner) : Html();
}

/// Over every screen and every sheet of an emulated run.
Html watermark(const Report& report) {
  if (!report.emulated) return {};
  return element("div", {{"class", "watermark"}, {"aria-hidden", "true"}},
                 {element("span", {}, "EMULATED"), element("span", {}, "EMULATED"), element("span", {}, "EMULATED")});
}

Html page_header(const Report& report) {
  return element("header", {},
                 {paragraph("mark", {element("b", {}, "assay"), " report"}), element("h1", {}, device_name(report)),
                  summary_line(report), seal(report), tiles(report), identity(report)});
}

Html contents() {
  Html list;
  for (const Part& part : kParts)
    list += element("li", {}, element("a", {{"href", fmt::format("#{}", part.id)}}, part.in_contents));
  return element("nav", {{"aria-label", "Contents"}}, element("ul", {}, list));
}

Html sections(const Report& report) {
  Html all;
  for (const Part& part : kParts) {
    const std::string heading = fmt::format("{}-heading", part.id);
    all += element("section", {{"id", std::string(part.id)}, {"aria-labelledby", heading}},
                   {element("h2", {{"id", heading}}, part.title), part.body(report)});
  }
  return element("main", {}, all);
}

Html footer(const Report& report) {
  return element(
      "footer", {},
      {paragraph("", {"Rendered from the bundle ", code(report.manifest_sha256),
                      ". Render it again and compare: ", code("assay verify BUNDLE --report FOLDER"),
                      ". The same report for machines lies in this file under the id ", code("report-json"), "."}),
       paragraph("", report.attestation_line)});
}

}  // namespace

Result<std::string> render_html(const Report& report) {
  const Result<std::string> json = render_json(report);
  if (!json) return json.error();
  const Html body = element("body", {{"class", report.emulated ? "emulated" : "real"}},
                            {banner(report), page_header(report), contents(), sections(report), footer(report),
                             watermark(report), json_island("report-json", *json)});
  return document(element("html", {{"lang", "en"}}, {page_head(title_of(report)), body})).markup();
}

}  // namespace assay::reports
