# assay_embed_text(TARGET HEADER FUNCTION FILES...): a static library that holds the files' exact bytes.
#   #include "HEADER"
#   std::span<const assay::EmbeddedText> FUNCTION();   // stem, text; in the order given
function(assay_embed_text target header function)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${target}.cc)
  list(JOIN ARGN "|" files)
  add_custom_command(
    OUTPUT ${source}
    COMMAND ${CMAKE_COMMAND} -DOUT=${source} -DHEADER=${header} -DFUNCTION=${function} "-DFILES=${files}"
            -P ${CMAKE_SOURCE_DIR}/cmake/embed_text_script.cmake
    DEPENDS ${ARGN} ${CMAKE_SOURCE_DIR}/cmake/embed_text_script.cmake
    VERBATIM)
  add_library(${target} STATIC ${source})
  target_include_directories(${target} PUBLIC ${CMAKE_SOURCE_DIR})
endfunction()
