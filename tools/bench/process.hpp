// Node processes of a benchmark and what the kernel says about them.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "messages/base/result.hpp"
#include "messages/base/time.hpp"

namespace witan::bench {

// From /proc/<pid>/{stat,status,io}; zeros when the process is gone.
struct ProcessUse {
  double cpu_seconds = 0;  // user and system
  std::uint64_t rss_peak_bytes = 0;
  std::uint64_t file_bytes = 0;  // passed to write(2) and its like; sockets are not among them
};
[[nodiscard]] ProcessUse process_use(pid_t pid);

// A child that is this program with other arguments. Ended by the destructor, killed if need be.
class Child {
 public:
  // Standard output and error are appended to `log`. Errors: io.
  [[nodiscard]] static Result<Child> spawn(const std::vector<std::string>& arguments,
                                           const std::string& log);
  Child(Child&& other) noexcept;
  Child& operator=(Child&& other) noexcept;
  ~Child();

  [[nodiscard]] pid_t pid() const { return pid_; }
  // None while it runs; 128 + N when signal N ended it.
  [[nodiscard]] bool running();
  [[nodiscard]] int exit_code() const { return exit_code_; }
  // SIGTERM; returns at once.
  void ask_to_stop();
  // Waits for the end, kills it after `limit`. Returns the exit code.
  int wait(Duration limit);

 private:
  explicit Child(pid_t pid) : pid_(pid) {}
  pid_t pid_ = -1;  // -1: none, or its end has been seen
  int exit_code_ = 0;
};

struct Machine {
  std::string cpu, kernel;
  unsigned cores = 1;  // this process may use
};
[[nodiscard]] Machine this_machine();

// First of `count` consecutive loopback ports nobody listens on, below the ephemeral ones.
[[nodiscard]] Result<std::uint16_t> free_ports(std::size_t count);

}  // namespace witan::bench
