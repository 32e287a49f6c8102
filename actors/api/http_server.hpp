// HTTP/1.1 server on one thread of its own: load on the API cannot slow consensus.
//
// A handler gets each complete request together with a Responder, which it answers once, from any
// thread: now, or later. Requests of one connection are handled one after the other (pipelining is
// safe); connections are independent.
// Bounds, each answered with a typed JSON error {"error":{"code","field","text"}}: connections (503
// and close), event streams (503), header bytes (431), body bytes, chunked or not (413), requests
// per second and remote address (429). A client that sends or reads too slowly is disconnected.
// Memory per connection is one request, one response, or one page of a stream. There is no
// authentication: an address that is not loopback is served, with a warning in the log. Source: RFC
// 9112 (messages), RFC 9110 (status codes), HTML living standard §9.2 (event streams).
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "messages/base/result.hpp"
#include "messages/base/time.hpp"

namespace witan {

class Logger;
class Metrics;

struct HttpOptions {
  std::string laddr = "127.0.0.1:26657";  // "host:port", "[v6]:port", "tcp://..."; port 0: any free
  std::uint32_t connections_max = 512;
  std::uint32_t streams_max = 100;  // of the connections; the others stay free for requests
  std::uint32_t body_bytes_max = 4 * 1024 * 1024;
  std::uint32_t header_bytes_max = 16 * 1024;
  Duration idle_timeout = Duration::from_s(60);    // between requests of a kept connection
  Duration header_timeout = Duration::from_s(10);  // whole request head
  Duration body_timeout = Duration::from_s(30);    // whole body
  Duration write_timeout = Duration::from_s(30);   // one response, or one page of a stream
  Duration heartbeat = Duration::from_s(15);       // comment on a quiet stream
  std::uint32_t stream_page_bytes = 64 * 1024;
  std::uint32_t requests_per_second = 0;  // per remote address; 0: unlimited
  std::uint32_t request_burst = 100;
  std::string cors_origin;  // empty: no CORS headers
};

struct HttpRequest {
  std::string method;
  std::string target;
  std::string content_type;
  std::string last_event_id;
  std::string body;
  std::string remote;  // address without port
};

struct HttpResponse {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string_view route = "none";  // label of the metrics; static text
};

// What an event stream sends. One per stream; called on the server's thread only.
class StreamSource {
 public:
  virtual ~StreamSource() = default;
  enum class More : std::uint8_t { go_on, end };
  // Appends the text that follows what earlier calls gave, about bytes_max of it; nothing if there
  // is none yet (the server calls again after wake_streams()). `end`: close after `out` is sent.
  virtual More next(std::string& out, std::size_t bytes_max) = 0;
};

// The right to answer one request, exactly once. Copies share it; the first answer counts. When
// all copies are gone without an answer, the client gets 500.
class Responder {
 public:
  struct State;
  explicit Responder(std::shared_ptr<State> state) : state_(std::move(state)) {}
  void respond(HttpResponse response) const;
  // Answers 200 with an event stream. No effect after respond().
  void stream(std::unique_ptr<StreamSource> source) const;

 private:
  std::shared_ptr<State> state_;
};

// Called on the server's thread; must not block. An exception becomes 500.
using HttpHandler = std::function<void(HttpRequest, Responder)>;

class HttpServer {
 public:
  // Binds, then serves. `metrics`, `log` and `clock` outlive the server. Errors: config (address),
  // network (bind).
  static Result<std::unique_ptr<HttpServer>> start(HttpOptions options, HttpHandler handler,
                                                   Metrics& metrics, Logger& log,
                                                   const Clock& clock);
  ~HttpServer();  // stop(0)
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  // Lets every stream look for more. Any thread; cheap when called often.
  void wake_streams();
  // Stops accepting, ends streams and idle connections, lets requests in progress finish until
  // `limit`, then closes all. Idempotent; not from a handler.
  void stop(Duration limit);

  struct Core;

 private:
  explicit HttpServer(std::shared_ptr<Core> core);
  std::shared_ptr<Core> core_;
};

}  // namespace witan
