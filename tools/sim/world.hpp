// A run: nodes, network, faults, clients and the monitor under one virtual time, from a scenario
// and a seed. Two phases: faults may happen (safety), then everything is healed and every correct
// node has to decide again (liveness).
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "tools/sim/node.hpp"

namespace witan::sim {

struct Outcome {
  std::string violation;  // empty: none
  std::string log;        // when it was kept
  std::uint64_t log_hash = 0;
  std::uint64_t hops = 0;
  std::uint64_t height = 0;
  Duration virtual_time{};
  std::uint32_t restarts = 0;
  Hash32 accounts{};                        // hash of what every account holds at the end
  std::vector<faults::RuleStatus> rules{};  // what each rule met and did
  std::vector<Recovery> recoveries{};       // of actors that rules killed
  std::set<std::string> actors{};           // kinds of actors there were
  [[nodiscard]] bool ok() const { return violation.empty(); }
};

struct RunRequest {
  std::uint64_t seed = 1;
  std::FILE* log_file = nullptr;
  bool keep_log = true;
  RunWatch* watch = nullptr;
};

// REQUIRES: an empty swarm (draw() makes it so). A watch that is done ends the run early.
[[nodiscard]] Outcome run(const Scenario& scenario, const RunRequest& request);

// The schedule's time as a Clock, for the windows of rules.
class ScheduleClock final : public Clock {
 public:
  explicit ScheduleClock(const Schedule& schedule) : schedule_(schedule) {}
  [[nodiscard]] Instant now() const override { return schedule_.now(); }
  [[nodiscard]] UnixTime unix_now() const override { return {schedule_.now().ns}; }

 private:
  const Schedule& schedule_;
};

class World final : public LinkFaults {
 public:
  World(const Scenario& scenario, std::uint64_t seed, RunLog& log);
  ~World() override;
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  [[nodiscard]] Outcome run_to_end();
  // Virtual time passes until then, or until something is violated.
  void run_until(Instant end);

  [[nodiscard]] SimNode& node(std::size_t n) { return *nodes_[n]; }
  [[nodiscard]] const Monitor& monitor() const { return *monitor_; }
  [[nodiscard]] Instant now() const { return schedule_.now(); }

  std::optional<faults::Decision> on_link(std::uint32_t from, std::uint32_t to) override;

 private:
  void plan();
  void plan_event(const NodeEvent& event);
  void down(SimNode& node, NodeAction action, Duration how_long);
  void bring_up_later(SimNode& node, Duration after);
  void client();
  [[nodiscard]] faults::RulesOptions rules_options(std::uint64_t seed, bool wire);
  void add_rules();
  void clear_rules();
  [[nodiscard]] std::uint64_t planned_transfers() const;
  [[nodiscard]] static std::optional<std::uint64_t> nonce_of(const SimNode& node,
                                                             const PublicKey& who);
  [[nodiscard]] bool all_executed() const;
  [[nodiscard]] Hash32 accounts() const;
  void heal();
  bool step(Instant end);
  void notice_exits();
  [[nodiscard]] bool all_reached(Height height) const;
  void say(std::string_view what, const std::string& text);

  const Scenario scenario_;
  std::uint64_t seed_;
  RunLog& log_;
  Schedule schedule_;
  ScheduleClock time_;
  faults::Rules rules_;
  faults::Rules wire_rules_;
  std::vector<faults::RuleStatus> statuses_;  // of cleared rules
  Random clients_;
  std::vector<SecretKey> client_keys_;
  std::unique_ptr<Metrics> metrics_;
  std::unique_ptr<Network> network_;
  std::unique_ptr<Monitor> monitor_;
  std::unique_ptr<Common> common_;
  std::vector<std::unique_ptr<SimNode>> nodes_;
  std::vector<std::uint64_t> plans_;  // of each node: the start that counts; older ones do nothing
  bool healed_ = false;
  Instant healed_at_{};
  std::uint32_t restarts_ = 0;
};

}  // namespace witan::sim
