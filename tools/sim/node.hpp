// One simulated node: its keys, its disk, and one life after the other of the real actor tree that
// actors/node builds, each in a deterministic runtime of its own.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/node/tree.hpp"
#include "tools/byzantine/stage.hpp"
#include "tools/sim/disk.hpp"
#include "tools/sim/monitor.hpp"
#include "tools/sim/network.hpp"
#include "tools/sim/run_log.hpp"

namespace witan::sim {

// What all nodes of a run share. Outlives them.
struct Common {
  const Scenario& scenario;
  std::uint64_t seed = 0;
  Genesis genesis;
  ChainId chain_id{};
  ValidatorSetPtr validators{};
  Schedule& schedule;
  Network& network;
  faults::RuleSet& rules;
  Monitor& monitor;
  RunLog& log;
  Metrics& metrics;
};

// Keys of the run's validators, nodes and clients.
[[nodiscard]] SecretKey key_of(std::uint8_t kind, std::uint32_t number);

class SimNode final : public DiskFaults,
                      public rt::FaultPlan,
                      public rt::TraceSink,
                      public rt::EventSink,
                      public Clock {
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

  [[nodiscard]] bool up() const { return runtime_ != nullptr && !ended_; }
  [[nodiscard]] bool is_liar() const { return stage_ != nullptr; }
  [[nodiscard]] bool excused() const;
  [[nodiscard]] Height height() const;
  [[nodiscard]] const node::Stores* stores() const { return wiring_ ? &wiring_->stores : nullptr; }
  [[nodiscard]] std::uint32_t number() const { return number_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  // The life ended by itself: with what. Asked once; the node is down then.
  [[nodiscard]] std::optional<rt::ExitStatus> take_exit();
  // Whether a rule hit this node's disk or actors since the last call.
  [[nodiscard]] bool take_disturbed() { return std::exchange(disturbed_, false); }
  [[nodiscard]] bool disturbed() const { return disturbed_; }
  void rules_changed();

  // Clock
  [[nodiscard]] Instant now() const override;
  [[nodiscard]] UnixTime unix_now() const override;
  // DiskFaults
  std::optional<faults::Decision> on_disk(std::string_view path, std::string_view call) override;
  void took(Duration time) override;
  // FaultPlan
  rt::FaultVerdict on_deliver(const Envelope& envelope, std::string_view from,
                              std::string_view to) override;
  void on_handle(const Envelope& envelope, std::string_view path) override;
  // TraceSink, EventSink
  void hop(const rt::Hop& hop) noexcept override;
  void event(const rt::RuntimeEvent& event) noexcept override;

 private:
  [[nodiscard]] node::NodeInputs inputs() const;
  void observe(const Envelope& envelope);
  void after_step();
  void bury();  // what is left of a life
  [[nodiscard]] std::optional<faults::Decision> decide(faults::Moment moment,
                                                       const Envelope& envelope,
                                                       std::string_view from, std::string_view to);

  Common& common_;
  std::uint32_t number_;
  std::string name_;
  std::optional<ValidatorIndex> validator_;
  SimDisk disk_;
  Random random_;
  std::unique_ptr<Logger> logger_;
  std::unique_ptr<byzantine::Stage> stage_;
  std::unique_ptr<node::Wiring> wiring_;
  std::unique_ptr<rt::Runtime> runtime_;
  std::uint64_t lives_ = 0;
  bool ended_ = false;
  bool dead_ = false;  // being buried: nothing it does counts
  std::optional<rt::ExitStatus> exit_;
  bool disk_lied_ = false;
  bool disturbed_ = false;
  bool send_rules_ = false, handle_rules_ = false, disk_rules_ = false, clock_rules_ = false;
  std::string handling_;  // path of the actor whose handler runs, while rules are in force
  std::map<std::string, Instant, std::less<>> late_;  // actors that wait for a disk, until when
  Height looked_at_{};
};

}  // namespace witan::sim
