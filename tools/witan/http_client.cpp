#include "tools/witan/http_client.hpp"

#include <optional>

#include "messages/base/check.hpp"

namespace witan::cli {

Result<HttpUrl> parse_url(std::string_view text) { return web::parse_url(text, "--node"); }

class HttpConnection::Impl {
 public:
  Impl(HttpUrl url, Duration timeout) : url_(std::move(url)), timeout_(timeout) {}

  [[nodiscard]] const HttpUrl& url() const { return url_; }

  Result<HttpReply> exchange(const std::string& target, const std::string& body) {
    if (!lane_) {
      WITAN_TRY(const std::size_t lane, loop_.add_lane(url_));
      lane_ = lane;
    }
    const Instant end = web::HttpLoop::now() + timeout_;
    const bool reused = loop_.connected(*lane_);
    auto reply = attempt(target, body, timeout_);
    const bool closed_meanwhile = !reply && reply.error().code == ErrorCode::network && reused;
    const Duration left = end - web::HttpLoop::now();
    return closed_meanwhile && left.ns > 0 ? attempt(target, body, left) : reply;
  }

 private:
  Result<HttpReply> attempt(const std::string& target, const std::string& body, Duration timeout) {
    std::optional<Result<HttpReply>> out;
    loop_.send(*lane_, target, body, timeout, [&](Result<HttpReply> reply) {
      out = std::move(reply);
      loop_.stop();
    });
    loop_.run();
    return std::move(*out);
  }

  HttpUrl url_;
  Duration timeout_;
  web::HttpLoop loop_;
  std::optional<std::size_t> lane_;
};

HttpConnection::HttpConnection(HttpUrl url, Duration timeout)
    : impl_(std::make_unique<Impl>(std::move(url), timeout)) {}
HttpConnection::~HttpConnection() = default;
HttpConnection::HttpConnection(HttpConnection&&) noexcept = default;
HttpConnection& HttpConnection::operator=(HttpConnection&&) noexcept = default;

const HttpUrl& HttpConnection::url() const { return impl_->url(); }

Result<HttpReply> HttpConnection::get(const std::string& target) {
  return impl_->exchange(target, {});
}

Result<HttpReply> HttpConnection::post(const std::string& target, ByteView body) {
  WITAN_CHECK(!body.empty(), target);
  return impl_->exchange(target, std::string(as_text(body)));
}

}  // namespace witan::cli
