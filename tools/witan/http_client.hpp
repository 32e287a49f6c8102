// A small blocking HTTP/1.1 client for the node's API: one connection, kept alive between requests.
//
// Every request has a deadline that covers connecting, sending and the whole answer. A connection
// the server has closed between two requests is opened again once. http:// only: the API is on
// loopback or behind a proxy of the operator. A connection belongs to one thread at a time.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "messages/base/bytes.hpp"
#include "messages/base/result.hpp"
#include "messages/base/time.hpp"

namespace witan::cli {

struct HttpUrl {
  std::string host;  // a name or an address, without brackets
  std::string port;
  [[nodiscard]] std::string to_string() const;
};
// "http://host:port" with an optional slash at the end; "host:port" is accepted too.
// Errors: usage; field = "--node".
[[nodiscard]] Result<HttpUrl> parse_url(std::string_view text);

struct HttpReply {
  unsigned status = 0;
  std::string body;
};
inline constexpr std::size_t http_reply_bytes_max = 64 * 1024 * 1024;
inline constexpr Duration http_timeout_default = Duration::from_s(10);

class HttpConnection {
 public:
  explicit HttpConnection(HttpUrl url, Duration timeout = http_timeout_default);
  ~HttpConnection();
  HttpConnection(HttpConnection&&) noexcept;
  HttpConnection& operator=(HttpConnection&&) noexcept;

  // `target` is path and query. Any status is a reply. Errors: network (refused, closed, not HTTP,
  // reply above http_reply_bytes_max), timeout; field = the URL. After an error the next request
  // opens a new connection.
  [[nodiscard]] Result<HttpReply> get(const std::string& target);
  [[nodiscard]] Result<HttpReply> post(const std::string& target, std::string_view content_type,
                                       ByteView body);
  [[nodiscard]] const HttpUrl& url() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace witan::cli
