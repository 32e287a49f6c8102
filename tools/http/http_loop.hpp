// Many HTTP/1.1 connections on one thread.
//
// A lane is one kept-alive connection with at most one request in flight; it connects when it is
// first used and again after an error. Every send ends in exactly one call of its callback: the
// reply, whatever its status, or an error whose field is the lane's URL: network (refused, closed),
// timeout (which covers connecting, sending and the whole reply), malformed (not HTTP, or a reply
// above http_reply_bytes_max). http:// only: the API is on loopback or behind a proxy of the
// operator. Thread rule: one thread owns the loop and runs every callback.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "messages/base/result.hpp"
#include "messages/base/time.hpp"
#include "tools/http/http_url.hpp"

namespace witan::web {

inline constexpr std::size_t http_reply_bytes_max = 64 * 1024 * 1024;

struct HttpReply {
  unsigned status = 0;
  std::string body;
};
using OnReply = std::function<void(Result<HttpReply>)>;

class HttpLoop {
 public:
  HttpLoop();
  ~HttpLoop();
  HttpLoop(const HttpLoop&) = delete;
  HttpLoop& operator=(const HttpLoop&) = delete;

  // Number of the new lane. Errors: network (the name has no address), usage (no URL; its field is
  // the text).
  [[nodiscard]] Result<std::size_t> add_lane(const HttpUrl& url);
  [[nodiscard]] Result<std::size_t> add_lane(std::string_view url);
  // A connection is open, as far as this side knows.
  [[nodiscard]] bool connected(std::size_t lane) const;
  // REQUIRES: nothing is in flight on this lane. An empty body sends GET, another one POST with
  // type application/octet-stream.
  void send(std::size_t lane, const std::string& target, std::string body, Duration timeout,
            OnReply on_reply);
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
[[nodiscard]] Result<HttpReply> http_get(std::string_view url, const std::string& target,
                                         Duration timeout);

}  // namespace witan::web
