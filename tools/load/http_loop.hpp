// Many HTTP/1.1 connections on one thread, for programs that put load on nodes.
//
// A lane is one kept-alive connection with at most one request in flight; it connects when it is
// first used and again after an error. Every send ends in exactly one call of its callback: the
// answer, whatever its status, or an error (network, timeout, malformed). Beast is included in
// http_loop.cpp only. Thread rule: one thread owns the loop and runs every callback.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "messages/base/result.hpp"
#include "messages/base/time.hpp"

namespace witan::loadgen {

struct HttpAnswer {
  unsigned status = 0;
  std::string body;
};
using OnAnswer = std::function<void(Result<HttpAnswer>)>;

class HttpLoop {
 public:
  HttpLoop();
  ~HttpLoop();
  HttpLoop(const HttpLoop&) = delete;
  HttpLoop& operator=(const HttpLoop&) = delete;

  // "http://host:port" or "host:port" -> number of the new lane. Errors: usage (not such a text),
  // network (the name has no address).
  [[nodiscard]] Result<std::size_t> add_lane(std::string_view url);
  // REQUIRES: nothing is in flight on this lane. An empty body sends GET, another one POST with
  // type application/octet-stream.
  void send(std::size_t lane, const std::string& target, std::string body, Duration timeout,
            OnAnswer on_answer);
  // Calls back once at `when`, or soon after if it has passed.
  void at(Instant when, std::function<void()> callback);
  [[nodiscard]] static Instant now();  // monotonic

  // Runs callbacks until stop(). May be called again after it.
  void run();
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// One GET on a connection of its own, blocking. Errors: as a lane's.
[[nodiscard]] Result<HttpAnswer> http_get(std::string_view url, const std::string& target,
                                          Duration timeout);

}  // namespace witan::loadgen
