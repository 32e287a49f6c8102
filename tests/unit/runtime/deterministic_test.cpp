// Law 7: one seed, one run.
#include "tests/unit/runtime/fixture.hpp"

namespace witan::test {
namespace {

// Eight actors gossip at random for a virtual second; the run is its order of deliveries.
std::vector<std::string> gossip(std::uint64_t seed) {
  Journal journal;
  Runtime runtime(virtual_options(seed));
  std::vector<Child> children;
  for (int i = 0; i < 8; ++i) {
    Script script;
    script.started = [](Scripted& self) { self.ctx().send_after(Duration::from_ms(1), tick(0)); };
    script.tick = [](Scripted& self, Tick::Reader, const Envelope&) {
      auto& random = self.ctx().random();
      for (int n = 0; n < 3; ++n) {
        const auto to = "/node/" + std::to_string(random.below(8));
        (void)self.ctx().ref<ProbeRole>(to).send(numbered<Order>(random.below(100)));
      }
      self.ctx().send_after(Duration::from_us(static_cast<std::int64_t>(1 + random.below(50'000))),
                            tick(0));
    };
    script.order = [&journal](Scripted& self, Order::Reader m, const Envelope& e) {
      journal.add(self.ctx().path() + " " + str(m.getNumber()) + " " + str(e.trace.span) + " " +
                  std::to_string(self.ctx().now().ns));
    };
    children.emplace_back(child(std::to_string(i), script));
  }
  runtime.start(node(std::move(children)));
  runtime.advance(Duration::from_s(1));
  return journal.lines();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(deterministic_test)

BOOST_AUTO_TEST_CASE(two_runs_with_one_seed_deliver_in_the_same_order) {
  const auto first = gossip(7);
  BOOST_CHECK_GT(first.size(), 500u);
  BOOST_CHECK(first == gossip(7));
  BOOST_CHECK(first != gossip(8));
}

BOOST_AUTO_TEST_CASE(virtual_time_moves_only_by_advance) {
  Runtime runtime(virtual_options());
  const Instant zero = runtime.clock().now();
  const UnixTime day = runtime.clock().unix_now();
  runtime.start(node({child("a", {})}));
  runtime.drain();
  BOOST_CHECK(runtime.clock().now() == zero);
  runtime.advance(Duration::from_ms(250));
  BOOST_CHECK_EQUAL((runtime.clock().now() - zero).ms(), 250);
  BOOST_CHECK_EQUAL((runtime.clock().unix_now() - day).ms(), 250);
}

BOOST_AUTO_TEST_CASE(actors_with_own_threads_are_pooled_and_a_stop_needs_no_real_time) {
  Journal journal;
  Runtime runtime(virtual_options());
  auto spec = announced("a", journal);
  spec.thread = Thread::own;
  runtime.start(node({spec}));
  BOOST_CHECK_EQUAL(runtime.stop(Duration::from_s(3600)).code, 0);
  BOOST_CHECK_EQUAL(journal.lines().size(), 2u);
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
