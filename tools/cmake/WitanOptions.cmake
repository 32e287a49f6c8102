# Language level, warnings, sanitizers, compiler cache: one place for every target.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/lib")

option(WITAN_WERROR "Treat warnings as errors" ON)
option(WITAN_FUZZ "Build the libFuzzer targets" OFF)
set(WITAN_SANITIZE "" CACHE STRING "Comma-separated sanitizers (address,undefined)")

find_program(WITAN_CCACHE ccache)
if(WITAN_CCACHE)
  # base_dir and nohashdir let checkouts in different folders share results; the sloppiness is what
  # ccache asks for with precompiled headers.
  set(_launcher ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${WITAN_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${_launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${_launcher})
endif()

add_compile_options(-fno-omit-frame-pointer -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options(-fpch-preprocess)
endif()
if(WITAN_SANITIZE)
  add_compile_options(-fsanitize=${WITAN_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${WITAN_SANITIZE})
  if(WITAN_SANITIZE MATCHES "undefined")
    # CAF 0.17.6 binds null references inside init_fun_factory.hpp; the vptr check needs RTTI of Debian's libraries.
    add_compile_options(-fno-sanitize=null,vptr)
  endif()
endif()
if(WITAN_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# Warnings of our own code; generated Cap'n Proto code does not get them.
add_library(witan_warnings INTERFACE)
target_compile_options(witan_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  -Wnon-virtual-dtor -Woverloaded-virtual $<$<BOOL:${WITAN_WERROR}>:-Werror>)
