# Builds for aarch64 Linux (a DGX Spark, a Grace host) on another Debian machine; scripts/cross-aarch64 prepares it.
# The libraries come from unpacked packages under .deps/aarch64, so the system's own stay as they are.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_CXX_COMPILER_TARGET aarch64-linux-gnu)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64 -L /usr/aarch64-linux-gnu)

get_filename_component(unpacked ${CMAKE_CURRENT_LIST_DIR}/../../.deps/aarch64 ABSOLUTE)
# Debian's per-architecture headers, which the compiler knows only below /usr.
set(CMAKE_CXX_FLAGS_INIT "-isystem ${unpacked}/usr/include/aarch64-linux-gnu")
set(CMAKE_FIND_ROOT_PATH ${unpacked} /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
