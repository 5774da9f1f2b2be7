// The parts of the page, each a section of its own; render_html.h puts them in order.
// Tested by tests/reports/render_html_test.cc.
#pragma once

#include <string_view>

#include "reports/html.h"
#include "reports/report.h"

namespace assay::reports {

/// One entry of the page's table of contents.
struct Section {
  std::string_view id, title;
  Html body;
};

Html gates_part(const Report&);
Html matrix_part(const Report&);
Html supported_part(const Report&);
Html refused_part(const Report&);
Html measured_part(const Report&);
Html profile_part(const Report&);
Html kernels_part(const Report&);
Html images_part(const Report&);
Html codes_part(const Report&);
Html limits_part(const Report&);

}  // namespace assay::reports
