#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

#include "actors/api/event_hub.hpp"
#include "tests/unit/api/server_fixture.hpp"

namespace witan {
namespace {

using test::RawClient;
using test::ServerFixture;

struct StreamFixture : ServerFixture {
  std::shared_ptr<EventHub> hub = std::make_shared<EventHub>();

  std::uint16_t start_streams(HttpOptions o) {
    const std::uint16_t port =
        start(std::move(o), [this](HttpRequest q, const Responder& responder) {
          if (q.target != "/events") return responder.respond(test::text_response("ok"));
          std::optional<EventCursor> from;
          if (!q.last_event_id.empty()) {
            from = *EventCursor::parse(q.last_event_id);
            ++from->index;
          }
          responder.stream(hub->open(from));
        });
    hub->set_wake([this] { server->wake_streams(); });
    return port;
  }
  ~StreamFixture() {
    hub->set_wake({});
    server.reset();
  }
  static std::string request(const std::string& last_id = "") {
    return "GET /events HTTP/1.1\r\nHost: x\r\n" +
           (last_id.empty() ? "" : "Last-Event-ID: " + last_id + "\r\n") + "\r\n";
  }
};

// Values of all lines "<key>: value" of complete events.
std::vector<std::string> values(const std::string& stream, const std::string& key) {
  std::vector<std::string> out;
  const std::size_t end = stream.rfind("\n\n");
  for (std::size_t at = stream.find("\n" + key + ": "); at < end;
       at = stream.find("\n" + key + ": ", at + 1)) {
    const std::size_t from = at + key.size() + 3;
    out.push_back(stream.substr(from, stream.find('\n', from) - from));
  }
  return out;
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(event_stream_test, StreamFixture)

BOOST_AUTO_TEST_CASE(a_stream_carries_new_events_with_their_ids) {
  RawClient client(start_streams(options()));
  hub->publish(1, "old", "{}");
  client.send(request());
  BOOST_REQUIRE(client.read_until("text/event-stream"));
  BOOST_REQUIRE(wait_for_metric("witan_api_streams{chain_id=\"test\"} 1"));
  hub->publish(2, "newBlock", R"({"height":"2"})");
  BOOST_REQUIRE(client.read_until("id: 2-0\nevent: newBlock\ndata: {\"height\":\"2\"}\n\n"));
  BOOST_CHECK(client.received.find("old") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(reconnecting_readers_lose_nothing_and_see_nothing_twice) {
  constexpr int total = 5000;
  constexpr int ahead_max = 500;  // a writer that lasts longer than one connection
  const std::uint16_t port = start_streams(options());
  std::atomic<int> read = 0, written = 0;
  std::thread writer([&] {
    for (int i = 0; i < total; ++i) {
      for (int r = read; r >= 0 && i - r > ahead_max; r = read) read.wait(r);
      hub->publish(std::uint64_t(i / 10), "e", std::to_string(i));
      written = i + 1;
      written.notify_one();
    }
  });
  std::vector<std::string> seen;
  std::string last_id;
  int connections = 0;
  while (seen.size() < total - 1 && connections < 500) {
    RawClient client(port);
    // The first connection starts at the very beginning of the log.
    client.send(connections++ == 0 ? "GET /events HTTP/1.1\r\nLast-Event-ID: 0-0\r\n\r\n"
                                   : request(last_id));
    client.read_until("\n\n", 1000);
    // Lets events pile up: some are in the sockets when the connection ends.
    const int wanted = std::min(static_cast<int>(seen.size()) + ahead_max / 2, total);
    for (int w = written; w < wanted; w = written) written.wait(w);
    client.read_until("never", 1);  // whatever else has arrived; the rest is lost with the socket
    const auto ids = values(client.received, "id");
    const auto data = values(client.received, "data");
    BOOST_REQUIRE_EQUAL(ids.size(), data.size());
    if (ids.empty()) continue;
    seen.insert(seen.end(), data.begin(), data.end());
    last_id = ids.back();
    read = static_cast<int>(seen.size());
    read.notify_one();
  }
  read = -1;  // whatever became of the reader, the writer ends
  read.notify_one();
  writer.join();
  // The id 0-0 of the first request names event 0, so reading resumed with event 1.
  BOOST_REQUIRE_EQUAL(seen.size(), std::size_t(total - 1));
  for (int i = 1; i < total; ++i) BOOST_REQUIRE_EQUAL(seen[std::size_t(i - 1)], std::to_string(i));
  BOOST_CHECK_GT(connections, 2);
}

BOOST_AUTO_TEST_CASE(a_cursor_that_is_too_old_gets_an_error_event_that_names_the_oldest) {
  hub = std::make_shared<EventHub>(2, 1 << 20);
  RawClient client(start_streams(options()));
  for (int i = 0; i < 5; ++i) hub->publish(1, "e", "{}");
  client.send(request("1-0"));
  BOOST_CHECK(client.read_to_end());
  BOOST_CHECK(client.received.find("event: error\ndata: {\"error\":{\"code\":\"pruned\","
                                   "\"field\":\"1-3\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(streams_above_the_limit_are_told_so_and_leave_room_for_requests) {
  HttpOptions o = options();
  o.streams_max = 2;
  const std::uint16_t port = start_streams(o);
  RawClient a(port);
  auto b = std::make_unique<RawClient>(port);
  for (RawClient* stream : {&a, b.get()}) {
    stream->send(request());
    BOOST_REQUIRE(stream->read_until("text/event-stream"));
  }
  RawClient refused(port);
  refused.send(request());
  const std::string answer = refused.response();
  BOOST_CHECK_EQUAL(test::status_of(answer), 503);
  BOOST_CHECK(answer.find("\"code\":\"busy\"") != std::string::npos);
  BOOST_CHECK(wait_for_metric("witan_api_refused_total{chain_id=\"test\",reason=\"streams\"} 1"));
  refused.send("GET /other HTTP/1.1\r\n\r\n");  // the connection itself is still good
  BOOST_CHECK_EQUAL(test::status_of(refused.response()), 200);
  b.reset();  // whoever leaves makes room
  BOOST_REQUIRE(wait_for_metric("witan_api_streams{chain_id=\"test\"} 1"));
  refused.send(request());
  BOOST_CHECK(refused.read_until("text/event-stream"));
}

BOOST_AUTO_TEST_CASE(a_quiet_stream_sends_comments) {
  HttpOptions o = options();
  o.heartbeat = Duration::from_ms(20);
  RawClient client(start_streams(o));
  client.send(request());
  BOOST_CHECK(client.read_until(": still here\n\n: still here\n\n"));
}

BOOST_AUTO_TEST_CASE(p52_a_reader_that_does_not_read_is_dropped_and_others_are_not_hurt) {
  HttpOptions o = options();
  o.write_timeout = Duration::from_ms(300);
  const std::uint16_t port = start_streams(o);
  RawClient stuck(port, 4096);
  RawClient healthy(port);
  stuck.send(request());
  healthy.send(request());
  BOOST_REQUIRE(wait_for_metric("witan_api_streams{chain_id=\"test\"} 2"));
  const std::string big(10'000, 'x');
  int got = 0;
  for (int i = 0; i < 1500; ++i) {
    hub->publish(std::uint64_t(i), "e", big + std::to_string(i));
    // What it has not read yet always fits into its sockets: however busy this machine is, its
    // pages never wait for it.
    if (i % 8 != 7 && i != 1499) continue;
    BOOST_REQUIRE(healthy.read_until("x" + std::to_string(i) + "\n\n"));
    const std::string& text = healthy.received;
    for (auto at = text.find("event: e\n"); at != std::string::npos;
         at = text.find("event: e\n", at + 1))
      ++got;
    healthy.received.clear();
  }
  BOOST_CHECK_EQUAL(got, 1500);
  BOOST_CHECK(wait_for_metric("witan_api_slow_readers_total{chain_id=\"test\"} 1"));
  BOOST_CHECK(wait_for_metric("witan_api_streams{chain_id=\"test\"} 1"));
  RawClient other(port);
  other.send("GET / HTTP/1.1\r\n\r\n");
  BOOST_CHECK_EQUAL(test::body_of(other.response()), "ok");
}

BOOST_AUTO_TEST_CASE(a_reader_that_goes_away_frees_its_stream_and_stop_ends_the_rest) {
  const std::uint16_t port = start_streams(options());
  {
    RawClient gone(port);
    gone.send(request());
    BOOST_REQUIRE(wait_for_metric("witan_api_streams{chain_id=\"test\"} 1"));
  }
  BOOST_CHECK(wait_for_metric("witan_api_streams{chain_id=\"test\"} 0"));
  RawClient client(port);
  client.send(request());
  BOOST_REQUIRE(client.read_until("\r\n\r\n"));
  server->stop(Duration::from_s(2));
  BOOST_CHECK(client.read_to_end());
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan
