#include "tests/unit/tools/process.hpp"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace witan::test {
namespace {

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

std::vector<std::string> clean_environment(const std::vector<std::string>& more) {
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (std::strncmp(*entry, "WITAN_", 6) != 0) out.emplace_back(*entry);
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

}  // namespace

Outcome run_witan(const std::vector<std::string>& arguments,
                  const std::vector<std::string>& environment, const std::string& input) {
  const Folder scratch;
  const std::string in = scratch / "in", out = scratch / "out", err = scratch / "err";
  write_text(in, input);
  std::vector<std::string> words{WITAN_BINARY};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<std::string> variables = clean_environment(environment);
  const std::vector<char*> argv = pointers(words), envp = pointers(variables);
  std::fflush(nullptr);  // what is buffered belongs to the parent only
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child == 0) {
    ::setsid();  // no terminal: a program that asks for a pass-phrase must fail instead
    const bool ready = std::freopen(in.c_str(), "r", stdin) != nullptr &&
                       std::freopen(out.c_str(), "w", stdout) != nullptr &&
                       std::freopen(err.c_str(), "w", stderr) != nullptr;
    if (ready) ::execve(WITAN_BINARY, argv.data(), envp.data());
    ::_exit(127);
  }
  int status = 0;
  if (::waitpid(child, &status, 0) != child) throw std::runtime_error("waitpid failed");
  Outcome outcome;
  outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  outcome.out = read_text(out);
  outcome.err = read_text(err);
  return outcome;
}

Folder::Folder() {
  std::string name = (std::filesystem::temp_directory_path() / "witan-tools-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string read_text(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream out;
  out << stream.rdbuf();
  return out.str();
}

void write_text(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

}  // namespace witan::test
