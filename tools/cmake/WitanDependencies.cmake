# Every third-party library, found once. Rows with reasons: docs/reference/dependencies.md.
find_package(Threads REQUIRED)
find_package(CapnProto REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(leveldb REQUIRED)
# Debian's leveldb target names -lsnappy, whose development package nothing else here needs; the
# shared library finds its own libsnappy.
set_target_properties(leveldb::leveldb PROPERTIES INTERFACE_LINK_LIBRARIES Threads::Threads)
find_package(OpenSSL REQUIRED COMPONENTS Crypto)
find_package(tl-expected REQUIRED)
find_package(CLI11 REQUIRED)
find_package(toml11 REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)
find_package(Boost 1.74 REQUIRED COMPONENTS unit_test_framework)
find_package(benchmark REQUIRED)
find_package(rapidcheck REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(secp256k1 REQUIRED IMPORTED_TARGET libsecp256k1)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
find_package(mimalloc REQUIRED)

# Debian's CAF 0.17.6 ships neither a CMake config nor a pkg-config file.
foreach(component core io openssl)
  find_library(CAF_${component}_LIBRARY caf_${component} REQUIRED)
  find_path(CAF_INCLUDE_DIR caf/all.hpp REQUIRED)
  add_library(caf::${component} UNKNOWN IMPORTED)
  set_target_properties(caf::${component} PROPERTIES
    IMPORTED_LOCATION "${CAF_${component}_LIBRARY}"
    INTERFACE_INCLUDE_DIRECTORIES "${CAF_INCLUDE_DIR}")
endforeach()
target_link_libraries(caf::core INTERFACE Threads::Threads)
target_link_libraries(caf::io INTERFACE caf::core)
target_link_libraries(caf::openssl INTERFACE caf::io)
