#include "actors/api/http_server.hpp"

#include <latch>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>

#include "tests/unit/api/server_fixture.hpp"

namespace witan {
namespace {

using test::body_of;
using test::RawClient;
using test::ServerFixture;
using test::status_of;
using test::text_response;

void echo(HttpRequest request, const Responder& responder) {
  responder.respond(text_response(request.method + " " + request.target + " " + request.body));
}

std::string error_code(const std::string& response) {
  return nlohmann::json::parse(body_of(response))["error"]["code"].get<std::string>();
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(http_server_test, ServerFixture)

BOOST_AUTO_TEST_CASE(two_hundred_requests_use_one_connection) {
  RawClient client(start(options(), echo));
  for (int i = 0; i < 200; ++i) {
    const std::string n = std::to_string(i);
    BOOST_REQUIRE(client.send("GET /" + n + " HTTP/1.1\r\nHost: x\r\n\r\n"));
    const std::string r = client.response();
    BOOST_REQUIRE_EQUAL(status_of(r), 200);
    BOOST_REQUIRE_EQUAL(body_of(r), "GET /" + n + " ");
  }
  BOOST_CHECK(wait_for_metric("witan_api_connections{chain_id=\"test\"} 1"));
}

BOOST_AUTO_TEST_CASE(pipelined_requests_are_answered_in_order_even_by_slow_threads) {
  std::vector<std::thread> workers;
  std::latch sent(1);
  const std::uint16_t port = start(options(), [&](HttpRequest q, const Responder& responder) {
    workers.emplace_back([&sent, q = std::move(q), responder] {
      if (q.target == "/0") sent.wait();  // slow: all other requests are there by then
      responder.respond(text_response(q.target + q.body));
    });
  });
  RawClient client(port);
  std::string all;
  for (int i = 0; i < 20; ++i)
    all += "POST /" + std::to_string(i) + " HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc";
  const bool all_sent = client.send(all);
  sent.count_down();
  BOOST_REQUIRE(all_sent);
  for (int i = 0; i < 20; ++i)
    BOOST_CHECK_EQUAL(body_of(client.response()), "/" + std::to_string(i) + "abc");
  for (auto& w : workers) w.join();
}

BOOST_AUTO_TEST_CASE(malformed_requests_get_a_typed_error_and_the_connection_ends) {
  const std::uint16_t port = start(options(), echo);
  for (const char* bytes :
       {"GARBAGE\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n", "GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 tls hello\r\n\r\n"}) {
    RawClient client(port);
    BOOST_REQUIRE(client.send(bytes));
    const std::string r = client.response();
    BOOST_CHECK_MESSAGE(status_of(r) == 400, bytes << " -> " << r);
    BOOST_CHECK_EQUAL(error_code(r), "malformed");
    BOOST_CHECK(r.find("Connection: close") != std::string::npos);
    client.half_close();
    BOOST_CHECK(client.read_to_end());
  }
}

BOOST_AUTO_TEST_CASE(heads_and_bodies_above_their_limits_are_refused) {
  HttpOptions o = options();
  o.header_bytes_max = 1024;
  o.body_bytes_max = 1000;
  const std::uint16_t port = start(o, echo);
  {
    RawClient client(port);
    client.send("GET / HTTP/1.1\r\nX: " + std::string(5000, 'a') + "\r\n\r\n");
    const std::string r = client.response();
    BOOST_CHECK_EQUAL(status_of(r), 431);
    BOOST_CHECK_EQUAL(error_code(r), "too_large");
  }
  {
    RawClient client(port);
    client.send("POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n" + std::string(1001, 'a'));
    BOOST_CHECK_EQUAL(status_of(client.response()), 413);
  }
  {
    RawClient client(port);
    client.send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n258\r\n" +
                std::string(600, 'a') + "\r\n258\r\n" + std::string(600, 'a') + "\r\n0\r\n\r\n");
    BOOST_CHECK_EQUAL(status_of(client.response()), 413);
  }
  RawClient client(port);
  client.send("POST / HTTP/1.1\r\nContent-Length: 1000\r\n\r\n" + std::string(1000, 'a'));
  BOOST_CHECK_EQUAL(status_of(client.response()), 200);
  client.send("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
  BOOST_CHECK_EQUAL(body_of(client.response()), "POST / abc");
}

BOOST_AUTO_TEST_CASE(slow_clients_are_disconnected) {
  HttpOptions o = options();
  o.idle_timeout = Duration::from_ms(100);
  o.header_timeout = Duration::from_ms(200);
  o.body_timeout = Duration::from_ms(200);
  const std::uint16_t port = start(o, echo);
  RawClient silent(port);
  RawClient half_head(port);
  RawClient half_body(port);
  half_head.send("GET / HT");
  half_body.send("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\nabc");
  // One byte at a time does not extend the deadline of the head.
  RawClient drip(port);
  const auto begin = std::chrono::steady_clock::now();
  while (!drip.read_to_end(20) && drip.send("G") &&
         std::chrono::steady_clock::now() - begin < std::chrono::seconds(3)) {
  }
  BOOST_CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(2));
  BOOST_CHECK(silent.read_to_end(2000));
  BOOST_CHECK(half_head.read_to_end(2000));
  BOOST_CHECK(half_body.read_to_end(2000));
  BOOST_CHECK(silent.received.empty() && half_head.received.empty());
  BOOST_CHECK(wait_for_metric("witan_api_connections{chain_id=\"test\"} 0"));
}

BOOST_AUTO_TEST_CASE(a_client_that_closed_its_sending_side_still_gets_its_answer) {
  std::thread worker;
  std::latch half_closed(1);
  const std::uint16_t port = start(options(), [&](HttpRequest, const Responder& responder) {
    worker = std::thread([&half_closed, responder] {
      half_closed.wait();  // a slow handler
      responder.respond(text_response("late"));
    });
  });
  RawClient client(port);
  client.send("GET / HTTP/1.1\r\n\r\n");
  client.half_close();
  half_closed.count_down();
  BOOST_CHECK_EQUAL(body_of(client.response()), "late");
  BOOST_CHECK(client.read_to_end());
  worker.join();
}

BOOST_AUTO_TEST_CASE(only_the_first_answer_counts_and_none_at_all_is_an_internal_error) {
  const std::uint16_t port = start(options(), [](HttpRequest q, const Responder& responder) {
    if (q.target == "/throw") throw std::runtime_error("boom");
    if (q.target == "/drop") return;
    responder.respond(text_response("first"));
    responder.respond(text_response("second"));
  });
  RawClient client(port);
  client.send("GET / HTTP/1.1\r\n\r\nGET /drop HTTP/1.1\r\n\r\nGET /throw HTTP/1.1\r\n\r\n");
  BOOST_CHECK_EQUAL(body_of(client.response()), "first");
  BOOST_CHECK_EQUAL(status_of(client.response()), 500);
  BOOST_CHECK_EQUAL(status_of(client.response()), 500);
}

BOOST_AUTO_TEST_CASE(connections_above_the_limit_are_told_so) {
  HttpOptions o = options();
  o.connections_max = 2;
  const std::uint16_t port = start(o, echo);
  RawClient a(port);
  RawClient b(port);
  for (RawClient* c : {&a, &b}) {
    c->send("GET / HTTP/1.1\r\n\r\n");
    BOOST_CHECK_EQUAL(status_of(c->response()), 200);
  }
  RawClient refused(port);
  const std::string r = refused.response();
  BOOST_CHECK_EQUAL(status_of(r), 503);
  BOOST_CHECK_EQUAL(error_code(r), "busy");
}

BOOST_AUTO_TEST_CASE(requests_per_address_are_limited) {
  HttpOptions o = options();
  o.requests_per_second = 1;
  o.request_burst = 3;
  RawClient client(start(o, echo));
  int ok = 0;
  int limited = 0;
  for (int i = 0; i < 6; ++i) {
    client.send("GET / HTTP/1.1\r\n\r\n");
    const int status = status_of(client.response());
    ok += status == 200 ? 1 : 0;
    limited += status == 429 ? 1 : 0;
  }
  BOOST_CHECK_GE(ok, 3);
  BOOST_CHECK_GE(limited, 2);
}

BOOST_AUTO_TEST_CASE(cors_is_off_unless_configured) {
  {
    RawClient client(start(options(), echo));
    client.send("GET / HTTP/1.1\r\nOrigin: http://a\r\n\r\n");
    BOOST_CHECK(client.response().find("Access-Control") == std::string::npos);
  }
  server.reset();
  HttpOptions o = options();
  o.cors_origin = "http://a";
  RawClient client(start(o, echo));
  client.send("OPTIONS / HTTP/1.1\r\nOrigin: http://a\r\n\r\nGET / HTTP/1.1\r\n\r\n");
  const std::string preflight = client.response();
  BOOST_CHECK_EQUAL(status_of(preflight), 204);
  BOOST_CHECK(preflight.find("Access-Control-Allow-Methods") != std::string::npos);
  BOOST_CHECK(client.response().find("Access-Control-Allow-Origin: http://a\r\n") !=
              std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_client_that_expects_it_is_told_to_continue) {
  RawClient client(start(options(), echo));
  client.send("POST / HTTP/1.1\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  BOOST_CHECK_EQUAL(status_of(client.response()), 100);
  client.send("ok");
  BOOST_CHECK_EQUAL(body_of(client.response()), "POST / ok");
}

BOOST_AUTO_TEST_CASE(stop_lets_a_request_finish_and_refuses_new_connections) {
  std::thread worker;
  std::latch reached(1);
  std::unique_ptr<RawClient> idle;
  bool idle_closed = false;
  const std::uint16_t port = start(options(), [&](HttpRequest, const Responder& responder) {
    worker = std::thread([&, responder] {
      reached.count_down();
      idle_closed = idle->read_to_end();  // stop() has begun, and this request is still at work
      responder.respond(text_response("done"));
    });
  });
  idle = std::make_unique<RawClient>(port);
  RawClient busy(port);
  BOOST_REQUIRE(wait_for_metric("witan_api_connections{chain_id=\"test\"} 2"));
  busy.send("GET / HTTP/1.1\r\n\r\n");
  reached.wait();
  server->stop(Duration::from_s(5));
  BOOST_CHECK_EQUAL(body_of(busy.response()), "done");
  BOOST_CHECK(busy.read_to_end());
  BOOST_CHECK(idle_closed);
  BOOST_CHECK_THROW(RawClient late(port), std::runtime_error);
  worker.join();
}

BOOST_AUTO_TEST_CASE(an_answer_after_the_server_is_gone_is_harmless) {
  std::vector<Responder> kept;
  const std::uint16_t port =
      start(options(), [&](HttpRequest, const Responder& responder) { kept.push_back(responder); });
  RawClient client(port);
  client.send("GET / HTTP/1.1\r\n\r\n");
  BOOST_CHECK(!client.read_until("HTTP", 100));
  server.reset();
  BOOST_REQUIRE_EQUAL(kept.size(), 1U);
  kept[0].respond(text_response("too late"));
  kept.clear();
  BOOST_CHECK(client.read_to_end());
}

BOOST_AUTO_TEST_CASE(an_address_others_can_reach_is_served_with_a_warning) {
  std::string lines;
  LogOptions logging;
  logging.async = false;
  logging.levels = "warn";
  logging.capture = [&lines](std::string_view line) { lines += line; };
  log = std::move(*Logger::open(logging, clock));
  for (const char* laddr : {"127.0.0.1:0", "127.1.2.3:0", "[::1]:0"}) {
    HttpOptions o = options();
    o.laddr = laddr;
    if (auto started = HttpServer::start(o, echo, metrics, *log, clock))
      BOOST_CHECK_EQUAL(lines, "");  // not every machine has IPv6
  }
  HttpOptions o = options();
  o.laddr = "0.0.0.0:0";
  RawClient client(start(o, echo));
  BOOST_CHECK(lines.find("\"http_exposed\"") != std::string::npos);
  BOOST_CHECK(lines.find("0.0.0.0") != std::string::npos);
  client.send("GET / HTTP/1.1\r\n\r\n");
  BOOST_CHECK_EQUAL(status_of(client.response()), 200);
  server.reset();  // before `lines`
}

BOOST_AUTO_TEST_CASE(bad_and_busy_addresses_are_errors) {
  HttpOptions o = options();
  for (const char* laddr : {"", "127.0.0.1", "localhost:80", "127.0.0.1:70000", "1.2.3:4", ":"}) {
    o.laddr = laddr;
    WITAN_CHECK_ERROR(HttpServer::start(o, echo, metrics, *log, clock), ErrorCode::config);
  }
  o.laddr = "tcp://127.0.0.1:" + std::to_string(start(options(), echo));
  WITAN_CHECK_ERROR(HttpServer::start(o, echo, metrics, *log, clock), ErrorCode::network);
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan
