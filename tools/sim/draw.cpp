// What the seed decides. Every kind of fault has its own rules for what is fair: whoever may lie or
// loses what it was told is durable counts against the third that may be faulty.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "messages/base/check.hpp"
#include "messages/base/random.hpp"
#include "tools/byzantine/behaviour.hpp"
#include "tools/sim/scenario.hpp"

namespace witan::sim {
namespace {

constexpr std::array<std::string_view, 9> restartable{
    "/node/chain/ledger", "/node/chain/mempool",  "/node/chain/consensus",
    "/node/chain/sync",   "/node/chain/evidence", "/node/peers/peers",
    "/node/api/query",    "/node/api/events",     "/node/chain/verifier/*"};

class Drawer {
 public:
  Drawer(const Scenario& scenario, std::uint64_t seed)
      : out_(scenario), random_(Random(seed).fork("draw")) {
    out_.swarm = {};
  }

  Scenario draw(const Swarm& swarm) {
    std::vector<std::string> on;
    for (const std::string& kind : swarm.kinds)
      if (swarm.kinds.size() == 1 || random_.below(2) == 0) on.push_back(kind);
    if (on.empty()) return out_;
    std::erase_if(on, [this](const std::string& kind) { return once(kind); });
    if (on.empty() || swarm.faults_max == 0) return out_;
    const std::uint64_t count = 1 + random_.below(swarm.faults_max);
    for (std::uint64_t i = 0; i < count; ++i) add(on[random_.below(on.size())]);
    return out_;
  }

 private:
  // Kinds that are drawn once, for the whole run.
  bool once(const std::string& kind) {
    if (kind == "links") {
      constexpr std::array<std::int64_t, 4> delays{2, 20, 80, 250};
      out_.link.delay_max =
          std::max(out_.link.delay_min, Duration::from_ms(delays[random_.below(4)]));
      out_.link.shape = random_.below(2) == 0 ? DelayShape::uniform : DelayShape::tail;
      out_.link.loss_permille = static_cast<std::uint32_t>(random_.below(3) * random_.below(20));
      return true;
    }
    if (kind == "pace") {
      constexpr std::array<std::int64_t, 3> paces{50, 200, 1000};
      out_.chain.block_time = Duration::from_ms(paces[random_.below(3)]);
      return true;
    }
    if (kind == "liar") {
      if (faulty_ >= tolerated()) return true;
      const auto& all = byzantine::behaviours();
      const std::uint32_t node = any_validator();
      out_.liars.push_back({node, all[random_.below(all.size())].name});
      ++faulty_;
      return true;
    }
    return false;
  }

  void add(const std::string& kind) {
    const std::uint32_t node = any_node();
    const std::string at = node_name(node);
    const std::string other = node_name(other_than(node));
    const std::string when = window();
    if (kind == "partition") return rule("on link {} <-> * {} do drop", at, when);
    if (kind == "one_way") return rule("on link {} -> {} {} do drop", at, other, when);
    if (kind == "loss")
      return rule("on link {} <-> * probability 0.{} {} do drop", at, 1 + random_.below(4), when);
    if (kind == "slow_link")
      return rule("on link {} -> * {} do delay 50ms..{}ms", at, when, 100 + random_.below(900));
    if (kind == "reset")
      return rule("on link {} <-> {} probability 0.05 {} do kill", at, other, when);
    if (kind == "corrupt")
      return rule("on link {} -> {} nth {} do corrupt 3", at, other, 50 + random_.below(500));
    if (kind == "power_off") return event(NodeAction::power_off, node);
    if (kind == "kill") return event(NodeAction::kill, node);
    if (kind == "stop") return event(NodeAction::stop, node);
    if (kind == "messages") return messages(at, other, when);
    if (kind == "actor") return actor(at);
    if (kind == "slow_disk")
      return rule("on disk ** at {} call sync {} do slow {}ms", at, when, 5 + random_.below(300));
    if (kind == "full_disk") return rule("on disk ** at {} {} do no_space", at, when);
    if (kind == "io_error")
      return rule("on disk ** at {} call sync nth {} do io_error", at, 5 + random_.below(200));
    if (kind == "lost_fsync") return lost_fsync();
    if (kind == "clock") return clock(at, when);
    WITAN_CHECK(false, kind);
  }

  // What peers say is said again: it may be lost, late, doubled or out of order.
  void messages(const std::string& at, const std::string& other, const std::string& when) {
    constexpr std::array<std::string_view, 5> said{"Vote", "Proposal", "BlockPart", "Certificate",
                                                   "RoundStatus"};
    const std::string_view message = said[random_.below(said.size())];
    constexpr std::array<std::string_view, 4> fates{"drop", "delay 20ms..2s", "duplicate",
                                                    "reorder 500ms"};
    rule("on link {} -> {} message {} probability 0.{} {} do {}", at,
         random_.below(2) == 0 ? std::string("*") : other, message, 1 + random_.below(9), when,
         fates[random_.below(fates.size())]);
  }

  // What actors of one node tell each other is not said again, so that none of it is dropped.
  void actor(const std::string& at) {
    constexpr std::array<std::string_view, 5> fates{"kill", "kill", "throw", "slow 300ms",
                                                    "hang 2s"};
    rule("on {} at {} nth {} do {}", restartable[random_.below(restartable.size())], at,
         1 + random_.below(400), fates[random_.below(fates.size())]);
  }

  void lost_fsync() {
    if (faulty_ >= tolerated()) return;
    ++faulty_;
    const std::uint32_t node = any_validator();
    rule("on disk ** at {} probability 0.5 {} do lost_fsync", node_name(node), window());
    event(NodeAction::power_off, node);
  }

  void clock(const std::string& at, const std::string& when) {
    const std::uint64_t ms = 1 + random_.below(400);
    if (random_.below(2) == 0)
      return rule("on clock at {} {} do drift {}", at, when, random_.below(2000));
    rule("on clock at {} {} do step {}{}ms", at, when, random_.below(2) == 0 ? "-" : "", ms);
  }

  void event(NodeAction action, std::uint32_t node) {
    NodeEvent e;
    e.node = node;
    e.action = action;
    e.at = Duration::from_ms(1000 + static_cast<std::int64_t>(random_.below(span_ms())));
    e.down = Duration::from_ms(100 + static_cast<std::int64_t>(random_.below(5000)));
    out_.events.push_back(e);
  }

  template <class... Args>
  void rule(const char* format, const Args&... args) {
    const std::string text = fmt::vformat(format, fmt::make_format_args(args...));
    auto parsed = faults::parse_rule(text);
    WITAN_CHECK(parsed.has_value(), text, parsed ? std::string() : parsed.error().to_string());
    out_.rules.push_back(std::move(*parsed));
  }

  // "from 1200ms until 4100ms"
  std::string window() {
    const std::uint64_t from = 500 + random_.below(span_ms());
    const std::uint64_t length = 100 + random_.below(8000);
    return fmt::format("from {}ms until {}ms", from, from + length);
  }
  [[nodiscard]] std::uint64_t span_ms() const {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(out_.run.safety.ms() - 2000, 1));
  }
  [[nodiscard]] std::uint32_t tolerated() const { return (out_.chain.validators - 1) / 3; }
  std::uint32_t any_node() { return static_cast<std::uint32_t>(random_.below(out_.nodes())); }
  // One that is not a liar yet.
  std::uint32_t any_validator() {
    auto node = static_cast<std::uint32_t>(random_.below(out_.chain.validators));
    while (out_.is_liar(node)) node = (node + 1) % out_.chain.validators;
    return node;
  }
  std::uint32_t other_than(std::uint32_t node) {
    if (out_.nodes() == 1) return node;
    return static_cast<std::uint32_t>((node + 1 + random_.below(out_.nodes() - 1)) % out_.nodes());
  }

  Scenario out_;
  Random random_;
  std::uint32_t faulty_ = static_cast<std::uint32_t>(out_.liars.size());
};

}  // namespace

const std::vector<std::string_view>& swarm_kinds() {
  static const std::vector<std::string_view> kinds{
      "links",     "pace",     "liar",       "partition", "one_way", "loss",  "slow_link",
      "reset",     "corrupt",  "power_off",  "kill",      "stop",    "actor", "slow_disk",
      "full_disk", "io_error", "lost_fsync", "clock",     "messages"};
  return kinds;
}

Scenario draw(const Scenario& scenario, std::uint64_t seed) {
  if (scenario.swarm.kinds.empty()) return scenario;
  return Drawer(scenario, seed).draw(scenario.swarm);
}

}  // namespace witan::sim
