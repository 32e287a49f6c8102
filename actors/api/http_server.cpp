#include "actors/api/http_server.hpp"

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "actors/api/core/rate_limit.hpp"
#include "actors/api/http_error.hpp"
#include "actors/telemetry/log.hpp"
#include "actors/telemetry/metrics.hpp"

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
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

std::string_view reason_of(unsigned status) {
  const auto view = http::obsolete_reason(http::int_to_status(status));
  return {view.data(), view.size()};
}

HttpResponse refusal(unsigned status, ErrorCode code, std::string field, std::string text) {
  HttpResponse out = error_response({code, std::move(field), std::move(text)});
  out.status = status;
  return out;
}

class Session;

}  // namespace

struct HttpServer::Core : std::enable_shared_from_this<Core> {
  Core(HttpOptions o, HttpHandler h, Metrics& m, Logger& l, const Clock& c)
      : options(std::move(o)),
        handler(std::move(h)),
        metrics(m),
        log(l),
        clock(c),
        limit(options.requests_per_second, options.request_burst) {}

  void accept();
  void refuse(tcp::socket socket, const std::string& remote);
  void remove(const std::shared_ptr<Session>& session);
  void begin_stop();

  asio::io_context io{1};  // first member: destroyed last, after everything that hangs on it
  // Requests being handled elsewhere leave no operation pending here: run() must not return then.
  asio::executor_work_guard<asio::io_context::executor_type> busy{io.get_executor()};
  HttpOptions options;
  HttpHandler handler;
  Metrics& metrics;
  Logger& log;
  const Clock& clock;
  RateLimit limit;
  tcp::acceptor acceptor{io};
  asio::steady_timer accept_pause{io};
  std::uint16_t port = 0;
  std::set<std::shared_ptr<Session>> sessions;
  std::atomic<bool> wake_posted{false};
  std::size_t streams = 0;  // sessions that are one
  bool stopping = false;    // io thread
  std::mutex stop_mutex;
  std::condition_variable drained;
  bool all_closed = false;  // under stop_mutex
  std::thread thread;
};

namespace {

// One connection. Everything runs on the io thread.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(HttpServer::Core& core, tcp::socket socket, std::string remote)
      : core_(core), stream_(std::move(socket)), heartbeat_(core.io), remote_(std::move(remote)) {}

  void wait_for_request();
  void answer(HttpResponse response);
  void begin_stream(std::unique_ptr<StreamSource> source);
  void pump();
  void stop_gracefully();
  void close();

 private:
  using Parser = http::request_parser<http::string_body>;
  enum class State : std::uint8_t { idle, reading, handling, writing, streaming, closed };

  template <class Method>
  auto then(Method method) {
    return [self = shared_from_this(), method](BoostError error, std::size_t n) {
      if (self->state_ != State::closed) ((*self).*method)(error, n);
    };
  }
  void on_first_byte(BoostError error, std::size_t n);
  void read_head();
  void on_head(BoostError error, std::size_t n);
  void read_body(BoostError error, std::size_t n);
  void on_body(BoostError error, std::size_t n);
  void refuse_unreadable(BoostError error);
  void handle_request();
  [[nodiscard]] bool answer_here(const HttpRequest& request);
  void write_out();
  void on_written(BoostError error, std::size_t n);
  void on_discarded(BoostError error, std::size_t n);
  void refuse_stream();
  void watch_reader();
  void on_stream_written(BoostError error, std::size_t n);
  void beat();
  void send_page();
  void report(unsigned status);

  HttpServer::Core& core_;
  beast::tcp_stream stream_;
  asio::steady_timer heartbeat_;
  std::string remote_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  State state_ = State::idle;
  bool keep_alive_ = false;
  bool drain_before_close_ = false;
  bool page_in_flight_ = false;
  bool stream_ended_ = false;
  std::size_t discarded_ = 0;
  std::string out_;
  std::unique_ptr<StreamSource> source_;
  char watch_byte_ = 0;
  Instant started_;
  std::string method_;
  std::string target_;
  std::string_view route_ = "none";
};

}  // namespace

// ---- Responder

struct Responder::State {
  State(std::shared_ptr<HttpServer::Core> core, std::weak_ptr<Session> session)
      : core_(std::move(core)), session_(std::move(session)) {}
  ~State() {
    if (!answered_.exchange(true))
      send([](Session& s) {
        s.answer(
            error_response({ErrorCode::internal, "", "request was dropped without an answer"}));
      });
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  template <class F>
  void send(F&& act) {
    asio::post(core_->io, [session = session_, f = std::forward<F>(act)]() mutable {
      if (const auto s = session.lock()) f(*s);
    });
  }

  std::shared_ptr<HttpServer::Core> core_;
  std::weak_ptr<Session> session_;
  std::atomic<bool> answered_{false};
};

void Responder::respond(HttpResponse response) const {
  if (state_->answered_.exchange(true)) return;
  state_->send([r = std::move(response)](Session& s) mutable { s.answer(std::move(r)); });
}

void Responder::stream(std::unique_ptr<StreamSource> source) const {
  if (state_->answered_.exchange(true)) return;
  state_->send([p = std::move(source)](Session& s) mutable { s.begin_stream(std::move(p)); });
}

// ---- one connection

namespace {

void Session::wait_for_request() {
  if (core_.stopping) return close();
  parser_.reset();
  out_.clear();
  if (buffer_.size() > 0) return read_head();  // pipelined
  state_ = State::idle;
  stream_.expires_after(chrono_of(core_.options.idle_timeout));
  stream_.async_read_some(buffer_.prepare(4096), then(&Session::on_first_byte));
}

void Session::on_first_byte(BoostError error, std::size_t n) {
  if (error) return close();
  buffer_.commit(n);
  read_head();
}

void Session::read_head() {
  state_ = State::reading;
  started_ = core_.clock.now();
  parser_.emplace();
  parser_->header_limit(core_.options.header_bytes_max);
  parser_->body_limit(core_.options.body_bytes_max);
  stream_.expires_after(chrono_of(core_.options.header_timeout));
  http::async_read_header(stream_, buffer_, *parser_, then(&Session::on_head));
}

void Session::on_head(BoostError error, std::size_t) {
  if (error) return refuse_unreadable(error);
  stream_.expires_after(chrono_of(core_.options.body_timeout));
  if (beast::iequals(parser_->get()[http::field::expect], "100-continue")) {
    out_ = "HTTP/1.1 100 Continue\r\n\r\n";
    asio::async_write(stream_, asio::buffer(out_), then(&Session::read_body));
    return;
  }
  read_body({}, 0);
}

void Session::read_body(BoostError error, std::size_t) {
  if (error) return close();
  http::async_read(stream_, buffer_, *parser_, then(&Session::on_body));
}

void Session::on_body(BoostError error, std::size_t) {
  if (error) return refuse_unreadable(error);
  handle_request();
}

// The request cannot be understood, so neither can what follows it: answer and close.
void Session::refuse_unreadable(BoostError error) {
  const bool gone = error == http::error::end_of_stream || error == http::error::partial_message ||
                    error == beast::error::timeout ||
                    error.category() == asio::error::get_system_category();
  if (gone) return close();
  keep_alive_ = false;
  drain_before_close_ = true;
  if (error == http::error::header_limit)
    return answer(refusal(431, ErrorCode::too_large, "header", "request head is too long"));
  if (error == http::error::body_limit)
    return answer(refusal(413, ErrorCode::too_large, "body",
                          "at most " + std::to_string(core_.options.body_bytes_max) + " bytes"));
  answer(refusal(400, ErrorCode::malformed, "request", error.message()));
}

void Session::handle_request() {
  state_ = State::handling;
  stream_.expires_never();
  auto message = parser_->release();
  const auto text = [](auto view) { return std::string(view.data(), view.size()); };
  keep_alive_ = message.keep_alive() && !core_.stopping;
  HttpRequest request{text(message.method_string()),
                      text(message.target()),
                      text(message[http::field::content_type]),
                      text(message["Last-Event-ID"]),
                      std::move(message.body()),
                      remote_};
  method_ = request.method;
  target_ = request.target.substr(0, request.target.find('?'));
  if (answer_here(request)) return;
  const Responder responder(
      std::make_shared<Responder::State>(core_.shared_from_this(), weak_from_this()));
  try {
    core_.handler(std::move(request), responder);
  } catch (const std::exception& e) {
    responder.respond(error_response({ErrorCode::internal, "", e.what()}));
  }
}

// What needs no handler: too many requests, CORS preflight.
bool Session::answer_here(const HttpRequest& request) {
  if (!core_.limit.admit(remote_, core_.clock.now())) {
    core_.metrics.http_refused.with({"rate"}).add();
    answer(refusal(429, ErrorCode::busy, "", "too many requests from this address"));
    return true;
  }
  if (request.method != "OPTIONS" || core_.options.cors_origin.empty()) return false;
  HttpResponse out{204, "", "", {}, "options"};
  out.headers = {{"Access-Control-Allow-Methods", "GET, POST, OPTIONS"},
                 {"Access-Control-Allow-Headers", "Content-Type, Last-Event-ID"},
                 {"Access-Control-Max-Age", "600"}};
  answer(std::move(out));
  return true;
}

void append_header(std::string& out, std::string_view name, std::string_view value) {
  ((out += name) += ": ") += value;
  out += "\r\n";
}

std::string head_of(const HttpResponse& r, const HttpOptions& options, bool keep_alive) {
  std::string out = "HTTP/1.1 " + std::to_string(r.status) + " ";
  (out += reason_of(r.status)) += "\r\n";
  if (!r.content_type.empty()) append_header(out, "Content-Type", r.content_type);
  append_header(out, "Connection", keep_alive ? "keep-alive" : "close");
  append_header(out, "X-Content-Type-Options", "nosniff");
  if (!options.cors_origin.empty())
    append_header(out, "Access-Control-Allow-Origin", options.cors_origin);
  for (const auto& [name, value] : r.headers) append_header(out, name, value);
  return out;
}

void Session::answer(HttpResponse response) {
  if (state_ != State::handling && state_ != State::reading) return;
  state_ = State::writing;
  route_ = response.route;
  keep_alive_ = keep_alive_ && !core_.stopping;
  out_ = head_of(response, core_.options, keep_alive_);
  if (response.status != 204)
    append_header(out_, "Content-Length", std::to_string(response.body.size()));
  out_ += "\r\n";
  out_ += response.body;
  report(response.status);
  write_out();
}

void Session::write_out() {
  stream_.expires_after(chrono_of(core_.options.write_timeout));
  asio::async_write(stream_, asio::buffer(out_), then(&Session::on_written));
}

void Session::on_written(BoostError error, std::size_t) {
  if (error) return close();
  if (keep_alive_) return wait_for_request();
  BoostError ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_send, ignored);
  if (!drain_before_close_) return close();
  // Closing with unread input would reset the connection and take the answer with it: read what
  // the client still sends, for a bounded time and amount.
  stream_.expires_after(std::chrono::seconds(2));
  on_discarded({}, 0);
}

void Session::on_discarded(BoostError error, std::size_t n) {
  constexpr std::size_t discard_bytes_max = 16 * 1024 * 1024;
  discarded_ += n;
  if (error || discarded_ > discard_bytes_max) return close();
  buffer_.clear();
  stream_.async_read_some(buffer_.prepare(4096), then(&Session::on_discarded));
}

void Session::report(unsigned status) {
  const Duration took = core_.clock.now() - started_;
  core_.metrics.http_requests.with({route_, std::to_string(status)}).add();
  core_.metrics.http_request_seconds.with({route_}).observe(took);
  log_event(core_.log, Event::http_request,
            {{"method", method_},
             {"path", target_},
             {"status", status},
             {"us", took.ns / 1000},
             {"remote", remote_}});
}

// ---- event streams

void Session::begin_stream(std::unique_ptr<StreamSource> source) {
  if (state_ != State::handling) return;
  if (core_.stopping) return close();
  if (core_.streams >= core_.options.streams_max) return refuse_stream();
  state_ = State::streaming;
  source_ = std::move(source);
  route_ = "events";
  HttpResponse head{200, "text/event-stream", "", {{"Cache-Control", "no-store"}}, "events"};
  out_ = head_of(head, core_.options, false) + "\r\n";
  report(200);
  core_.metrics.http_streams.set_count(++core_.streams);
  watch_reader();
  send_page();
}

void Session::refuse_stream() {
  core_.metrics.http_refused.with({"streams"}).add();
  log_event(core_.log, Event::http_refused, {{"remote", remote_}, {"reason", "too many streams"}});
  answer(
      error_response({ErrorCode::busy, "", "too many event streams; try again later"}, "events"));
}

// Notices that the reader is gone while there is nothing to send. Input is ignored.
void Session::watch_reader() {
  stream_.expires_never();
  stream_.async_read_some(asio::buffer(&watch_byte_, 1),
                          [self = shared_from_this()](BoostError error, std::size_t) {
                            if (self->state_ == State::closed) return;
                            if (error) return self->close();
                            self->watch_reader();
                          });
}

void Session::pump() {
  if (state_ != State::streaming || page_in_flight_) return;
  if (stream_ended_) return close();
  if (source_->next(out_, core_.options.stream_page_bytes) == StreamSource::More::end)
    stream_ended_ = true;
  if (!out_.empty()) return send_page();
  if (stream_ended_) return close();
  heartbeat_.expires_after(chrono_of(core_.options.heartbeat));
  heartbeat_.async_wait([self = shared_from_this()](BoostError error) {
    if (!error) self->beat();
  });
}

void Session::beat() {
  if (state_ != State::streaming || page_in_flight_) return;
  out_ = ": still here\n\n";
  send_page();
}

// The heartbeat timer doubles as the write deadline: a page that cannot be sent in time means a
// reader that is too slow.
void Session::send_page() {
  page_in_flight_ = true;
  heartbeat_.expires_after(chrono_of(core_.options.write_timeout));
  heartbeat_.async_wait([self = shared_from_this()](BoostError error) {
    if (error || self->state_ != State::streaming || !self->page_in_flight_) return;
    self->core_.metrics.http_slow_readers.add();
    log_event(self->core_.log, Event::http_stream_dropped,
              {{"remote", self->remote_}, {"queued", self->out_.size()}});
    self->close();
  });
  asio::async_write(stream_.socket(), asio::buffer(out_), then(&Session::on_stream_written));
}

void Session::on_stream_written(BoostError error, std::size_t) {
  page_in_flight_ = false;
  heartbeat_.cancel();
  out_.clear();
  if (error) return close();
  pump();
}

// ---- end

void Session::stop_gracefully() {
  keep_alive_ = false;
  if (state_ == State::idle || state_ == State::streaming) close();
}

void Session::close() {
  if (state_ == State::closed) return;
  if (source_) core_.metrics.http_streams.set_count(--core_.streams);
  source_.reset();
  state_ = State::closed;
  heartbeat_.cancel();
  BoostError ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
  stream_.close();
  core_.remove(shared_from_this());
}

}  // namespace

// ---- the server

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
    BoostError ignored;
    const std::string remote = socket.remote_endpoint(ignored).address().to_string();
    if (sessions.size() >= options.connections_max) {
      refuse(std::move(socket), remote);
    } else {
      socket.set_option(tcp::no_delay(true), ignored);
      auto session = std::make_shared<Session>(*this, std::move(socket), remote);
      sessions.insert(session);
      metrics.http_connections.set_count(sessions.size());
      session->wait_for_request();
    }
    accept();
  });
}

// One attempt to say why, without waiting for anything.
void HttpServer::Core::refuse(tcp::socket socket, const std::string& remote) {
  metrics.http_refused.with({"connections"}).add();
  log_event(log, Event::http_refused, {{"remote", remote}, {"reason", "too many connections"}});
  const HttpResponse response =
      refusal(503, ErrorCode::busy, "", "too many connections; try again later");
  std::string text = head_of(response, options, false);
  append_header(text, "Content-Length", std::to_string(response.body.size()));
  text += "\r\n" + response.body;
  BoostError ignored;
  socket.non_blocking(true, ignored);
  (void)socket.write_some(asio::buffer(text), ignored);
  socket.shutdown(tcp::socket::shutdown_send, ignored);
}

void HttpServer::Core::remove(const std::shared_ptr<Session>& session) {
  sessions.erase(session);
  metrics.http_connections.set_count(sessions.size());
  if (!stopping || !sessions.empty()) return;
  const std::lock_guard lock(stop_mutex);
  all_closed = true;
  drained.notify_all();
}

void HttpServer::Core::begin_stop() {
  if (stopping) return;
  stopping = true;
  BoostError ignored;
  acceptor.close(ignored);
  accept_pause.cancel();
  const auto all = sessions;
  for (const auto& session : all) session->stop_gracefully();
  if (!sessions.empty()) return;
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
