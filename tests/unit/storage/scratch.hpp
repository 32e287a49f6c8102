// A folder of its own for a test, removed afterwards; and a way to damage a file.
#pragma once
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "tests/support/boost_test.hpp"

namespace witan {

class ScratchDir {
 public:
  ScratchDir() {
    std::string name = (std::filesystem::temp_directory_path() / "witan-storage-XXXXXX").string();
    BOOST_REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~ScratchDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDir(const ScratchDir&) = delete;
  ScratchDir& operator=(const ScratchDir&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline void flip_bit(const std::filesystem::path& file, std::streamoff offset) {
  std::fstream f(file, std::ios::in | std::ios::out | std::ios::binary);
  BOOST_REQUIRE(f.good());
  f.seekg(offset);
  const int byte = f.get();
  BOOST_REQUIRE(byte >= 0);
  f.seekp(offset);
  f.put(static_cast<char>(byte ^ 1));
}

}  // namespace witan
