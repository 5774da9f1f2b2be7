# assay_layer(NAME [DEPENDS target...]): one static library per folder, of every .cc in it. A new file needs no line here.
function(assay_layer name)
  cmake_parse_arguments(LAYER "" "" "DEPENDS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  list(FILTER sources EXCLUDE REGEX "/main\\.cc$")
  add_library(assay_${name} STATIC ${sources})
  target_include_directories(assay_${name} PUBLIC ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
  target_link_libraries(assay_${name} PUBLIC ${LAYER_DEPENDS})
endfunction()

# assay_tests(NAME target...): one GoogleTest program of every *_test.cc in the folder, linked with the targets.
function(assay_tests name)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.cc)
  if(NOT sources)
    return()
  endif()
  add_executable(assay_${name}_test ${sources})
  target_link_libraries(assay_${name}_test PRIVATE ${ARGN} assay_test_support GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_definitions(assay_${name}_test PRIVATE
    ASSAY_SOURCE_DIR="${CMAKE_SOURCE_DIR}" ASSAY_BINARY_DIR="${CMAKE_BINARY_DIR}")
  gtest_discover_tests(assay_${name}_test TEST_PREFIX "${name}." DISCOVERY_TIMEOUT 120 PROPERTIES TIMEOUT 300)
endfunction()

# assay_python_test(NAME SCRIPT argument...): a script of the folder, which may skip itself by ending with 77. It starts
# programs, which a cross-built one lets nobody do but its own machine.
function(assay_python_test name script)
  if(CMAKE_CROSSCOMPILING)
    return()
  endif()
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
  add_test(NAME ${name} COMMAND Python3::Interpreter ${CMAKE_CURRENT_SOURCE_DIR}/${script} ${ARGN})
  set_tests_properties(${name} PROPERTIES TIMEOUT 300 SKIP_RETURN_CODE 77)
endfunction()
