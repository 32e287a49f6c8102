#include "actors/api/admin_socket.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

namespace witan {
namespace {

constexpr std::size_t answer_bytes_max = 4 * 1024 * 1024;

tl::unexpected<Error> system_error(ErrorCode code, const FilePath& path, const std::string& what) {
  return fail(code, path.string(), what + ": " + std::strerror(errno));
}

class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

Result<sockaddr_un> address_of(const FilePath& path) {
  sockaddr_un out{};
  out.sun_family = AF_UNIX;
  const std::string text = path.string();
  if (text.size() >= sizeof(out.sun_path))
    return fail(ErrorCode::io, text,
                "the path of a socket has at most " + std::to_string(sizeof(out.sun_path) - 1) +
                    " bytes: use a home with a shorter path");
  std::memcpy(out.sun_path, text.data(), text.size());
  return out;
}

// Of the deadline of one connection.
class Timer {
 public:
  explicit Timer(Duration limit)
      : end_(std::chrono::steady_clock::now() + std::chrono::nanoseconds(limit.ns)) {}
  [[nodiscard]] int left_ms() const {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end_ - std::chrono::steady_clock::now());
    return left.count() > 0 ? static_cast<int>(left.count()) : 0;
  }

 private:
  std::chrono::steady_clock::time_point end_;
};

// Waits until `fd` can be used for `events`; false: the time is over, or `stop` was signalled.
bool wait_for(int fd, short events, const Timer& timer, int stop) {
  pollfd set[2] = {{fd, events, 0}, {stop, POLLIN, 0}};
  while (true) {
    const int got = ::poll(set, stop >= 0 ? 2 : 1, timer.left_ms());
    if (got < 0 && errno == EINTR) continue;
    return got > 0 && set[0].revents != 0 && set[1].revents == 0;
  }
}

// Everything up to the first line end. Errors: timeout, too_large, network.
Result<std::string> read_line(int fd, std::size_t bytes_max, const Timer& timer, int stop) {
  std::string out;
  char buffer[4096];
  while (true) {
    if (!wait_for(fd, POLLIN, timer, stop))
      return fail(ErrorCode::timeout, "admin", "the line did not arrive in time");
    const ssize_t got = ::recv(fd, buffer, sizeof(buffer), 0);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) return fail(ErrorCode::network, "admin", "the connection ended inside a line");
    const std::string_view part(buffer, static_cast<std::size_t>(got));
    const auto end = part.find('\n');
    out += part.substr(0, end);
    if (out.size() > bytes_max)
      return fail(ErrorCode::too_large, "admin",
                  "a line has at most " + std::to_string(bytes_max) + " bytes");
    if (end != std::string_view::npos) return out;
  }
}

bool write_all(int fd, std::string_view text, const Timer& timer, int stop) {
  while (!text.empty()) {
    if (!wait_for(fd, POLLOUT, timer, stop)) return false;
    const ssize_t sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (sent <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

// The socket's mode keeps others out already; this holds also where somebody changed it.
bool is_ours(int fd) {
  ucred who{};
  socklen_t size = sizeof(who);
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return false;
  return who.uid == 0 || who.uid == ::geteuid();
}

std::string refusal(const Error& error) {
  return R"({"error":{"code":")" + std::string(name_of(error.code)) +
         R"(","field":"admin","text":")" + error.text + R"("}})";
}

class Server final : public AdminSocket {
 public:
  Server(AdminOptions options, Handler handler, Descriptor listener, Descriptor stop)
      : options_(std::move(options)),
        handler_(std::move(handler)),
        listener_(std::move(listener)),
        stop_(std::move(stop)),
        thread_([this] { serve(); }) {}
  ~Server() override {
    const std::uint64_t one = 1;
    (void)!::write(stop_.get(), &one, sizeof(one));
    thread_.join();
    (void)::unlink(options_.path.c_str());
  }

 private:
  void serve() {
    pthread_setname_np(pthread_self(), "admin");
    pollfd set[2] = {{listener_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    while (true) {
      if (::poll(set, 2, -1) < 0) continue;
      if (set[1].revents != 0) return;
      const Descriptor client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (client.get() >= 0 && is_ours(client.get())) answer(client.get());
    }
  }

  void answer(int fd) {
    const Timer timer(options_.deadline);
    const auto line = read_line(fd, options_.request_bytes_max, timer, stop_.get());
    const std::string reply = line ? handler_(*line) : refusal(line.error());
    (void)write_all(fd, reply + "\n", timer, stop_.get());
  }

  const AdminOptions options_;
  const Handler handler_;
  const Descriptor listener_;
  const Descriptor stop_;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<AdminSocket>> AdminSocket::start(AdminOptions options, Handler handler) {
  WITAN_TRY(const sockaddr_un address, address_of(options.path));
  Descriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  Descriptor stop(::eventfd(0, EFD_CLOEXEC));
  if (listener.get() < 0 || stop.get() < 0)
    return system_error(ErrorCode::io, options.path, "cannot make a socket");
  (void)::unlink(options.path.c_str());
  // The mode of the descriptor is that of the file that bind() makes: nobody else can connect in
  // between.
  if (::fchmod(listener.get(), S_IRUSR | S_IWUSR) != 0 ||
      ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::chmod(options.path.c_str(), S_IRUSR | S_IWUSR) != 0 || ::listen(listener.get(), 4) != 0)
    return system_error(ErrorCode::io, options.path, "cannot listen there");
  return std::unique_ptr<AdminSocket>(std::make_unique<Server>(
      std::move(options), std::move(handler), std::move(listener), std::move(stop)));
}

Result<std::string> ask_admin(const FilePath& path, const std::string& request, Duration deadline) {
  WITAN_TRY(const sockaddr_un address, address_of(path));
  const Descriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) return system_error(ErrorCode::network, path, "cannot make a socket");
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return system_error(ErrorCode::network, path, "no node listens there (is it running?)");
  const Timer timer(deadline);
  if (!write_all(fd.get(), request + "\n", timer, -1))
    return fail(ErrorCode::network, path.string(), "the node did not take the request");
  return read_line(fd.get(), answer_bytes_max, timer, -1);
}

}  // namespace witan
