# assay_build_info(TARGET): adds build_info() (harness/base/build_info.h) to a library, brought up to date by every build.
function(assay_build_info target)
  set(source ${CMAKE_BINARY_DIR}/build_info.cc)
  add_custom_target(assay_build_info_source
    COMMAND ${CMAKE_COMMAND} -DOUT=${source} -DSOURCE_DIR=${CMAKE_SOURCE_DIR} -DVERSION=${PROJECT_VERSION}
            "-DCOMPILER=${CMAKE_CXX_COMPILER_ID} ${CMAKE_CXX_COMPILER_VERSION}" -DBUILD_TYPE=$<CONFIG>
            -P ${CMAKE_SOURCE_DIR}/cmake/build_info_script.cmake
    BYPRODUCTS ${source}
    COMMENT "Naming the commit"
    VERBATIM)
  target_sources(${target} PRIVATE ${source})
  set_source_files_properties(${source} TARGET_DIRECTORY ${target} PROPERTIES GENERATED TRUE)
  add_dependencies(${target} assay_build_info_source)
endfunction()
