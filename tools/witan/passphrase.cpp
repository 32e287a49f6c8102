#include "tools/witan/passphrase.hpp"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace witan::cli {
namespace {

Result<Passphrase> make(ByteView text, const std::string& source) {
  if (text.empty()) return fail(ErrorCode::usage, source, "the pass-phrase is empty");
  if (text.size() > passphrase_bytes_max)
    return fail(ErrorCode::usage, source, "the pass-phrase is longer than 1024 bytes");
  Passphrase out;
  std::copy(text.begin(), text.end(), out.bytes.data());
  out.size = text.size();
  return out;
}

Result<Passphrase> from_file(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return fail(ErrorCode::io, file, "the pass-phrase file cannot be read");
  Secret<passphrase_bytes_max + 2> buffer;
  stream.read(reinterpret_cast<char*>(buffer.data()), passphrase_bytes_max + 2);
  auto size = static_cast<std::size_t>(stream.gcount());
  if (size > 0 && buffer.data()[size - 1] == '\n') --size;
  return make(buffer.view().first(size), file);
}

// The controlling terminal with echo off while it lives; not standard input, which may be data.
class Terminal {
 public:
  Terminal() : fd_(::open("/dev/tty", O_RDWR | O_CLOEXEC)) {
    if (fd_ < 0 || ::tcgetattr(fd_, &before_) != 0) return;
    termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    usable_ = ::tcsetattr(fd_, TCSAFLUSH, &quiet) == 0;
  }
  ~Terminal() {
    if (usable_) ::tcsetattr(fd_, TCSAFLUSH, &before_);
    if (fd_ >= 0) ::close(fd_);
  }
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  [[nodiscard]] bool usable() const { return usable_; }
  Result<Passphrase> ask(const std::string& prompt) {
    say(prompt + ": ");
    Secret<passphrase_bytes_max + 2> buffer;
    const ssize_t count = ::read(fd_, buffer.data(), passphrase_bytes_max + 2);
    say("\n");
    if (count < 0) return fail(ErrorCode::io, "/dev/tty", "reading the pass-phrase failed");
    auto size = static_cast<std::size_t>(count);
    if (size > 0 && buffer.data()[size - 1] == '\n') --size;
    return make(buffer.view().first(size), "pass-phrase");
  }

 private:
  void say(const std::string& text) {
    if (::write(fd_, text.data(), text.size()) < 0) usable_ = false;
  }
  int fd_;
  termios before_{};
  bool usable_ = false;
};

}  // namespace

Result<Passphrase> read_passphrase(const std::string& file, const std::string& what, Ask ask) {
  if (!file.empty()) return from_file(file);
  if (const char* text = std::getenv(passphrase_variable); text != nullptr)
    return make(as_bytes(text), passphrase_variable);
  Terminal terminal;
  if (!terminal.usable())
    return fail(ErrorCode::usage, "--passphrase-file",
                "a pass-phrase for " + what + " is needed and there is no terminal: give " +
                    "--passphrase-file or set " + passphrase_variable);
  WITAN_TRY(Passphrase first, terminal.ask("pass-phrase for " + what));
  if (ask == Ask::twice) {
    WITAN_TRY(const Passphrase second, terminal.ask("again"));
    if (!(first.bytes == second.bytes) || first.size != second.size)
      return fail(ErrorCode::usage, "pass-phrase", "the two are not the same");
  }
  return first;
}

}  // namespace witan::cli
