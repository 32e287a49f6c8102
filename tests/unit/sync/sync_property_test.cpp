// Whatever the network loses and whatever most peers do: the node reaches the tip that one honest
// peer serves, within bounded memory, and bans no honest peer.
#include <deque>

#include "tests/support/property.hpp"
#include "tests/unit/sync/sync_support.hpp"

using namespace witan;
using namespace witan::sync;

BOOST_AUTO_TEST_SUITE(sync_property_test)

namespace {

enum class Kind : std::uint8_t { honest, silent, denying, garbage, wrong_start, far_claim };
constexpr std::uint8_t bad_mark = 0xbd;

struct World {
  explicit World(std::uint64_t seed) : random(seed), core(params(), 0, seed) {}

  // A small window, so that its bounds are met.
  static Params params() {
    Params p;
    p.window_blocks = 48;
    p.range_blocks = 8;
    p.window_bytes = 64 * 1024;
    p.request_bytes = 16 * 1024;
    return p;
  }

  struct Delivery {
    std::int64_t at_ms;
    PeerId peer;
    Answer answer;
  };

  Random random;
  SyncCore core;
  std::map<PeerId, Kind> peers;
  std::vector<Delivery> wire;
  std::uint64_t honest_tip = 0;
  std::uint32_t loss_permille = 0;
  std::int64_t now = 0;
  PeerId next_peer = 1;

  void connect(Kind kind) {
    const PeerId peer = next_peer++;
    peers[peer] = kind;
    tell(peer);
  }

  void tell(PeerId peer) {
    if (random.chance_permille(loss_permille)) return;
    const bool far = peers[peer] == Kind::far_claim;
    core.on_claim(peer, {far ? ~std::uint64_t{0} : honest_tip, 1});
  }

  void serve(const Ask& ask) {
    const Kind kind = peers[ask.peer];
    if (kind == Kind::silent || random.chance_permille(loss_permille)) return;
    Answer answer{ask.id, ask.range.first, 0, {}};
    const bool serves = kind != Kind::denying;
    const std::size_t size = 1 + random.below(6000);
    if (serves) answer = answer_of(ask, size, kind == Kind::garbage ? bad_mark : 0);
    while (!answer.blocks.empty() && answer.blocks.back().certificate.height.get() > honest_tip)
      answer.blocks.pop_back();
    if (kind == Kind::wrong_start) ++answer.first;
    wire.push_back(
        {now + static_cast<std::int64_t>(random.below(4000)), ask.peer, std::move(answer)});
  }

  void deliver() {
    for (std::size_t i = 0; i < wire.size();) {
      if (wire[i].at_ms > now) {
        ++i;
        continue;
      }
      Delivery d = std::move(wire[i]);
      wire.erase(wire.begin() + static_cast<std::ptrdiff_t>(i));
      if (!peers.contains(d.peer)) continue;
      const bool honest = peers[d.peer] == Kind::honest;
      const Judgement judged = core.on_answer(d.peer, std::move(d.answer), at_ms(now));
      if (honest) RC_ASSERT(judged.verdict != Verdict::misbehaved);
    }
  }

  void verify_and_commit() {
    while (const Held* held = core.to_verify()) {
      if (held->block.bytes[0] != bad_mark) {
        core.set_verified();
        continue;
      }
      const PeerId sender = held->peer;
      const auto blamed = core.refuse();
      if (sender != 0) RC_ASSERT(blamed == std::optional<PeerId>(sender));
      if (blamed) RC_ASSERT(peers[*blamed] == Kind::garbage);
    }
    if (const SyncBlock* block = core.to_hand_over(at_ms(now))) {
      RC_ASSERT(block->certificate.height.get() == core.window().tip() + 1);
      RC_ASSERT(block->bytes[0] != bad_mark);
      if (!random.chance_permille(50)) core.on_committed(core.window().tip() + 1, at_ms(now));
    }
  }

  void check_bounds() const {
    RC_ASSERT(core.window().bytes_used() <= params().window_bytes + params().request_bytes);
    RC_ASSERT(core.window().held_blocks() <= params().window_blocks);
    RC_ASSERT(core.window().remembered_requests() <= 64u);
  }

  void churn() {
    if (random.chance_permille(5)) {  // someone leaves and comes back under a new number
      auto at = peers.begin();
      std::advance(at, static_cast<std::ptrdiff_t>(random.below(peers.size())));
      const Kind kind = at->second;
      core.on_peer_gone(at->first);
      peers.erase(at);
      connect(kind);
    }
    if (now % 1000 == 0)
      for (const auto& [peer, kind] : peers) tell(peer);
  }

  void step() {
    deliver();
    verify_and_commit();
    for (const Ask& ask : core.poll(at_ms(now)).asks) serve(ask);
    check_bounds();
    churn();
    now += 25;
  }
};

}  // namespace

WITAN_PROPERTY(p60_p64_the_tip_of_one_honest_peer_is_always_reached, [] {
  World world(*rc::gen::arbitrary<std::uint64_t>());
  world.loss_permille = *rc::gen::inRange<std::uint32_t>(0, 500);
  world.honest_tip = *rc::gen::inRange<std::uint64_t>(1, 300);
  const auto liars = *rc::gen::inRange<int>(0, 6);
  world.connect(Kind::honest);
  for (int i = 0; i < liars; ++i) world.connect(static_cast<Kind>(*rc::gen::inRange<int>(1, 6)));
  const std::int64_t limit = 3'600'000;  // virtual hour
  while (world.core.window().tip() < world.honest_tip && world.now < limit) world.step();
  RC_ASSERT(world.core.window().tip() == world.honest_tip);
})

WITAN_PROPERTY(equal_seeds_give_equal_requests, [](std::uint64_t seed) {
  const auto run = [&] {
    World world(seed);
    world.honest_tip = 100;
    world.loss_permille = 200;
    for (const Kind kind : {Kind::honest, Kind::honest, Kind::garbage}) world.connect(kind);
    std::vector<std::uint64_t> ids;
    for (int i = 0; i < 200; ++i) {
      for (const Ask& ask : world.core.poll(at_ms(world.now)).asks) {
        ids.push_back(ask.id * 100 + ask.peer);
        world.serve(ask);
      }
      world.step();
    }
    return ids;
  };
  RC_ASSERT(run() == run());
})

BOOST_AUTO_TEST_SUITE_END()
