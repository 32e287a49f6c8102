#include <map>

#include "actors/consensus/core/part_set.hpp"
#include "messages/wire/consensus_codec.hpp"
#include "tools/byzantine/behaviours.hpp"

namespace witan::byzantine {
namespace {

// Proposers that show another block than the one they built, and stand by what they have shown.
class Impostor : public Behaviour {
 public:
  using Behaviour::Behaviour;

 protected:
  // What was shown in place of an honest block, for the votes.
  void note(const Proposal& honest, const BlockId& shown) {
    if (honest.height != noted_at_) shown_.clear();
    noted_at_ = honest.height;
    shown_.insert_or_assign(honest.block_id, shown);
  }
  // The same vote for what was shown.
  [[nodiscard]] SignedVote in_place(const SignedVote& vote) const {
    if (!vote.vote.value || vote.vote.height != noted_at_) return vote;
    const auto it = shown_.find(*vote.vote.value);
    if (it == shown_.end()) return vote;
    Vote out = vote.vote;
    out.value = it->second;
    return insider().sign(out);
  }

 private:
  Height noted_at_;
  std::map<BlockId, BlockId> shown_;
};

// The second block differs by a nanosecond, so both are valid. Even peers are shown the honest one
// first, odd ones the other; at odd heights no peer is shown both. Its votes go with what a peer
// was shown.
class EquivocateProposals : public Impostor {
 public:
  using Impostor::Impostor;
  void own_block(const SignedProposal& honest, ByteView block, PeerNumber peer,
                 Outbox& out) override {
    const Remade twin = remake(insider(), honest, block,
                               [](Block& b) { b.header.time = b.header.time + Duration{1}; });
    note(honest.proposal, twin.proposal.proposal.block_id);
    const bool both = honest.proposal.height.get() % 2 == 0;
    if (is_shown_honest(peer)) {
      out.send(honest, block);
      if (both) out.send(twin.proposal, twin.block);
    } else {
      out.send(twin.proposal, twin.block);
      if (both) out.send(honest, block);
    }
  }
  void own_vote(const SignedVote& vote, PeerNumber peer, Outbox& out) override {
    out.send(is_shown_honest(peer) ? vote : in_place(vote));
  }

 protected:
  static bool is_shown_honest(PeerNumber peer) { return peer % 2 == 0; }
};

class Equivocate final : public EquivocateProposals {
 public:
  using EquivocateProposals::EquivocateProposals;
  void own_vote(const SignedVote& vote, PeerNumber peer, Outbox& out) override {
    EquivocateProposals::own_vote(vote, peer, out);
    out.send(insider().sign(contradiction(vote.vote)));
  }
};

// One broken rule after the other, by height.
class InvalidBlock final : public Impostor {
 public:
  using Impostor::Impostor;
  void own_block(const SignedProposal& honest, ByteView block, PeerNumber, Outbox& out) override {
    const Remade broken = make(honest, block);
    note(honest.proposal, broken.proposal.proposal.block_id);
    out.send(broken.proposal, broken.block);
  }
  void own_vote(const SignedVote& vote, PeerNumber, Outbox& out) override {
    out.send(in_place(vote));
  }

 private:
  [[nodiscard]] Remade make(const SignedProposal& honest, ByteView block) const {
    const auto with = [&](const std::function<void(Block&)>& change) {
      return remake(insider(), honest, block, change);
    };
    switch (honest.proposal.height.get() % 9) {
      case 0:
        return with([](Block& b) { b.header.state_root.data[0] ^= 1; });
      case 1:
        return with([](Block& b) { b.header.tx_root.data[0] ^= 1; });
      case 2:
        return with([](Block& b) { ++b.header.height; });
      case 3:
        return with([](Block& b) { b.header.proposer.data[5] ^= 1; });
      case 4:
        return with([](Block& b) { b.header.prev_block_id.data[0] ^= 1; });
      case 5:
        return with([](Block& b) { b.txs.push_back(Bytes(40, 0xee)); });
      case 6:
        return with([](Block& b) { b.last_commit.signatures.clear(); });
      case 7:
        return under_another_id(honest, block);
      default:
        return not_a_block(honest);
    }
  }
  // A good block that is not the one the proposal names.
  [[nodiscard]] Remade under_another_id(const SignedProposal& honest, ByteView block) const {
    Proposal p = honest.proposal;
    p.block_id = made_up_block(p.height, p.round, 2);
    return {insider().sign(p), Bytes(block.begin(), block.end())};
  }
  [[nodiscard]] Remade not_a_block(const SignedProposal& honest) const {
    Proposal p = honest.proposal;
    Bytes bytes(1000, 0xab);
    p.block_id = made_up_block(p.height, p.round, 3);
    p.parts = consensus::cut_block(p.height, p.round, bytes).header;
    return {insider().sign(p), std::move(bytes)};
  }
};

// The proposal is honest, no part is.
class InvalidParts final : public Behaviour {
 public:
  using Behaviour::Behaviour;
  void own_block(const SignedProposal& signed_proposal, ByteView block, PeerNumber,
                 Outbox& out) override {
    const Proposal& p = signed_proposal.proposal;
    out.send(signed_proposal);
    const consensus::CutBlock cut = consensus::cut_block(p.height, p.round, block);
    for (BlockPart part : cut.parts) {
      std::uint32_t count = cut.header.count;
      damage(part, count, p.height.get() % 5);
      out.send(part, count);
    }
  }

 private:
  static void damage(BlockPart& part, std::uint32_t& count, std::uint64_t how) {
    switch (how) {
      case 0:
        part.bytes[part.bytes.size() / 2] ^= 1;
        break;
      case 1:  // proved, but of a set nobody has proposed
        part.bytes[part.bytes.size() / 2] ^= 1;
        part.parts_root = consensus::cut_block(part.height, part.round, part.bytes).header.root;
        break;
      case 2:
        part.proof.emplace_back();
        break;
      case 3:
        ++count;
        break;
      default:
        part.bytes.pop_back();
        break;
    }
  }
};

// The honest time is replaced before anybody sees it.
class LyingTimestamps final : public Impostor {
 public:
  using Impostor::Impostor;
  void own_block(const SignedProposal& honest, ByteView block, PeerNumber, Outbox& out) override {
    const std::uint64_t how = honest.proposal.height.get() % 4;
    const Remade lie = remake(insider(), honest, block, [how](Block& b) {
      UnixTime& t = b.header.time;
      if (how == 0) t = t + Duration::from_s(3600);
      if (how == 1) t = UnixTime{t.ns - Duration::from_s(3600).ns};
      if (how == 2) t = UnixTime{std::numeric_limits<std::int64_t>::max()};
      if (how == 3) t = UnixTime{std::numeric_limits<std::int64_t>::min()};
    });
    note(honest.proposal, lie.proposal.proposal.block_id);
    out.send(lie.proposal, lie.block);
  }
  void own_vote(const SignedVote& vote, PeerNumber, Outbox& out) override {
    out.send(in_place(vote));
  }
};

}  // namespace

MadeBehaviour make_equivocate(const Insider& i) { return std::make_unique<Equivocate>(i); }
MadeBehaviour make_equivocate_proposals(const Insider& i) {
  return std::make_unique<EquivocateProposals>(i);
}
MadeBehaviour make_invalid_block(const Insider& i) { return std::make_unique<InvalidBlock>(i); }
MadeBehaviour make_invalid_parts(const Insider& i) { return std::make_unique<InvalidParts>(i); }
MadeBehaviour make_lying_timestamps(const Insider& i) {
  return std::make_unique<LyingTimestamps>(i);
}

}  // namespace witan::byzantine
