#include "tools/bench/process.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <sstream>

#include "crypto/random.hpp"
#include "tools/http/http_loop.hpp"

extern char** environ;

namespace witan::bench {
namespace {

constexpr Duration poll_every = Duration::from_ms(20);

std::string read_file(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

// "VmHWM:   123 kB" -> 123
std::uint64_t number_after(const std::string& text, const std::string& name) {
  const std::size_t at = text.find(name);
  return at == std::string::npos ? 0 : std::strtoull(text.c_str() + at + name.size(), nullptr, 10);
}

void pause(Duration time) {
  const timespec wait{time.ns / 1'000'000'000, time.ns % 1'000'000'000};
  ::clock_nanosleep(CLOCK_MONOTONIC, 0, &wait, nullptr);
}

bool can_bind(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool free = ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return free;
}

}  // namespace

ProcessUse process_use(pid_t pid) {
  const std::string folder = "/proc/" + std::to_string(pid);
  ProcessUse out;
  const std::string stat = read_file(folder + "/stat");
  const std::size_t name_end = stat.rfind(')');  // the name itself may hold blanks
  if (name_end != std::string::npos) {
    std::istringstream fields(stat.substr(name_end + 1));
    std::string skipped;
    for (int i = 3; i < 14; ++i) fields >> skipped;
    double user = 0, system = 0;
    fields >> user >> system;
    out.cpu_seconds = (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  }
  out.rss_peak_bytes = number_after(read_file(folder + "/status"), "VmHWM:") * 1024;
  // Not write_bytes: with large folios the kernel counts a whole folio for each small overwrite.
  out.file_bytes = number_after(read_file(folder + "/io"), "\nwchar:");
  return out;
}

Result<Child> Child::spawn(const std::vector<std::string>& arguments, const std::string& log) {
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_addopen(&files, 1, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::posix_spawn_file_actions_adddup2(&files, 1, 2);
  std::vector<std::string> words{"witan"};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  pid_t pid = -1;
  const int error =
      ::posix_spawn(&pid, "/proc/self/exe", &files, nullptr, pointers.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  if (error != 0) return fail(ErrorCode::io, "/proc/self/exe", std::strerror(error));
  return Child(pid);
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), exit_code_(other.exit_code_) {}
Child& Child::operator=(Child&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(exit_code_, other.exit_code_);
  return *this;
}
Child::~Child() {
  if (!running()) return;
  ask_to_stop();
  wait(Duration::from_s(5));
}

bool Child::running() {
  if (pid_ < 0) return false;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return true;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  pid_ = -1;
  return false;
}

void Child::ask_to_stop() {
  if (running()) ::kill(pid_, SIGTERM);
}

int Child::wait(Duration limit) {
  const Instant end = web::HttpLoop::now() + limit;
  while (running()) {
    if (web::HttpLoop::now() > end) ::kill(pid_, SIGKILL);
    pause(poll_every);
  }
  return exit_code_;
}

Machine this_machine() {
  Machine out;
  const std::string info = read_file("/proc/cpuinfo");
  if (const std::size_t at = info.find("model name"); at != std::string::npos) {
    const std::size_t colon = info.find(": ", at);
    if (colon != std::string::npos)
      out.cpu = info.substr(colon + 2, info.find('\n', colon) - colon - 2);
  }
  utsname name{};
  if (::uname(&name) == 0) out.kernel = std::string(name.sysname) + " " + name.release;
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) == 0)
    out.cores = static_cast<unsigned>(CPU_COUNT(&set));
  return out;
}

Result<std::uint16_t> free_ports(std::size_t count) {
  constexpr std::size_t first = 20'000, last = 32'000;
  for (int attempt = 0; attempt < 100; ++attempt) {
    std::uint16_t word = 0;
    random_fill({reinterpret_cast<std::uint8_t*>(&word), sizeof word});
    const std::size_t base = first + word % (last - first - count);
    std::size_t good = 0;
    while (good < count && can_bind(static_cast<std::uint16_t>(base + good))) ++good;
    if (good == count) return static_cast<std::uint16_t>(base);
  }
  return fail(ErrorCode::network, "ports", "no free ports in a row between 20000 and 32000");
}

}  // namespace witan::bench
