// TCP over loopback with ephemeral ports: what a transport promises, on a real kernel.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "actors/peers/transport.hpp"
#include "tests/support/boost_test.hpp"

namespace witan::peers {
namespace {

// Keeps what a transport reports; tests wait on it.
class Recorder final : public TransportEvents {
 public:
  void on_accepted(ConnectionId c, const Endpoint&) override {
    note([&] { accepted.push_back(c); });
  }
  void on_connected(ConnectionId c, const Endpoint&) override {
    note([&] { connected.push_back(c); });
  }
  void on_connect_failed(ConnectionId c, const Error& e) override {
    note([&] { failed[c] = e; });
  }
  void on_bytes(ConnectionId c, ByteView bytes) override {
    note([&] { append(received[c], bytes); });
  }
  void on_drained(ConnectionId) override {
    note([&] { ++drained; });
  }
  void on_closed(ConnectionId c, const Error& e) override {
    note([&] {
      ++closed_count;
      closed[c] = e;
    });
  }
  template <class F>
  [[nodiscard]] bool wait(F&& condition, int ms = 10'000) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::milliseconds(ms), condition);
  }
  template <class F>
  auto read(F&& f) {
    const std::lock_guard lock(mutex);
    return f();
  }
  std::vector<ConnectionId> accepted, connected;
  std::map<ConnectionId, Error> failed, closed;
  std::map<ConnectionId, Bytes> received;
  std::size_t drained = 0, closed_count = 0;

 private:
  template <class F>
  void note(F&& f) {
    const std::lock_guard lock(mutex);
    f();
    changed.notify_all();
  }
  std::mutex mutex;
  std::condition_variable changed;
};

struct Host {
  explicit Host(SocketOptions options = {}) : transport(make_socket_transport(options)) {
    transport->set_events(&events);
  }
  ~Host() { transport->stop(); }
  Recorder events;
  std::unique_ptr<Transport> transport;
};

struct Pair {
  explicit Pair(SocketOptions options = {}) : server(options), client(options) {
    const auto at = server.transport->listen({"127.0.0.1", 0});
    WITAN_REQUIRE_OK(at);
    BOOST_REQUIRE_NE(at->port, 0);
    out = client.transport->connect(*at, Duration::from_s(5));
    BOOST_REQUIRE(client.events.wait([&] { return !client.events.connected.empty(); }));
    BOOST_REQUIRE(server.events.wait([&] { return !server.events.accepted.empty(); }));
    in = server.events.read([&] { return server.events.accepted[0]; });
  }
  Host server, client;
  ConnectionId in = 0, out = 0;
};

const Error bye{ErrorCode::cancelled, "test", "bye"};

}  // namespace

BOOST_AUTO_TEST_SUITE(socket_transport_test)

BOOST_AUTO_TEST_CASE(bytes_travel_both_ways_after_reading_was_started) {
  Pair p;
  p.client.transport->send(p.out, {1, 2, 3});
  BOOST_CHECK(!p.server.events.wait([&] { return !p.server.events.received.empty(); }, 50));
  p.server.transport->start_reading(p.in);
  p.client.transport->start_reading(p.out);
  BOOST_CHECK(p.server.events.wait([&] { return p.server.events.received[p.in].size() == 3; }));
  p.server.transport->send(p.in, {4, 5});
  BOOST_CHECK(p.client.events.wait([&] {
    return p.client.events.received[p.out] == Bytes({4, 5});
  }));
}

BOOST_AUTO_TEST_CASE(a_refused_connection_fails_once) {
  Host host;
  Endpoint nobody;
  {
    Host gone;
    nobody = *gone.transport->listen({"127.0.0.1", 0});
  }
  const ConnectionId id = host.transport->connect(nobody, Duration::from_s(5));
  BOOST_CHECK(host.events.wait([&] { return host.events.failed.contains(id); }));
  host.transport->stop();
  BOOST_CHECK(host.events.closed.empty());
}

BOOST_AUTO_TEST_CASE(a_dial_without_an_answer_times_out) {
  Host host;
  // 192.0.2.0/24 is for documentation: nobody answers (or the network says so at once).
  const ConnectionId id = host.transport->connect({"192.0.2.1", 9}, Duration::from_ms(100));
  BOOST_CHECK(host.events.wait([&] { return host.events.failed.contains(id); }, 5000));
}

BOOST_AUTO_TEST_CASE(an_address_in_use_or_unreadable_is_an_error) {
  Host first;
  Host second;
  const auto at = first.transport->listen({"127.0.0.1", 0});
  WITAN_REQUIRE_OK(at);
  WITAN_CHECK_ERROR(second.transport->listen(*at), ErrorCode::network);
  WITAN_CHECK_ERROR(second.transport->listen({"not-an-address", 0}), ErrorCode::network);
  WITAN_REQUIRE_OK(second.transport->listen({"127.0.0.1", 0}));  // and it can still listen
}

BOOST_AUTO_TEST_CASE(a_listener_is_taken_over_and_close_all_leaves_it) {
  Pair p;
  Host other;
  const auto at = other.transport->listen({"127.0.0.1", 0});
  WITAN_REQUIRE_OK(at);
  const auto again = other.transport->listen({"127.0.0.1", 0});
  WITAN_REQUIRE_OK(again);
  BOOST_CHECK(*again == *at);
  WITAN_CHECK_ERROR(other.transport->listen({"127.0.0.1", at->port}), ErrorCode::network);

  const ConnectionId out = other.transport->connect(*at, Duration::from_s(5));
  BOOST_REQUIRE(other.events.wait(
      [&] { return other.events.connected.size() == 1 && other.events.accepted.size() == 1; }));
  // A dial that is under way ends as well (192.0.2.0/24: nobody answers).
  const ConnectionId dial = other.transport->connect({"192.0.2.1", 9}, Duration::from_s(60));
  other.transport->close_all(bye);
  BOOST_CHECK(other.events.wait(
      [&] { return other.events.closed_count == 2 && other.events.failed.contains(dial); }));
  BOOST_CHECK(other.events.closed.contains(out));
  const ConnectionId next = p.client.transport->connect(*at, Duration::from_s(5));
  BOOST_CHECK(p.client.events.wait([&] {
    const auto& open = p.client.events.connected;
    return std::find(open.begin(), open.end(), next) != open.end();
  }));
}

BOOST_AUTO_TEST_CASE(reading_pauses_without_credit_and_goes_on_with_it) {
  Pair p({.read_credit_bytes = 100'000});
  p.server.transport->start_reading(p.in);
  p.client.transport->send(p.out, Bytes(2'000'000, 9));
  const auto got = [&] { return p.server.events.received[p.in].size(); };
  BOOST_REQUIRE(p.server.events.wait([&] { return got() >= 100'000; }));
  // sleeps: that nothing more is read cannot be waited for
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  const std::size_t paused = p.server.events.read(got);
  BOOST_CHECK_LT(paused, 100'000u + 64 * 1024);
  std::size_t returned = 0;
  for (int i = 0; i < 200 && returned < 2'000'000; ++i) {
    const std::size_t now = p.server.events.read(got);
    p.server.transport->consumed(p.in, now - returned);
    returned = now;
    (void)p.server.events.wait([&] { return got() > returned || got() == 2'000'000; }, 1000);
  }
  BOOST_CHECK_EQUAL(p.server.events.read(got), 2'000'000u);
}

BOOST_AUTO_TEST_CASE(a_slow_reader_fills_the_queue_and_is_told_when_it_drained) {
  Pair p;
  std::size_t queued = 0;
  for (int i = 0; i < 100 && queued == 0; ++i)
    queued = p.client.transport->send(p.out, Bytes(1'000'000, 1));
  BOOST_REQUIRE_GT(queued, 0u);
  BOOST_CHECK_EQUAL(p.client.events.read([&] { return p.client.events.drained; }), 0u);
  p.server.transport->start_reading(p.in);
  std::size_t returned = 0;
  const auto got = [&] { return p.server.events.received[p.in].size(); };
  for (int i = 0; i < 2000; ++i) {
    const std::size_t now = p.server.events.read(got);
    p.server.transport->consumed(p.in, now - returned);
    returned = now;
    if (p.client.events.wait([&] { return p.client.events.drained > 0; }, 5)) break;
  }
  BOOST_CHECK_EQUAL(p.client.events.read([&] { return p.client.events.drained; }), 1u);
}

BOOST_AUTO_TEST_CASE(a_reader_that_never_reads_is_cut_off_at_the_bound) {
  Pair p({.write_queue_bytes_max = 4'000'000});
  for (int i = 0; i < 100; ++i) (void)p.client.transport->send(p.out, Bytes(1'000'000, 1));
  BOOST_CHECK(p.client.events.wait([&] { return p.client.events.closed.contains(p.out); }));
  BOOST_CHECK_EQUAL(p.client.events.closed[p.out].code, ErrorCode::busy);
}

BOOST_AUTO_TEST_CASE(a_close_writes_what_was_handed_over_first) {
  Pair p;
  p.server.transport->start_reading(p.in);
  p.client.transport->send(p.out, Bytes(300'000, 7));
  p.client.transport->close(p.out, bye);
  p.client.transport->send(p.out, Bytes(5, 8));  // after the close: dropped
  BOOST_CHECK(p.server.events.wait([&] { return p.server.events.closed.contains(p.in); }));
  BOOST_CHECK_EQUAL(p.server.events.received[p.in].size(), 300'000u);
  BOOST_CHECK(p.client.events.wait([&] { return p.client.events.closed.contains(p.out); }));
  BOOST_CHECK(p.client.events.closed[p.out] == bye);
}

BOOST_AUTO_TEST_CASE(every_connection_ends_exactly_once) {
  Pair p;
  p.server.transport->start_reading(p.in);
  p.client.transport->start_reading(p.out);
  for (int i = 0; i < 3; ++i) p.client.transport->close(p.out, bye);
  p.server.transport->close(p.in, bye);
  BOOST_CHECK(p.server.events.wait([&] { return p.server.events.closed_count > 0; }));
  p.client.transport->stop();
  p.server.transport->stop();
  BOOST_CHECK_EQUAL(p.client.events.closed_count, 1u);
  BOOST_CHECK_EQUAL(p.server.events.closed_count, 1u);
}

BOOST_AUTO_TEST_CASE(a_stop_reports_open_connections_and_nothing_else) {
  Pair p;
  p.server.transport->stop();
  BOOST_CHECK_EQUAL(p.server.events.closed_count, 1u);  // not the accept that was waiting
  BOOST_CHECK(p.server.events.closed.contains(p.in));
  BOOST_CHECK_EQUAL(p.server.transport->send(p.in, {1}), 0u);
}

BOOST_AUTO_TEST_CASE(after_stop_listening_nobody_gets_in) {
  Host server;
  Host client;
  const auto at = server.transport->listen({"127.0.0.1", 0});
  WITAN_REQUIRE_OK(at);
  server.transport->stop_listening();
  bool refused = false;
  for (int i = 0; i < 1000 && !refused; ++i) {
    // sleeps: until the io thread has closed the listener, the kernel takes connections for it
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    const ConnectionId id = client.transport->connect(*at, Duration::from_s(1));
    BOOST_REQUIRE(client.events.wait([&] {
      return client.events.failed.contains(id) ||
             std::find(client.events.connected.begin(), client.events.connected.end(), id) !=
                 client.events.connected.end();
    }));
    refused = client.events.read([&] { return client.events.failed.contains(id); });
  }
  BOOST_CHECK(refused);
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::peers
