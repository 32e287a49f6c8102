// One simulated node: its keys, its disk, and one life after the other of the real actor tree that
// actors/node builds, each in a deterministic runtime of its own.
#pragma once
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/node/tree.hpp"
#include "actors/runtime/described.hpp"
#include "actors/runtime/faults/plan.hpp"
#include "tools/byzantine/stage.hpp"
#include "tools/sim/disk.hpp"
#include "tools/sim/monitor.hpp"
#include "tools/sim/network.hpp"
#include "tools/sim/run_log.hpp"
#include "tools/sim/wire_faults.hpp"

namespace witan::sim {

class SimNode;

// What all nodes of a run share. Outlives them.
struct Common {
  const Scenario& scenario;
  std::uint64_t seed = 0;
  Genesis genesis;
  ChainId chain_id{};
  ValidatorSetPtr validators{};
  Schedule& schedule;
  Network& network;
  faults::Rules& rules;       // all but those of the next line
  faults::Rules& wire_rules;  // for links, naming a message
  std::vector<NodeId> ids;    // of the nodes, by number
  Instant healed{};           // when the rules will be cleared
  Monitor& monitor;
  RunLog& log;
  Metrics& metrics;
  SimNode* asking = nullptr;  // whose actor or disk the rules are asked about; null: a link
};

// An actor's death by a rule, and what it took until the node was whole again.
struct Recovery {
  std::string actor;  // its path; numbers of connections and workers are `*`
  Instant killed{};
  Height height{};                  // of the node then
  std::optional<Duration> back{};   // until an actor stood in this place again
  std::optional<Duration> block{};  // until the node stored its next block
};

using rt::kind_of_actor;

// Keys of the run's validators, nodes and clients.
[[nodiscard]] SecretKey key_of(std::uint8_t kind, std::uint32_t number);

class SimNode final : public DiskFaults,
                      public rt::FaultPlan,
                      public rt::TraceSink,
                      public rt::EventSink {
 public:
  SimNode(Common& common, std::uint32_t number);
  ~SimNode() override;
  SimNode(const SimNode&) = delete;
  SimNode& operator=(const SimNode&) = delete;

  void start();
  void power_off();
  void kill();
  void stop();

  // Runs a call of the transport in this life; nothing while the node is down.
  void enter(const std::function<void()>& call);
  // Fires what is due by now.
  void run_timers();
  [[nodiscard]] std::optional<Instant> next_due() const;
  // A client's transaction arrives.
  void submit(ByteView transaction);
  // And asks how the node is; nobody waits for the answer.
  void ask_status();

  [[nodiscard]] bool up() const { return runtime_ != nullptr && !ended_; }
  [[nodiscard]] bool is_liar() const { return stage_ != nullptr; }
  [[nodiscard]] bool excused() const;
  [[nodiscard]] Height height() const;
  [[nodiscard]] const node::Stores* stores() const { return wiring_ ? &wiring_->stores : nullptr; }
  [[nodiscard]] std::uint32_t number() const { return number_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  // The life ended by itself: with what. Asked once; the node is down then.
  [[nodiscard]] std::optional<rt::ExitStatus> take_exit();
  // Whether a rule ever hit this node's disk or actors.
  [[nodiscard]] bool disturbed() const { return disturbed_; }
  // A rule that was asked about this node fires.
  void hit(const faults::Decision& decision, const std::string& rule, std::string_view where);
  [[nodiscard]] const std::vector<Recovery>& recoveries() const { return recoveries_; }
  // Kinds of actors there were.
  [[nodiscard]] const std::set<std::string>& kinds() const { return kinds_; }

  // DiskFaults
  std::optional<faults::Decision> on_disk(std::string_view path, std::string_view call) override;
  void took(Duration time) override;
  // FaultPlan
  rt::FaultVerdict on_deliver(const Envelope& envelope, std::string_view from,
                              std::string_view to) override;
  void on_handle(const Envelope& envelope, std::string_view path) override;
  bool still_held(std::uint32_t ticket) override { return !dead_ && door_.still_held(ticket); }
  // TraceSink, EventSink
  void hop(const rt::Hop& hop) noexcept override;
  void event(const rt::RuntimeEvent& event) noexcept override;

 private:
  [[nodiscard]] node::NodeInputs inputs() const;
  void observe(const Envelope& envelope);
  void after_step();
  void bury();  // what is left of a life
  void add_keys();
  void logged(std::string_view line);
  void watch_for_loops(Instant now) noexcept;
  void came_back(std::string_view path);
  // For a watched run: remembers where actors that can describe themselves are.
  void look_for_described(rt::SupervisorSpec& group, const std::string& path);
  [[nodiscard]] std::string state_of(std::string_view path) const;
  void show(const rt::Hop& hop) const;

  // Time that no rule touches.
  class TrueClock final : public Clock {
   public:
    explicit TrueClock(const SimNode& node) : node_(node) {}
    [[nodiscard]] Instant now() const override;
    [[nodiscard]] UnixTime unix_now() const override;

   private:
    const SimNode& node_;
  };

  Common& common_;
  std::uint32_t number_;
  std::string name_;
  std::optional<ValidatorIndex> validator_;
  TrueClock true_clock_;
  faults::FaultClock clock_;
  faults::ActorFaults door_;
  SimDisk disk_;
  Random random_;
  std::unique_ptr<Logger> logger_;
  std::unique_ptr<byzantine::Stage> stage_;
  std::unique_ptr<WireFaults> wire_;  // when there are rules for it
  std::unique_ptr<node::Wiring> wiring_;
  std::unique_ptr<rt::Runtime> runtime_;
  std::uint64_t lives_ = 0;
  bool ended_ = false;
  bool dead_ = false;  // being buried: nothing it does counts
  std::optional<rt::ExitStatus> exit_;
  bool disk_lied_ = false;
  bool disturbed_ = false;
  Instant moment_{};             // the last one that an actor handled something at
  std::uint64_t of_moment_ = 0;  // how much was handled then
  std::vector<Recovery> recoveries_;
  std::set<std::string> kinds_;
  std::string handling_;  // path of the actor whose handler runs, while rules are in force
  std::map<std::string, Instant, std::less<>> late_;  // actors that wait for a disk, until when
  Height looked_at_{};
  std::map<std::string, std::shared_ptr<const rt::Described* const>, std::less<>> described_;
};

}  // namespace witan::sim
