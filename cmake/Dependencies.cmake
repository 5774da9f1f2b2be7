# Libraries of the distribution (scripts/setup installs them), and CUDA headers: cuda.h is used for its types only, every
# CUDA library is opened at run time. Nothing here downloads anything.
find_package(nlohmann_json REQUIRED)
find_package(fmt REQUIRED)
find_package(OpenSSL 3 REQUIRED COMPONENTS Crypto)
find_package(Threads REQUIRED)

# The compressions of fatbins; Debian's packages bring no CMake files.
find_path(ASSAY_LZ4_INCLUDE lz4.h REQUIRED)
find_library(ASSAY_LZ4_LIBRARY lz4 REQUIRED)
find_path(ASSAY_ZSTD_INCLUDE zstd.h REQUIRED)
find_library(ASSAY_ZSTD_LIBRARY zstd REQUIRED)

# JUnit files are XML; what the linter and the report read is Unicode and CommonMark with tables. Archives where the
# distribution has them, so that a release binary needs nothing more.
find_path(ASSAY_PUGIXML_INCLUDE pugixml.hpp REQUIRED)
find_library(ASSAY_PUGIXML_LIBRARY NAMES libpugixml.a pugixml REQUIRED)
find_path(ASSAY_UTF8PROC_INCLUDE utf8proc.h REQUIRED)
find_library(ASSAY_UTF8PROC NAMES libutf8proc.a utf8proc REQUIRED)
find_path(ASSAY_CMARK_INCLUDE cmark-gfm-core-extensions.h REQUIRED)
find_library(ASSAY_CMARK_EXTENSIONS NAMES libcmark-gfm-extensions.a cmark-gfm-extensions REQUIRED)
find_library(ASSAY_CMARK NAMES libcmark-gfm.a cmark-gfm REQUIRED)

# The header is the same for every host, so a cross build takes this machine's.
find_path(ASSAY_CUDA_INCLUDE cuda.h
  HINTS ${CMAKE_SOURCE_DIR}/.deps/cuda/include $ENV{CUDA_HOME}/include $ENV{CUDA_PATH}/include
  PATHS /usr/local/cuda/include /opt/cuda/include
  NO_CMAKE_FIND_ROOT_PATH)
if(NOT ASSAY_CUDA_INCLUDE)
  message(FATAL_ERROR "cuda.h not found: run scripts/setup, or set CUDA_HOME to a CUDA toolkit 13.0 or later")
endif()
file(STRINGS ${ASSAY_CUDA_INCLUDE}/cuda.h cuda_version REGEX "^#define CUDA_VERSION [0-9]+$")
string(REGEX MATCH "[0-9]+$" cuda_version "${cuda_version}")
if(NOT cuda_version GREATER_EQUAL 13000)
  message(FATAL_ERROR
    "${ASSAY_CUDA_INCLUDE}/cuda.h is version ${cuda_version}, 13000 (CUDA 13.0) or later is needed: run scripts/setup")
endif()
