# Writes OUT: a C++ file with each of FILES as a raw string literal. Run by assay_embed_text.
string(REPLACE "|" ";" files "${FILES}")
set(body "#include \"${HEADER}\"\n\nnamespace assay {\nnamespace {\nconstexpr EmbeddedText kTexts[] = {\n")
foreach(file IN LISTS files)
  get_filename_component(stem ${file} NAME_WLE)  # a stem may hold dots: executes.tma.load
  file(READ ${file} text)
  string(APPEND body "{\"${stem}\", R\"~embedded~(${text})~embedded~\"},\n")
endforeach()
string(APPEND body "};\n}  // namespace\nstd::span<const EmbeddedText> ${FUNCTION}() { return kTexts; }\n}  // namespace assay\n")
file(WRITE ${OUT} "${body}")
