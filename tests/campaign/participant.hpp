// One validator: the real consensus core and the real sign-state rules, and around them what
// actors/consensus owes the core (see its README), in virtual time: verification at the rim, early
// messages of the next height, own messages looped back once durable, the polka pushed with every
// lock and round, repetition when nothing moves, decided heights for who is behind, blocks by id.
//
// Correct validators are watched by a Monitor and signed for by a SignState. A liar has one of
// these too, to know where the others are, but signs freely; what it wants to say goes through its
// Surroundings, which twist it.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "actors/consensus/core/driver/consensus_core.hpp"
#include "crypto/sign_state.hpp"
#include "messages/base/time.hpp"
#include "tests/campaign/message.hpp"
#include "tests/campaign/monitor.hpp"

namespace witan::campaign {

class Surroundings {
 public:
  virtual ~Surroundings() = default;
  virtual void say(ValidatorIndex from, Content content) = 0;  // to all others
  virtual void tell(ValidatorIndex from, ValidatorIndex to, Content content) = 0;
  virtual void return_own(ValidatorIndex self, Content content) = 0;  // durable: comes back
  virtual void start_timer(ValidatorIndex self, Duration after,
                           const consensus::TimeoutFired& timer) = 0;
  virtual void plan_next_height(ValidatorIndex self) = 0;
  [[nodiscard]] virtual std::vector<ValidatorIndex> proposers(Height height) const = 0;
};

class Participant {
 public:
  // `monitor`: nullptr for a liar.
  Participant(ValidatorIndex self, ValidatorSetPtr set, Surroundings& around, Monitor* monitor);

  void start_height(Height height);
  void receive(const Message& message);
  void own(const Content& content);  // what return_own() was given
  void fire(const consensus::TimeoutFired& timer) { feed(timer); }
  void tick();  // periodically: repeat ourselves if nothing moved
  // The process died; it comes back with its log, or with its sign-state only.
  void restart(bool with_log);

  [[nodiscard]] Height height() const { return height_; }
  [[nodiscard]] bool running() const { return running_; }  // false between two heights
  [[nodiscard]] const consensus::RoundState& state() const { return core_.state(); }
  [[nodiscard]] const consensus::ConsensusCore& core() const { return core_; }
  [[nodiscard]] Height decided_up_to() const;
  [[nodiscard]] const std::vector<SignedBlock>& blocks() const { return blocks_; }
  [[nodiscard]] std::size_t equivocations() const { return equivocations_; }

 private:
  void feed(const consensus::Input& input);
  void take(const std::vector<consensus::Effect>& effects);
  void on(ValidatorIndex from, const SignedBlock& block);
  void on(ValidatorIndex from, const SignedVote& vote);
  void on(ValidatorIndex from, const Certificate& certificate);
  void on(ValidatorIndex from, const Decided& decided);
  void on(ValidatorIndex from, const Status& status);
  void on(ValidatorIndex from, const WantBlock& want);
  void perform(const consensus::GetValue& effect);
  void perform(const consensus::SignProposal& effect);
  void perform(const consensus::SignVote& effect);
  void perform(const consensus::ScheduleTimeout& effect);
  void perform(const consensus::RoundFailed& effect);
  void perform(const consensus::EnterRound& effect);
  void perform(const consensus::NewLock& effect);
  void perform(const consensus::Decide& effect);
  void perform(const consensus::Equivocation& effect);
  void perform(const consensus::AmnesiaFound& effect);
  void perform(const consensus::ProposalEquivocation& effect);

  void feed_block(const SignedBlock& block);
  void push_state(const std::function<void(Content)>& to);
  // Judges and records; false if refused.
  bool sign(const Intent& intent, const Signature& signature);
  [[nodiscard]] bool is_early(Height height, ValidatorIndex from);
  void keep_early(ValidatorIndex from, const Content& content);

  ValidatorIndex self_;
  Key key_;
  ValidatorSetPtr set_;
  Surroundings& around_;
  Monitor* monitor_;
  consensus::ConsensusCore core_;
  SignState signer_;
  Height height_;
  bool running_ = false;
  std::uint32_t blocks_built_ = 0;
  std::vector<SignedBlock> blocks_;       // of this height, as received
  std::set<BlockId> known_blocks_;        // whose bytes we have, to propose them again
  std::vector<consensus::Input> log_;     // what the write-ahead log holds of this height
  std::vector<SignRecord> sign_records_;  // of this height
  std::map<Height, CommitCertificate> decided_;
  std::vector<Message> early_;  // of the next height
  consensus::RoundState last_seen_;
  std::size_t equivocations_ = 0;
};

}  // namespace witan::campaign
