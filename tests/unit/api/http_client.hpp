// A blocking socket that speaks exactly the bytes a test wants: for what a proper client would
// never send.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace witan::test {

class RawClient {
 public:
  explicit RawClient(std::uint16_t port, int receive_buffer = 0);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // False once the server has closed.
  bool send(std::string_view bytes);
  void half_close();
  // Reads until `what` was seen, the server closed, or the time is over. True: seen.
  bool read_until(std::string_view what, int timeout_ms = 5000);
  // Reads until the server closes or the time is over. True: closed.
  bool read_to_end(int timeout_ms = 5000);
  // One whole response by Content-Length; empty if there is none. Removes it from `received`.
  std::string response(int timeout_ms = 5000);

  std::string received;

 private:
  bool read_some(int timeout_ms);
  int fd_;
  bool closed_ = false;
};

// Status of "HTTP/1.1 200 OK..."; 0 if there is none.
int status_of(std::string_view response);
std::string body_of(std::string_view response);

}  // namespace witan::test
