#include "tools/http/http_loop.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <optional>
#include <vector>

#include "messages/base/check.hpp"

namespace witan::web {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

struct Lane {
  Lane(asio::io_context& io, tcp::resolver::results_type targets, HttpUrl place)
      : stream(io), endpoints(std::move(targets)), url(std::move(place)) {}

  void send(const std::string& target, std::string request_body, Duration limit, OnReply callback) {
    WITAN_CHECK(!on_reply, target);
    timeout = limit;
    on_reply = std::move(callback);
    body = std::move(request_body);
    head = (body.empty() ? "GET " : "POST ") + target + " HTTP/1.1\r\nHost: " + url.authority() +
           "\r\n";
    if (!body.empty())
      head += "Content-Type: application/octet-stream\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n";
    head += "\r\n";
    stream.expires_after(std::chrono::nanoseconds(timeout.ns));
    if (connected) return write();
    stream.async_connect(endpoints, [this](error_code ec, const tcp::endpoint&) {
      if (ec) return finish(ec);
      error_code ignored;  // without it only latency differs
      stream.socket().set_option(tcp::no_delay(true), ignored);
      connected = true;
      write();
    });
  }

  void write() {
    const std::array<asio::const_buffer, 2> buffers{asio::buffer(head), asio::buffer(body)};
    asio::async_write(stream, buffers, [this](error_code ec, std::size_t) {
      if (ec) return finish(ec);
      read();
    });
  }

  void read() {
    parser.emplace();
    parser->body_limit(http_reply_bytes_max);
    http::async_read(stream, buffer, *parser, [this](error_code ec, std::size_t) { finish(ec); });
  }

  void finish(error_code ec) {
    const bool kept = !ec && parser->keep_alive();
    if (!kept) {
      error_code ignored;  // the connection is given up either way
      stream.socket().close(ignored);
      buffer.clear();
      connected = false;
    }
    stream.expires_never();
    // The callback may send again on this lane.
    const OnReply callback = std::exchange(on_reply, nullptr);
    if (ec) return callback(fail(code_of(ec), url.to_string(), text_of(ec)));
    callback(HttpReply{parser->get().result_int(), std::move(parser->get().body())});
  }

  static ErrorCode code_of(const error_code& ec) {
    if (ec == beast::error::timeout) return ErrorCode::timeout;
    return ec.category() == make_error_code(http::error::bad_version).category() &&
                   ec != http::error::end_of_stream && ec != http::error::partial_message
               ? ErrorCode::malformed
               : ErrorCode::network;
  }

  [[nodiscard]] std::string text_of(const error_code& ec) const {
    if (ec == beast::error::timeout)
      return "no answer within " + std::to_string(timeout.ms()) + " ms";
    if (ec == asio::error::connection_refused) return "connection refused: does the node run?";
    return ec.message();
  }

  beast::tcp_stream stream;
  tcp::resolver::results_type endpoints;
  HttpUrl url;
  Duration timeout;
  bool connected = false;
  std::string head;
  std::string body;
  beast::flat_buffer buffer;
  std::optional<http::response_parser<http::string_body>> parser;
  OnReply on_reply;
};

}  // namespace

struct HttpLoop::Impl {
  asio::io_context io{1};
  std::vector<std::unique_ptr<Lane>> lanes;
};

HttpLoop::HttpLoop() : impl_(std::make_unique<Impl>()) {}
HttpLoop::~HttpLoop() = default;

Result<std::size_t> HttpLoop::add_lane(std::string_view url) {
  WITAN_TRY(const HttpUrl place, parse_url(url, std::string(url)));
  return add_lane(place);
}

Result<std::size_t> HttpLoop::add_lane(const HttpUrl& url) {
  error_code ec;
  tcp::resolver resolver(impl_->io);
  auto endpoints = resolver.resolve(url.host, url.port, ec);
  if (ec) return fail(ErrorCode::network, url.to_string(), ec.message());
  impl_->lanes.push_back(std::make_unique<Lane>(impl_->io, std::move(endpoints), url));
  return impl_->lanes.size() - 1;
}

bool HttpLoop::connected(std::size_t lane) const { return impl_->lanes[lane]->connected; }

void HttpLoop::send(std::size_t lane, const std::string& target, std::string body, Duration timeout,
                    OnReply on_reply) {
  impl_->lanes[lane]->send(target, std::move(body), timeout, std::move(on_reply));
}

void HttpLoop::at(Instant when, std::function<void()> callback) {
  auto timer = std::make_shared<asio::steady_timer>(impl_->io);
  timer->expires_at(std::chrono::steady_clock::time_point(std::chrono::nanoseconds(when.ns)));
  timer->async_wait([timer, run = std::move(callback)](error_code ec) {
    if (!ec) run();
  });
}

Instant HttpLoop::now() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::nanoseconds>(since).count()};
}

void HttpLoop::run() {
  impl_->io.restart();
  const auto alive = asio::make_work_guard(impl_->io);
  impl_->io.run();
}

void HttpLoop::stop() { impl_->io.stop(); }

Result<HttpReply> http_get(std::string_view url, const std::string& target, Duration timeout) {
  HttpLoop loop;
  WITAN_TRY(const std::size_t lane, loop.add_lane(url));
  Result<HttpReply> out = fail(ErrorCode::network, std::string(url), "no answer");
  loop.send(lane, target, {}, timeout, [&](Result<HttpReply> reply) {
    out = std::move(reply);
    loop.stop();
  });
  loop.run();
  return out;
}

}  // namespace witan::web
