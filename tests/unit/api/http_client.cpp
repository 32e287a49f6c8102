#include "tests/unit/api/http_client.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <stdexcept>

namespace witan::test {
namespace {
int left_ms(std::chrono::steady_clock::time_point end) {
  const auto left = end - std::chrono::steady_clock::now();
  return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(left).count());
}
}  // namespace

RawClient::RawClient(std::uint16_t port, int receive_buffer)
    : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
  if (receive_buffer > 0)
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("connect failed");
}

RawClient::~RawClient() { ::close(fd_); }

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

void RawClient::half_close() { ::shutdown(fd_, SHUT_WR); }

bool RawClient::read_some(int timeout_ms) {
  pollfd wait{fd_, POLLIN, 0};
  if (timeout_ms < 0 || ::poll(&wait, 1, timeout_ms) <= 0) return false;
  char chunk[16384];
  const ssize_t n = ::recv(fd_, chunk, sizeof chunk, 0);
  if (n <= 0) {
    closed_ = true;
    return false;
  }
  received.append(chunk, static_cast<std::size_t>(n));
  return true;
}

bool RawClient::read_until(std::string_view what, int timeout_ms) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  while (received.find(what) == std::string::npos)
    if (!read_some(left_ms(end))) return received.find(what) != std::string::npos;
  return true;
}

bool RawClient::read_to_end(int timeout_ms) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  while (read_some(left_ms(end))) {
  }
  return closed_;
}

std::string RawClient::response(int timeout_ms) {
  if (!read_until("\r\n\r\n", timeout_ms)) return {};
  const std::size_t head = received.find("\r\n\r\n") + 4;
  const std::size_t length_at = received.find("Content-Length: ");
  std::size_t size = head;
  if (length_at < head) size += std::strtoul(received.c_str() + length_at + 16, nullptr, 10);
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  while (received.size() < size)
    if (!read_some(left_ms(end))) return {};
  const std::string out = received.substr(0, size);
  received.erase(0, size);
  return out;
}

int status_of(std::string_view response) {
  return response.size() < 12 ? 0 : std::atoi(std::string(response.substr(9, 3)).c_str());
}

std::string body_of(std::string_view response) {
  const std::size_t at = response.find("\r\n\r\n");
  return at == std::string_view::npos ? "" : std::string(response.substr(at + 4));
}

}  // namespace witan::test
