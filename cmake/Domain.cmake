# One static library per folder of src/. Tests (x_test.cc) stand beside the code and become one
# program per folder, build/PRESET/tests/FOLDER_test; fuzz targets are x_fuzz.cc, one program each.
#
#   berth_domain(catalog USES storage LIBRARIES some::imported TEST_USES sim os)
#
# USES names other folders of src/; ./dev check holds them against the table in ARCHITECTURE.md.
# TEST_NAME x names the program of its tests x_test instead.
find_package(Threads REQUIRED)
if(BERTH_TESTS)
  find_package(GTest REQUIRED)
  enable_testing()
endif()

function(berth_domain name)
  cmake_parse_arguments(PARSE_ARGV 1 D "" "TEST_NAME" "USES;LIBRARIES;TEST_USES")
  if(NOT D_TEST_NAME)
    set(D_TEST_NAME ${name})
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cc)
  set(tests ${sources})
  set(fuzzers ${sources})
  list(FILTER sources EXCLUDE REGEX "(_(test|fuzz)|/main)\\.cc$")
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cc$")
  list(TRANSFORM D_USES PREPEND berth_)
  list(TRANSFORM D_TEST_USES PREPEND berth_)

  if(sources)
    add_library(berth_${name} STATIC ${sources})
    target_link_libraries(berth_${name} PUBLIC ${D_USES} ${D_LIBRARIES} Threads::Threads)
    target_include_directories(berth_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  else()
    add_library(berth_${name} INTERFACE)
    target_link_libraries(berth_${name} INTERFACE ${D_USES} ${D_LIBRARIES} Threads::Threads)
    target_include_directories(berth_${name} INTERFACE ${CMAKE_SOURCE_DIR}/src)
  endif()

  if(BERTH_TESTS AND tests)
    add_executable(${D_TEST_NAME}_test ${tests})
    target_link_libraries(${D_TEST_NAME}_test PRIVATE berth_${name} ${D_TEST_USES} GTest::gmock
                                               GTest::gtest_main)
    set_target_properties(${D_TEST_NAME}_test PROPERTIES RUNTIME_OUTPUT_DIRECTORY
                                                  ${CMAKE_BINARY_DIR}/tests)
    target_compile_definitions(${D_TEST_NAME}_test PRIVATE BERTH_SOURCE="${CMAKE_SOURCE_DIR}")
    add_test(NAME ${D_TEST_NAME} COMMAND ${D_TEST_NAME}_test)
  endif()
  if(BERTH_FUZZ)
    if(fuzzers AND sources)  # so that the fuzzer sees which branches of the code it reached
      target_compile_options(berth_${name} PRIVATE -fsanitize=fuzzer-no-link)
    endif()
    foreach(file ${fuzzers})
      get_filename_component(target ${file} NAME_WE)
      add_executable(${target} ${file})
      target_link_libraries(${target} PRIVATE berth_${name})
      target_compile_options(${target} PRIVATE -fsanitize=fuzzer)
      target_link_options(${target} PRIVATE -fsanitize=fuzzer)
      set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
    endforeach()
  endif()
endfunction()
