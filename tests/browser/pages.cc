// Writes the pages that the browser test looks at besides the recorded run's: an emulated run, one with timed kernels,
// and one whose device has a hostile name.
//
//     assay_browser_pages FOLDER
#include <cstdio>

#include "reports/render_html.h"
#include "tests/reports/report_fixture.h"

int main(int argc, char** argv) {
  using namespace assay;
  if (argc != 2) return 2;
  testing::InitGoogleTest(&argc, argv);
  const std::pair<const char*, reports::Report> pages[] = {{"emulated.html", reports::emulated_report()},
                                                           {"timed.html", reports::timed_report()},
                                                           {"hostile.html", reports::hostile_report()}};
  for (const auto& [name, report] : pages) {
    const Result<std::string> page = reports::render_html(report);
    const Status written = page ? write_file(std::filesystem::path(argv[1]) / name, *page) : Status(page.error());
    if (!written) {
      std::fprintf(stderr, "%s: %s\n", name, written.error().message.c_str());
      return 1;
    }
  }
  return 0;
}
