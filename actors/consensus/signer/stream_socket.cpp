#include "actors/consensus/signer/stream_socket.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace witan::signer {
namespace {

constexpr int backlog = 8;

union AnyAddress {
  sockaddr any;
  sockaddr_un unix_path;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

struct ResolvedAddress {
  AnyAddress address{};
  socklen_t size = 0;
};

tl::unexpected<Error> system_error(ErrorCode code, const std::string& field, const char* what) {
  return fail(code, field, std::string(what) + ": " + std::strerror(errno));
}

Result<ResolvedAddress> resolve(const SignerAddress& from) {
  ResolvedAddress out;
  if (from.is_unix()) {
    out.address.unix_path.sun_family = AF_UNIX;
    if (from.path.size() > unix_path_bytes_max)
      return fail(ErrorCode::config, from.path, "path is too long for a socket");
    std::memcpy(out.address.unix_path.sun_path, from.path.c_str(), from.path.size() + 1);
    out.size = sizeof(sockaddr_un);
    return out;
  }
  if (inet_pton(AF_INET, from.tcp.host.c_str(), &out.address.v4.sin_addr) == 1) {
    out.address.v4.sin_family = AF_INET;
    out.address.v4.sin_port = htons(from.tcp.port);
    out.size = sizeof(sockaddr_in);
    return out;
  }
  if (inet_pton(AF_INET6, from.tcp.host.c_str(), &out.address.v6.sin6_addr) == 1) {
    out.address.v6.sin6_family = AF_INET6;
    out.address.v6.sin6_port = htons(from.tcp.port);
    out.size = sizeof(sockaddr_in6);
    return out;
  }
  return fail(ErrorCode::config, from.tcp.host, "is not a numeric address");
}

// Votes are small and urgent.
void send_at_once(int fd) {
  const int on = 1;
  (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // fails on unix sockets
}

// A file of a listener that is gone refuses connections.
Status remove_stale(const SignerAddress& address, const Clock& clock) {
  struct stat info {};
  if (lstat(address.path.c_str(), &info) != 0) return {};
  if (!S_ISSOCK(info.st_mode))
    return fail(ErrorCode::config, address.path, "exists and is not a socket");
  if (StreamSocket::connect(address, Duration::from_ms(500), clock))
    return fail(ErrorCode::locked, address.path, "another process listens there: stop it first");
  if (unlink(address.path.c_str()) != 0)
    return system_error(ErrorCode::io, address.path, "cannot replace the old socket");
  return {};
}

}  // namespace

StreamSocket::StreamSocket(int fd, const Clock& clock) : fd_(fd), clock_(&clock) {
  (void)fcntl(fd_, F_SETFL, O_NONBLOCK);
  send_at_once(fd_);
}
StreamSocket::~StreamSocket() {
  if (fd_ >= 0) close(fd_);
}
StreamSocket::StreamSocket(StreamSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), clock_(other.clock_) {}
StreamSocket& StreamSocket::operator=(StreamSocket&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(clock_, other.clock_);
  return *this;
}

Result<StreamSocket> StreamSocket::connect(const SignerAddress& address, Duration limit,
                                           const Clock& clock) {
  WITAN_TRY(const ResolvedAddress to, resolve(address));
  const std::string where = to_string(address);
  const int fd = socket(to.address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return system_error(ErrorCode::network, where, "no socket");
  StreamSocket out(fd, clock);
  if (::connect(fd, &to.address.any, to.size) == 0) return out;
  if (errno != EINPROGRESS) return system_error(ErrorCode::network, where, "cannot connect");
  WITAN_TRY_VOID(out.wait(POLLOUT, clock.now() + limit));
  int error = 0;
  socklen_t size = sizeof error;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0) return out;
  errno = error;
  return system_error(ErrorCode::network, where, "cannot connect");
}

Status StreamSocket::wait(short events, Instant until) const {
  while (true) {
    const Duration left = until - clock_->now();
    if (left <= Duration{}) return fail(ErrorCode::timeout, "signer", "no answer in time");
    pollfd entry{fd_, events, 0};
    const auto ms = std::min<std::int64_t>(left.ms() + 1, 60'000);
    const int got = poll(&entry, 1, static_cast<int>(ms));
    if (got > 0) return {};
    if (got < 0 && errno != EINTR) return system_error(ErrorCode::network, "signer", "poll");
  }
}

Status StreamSocket::write(ByteView bytes, Instant until) {
  while (!bytes.empty()) {
    const ssize_t sent = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN || errno == EINTR) {
      WITAN_TRY_VOID(wait(POLLOUT, until));
    } else {
      return system_error(ErrorCode::network, "signer", "cannot send");
    }
  }
  return {};
}

Status StreamSocket::read(std::span<std::uint8_t> out, Instant until) {
  while (!out.empty()) {
    const ssize_t got = recv(fd_, out.data(), out.size(), 0);
    if (got > 0) {
      out = out.subspan(static_cast<std::size_t>(got));
    } else if (got == 0) {
      return fail(ErrorCode::network, "signer", "the connection was closed");
    } else if (errno == EAGAIN || errno == EINTR) {
      WITAN_TRY_VOID(wait(POLLIN, until));
    } else {
      return system_error(ErrorCode::network, "signer", "cannot receive");
    }
  }
  return {};
}

void StreamSocket::shutdown() const { (void)::shutdown(fd_, SHUT_RDWR); }

Result<ListenSocket> ListenSocket::listen(const SignerAddress& address, const Clock& clock) {
  WITAN_TRY(const ResolvedAddress at, resolve(address));
  const std::string where = to_string(address);
  if (address.is_unix()) WITAN_TRY_VOID(remove_stale(address, clock));
  const int fd = socket(at.address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return system_error(ErrorCode::io, where, "no socket");
  ListenSocket out(fd, {}, clock);
  const int on = 1;
  (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  // Before bind(): the file never exists with a wider mode.
  if (address.is_unix() && fchmod(fd, S_IRUSR | S_IWUSR) != 0)
    return system_error(ErrorCode::io, where, "cannot restrict the socket");
  if (bind(fd, &at.address.any, at.size) != 0)
    return system_error(errno == EADDRINUSE ? ErrorCode::locked : ErrorCode::io, where,
                        "cannot listen");
  out.address_ = address;  // from here on the file is ours to remove
  if (::listen(fd, backlog) != 0) return system_error(ErrorCode::io, where, "cannot listen");
  if (address.is_unix()) return out;
  AnyAddress bound{};
  socklen_t size = sizeof bound;
  if (getsockname(fd, &bound.any, &size) == 0)
    out.address_.tcp.port =
        ntohs(bound.any.sa_family == AF_INET6 ? bound.v6.sin6_port : bound.v4.sin_port);
  return out;
}

ListenSocket::ListenSocket(ListenSocket&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      address_(std::exchange(other.address_, SignerAddress{})),
      clock_(other.clock_) {}

ListenSocket::~ListenSocket() {
  if (fd_ < 0) return;
  close(fd_);
  if (address_.is_unix()) (void)unlink(address_.path.c_str());
}

Result<std::optional<StreamSocket>> ListenSocket::accept(Duration limit) const {
  pollfd entry{fd_, POLLIN, 0};
  const int ready = poll(&entry, 1, static_cast<int>(limit.ms()));
  if (ready <= 0) return std::optional<StreamSocket>();
  const int fd = accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd >= 0) return std::optional<StreamSocket>(StreamSocket(fd, *clock_));
  // The peer is gone again, or this process has no descriptor left: neither ends the signer.
  if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED || errno == EMFILE ||
      errno == ENFILE)
    return std::optional<StreamSocket>();
  return system_error(ErrorCode::io, to_string(address_), "cannot accept");
}

}  // namespace witan::signer
