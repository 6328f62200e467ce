# The library llhttp, Node's parser of HTTP/1.1, from the C source in Debian's node-llhttp: a peer of
# tests and benchmarks, never a part of Berth. No target where the package is not installed.
set(llhttp_source /usr/share/llhttp)
if(EXISTS ${llhttp_source}/llhttp.c AND NOT TARGET llhttp)
  add_library(llhttp STATIC ${llhttp_source}/llhttp.c ${llhttp_source}/api.c ${llhttp_source}/http.c)
  target_include_directories(llhttp SYSTEM PUBLIC /usr/share/include/llhttp)
  target_compile_definitions(llhttp PUBLIC LLHTTP_STRICT_MODE=1)
  target_compile_options(llhttp PRIVATE -O2 -w -fno-sanitize=all)
endif()
