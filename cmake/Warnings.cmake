# Warnings are errors; both compilers are asked for the same things.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Werror)
# Designated initialisers leave the rest at its defaults on purpose.
add_compile_options(-Wno-missing-field-initializers)
# At -O3 g++ 12 sees an overlap in std::string's own replace (GCC bug 105329).
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  add_compile_options($<$<CONFIG:Release>:-Wno-restrict>)
endif()
# Oracles must give the same bits on every host.
add_compile_options(-ffp-contract=off)
# Records and binaries carry no path of the machine that built them.
add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
