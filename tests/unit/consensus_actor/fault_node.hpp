// One whole validator of a chain of its own - real consensus, effect runner, ledger, chain, block
// and state store - over storage in which every call can fail and power can be lost anywhere. It
// remembers over all its lives what it said and what it acknowledged.
#pragma once
#include <functional>
#include <map>
#include <set>
#include <tuple>

#include "actors/ledger/ledger_actor.hpp"
#include "messages/types/evidence.hpp"
#include "storage/fault_file_system.hpp"
#include "tests/support/map_kv.hpp"
#include "tests/unit/consensus_actor/world.hpp"

namespace witan::test {

struct Acknowledged {
  Hash32 id;
  Hash32 state_root;
  bool operator==(const Acknowledged&) const = default;
};

class FaultNode {
 public:
  explicit FaultNode(const ChainWorld& world, std::uint64_t segment_bytes = 8192,
                     std::uint64_t sync_every_blocks = 2);
  ~FaultNode() { stop_hard(); }

  // Proof against its own key stops the node, as it does any (S16). False: evidence goes its way.
  void stop_on_own(bool on) { stop_on_own_ = on; }
  // A peer says this; the node is alive.
  void submit(const Evidence& evidence);
  // Offences that were said to peers, so that they may rely on this node.
  [[nodiscard]] const std::set<EvidenceKey>& told() const { return told_; }
  [[nodiscard]] bool is_charged(const EvidenceKey& key) const;  // in the state, while alive

  // A life: starts the process on what the disks hold, and runs until the height is committed.
  // False when the process ended by itself (exit_code()), when power was lost, or when nothing
  // moved for minutes of virtual time (stalled()).
  bool live(Height target);
  // The same life goes on until then.
  bool go_on(const std::function<bool()>& done);
  [[nodiscard]] bool has_proposed(Height height) const {
    return said_.contains({SignedKind::proposal, height, Round(0)});
  }
  // Ends the life as SIGKILL does: what was written is there, synced or not.
  void stop_hard();
  // Ends it as a power failure does. Of the databases' unsynced batches some survive.
  struct Survivors {
    std::size_t blocks = 0;
    std::size_t state = 0;
    std::size_t index = 0;
    bool file_bytes = false;  // written and unsynced bytes of files reached the disk
  };
  void power_failure(const Survivors& survivors);

  // What a peer holds of this key's signatures is shown to the node before it signs (S11).
  void tell_claims_at_start(bool on) { claims_ = on; }

  [[nodiscard]] IoFaultPlan& plan() { return plan_; }
  [[nodiscard]] MemoryFileSystem& files() { return files_; }
  // As they are on the disks between two lives.
  struct Databases {
    std::map<Bytes, Bytes> blocks, state, index;
  };
  [[nodiscard]] Databases databases() const {
    return {blocks_disk_.visible, state_disk_.visible, index_disk_.visible};
  }
  void set_databases(const Databases& from);
  // All that the disks hold and what was said and acknowledged; another node can go on from it.
  struct Image {
    std::map<std::string, Bytes> files;
    Databases databases;
    std::optional<SignMemory> remembered;
    std::map<std::tuple<SignedKind, Height, Round>, ValueId> said;
    std::map<std::uint64_t, Acknowledged> acknowledged;
    Instant now{};
  };
  [[nodiscard]] Image image();
  void set_image(const Image& from);
  // As if an older copy of the sign-state file had been put back.
  void age_sign_state() {
    if (remembered_) ++remembered_->generation;
  }
  [[nodiscard]] std::optional<int> exit_code() const { return exit_code_; }
  [[nodiscard]] const std::string& exit_reason() const { return exit_reason_; }
  [[nodiscard]] bool stalled() const { return stalled_; }
  [[nodiscard]] Height height() const { return height_; }
  // Breaches of the two promises, in words; empty: none.
  [[nodiscard]] const std::string& contradiction() const { return contradiction_; }
  [[nodiscard]] const std::map<std::uint64_t, Acknowledged>& acknowledged() const {
    return acknowledged_;
  }

 private:
  struct Said {
    SignedKind kind;
    Height height;
    Round round;
    ValueId value;
  };
  rt::SupervisorSpec tree();
  bool alive() const { return !exit_code_ && plan_.powered(); }
  bool moment(const char* what);
  void on_peers(const Envelope& envelope);
  void on_mempool(rt::ActorContext& context, const Envelope& envelope);
  void on_committed(const Envelope& envelope);
  void say(const Said& said);
  void send_claims();

  const ChainWorld& world_;
  std::uint64_t segment_bytes_;
  std::uint64_t sync_every_blocks_;  // of the stores
  IoFaultPlan plan_;
  MemoryFileSystem files_;
  FaultFileSystem fs_{files_, plan_};
  MapDisk blocks_disk_, state_disk_, index_disk_;
  std::unique_ptr<BlockStore> blocks_;
  std::unique_ptr<StateStore> state_;
  std::unique_ptr<KvStore> index_;
  std::optional<SignMemory> remembered_;  // stands in for the row of index.db
  std::unique_ptr<rt::Runtime> runtime_;
  Instant now_{};
  std::uint64_t lives_ = 0;
  std::uint64_t nonce_ = 0;
  Height height_;
  bool claims_ = false;
  bool stalled_ = false;
  bool stop_on_own_ = false;
  std::optional<int> exit_code_;
  std::string exit_reason_;
  std::map<std::tuple<SignedKind, Height, Round>, ValueId> said_;
  std::map<std::uint64_t, Acknowledged> acknowledged_;
  std::set<EvidenceKey> told_;
  std::string contradiction_;
};

// A chain of one validator and one account that pays.
[[nodiscard]] ChainWorld lone_world();

}  // namespace witan::test
