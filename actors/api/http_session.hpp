// One connection of the HTTP server: requests one after the other, or an event stream. Everything
// runs on the server's io thread. What a request may cost is bounded here: sizes, times, rate.
#pragma once
#include <memory>
#include <string>

#include "actors/api/core/rate_limit.hpp"
#include "actors/api/http_server.hpp"

namespace boost::asio {
class io_context;
}

namespace witan {

class HttpSession;

// What the connections of a server share. Touched on the io thread only, but for `io` itself.
struct HttpShared : std::enable_shared_from_this<HttpShared> {
  HttpShared(boost::asio::io_context& context, HttpOptions o, HttpHandler h, Metrics& m, Logger& l,
             const Clock& c)
      : io(context),
        options(std::move(o)),
        handler(std::move(h)),
        metrics(m),
        log(l),
        clock(c),
        limit(options.requests_per_second, options.request_burst) {}
  virtual ~HttpShared() = default;
  HttpShared(const HttpShared&) = delete;
  HttpShared& operator=(const HttpShared&) = delete;
  // A session calls it once, when its connection is closed.
  virtual void remove(const std::shared_ptr<HttpSession>& session) = 0;

  boost::asio::io_context& io;
  HttpOptions options;
  HttpHandler handler;
  Metrics& metrics;
  Logger& log;
  const Clock& clock;
  RateLimit limit;
  std::size_t streams = 0;  // sessions that are one
  bool stopping = false;    // requests in progress end, no other begins
};

class HttpSession {
 public:
  virtual ~HttpSession() = default;
  // Once, after it was made.
  virtual void start() = 0;
  // The answer to the request at hand; no effect when there is none.
  virtual void answer(HttpResponse response) = 0;
  virtual void begin_stream(std::unique_ptr<StreamSource> source) = 0;
  // Sends what a stream's source has by now.
  virtual void pump() = 0;
  // Ends at once what is not a request in progress; that is the last one.
  virtual void stop_gracefully() = 0;
};

// `socket`: a connected one, of the system's numbering; the session owns it from here on.
[[nodiscard]] std::shared_ptr<HttpSession> make_http_session(HttpShared& shared, int socket,
                                                             bool v6, std::string remote);

// A refusal with this status instead of the error code's own.
[[nodiscard]] HttpResponse http_refusal(unsigned status, ErrorCode code, std::string field,
                                        std::string text);
// The whole text of an answer, head and body.
[[nodiscard]] std::string http_text(const HttpResponse& response, const HttpOptions& options,
                                    bool keep_alive);

}  // namespace witan
