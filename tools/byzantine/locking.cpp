#include <optional>

#include "tools/byzantine/behaviours.hpp"

namespace witan::byzantine {
namespace {

// Where it proposes in the first round, it shows its block to two peers and its prevote to one of
// them: that one alone sees a polka and locks (the hidden lock). From then on it votes for that
// block and nothing else, and proposes it again where it can. In other heights it proposes what it
// likes "because of a polka" that never was.
class StaleLock final : public Behaviour {
 public:
  using Behaviour::Behaviour;
  void own_block(const SignedProposal& signed_proposal, ByteView block, PeerNumber peer,
                 Outbox& out) override {
    const Proposal& p = signed_proposal.proposal;
    if (p.round == Round(0)) {
      if (!lock_ || lock_->proposal.height != p.height)
        lock_ = Lock{p, Bytes(block.begin(), block.end())};
      if (peer < 2) out.send(signed_proposal, block);
      return;
    }
    Proposal again = p;
    again.pol_round = Round(p.round.get() - 1);
    if (!has_lock(p.height)) return out.send(insider().sign(again), block);
    again.block_id = lock_->proposal.block_id;
    again.parts = lock_->proposal.parts;
    out.send(insider().sign(again), lock_->block);
  }
  void own_vote(const SignedVote& vote, PeerNumber peer, Outbox& out) override {
    if (!has_lock(vote.vote.height)) return out.send(vote);
    if (vote.vote.round == Round(0) && vote.vote.type == VoteType::prevote) {
      if (peer == 0) out.send(vote);
      return;
    }
    Vote clinging = vote.vote;
    clinging.value = lock_->proposal.block_id;
    clinging.pol_round = Round();
    out.send(insider().sign(clinging));
  }

 private:
  struct Lock {
    Proposal proposal;
    Bytes block;
  };
  [[nodiscard]] bool has_lock(Height height) const {
    return lock_ && lock_->proposal.height == height;
  }
  std::optional<Lock> lock_;
};

// Where it proposes in the first round, nobody sees the block and everybody its precommit for it.
// In the next round it prevotes what is proposed, as if it had never precommitted.
class Amnesia final : public Behaviour {
 public:
  using Behaviour::Behaviour;
  void own_block(const SignedProposal& signed_proposal, ByteView block, PeerNumber peer,
                 Outbox& out) override {
    const Proposal& p = signed_proposal.proposal;
    if (p.round != Round(0)) return Behaviour::own_block(signed_proposal, block, peer, out);
    hidden_ = p;
  }
  void own_vote(const SignedVote& vote, PeerNumber peer, Outbox& out) override {
    const Vote& v = vote.vote;
    if (!hidden_ || hidden_->height != v.height || v.round != Round(0) ||
        v.type != VoteType::precommit)
      return Behaviour::own_vote(vote, peer, out);
    Vote forgotten = v;
    forgotten.value = hidden_->block_id;
    out.send(insider().sign(forgotten));
  }

 private:
  std::optional<Proposal> hidden_;
};

}  // namespace

MadeBehaviour make_stale_lock(const Insider& i) { return std::make_unique<StaleLock>(i); }
MadeBehaviour make_amnesia(const Insider& i) { return std::make_unique<Amnesia>(i); }

}  // namespace witan::byzantine
