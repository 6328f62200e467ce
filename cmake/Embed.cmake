# Puts the console's page, built by web/build, into a library:
#
#   include(Embed)
#   berth_embed_page(berth_console)
#
# adds the definition of assets() (src/console/assets.h). The bytes come in by .incbin, so a changed page costs one
# assembler run of a second and no compile. Without web/dist the build ends with the command to run.
find_package(Python3 REQUIRED COMPONENTS Interpreter)

function(berth_embed_page target)
  set(page ${CMAKE_SOURCE_DIR}/web/dist)
  set(made ${CMAKE_BINARY_DIR}/embed)
  # index.html names the other files by their hash, so it changes when any of them does.
  file(GLOB index CONFIGURE_DEPENDS ${page}/index.html)
  add_custom_command(
    OUTPUT ${made}/assets.cc
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/cmake/embed.py ${page} ${made}
    DEPENDS ${CMAKE_SOURCE_DIR}/cmake/embed.py ${index}
    COMMENT "Embedding the console's page"
    VERBATIM)
  target_sources(${target} PRIVATE ${made}/assets.cc)
endfunction()
