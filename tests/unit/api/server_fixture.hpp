// A server on an ephemeral loopback port, for tests.
#pragma once
#include <chrono>
#include <memory>
#include <thread>

#include "actors/api/http_server.hpp"
#include "actors/telemetry/log.hpp"
#include "actors/telemetry/metrics.hpp"
#include "tests/support/boost_test.hpp"
#include "tests/unit/api/http_client.hpp"

namespace witan::test {

struct SteadyClock final : Clock {
  [[nodiscard]] Instant now() const override {
    return {std::chrono::duration_cast<std::chrono::nanoseconds>(
                std::chrono::steady_clock::now().time_since_epoch())
                .count()};
  }
  [[nodiscard]] UnixTime unix_now() const override { return {0}; }
};

struct ServerFixture {
  SteadyClock clock;
  Metrics metrics{"test"};
  std::unique_ptr<Logger> log = [this] {
    LogOptions o;
    o.async = false;
    o.levels = "off";
    return *Logger::open(std::move(o), clock);
  }();
  std::unique_ptr<HttpServer> server;

  static HttpOptions options() {
    HttpOptions o;
    o.laddr = "127.0.0.1:0";
    return o;
  }
  std::uint16_t start(HttpOptions o, HttpHandler handler) {
    auto started = HttpServer::start(std::move(o), std::move(handler), metrics, *log, clock);
    WITAN_REQUIRE_OK(started);
    server = std::move(*started);
    return server->port();
  }
  // Waits until a rendered metric line appears.
  bool wait_for_metric(std::string_view line, int timeout_ms = 5000) {
    for (int i = 0; i < timeout_ms / 10; ++i) {
      if (metrics.render().find(line) != std::string::npos) return true;
      // sleeps: polls; a metric does not announce itself
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }
};

inline HttpResponse text_response(std::string body) {
  HttpResponse r;
  r.content_type = "text/plain";
  r.body = std::move(body);
  return r;
}

}  // namespace witan::test
