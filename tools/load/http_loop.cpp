#include "tools/load/http_loop.hpp"

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

namespace witan::loadgen {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::uint64_t answer_bytes_max = 64U << 20U;

struct HostPort {
  std::string host;
  std::string port;
};

Result<HostPort> parse_url(std::string_view url) {
  std::string_view rest = url;
  if (rest.starts_with("http://")) rest.remove_prefix(7);
  while (rest.ends_with('/')) rest.remove_suffix(1);
  const std::size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == rest.size() ||
      rest.find('/') != std::string_view::npos)
    return fail(ErrorCode::usage, std::string(url), "expected http://host:port");
  std::string_view host = rest.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return HostPort{std::string(host), std::string(rest.substr(colon + 1))};
}

struct Lane {
  Lane(asio::io_context& io, tcp::resolver::results_type targets, std::string host_header)
      : stream(io), endpoints(std::move(targets)), host(std::move(host_header)) {}

  void send(const std::string& target, std::string request_body, Duration timeout,
            OnAnswer callback) {
    WITAN_CHECK(!on_answer, target);
    on_answer = std::move(callback);
    body = std::move(request_body);
    head = (body.empty() ? "GET " : "POST ") + target + " HTTP/1.1\r\nHost: " + host + "\r\n";
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
    parser->body_limit(answer_bytes_max);
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
    const OnAnswer callback = std::exchange(on_answer, nullptr);
    if (ec) return callback(fail(code_of(ec), host, ec.message()));
    callback(HttpAnswer{parser->get().result_int(), std::move(parser->get().body())});
  }

  static ErrorCode code_of(const error_code& ec) {
    if (ec == beast::error::timeout) return ErrorCode::timeout;
    return ec.category() == make_error_code(http::error::bad_version).category() &&
                   ec != http::error::end_of_stream && ec != http::error::partial_message
               ? ErrorCode::malformed
               : ErrorCode::network;
  }

  beast::tcp_stream stream;
  tcp::resolver::results_type endpoints;
  std::string host;
  bool connected = false;
  std::string head;
  std::string body;
  beast::flat_buffer buffer;
  std::optional<http::response_parser<http::string_body>> parser;
  OnAnswer on_answer;
};

}  // namespace

struct HttpLoop::Impl {
  asio::io_context io{1};
  std::vector<std::unique_ptr<Lane>> lanes;
};

HttpLoop::HttpLoop() : impl_(std::make_unique<Impl>()) {}
HttpLoop::~HttpLoop() = default;

Result<std::size_t> HttpLoop::add_lane(std::string_view url) {
  WITAN_TRY(const HostPort place, parse_url(url));
  error_code ec;
  tcp::resolver resolver(impl_->io);
  auto endpoints = resolver.resolve(place.host, place.port, ec);
  if (ec) return fail(ErrorCode::network, std::string(url), ec.message());
  impl_->lanes.push_back(
      std::make_unique<Lane>(impl_->io, std::move(endpoints), place.host + ":" + place.port));
  return impl_->lanes.size() - 1;
}

void HttpLoop::send(std::size_t lane, const std::string& target, std::string body, Duration timeout,
                    OnAnswer on_answer) {
  impl_->lanes[lane]->send(target, std::move(body), timeout, std::move(on_answer));
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

Result<HttpAnswer> http_get(std::string_view url, const std::string& target, Duration timeout) {
  HttpLoop loop;
  WITAN_TRY(const std::size_t lane, loop.add_lane(url));
  Result<HttpAnswer> out = fail(ErrorCode::network, std::string(url), "no answer");
  loop.send(lane, target, {}, timeout, [&](Result<HttpAnswer> answer) {
    out = std::move(answer);
    loop.stop();
  });
  loop.run();
  return out;
}

}  // namespace witan::loadgen
