#include "actors/api/http_server.hpp"

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "actors/api/http_session.hpp"
#include "actors/telemetry/log.hpp"
#include "actors/telemetry/metrics.hpp"

namespace asio = boost::asio;
using tcp = asio::ip::tcp;

namespace witan {
namespace {

using BoostError = boost::system::error_code;

std::chrono::nanoseconds chrono_of(Duration d) { return std::chrono::nanoseconds(d.ns); }

Result<tcp::endpoint> parse_laddr(std::string_view text) {
  const Error bad{ErrorCode::config, "rpc.laddr",
                  "`" + std::string(text) + "` is not an address like 127.0.0.1:26657"};
  if (text.starts_with("tcp://")) text.remove_prefix(6);
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return fail(bad);
  std::string_view host = text.substr(0, colon);
  const std::string_view digits = text.substr(colon + 1);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || end != digits.data() + digits.size()) return fail(bad);
  BoostError refused;
  const auto address = asio::ip::make_address(std::string(host), refused);
  if (refused) return fail(bad);
  return tcp::endpoint(address, port);
}

}  // namespace

struct HttpServer::Core final : HttpShared {
  Core(HttpOptions o, HttpHandler h, Metrics& m, Logger& l, const Clock& c)
      : HttpShared(context, std::move(o), std::move(h), m, l, c) {}

  void accept();
  void take(tcp::socket socket);
  void refuse(tcp::socket socket, const std::string& remote);
  void remove(const std::shared_ptr<HttpSession>& session) override;
  void begin_stop();
  void tell_all_closed();

  asio::io_context context{1};  // first member: destroyed last, after everything that hangs on it
  // Requests being handled elsewhere leave no operation pending here: run() must not return then.
  asio::executor_work_guard<asio::io_context::executor_type> busy{context.get_executor()};
  tcp::acceptor acceptor{context};
  asio::steady_timer accept_pause{context};
  std::uint16_t port = 0;
  std::set<std::shared_ptr<HttpSession>> sessions;
  std::atomic<bool> wake_posted{false};
  std::mutex stop_mutex;
  std::condition_variable drained;
  bool all_closed = false;  // under stop_mutex
  std::thread thread;
};

void HttpServer::Core::accept() {
  acceptor.async_accept([this](BoostError error, tcp::socket socket) {
    if (stopping) return;
    if (error) {
      // Out of descriptors, most likely: try again when some may have been given back.
      accept_pause.expires_after(std::chrono::milliseconds(100));
      accept_pause.async_wait([this](BoostError e) {
        if (!e && !stopping) accept();
      });
      return;
    }
    take(std::move(socket));
    accept();
  });
}

void HttpServer::Core::take(tcp::socket socket) {
  BoostError ignored;
  const tcp::endpoint peer = socket.remote_endpoint(ignored);
  const std::string remote = peer.address().to_string();
  if (sessions.size() >= options.connections_max) return refuse(std::move(socket), remote);
  socket.set_option(tcp::no_delay(true), ignored);
  BoostError gone;
  const int handle = socket.release(gone);
  if (gone) return;
  const auto session = make_http_session(*this, handle, peer.address().is_v6(), remote);
  sessions.insert(session);
  metrics.http_connections.set_count(sessions.size());
  session->start();
}

// One attempt to say why, without waiting for anything.
void HttpServer::Core::refuse(tcp::socket socket, const std::string& remote) {
  metrics.http_refused.with({"connections"}).add();
  log_event(log, Event::http_refused, {{"remote", remote}, {"reason", "too many connections"}});
  const std::string text =
      http_text(http_refusal(503, ErrorCode::busy, "", "too many connections; try again later"),
                options, false);
  BoostError ignored;
  socket.non_blocking(true, ignored);
  (void)socket.write_some(asio::buffer(text), ignored);
  socket.shutdown(tcp::socket::shutdown_send, ignored);
}

void HttpServer::Core::remove(const std::shared_ptr<HttpSession>& session) {
  sessions.erase(session);
  metrics.http_connections.set_count(sessions.size());
  if (stopping && sessions.empty()) tell_all_closed();
}

void HttpServer::Core::begin_stop() {
  if (stopping) return;
  stopping = true;
  BoostError ignored;
  acceptor.close(ignored);
  accept_pause.cancel();
  const auto all = sessions;
  for (const auto& session : all) session->stop_gracefully();
  if (sessions.empty()) tell_all_closed();
}

void HttpServer::Core::tell_all_closed() {
  const std::lock_guard lock(stop_mutex);
  all_closed = true;
  drained.notify_all();
}

HttpServer::HttpServer(std::shared_ptr<Core> core) : core_(std::move(core)) {}

HttpServer::~HttpServer() { stop({}); }

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpOptions options, HttpHandler handler,
                                                      Metrics& metrics, Logger& log,
                                                      const Clock& clock) {
  WITAN_TRY(const tcp::endpoint endpoint, parse_laddr(options.laddr));
  auto core = std::make_shared<Core>(std::move(options), std::move(handler), metrics, log, clock);
  BoostError error;
  core->acceptor.open(endpoint.protocol(), error);
  if (!error) core->acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) core->acceptor.bind(endpoint, error);
  if (!error) core->acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error)
    return fail(ErrorCode::network, "rpc.laddr",
                "cannot listen on " + core->options.laddr + ": " + error.message());
  core->port = core->acceptor.local_endpoint().port();
  core->accept();
  core->thread = std::thread([c = core.get()] { c->io.run(); });
  log_event(log, Event::http_listening,
            {{"address", endpoint.address().to_string() + ":" + std::to_string(core->port)}});
  if (!endpoint.address().is_loopback())
    log_event(log, Event::http_exposed, {{"address", endpoint.address().to_string()}});
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(core)));
}

std::uint16_t HttpServer::port() const { return core_->port; }

void HttpServer::wake_streams() {
  if (core_->wake_posted.exchange(true)) return;
  asio::post(core_->io, [c = core_.get()] {
    c->wake_posted = false;
    const auto all = c->sessions;
    for (const auto& session : all) session->pump();
  });
}

void HttpServer::stop(Duration limit) {
  if (!core_->thread.joinable()) return;
  asio::post(core_->io, [c = core_.get()] { c->begin_stop(); });
  {
    std::unique_lock lock(core_->stop_mutex);
    core_->drained.wait_for(lock, chrono_of(limit), [this] { return core_->all_closed; });
  }
  core_->io.stop();
  core_->thread.join();
  core_->sessions.clear();
}

}  // namespace witan
