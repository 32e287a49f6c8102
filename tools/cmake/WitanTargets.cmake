# witan_library(NAME SOURCES a.cpp ... DEPENDS lib ...)
# A static library of this project: project-root includes, warnings as errors.
# DEPENDS are public: what a library's headers need, its users get.
function(witan_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC "${CMAKE_SOURCE_DIR}" "${CMAKE_BINARY_DIR}")
  target_link_libraries(${name} PUBLIC ${ARG_DEPENDS} PRIVATE ${ARG_PRIVATE_DEPENDS} witan_warnings)
endfunction()

# witan_program(NAME SOURCES main.cpp ... DEPENDS lib ...) -> build/<preset>/bin/NAME
function(witan_program name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}" "${CMAKE_BINARY_DIR}")
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} witan_warnings)
endfunction()

add_custom_target(unit_tests)

# Scripts find programs by prefix (tools/dev fuzz, tools/dev bench): a name without it would never run.
function(require_prefix name prefix)
  if(NOT name MATCHES "^${prefix}")
    message(FATAL_ERROR "${name}: rename it to ${prefix}<what>, or tools/dev would never run it")
  endif()
endfunction()

# witan_bench(NAME SOURCES x.cpp ... DEPENDS lib ...): a program `tools/dev bench` runs.
function(witan_bench name)
  require_prefix(${name} bench_)
  witan_program(${name} ${ARGN})
endfunction()

# witan_test(NAME SOURCES x_test.cpp ... DEPENDS lib ... [LABELS unit])
# One Boost.Test program for a folder; the target `unit_tests` builds those labelled unit. Sources must not
# include boost/test themselves with other definitions: tests/support/test_main.cpp owns the module,
# tests/support/boost_test.hpp is precompiled.
function(witan_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LABELS" ${ARGN})
  require_prefix(${name} test_)
  if(NOT ARG_LABELS)
    set(ARG_LABELS unit)
  endif()
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} witan_test_support witan_warnings)
  target_precompile_headers(${name} REUSE_FROM witan_test_support)
  # g++ 12 reports std::vector's own range insert as out of bounds when a test's sizes are constants.
  target_compile_options(${name} PRIVATE
    $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds;-Wno-stringop-overflow;-Wno-stringop-overread>)
  add_test(NAME ${name} COMMAND ${name} --log_level=message --report_level=short)
  set_tests_properties(${name} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT 600)
  if(unit IN_LIST ARG_LABELS)
    add_dependencies(unit_tests ${name})
  endif()
endfunction()

# witan_fuzz(NAME SOURCES x_fuzz.cpp ... DEPENDS lib ...): a libFuzzer target, built with -DWITAN_FUZZ=ON.
# The corpus is tests/fuzz/corpus/NAME; ctest runs it briefly under the label fuzz.
function(witan_fuzz name)
  require_prefix(${name} fuzz_)
  if(NOT WITAN_FUZZ)
    return()
  endif()
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_include_directories(${name} PRIVATE "${CMAKE_SOURCE_DIR}" "${CMAKE_BINARY_DIR}")
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} witan_warnings)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
  set(corpus "${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name}")
  set(found "${CMAKE_BINARY_DIR}/fuzz/${name}")
  file(MAKE_DIRECTORY "${found}")
  set(dirs "${found}")
  if(EXISTS "${corpus}")
    list(APPEND dirs "${corpus}")
  endif()
  add_test(NAME ${name} COMMAND ${name} -max_total_time=10 -rss_limit_mb=1024 -timeout=10 -print_final_stats=0 ${dirs})
  set_tests_properties(${name} PROPERTIES LABELS fuzz TIMEOUT 120)
endfunction()
