// Runs the built `witan` binary as a user does.
#pragma once
#include <filesystem>
#include <string>
#include <vector>

namespace witan::test {

struct Outcome {
  int exit_code = -1;  // 128 + signal if it was killed
  std::string out;
  std::string err;
};
// Arguments reach the program as they are (no shell). Environment: the test's own without WITAN_*,
// then `environment` ("NAME=value"). Standard input holds `input`.
Outcome run_witan(const std::vector<std::string>& arguments,
                  const std::vector<std::string>& environment = {}, const std::string& input = {});

// A folder that goes with the object.
class Folder {
 public:
  Folder();
  ~Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::string operator/(const std::string& name) const {
    return (path_ / name).string();
  }

 private:
  std::filesystem::path path_;
};

std::string read_text(const std::string& path);
void write_text(const std::string& path, const std::string& text);

}  // namespace witan::test
