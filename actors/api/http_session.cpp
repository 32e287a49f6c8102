#include "actors/api/http_session.hpp"

#include <unistd.h>

#include <atomic>
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
#include <optional>

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

std::string_view reason_of(unsigned status) {
  const auto view = http::obsolete_reason(http::int_to_status(status));
  return {view.data(), view.size()};
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

}  // namespace

HttpResponse http_refusal(unsigned status, ErrorCode code, std::string field, std::string text) {
  HttpResponse out = error_response({code, std::move(field), std::move(text)});
  out.status = status;
  return out;
}

std::string http_text(const HttpResponse& response, const HttpOptions& options, bool keep_alive) {
  std::string out = head_of(response, options, keep_alive);
  if (response.status != 204)
    append_header(out, "Content-Length", std::to_string(response.body.size()));
  out += "\r\n";
  out += response.body;
  return out;
}

// ---- Responder

struct Responder::State {
  State(std::shared_ptr<HttpShared> shared, std::weak_ptr<HttpSession> session)
      : shared_(std::move(shared)), session_(std::move(session)) {}
  ~State() {
    if (!answered_.exchange(true))
      send([](HttpSession& s) {
        s.answer(
            error_response({ErrorCode::internal, "", "request was dropped without an answer"}));
      });
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  template <class F>
  void send(F&& act) {
    asio::post(shared_->io, [session = session_, f = std::forward<F>(act)]() mutable {
      if (const auto s = session.lock()) f(*s);
    });
  }

  std::shared_ptr<HttpShared> shared_;
  std::weak_ptr<HttpSession> session_;
  std::atomic<bool> answered_{false};
};

void Responder::respond(HttpResponse response) const {
  if (state_->answered_.exchange(true)) return;
  state_->send([r = std::move(response)](HttpSession& s) mutable { s.answer(std::move(r)); });
}

void Responder::stream(std::unique_ptr<StreamSource> source) const {
  if (state_->answered_.exchange(true)) return;
  state_->send([p = std::move(source)](HttpSession& s) mutable { s.begin_stream(std::move(p)); });
}

// ---- one connection

namespace {

class Session final : public HttpSession, public std::enable_shared_from_this<Session> {
 public:
  Session(HttpShared& shared, tcp::socket socket, std::string remote)
      : shared_(shared),
        stream_(std::move(socket)),
        heartbeat_(shared.io),
        remote_(std::move(remote)) {}

  void start() override { wait_for_request(); }
  void answer(HttpResponse response) override;
  void begin_stream(std::unique_ptr<StreamSource> source) override;
  void pump() override;
  void stop_gracefully() override;

 private:
  using Parser = http::request_parser<http::string_body>;
  enum class State : std::uint8_t { idle, reading, handling, writing, streaming, closed };

  template <class Method>
  auto then(Method method) {
    return [self = shared_from_this(), method](BoostError error, std::size_t n) {
      if (self->state_ != State::closed) ((*self).*method)(error, n);
    };
  }
  void wait_for_request();
  void close();
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

  HttpShared& shared_;
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

void Session::wait_for_request() {
  if (shared_.stopping) return close();
  parser_.reset();
  out_.clear();
  if (buffer_.size() > 0) return read_head();  // pipelined
  state_ = State::idle;
  stream_.expires_after(chrono_of(shared_.options.idle_timeout));
  stream_.async_read_some(buffer_.prepare(4096), then(&Session::on_first_byte));
}

void Session::on_first_byte(BoostError error, std::size_t n) {
  if (error) return close();
  buffer_.commit(n);
  read_head();
}

void Session::read_head() {
  state_ = State::reading;
  started_ = shared_.clock.now();
  parser_.emplace();
  parser_->header_limit(shared_.options.header_bytes_max);
  parser_->body_limit(shared_.options.body_bytes_max);
  stream_.expires_after(chrono_of(shared_.options.header_timeout));
  http::async_read_header(stream_, buffer_, *parser_, then(&Session::on_head));
}

void Session::on_head(BoostError error, std::size_t) {
  if (error) return refuse_unreadable(error);
  stream_.expires_after(chrono_of(shared_.options.body_timeout));
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
    return answer(http_refusal(431, ErrorCode::too_large, "header", "request head is too long"));
  if (error == http::error::body_limit)
    return answer(
        http_refusal(413, ErrorCode::too_large, "body",
                     "at most " + std::to_string(shared_.options.body_bytes_max) + " bytes"));
  answer(http_refusal(400, ErrorCode::malformed, "request", error.message()));
}

void Session::handle_request() {
  state_ = State::handling;
  stream_.expires_never();
  auto message = parser_->release();
  const auto text = [](auto view) { return std::string(view.data(), view.size()); };
  keep_alive_ = message.keep_alive() && !shared_.stopping;
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
      std::make_shared<Responder::State>(shared_.shared_from_this(), weak_from_this()));
  try {
    shared_.handler(std::move(request), responder);
  } catch (const std::exception& e) {
    responder.respond(error_response({ErrorCode::internal, "", e.what()}));
  }
}

// What needs no handler: too many requests, CORS preflight.
bool Session::answer_here(const HttpRequest& request) {
  if (!shared_.limit.admit(remote_, shared_.clock.now())) {
    shared_.metrics.http_refused.with({"rate"}).add();
    answer(http_refusal(429, ErrorCode::busy, "", "too many requests from this address"));
    return true;
  }
  if (request.method != "OPTIONS" || shared_.options.cors_origin.empty()) return false;
  HttpResponse out{204, "", "", {}, "options"};
  out.headers = {{"Access-Control-Allow-Methods", "GET, POST, OPTIONS"},
                 {"Access-Control-Allow-Headers", "Content-Type, Last-Event-ID"},
                 {"Access-Control-Max-Age", "600"}};
  answer(std::move(out));
  return true;
}

void Session::answer(HttpResponse response) {
  if (state_ != State::handling && state_ != State::reading) return;
  state_ = State::writing;
  route_ = response.route;
  keep_alive_ = keep_alive_ && !shared_.stopping;
  out_ = http_text(response, shared_.options, keep_alive_);
  report(response.status);
  write_out();
}

void Session::write_out() {
  stream_.expires_after(chrono_of(shared_.options.write_timeout));
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
  const Duration took = shared_.clock.now() - started_;
  shared_.metrics.http_requests.with({route_, std::to_string(status)}).add();
  shared_.metrics.http_request_seconds.with({route_}).observe(took);
  log_event(shared_.log, Event::http_request,
            {{"method", method_},
             {"path", target_},
             {"status", status},
             {"us", took.ns / 1000},
             {"remote", remote_}});
}

// ---- event streams

void Session::begin_stream(std::unique_ptr<StreamSource> source) {
  if (state_ != State::handling) return;
  if (shared_.stopping) return close();
  if (shared_.streams >= shared_.options.streams_max) return refuse_stream();
  state_ = State::streaming;
  source_ = std::move(source);
  route_ = "events";
  HttpResponse head{200, "text/event-stream", "", {{"Cache-Control", "no-store"}}, "events"};
  out_ = head_of(head, shared_.options, false) + "\r\n";
  report(200);
  shared_.metrics.http_streams.set_count(++shared_.streams);
  watch_reader();
  send_page();
}

void Session::refuse_stream() {
  shared_.metrics.http_refused.with({"streams"}).add();
  log_event(shared_.log, Event::http_refused,
            {{"remote", remote_}, {"reason", "too many streams"}});
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
  if (source_->next(out_, shared_.options.stream_page_bytes) == StreamSource::More::end)
    stream_ended_ = true;
  if (!out_.empty()) return send_page();
  if (stream_ended_) return close();
  heartbeat_.expires_after(chrono_of(shared_.options.heartbeat));
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
  heartbeat_.expires_after(chrono_of(shared_.options.write_timeout));
  heartbeat_.async_wait([self = shared_from_this()](BoostError error) {
    if (error || self->state_ != State::streaming || !self->page_in_flight_) return;
    self->shared_.metrics.http_slow_readers.add();
    log_event(self->shared_.log, Event::http_stream_dropped,
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
  if (source_) shared_.metrics.http_streams.set_count(--shared_.streams);
  source_.reset();
  state_ = State::closed;
  heartbeat_.cancel();
  BoostError ignored;
  stream_.socket().shutdown(tcp::socket::shutdown_both, ignored);
  stream_.close();
  shared_.remove(shared_from_this());
}

}  // namespace

std::shared_ptr<HttpSession> make_http_session(HttpShared& shared, int socket, bool v6,
                                               std::string remote) {
  tcp::socket owned(shared.io);
  BoostError refused;
  owned.assign(v6 ? tcp::v6() : tcp::v4(), socket, refused);
  if (refused) ::close(socket);  // its first reading fails, which ends it
  return std::make_shared<Session>(shared, std::move(owned), std::move(remote));
}

}  // namespace witan
