// Which build this is: a record names it, so that a reader can find the source of what produced a number.
//
// The values come from a file that the build writes (cmake/build_info_script.cmake) on every build, so that they name
// the commit that was compiled and not the one that was configured.
// Tested by tests/repository/build_info_test.sh.
#pragma once

#include <string_view>

namespace assay {

/// The identity of this program's build.
struct BuildInfo {
  std::string_view version;     ///< "0.1.0".
  std::string_view git_commit;  ///< 40 hex digits; "unknown" outside a git work tree of this project.
  bool git_dirty = false;       ///< A tracked file differed from the commit.
  std::string_view compiler;    ///< "GNU 12.2.0".
  std::string_view build_type;  ///< "Release".
};

BuildInfo build_info();

}  // namespace assay
