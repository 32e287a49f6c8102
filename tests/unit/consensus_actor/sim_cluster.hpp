// Whole validators without sockets: real consensus, effect runner, verifier, ledger and chain of
// every node, each node in its own deterministic runtime with virtual time, joined by a network
// with seeded delays and losses. A node can lose power and come back from its memory disks.
#pragma once
#include <map>
#include <set>

#include "actors/evidence/evidence_actor.hpp"
#include "actors/ledger/ledger_actor.hpp"
#include "actors/runtime/faults/plan.hpp"
#include "storage/block_store.hpp"
#include "storage/kv.hpp"
#include "storage/state_store.hpp"
#include "tests/unit/consensus_actor/world.hpp"
#include "tools/byzantine/stage.hpp"

namespace witan::test {

struct SimOptions {
  std::uint64_t seed = 1;
  std::uint8_t nodes = 4;
  Duration delay_max = Duration::from_ms(40);
  std::uint32_t loss_permille = 0;
  // This node misbehaves so (tools/byzantine); null: all are correct.
  const byzantine::BehaviourInfo* behaviour = nullptr;
  std::size_t guilty = 0;
  bool adaptive_timeouts = true;
  bool in_order = false;  // between two nodes, as on a connection; else messages overtake
  // Somebody has this node's key and, at every third height, sends a prevote and a precommit for
  // other blocks beside those of the node.
  std::optional<std::size_t> double_signer = std::nullopt;
  // That node breaks the rules on purpose: it goes on when it is shown the proof.
  bool shameless = false;
};

class SimCluster {
 public:
  explicit SimCluster(const SimOptions& options);
  ~SimCluster();
  SimCluster(const SimCluster&) = delete;
  SimCluster& operator=(const SimCluster&) = delete;

  void start(std::size_t node);
  // Power loss: what was not synced to the log is gone, and nothing more is sent.
  void crash(std::size_t node);
  // Adds a fault rule (docs/faults.md) for the actors; the nodes are called n0, n1, ... Windows
  // count from now. A rule that is not valid fails the test.
  faults::RuleId fault(std::string_view rule);
  [[nodiscard]] std::uint64_t hits(faults::RuleId rule) const { return rules_.hits(rule); }
  void clear_faults() { rules_.clear(); }
  // How an actor of a node that is up is doing.
  [[nodiscard]] rt::ActorStatus actor(std::size_t node, std::string_view path) const;
  // Runs until every correct node that is up has committed `height`; false: not within the virtual
  // time.
  [[nodiscard]] bool run_until(Height height, Duration limit);

  [[nodiscard]] std::size_t size() const { return nodes_.size(); }
  [[nodiscard]] bool is_up(std::size_t node) const { return nodes_[node]->up; }
  [[nodiscard]] Height height(std::size_t node) const;
  [[nodiscard]] StoredBlock block(std::size_t node, Height height) const;
  // Where the node keeps its log (wal_folder).
  [[nodiscard]] MemoryFileSystem& file_system(std::size_t node) { return nodes_[node]->fs; }
  [[nodiscard]] const StateStore& state(std::size_t node) const { return *nodes_[node]->state; }
  [[nodiscard]] KvStore& index(std::size_t node) const { return *nodes_[node]->index_store; }
  void submit_evidence(std::size_t node, const Evidence& evidence);
  // State root after each height, as announced by the ledger.
  [[nodiscard]] const std::map<std::uint64_t, Hash32>& roots(std::size_t node) const {
    return nodes_[node]->roots;
  }
  // When the ledger committed a height (virtual time).
  [[nodiscard]] Instant committed_at(std::size_t node, Height height) const {
    return nodes_[node]->commits.at(height.get());
  }
  // Every vote that left a node, over all its lives.
  [[nodiscard]] const std::vector<SignedVote>& votes(std::size_t node) const {
    return nodes_[node]->votes;
  }
  [[nodiscard]] const std::vector<rt::ExitStatus>& exits(std::size_t node) const {
    return nodes_[node]->exits;
  }
  [[nodiscard]] bool is_correct(std::size_t node) const { return !nodes_[node]->stage; }
  // Messages of the guilty that a session would not have let in.
  [[nodiscard]] std::size_t undecodable() const { return undecodable_; }
  [[nodiscard]] std::size_t synced_blocks() const { return synced_blocks_; }
  [[nodiscard]] const ChainWorld& world() const { return world_; }

 private:
  struct Node {
    std::size_t index = 0;
    std::uint8_t key = 0;
    MemoryFileSystem fs;
    std::shared_ptr<MemoryDisk> disk = make_memory_disk();
    std::unique_ptr<BlockStore> blocks;
    std::unique_ptr<StateStore> state;
    std::unique_ptr<KvStore> index_store;
    std::unique_ptr<faults::ActorFaults> faults;
    std::unique_ptr<rt::Runtime> runtime;
    bool up = false;
    std::uint64_t lives = 0;
    std::uint64_t nonce = 0;  // next of the paying account
    std::map<std::uint64_t, Hash32> roots;
    std::map<std::uint64_t, Instant> commits;
    std::vector<SignedVote> votes;
    std::vector<rt::ExitStatus> exits;
    std::unique_ptr<byzantine::Stage> stage;  // of the guilty
  };
  struct Packet {
    std::size_t from = 0;
    std::size_t to = 0;
    Envelope envelope;
  };

  // The time of the whole cluster, for the windows of fault rules.
  class ClusterClock final : public Clock {
   public:
    explicit ClusterClock(const Instant& now) : now_(now) {}
    [[nodiscard]] Instant now() const override { return now_; }
    [[nodiscard]] UnixTime unix_now() const override { return {now_.ns}; }

   private:
    const Instant& now_;
  };

  rt::SupervisorSpec tree(Node& node);
  void on_peers(Node& node, rt::ActorContext& context, const Envelope& envelope);
  void on_mempool(Node& node, rt::ActorContext& context, const Envelope& envelope);
  void on_sync(Node& node, rt::ActorContext& context, const Envelope& envelope);
  void feed_next_block(Node& node, rt::ActorContext& context);
  [[nodiscard]] Draft<schema::Reaped> reap(Node& node, std::uint64_t height);
  void deliver(const Packet& packet);
  void route(Node& node, const Envelope& envelope);
  void put_on_the_way(const Node& from, std::size_t to, const Envelope& envelope);
  void put_on_the_way(const Node& from, std::size_t to,
                      const peers::Interposer::Departures& departures);
  void tick_stages();
  [[nodiscard]] std::optional<SignedVote> contradiction_of(const Node& node,
                                                           const SignedVote& vote) const;
  bool step(Instant limit);

  SimOptions options_;
  ChainWorld world_;
  Random random_;
  Instant now_{};
  ClusterClock clock_{now_};
  faults::Rules rules_{{.seed = options_.seed, .clock = &clock_}};
  std::vector<std::unique_ptr<Node>> nodes_;
  std::map<std::pair<Instant, std::uint64_t>, Packet> packets_;
  std::uint64_t next_packet_ = 0;
  std::map<std::pair<std::size_t, std::size_t>, Instant> last_arrival_;  // by sender and receiver
  std::size_t synced_blocks_ = 0;
  std::size_t undecodable_ = 0;
  Instant next_tick_{};
};

}  // namespace witan::test
