#include "tools/witan/http_client.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <optional>

namespace witan::cli {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using beast::error_code;

constexpr std::size_t url_bytes_max = 300;

bool is_port(std::string_view text) {
  if (text.empty() || text.size() > 5) return false;
  unsigned value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value >= 1 && value <= 65535;
}

}  // namespace

std::string HttpUrl::to_string() const {
  const bool v6 = host.find(':') != std::string::npos;
  return "http://" + (v6 ? "[" + host + "]" : host) + ":" + port;
}

Result<HttpUrl> parse_url(std::string_view text) {
  const auto refuse = [&](const char* why) {
    return fail(ErrorCode::usage, "--node", "\"" + std::string(text.substr(0, 80)) + "\" " + why);
  };
  if (text.size() > url_bytes_max) return refuse("is too long");
  std::string_view rest = text;
  constexpr std::string_view scheme = "http://";
  if (rest.substr(0, scheme.size()) == scheme) {
    rest.remove_prefix(scheme.size());
  } else if (rest.find("://") != std::string_view::npos) {
    return refuse("is not an http:// address");
  }
  if (!rest.empty() && rest.back() == '/') rest.remove_suffix(1);
  const std::size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || !is_port(rest.substr(colon + 1)) ||
      rest.find('/') != std::string_view::npos)
    return refuse("is not http://host:port");
  std::string_view host = rest.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  return HttpUrl{std::string(host), std::string(rest.substr(colon + 1))};
}

// Asynchronous operations run one at a time until done: only these honour Beast's deadlines.
class HttpConnection::Impl {
 public:
  Impl(HttpUrl url, Duration timeout) : url_(std::move(url)), timeout_(timeout) {}

  [[nodiscard]] const HttpUrl& url() const { return url_; }

  Result<HttpReply> exchange(http::request<http::string_body> request) {
    request.version(11);
    request.set(http::field::host, url_.host + ":" + url_.port);
    request.set(http::field::user_agent, "witan");
    request.keep_alive(true);
    deadline_ = std::chrono::steady_clock::now() + std::chrono::nanoseconds(timeout_.ns);
    const bool reused = stream_.has_value();
    auto reply = attempt(request);
    const bool closed_meanwhile = !reply && reply.error().code == ErrorCode::network && reused;
    return closed_meanwhile ? attempt(request) : reply;
  }

 private:
  Result<HttpReply> attempt(const http::request<http::string_body>& request) {
    auto reply = attempt_on_stream(request);
    if (!reply) stream_.reset();
    return reply;
  }

  Result<HttpReply> attempt_on_stream(const http::request<http::string_body>& request) {
    if (!stream_) WITAN_TRY_VOID(connect());
    error_code error;
    run([&] {
      http::async_write(*stream_, request, [&](error_code e, std::size_t) { error = e; });
    });
    if (error) return fail(describe("sending to", error));
    http::response_parser<http::string_body> parser;
    parser.body_limit(http_reply_bytes_max);
    run([&] {
      http::async_read(*stream_, buffer_, parser, [&](error_code e, std::size_t) { error = e; });
    });
    if (error) return fail(describe("reading from", error));
    HttpReply out{parser.get().result_int(), std::move(parser.get().body())};
    if (!parser.get().keep_alive()) stream_.reset();
    return out;
  }

  Status connect() {
    buffer_.clear();
    error_code error;
    tcp::resolver resolver(context_);
    const auto places = resolver.resolve(url_.host, url_.port, error);
    if (error) return fail(describe("looking up", error));
    stream_.emplace(context_);
    run([&] {
      stream_->async_connect(places, [&](error_code e, const tcp::endpoint&) { error = e; });
    });
    if (error) return fail(describe("connecting to", error));
    error_code ignored;
    stream_->socket().set_option(tcp::no_delay(true), ignored);
    return {};
  }

  template <class Begin>
  void run(Begin begin) {
    stream_->expires_at(deadline_);
    begin();
    context_.restart();
    context_.run();
    stream_->expires_never();
  }

  [[nodiscard]] Error describe(const char* doing, error_code error) const {
    if (error == beast::error::timeout)
      return {ErrorCode::timeout, url_.to_string(),
              "no answer within " + std::to_string(timeout_.ms()) + " ms"};
    std::string text = std::string(doing) + " it failed: " + error.message();
    if (error == asio::error::connection_refused) text = "connection refused: does the node run?";
    return {ErrorCode::network, url_.to_string(), text};
  }

  HttpUrl url_;
  Duration timeout_;
  asio::io_context context_{1};
  std::optional<beast::tcp_stream> stream_;
  beast::flat_buffer buffer_;
  std::chrono::steady_clock::time_point deadline_;
};

HttpConnection::HttpConnection(HttpUrl url, Duration timeout)
    : impl_(std::make_unique<Impl>(std::move(url), timeout)) {}
HttpConnection::~HttpConnection() = default;
HttpConnection::HttpConnection(HttpConnection&&) noexcept = default;
HttpConnection& HttpConnection::operator=(HttpConnection&&) noexcept = default;

const HttpUrl& HttpConnection::url() const { return impl_->url(); }

Result<HttpReply> HttpConnection::get(const std::string& target) {
  return impl_->exchange({http::verb::get, target, 11});
}

Result<HttpReply> HttpConnection::post(const std::string& target, std::string_view content_type,
                                       ByteView body) {
  http::request<http::string_body> request{http::verb::post, target, 11};
  request.set(http::field::content_type,
              boost::string_view(content_type.data(), content_type.size()));
  request.body() = as_text(body);
  request.prepare_payload();
  return impl_->exchange(std::move(request));
}

}  // namespace witan::cli
