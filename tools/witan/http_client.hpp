// One kept-alive connection to a node's API, blocking.
//
// Every request has a deadline that covers connecting, sending and the whole reply. A connection
// the server has closed between two requests is opened again once. A connection belongs to one
// thread at a time.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "messages/base/bytes.hpp"
#include "messages/base/result.hpp"
#include "messages/base/time.hpp"
#include "tools/http/http_loop.hpp"

namespace witan::cli {

using web::HttpReply;
using web::HttpUrl;

// Errors: usage; field = "--node".
[[nodiscard]] Result<HttpUrl> parse_url(std::string_view text);

inline constexpr Duration http_timeout_default = Duration::from_s(10);

class HttpConnection {
 public:
  explicit HttpConnection(HttpUrl url, Duration timeout = http_timeout_default);
  ~HttpConnection();
  HttpConnection(HttpConnection&&) noexcept;
  HttpConnection& operator=(HttpConnection&&) noexcept;

  // `target` is path and query. Any status is a reply. Errors: those of a lane (http_loop.hpp).
  // After an error the next request opens a new connection.
  [[nodiscard]] Result<HttpReply> get(const std::string& target);
  // Type application/octet-stream. REQUIRES: a body.
  [[nodiscard]] Result<HttpReply> post(const std::string& target, ByteView body);
  [[nodiscard]] const HttpUrl& url() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace witan::cli
