# Writes OUT, the definition of assay::build_info(); leaves it alone when nothing changed, so that nothing is rebuilt.
# Wants SOURCE_DIR, VERSION, COMPILER and BUILD_TYPE.
cmake_minimum_required(VERSION 3.25)

function(git_answer variable)
  execute_process(COMMAND git -C ${SOURCE_DIR} ${ARGN}
    RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  if(NOT status EQUAL 0)
    set(output "")
  endif()
  set(${variable} "${output}" PARENT_SCOPE)
endfunction()

# A source archive unpacked inside some other work tree must not borrow that tree's commit.
git_answer(top rev-parse --show-toplevel)
file(REAL_PATH ${SOURCE_DIR} here)
set(commit "unknown")
set(dirty false)
if(top STREQUAL here)
  git_answer(head rev-parse --verify HEAD)
  if(head)
    set(commit ${head})
    git_answer(changes status --porcelain --untracked-files=no)
    if(changes)
      set(dirty true)
    endif()
  endif()
endif()

file(CONFIGURE OUTPUT ${OUT} @ONLY CONTENT [=[
#include "harness/base/build_info.h"

namespace assay {
BuildInfo build_info() {
  return {.version = "@VERSION@",
          .git_commit = "@commit@",
          .git_dirty = @dirty@,
          .compiler = "@COMPILER@",
          .build_type = "@BUILD_TYPE@"};
}
}  // namespace assay
]=])
