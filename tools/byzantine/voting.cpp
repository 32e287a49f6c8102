#include <array>

#include "crypto/hash.hpp"
#include "messages/base/codec_bytes.hpp"
#include "messages/base/random.hpp"
#include "messages/wire/consensus_codec.hpp"
#include "tools/byzantine/behaviours.hpp"

namespace witan::byzantine {

BlockId made_up_block(Height height, Round round, std::uint8_t salt) {
  ByteWriter writer;
  writer.u64(height.get());
  writer.u32(static_cast<std::uint32_t>(round.get()));
  writer.u8(salt);
  return sha256(writer.view());
}

Vote contradiction(const Vote& vote) {
  Vote out = vote;
  out.pol_round = Round();
  out.value = vote.value ? ValueId() : made_up_block(vote.height, vote.round, 1);
  return out;
}

namespace {

// Both votes to everybody at even heights, in an order that splits the peers; at odd heights each
// peer sees one only, and the contradiction shows when peers tell each other.
class EquivocateVotes final : public Behaviour {
 public:
  using Behaviour::Behaviour;
  void own_vote(const SignedVote& vote, PeerNumber peer, Outbox& out) override {
    const SignedVote other = insider().sign(contradiction(vote.vote));
    const bool honest_first = peer % 2 == 0;
    out.send(honest_first ? vote : other);
    if (vote.vote.height.get() % 2 == 0) out.send(honest_first ? other : vote);
  }
};

class Silent final : public Behaviour {
 public:
  using Behaviour::Behaviour;
  void own_vote(const SignedVote&, PeerNumber, Outbox&) override {}
  void own_block(const SignedProposal&, ByteView, PeerNumber, Outbox&) override {}
  void other(const Envelope& envelope, PeerNumber, Outbox& out) override {
    if (!is_consensus(envelope)) out.send(envelope);
  }
};

// The favourite changes with the height: it alone gets blocks and prevotes, and no precommit.
class Withhold final : public Behaviour {
 public:
  using Behaviour::Behaviour;
  void own_vote(const SignedVote& vote, PeerNumber peer, Outbox& out) override {
    const bool favourite = is_favourite(peer, vote.vote.height);
    if (favourite == (vote.vote.type == VoteType::prevote)) out.send(vote);
  }
  void own_block(const SignedProposal& proposal, ByteView block, PeerNumber peer,
                 Outbox& out) override {
    if (is_favourite(peer, proposal.proposal.height))
      out.send(proposal, block);
    else
      out.send(proposal);
  }
  void other(const Envelope& envelope, PeerNumber peer, Outbox& out) override {
    if (!is_consensus(envelope) || is_favourite(peer, height())) out.send(envelope);
  }

 private:
  static bool is_favourite(PeerNumber peer, Height height) { return height.get() % 3 == peer; }
};

class Delay final : public Behaviour {
 public:
  using Behaviour::Behaviour;
  void own_vote(const SignedVote& vote, PeerNumber, Outbox& out) override {
    out.later(lateness).send(vote);
  }
  void own_block(const SignedProposal& proposal, ByteView block, PeerNumber, Outbox& out) override {
    out.later(lateness).send(proposal, block);
  }
  void other(const Envelope& envelope, PeerNumber, Outbox& out) override {
    if (!is_consensus(envelope)) return out.send(envelope);
    out.later(lateness).send(envelope);
  }

 private:
  static constexpr Duration lateness = Duration::from_ms(400);
};

// Ten signed messages a tick about places where nobody is.
class FarFutureRounds final : public Behaviour {
 public:
  using Behaviour::Behaviour;
  void idle(PeerNumber, Instant, Outbox& out) override {
    if (height() == Height(0)) return;
    for (int i = 0; i < 8; ++i) {
      const Height at(i % 4 == 3 ? far_height() : height().get());
      const Round round = far_round();
      const auto type = random_.below(2) == 0 ? VoteType::prevote : VoteType::precommit;
      const ValueId value = random_.below(2) == 0 ? ValueId() : made_up_block(at, round, salt_++);
      out.send(insider().sign(Vote{type, at, round, value, Round(), insider().self()}));
    }
    for (int i = 0; i < 2; ++i) {
      Round round = far_round();
      while (insider().proposer(height(), round) != insider().self())
        round = Round(round.get() - 1);
      Proposal proposal{height(), round, Round(), made_up_block(height(), round, salt_++), {}, 0};
      proposal.parts = {32, 32 * part_size_bytes, made_up_block(height(), round, salt_++)};
      proposal.proposer = insider().self();
      out.send(insider().sign(proposal));
    }
  }

 private:
  // Near, far and in between: one above, powers of two, the largest there is.
  Round far_round() {
    const std::array<std::int32_t, 4> choices{
        round().get() + 8 + static_cast<std::int32_t>(random_.below(32)),
        1 << (4 + random_.below(15)),
        static_cast<std::int32_t>(100 + random_.below(round_max - 99)), round_max};
    return Round(choices[random_.below(choices.size())]);
  }
  std::uint64_t far_height() {
    const std::array<std::uint64_t, 4> choices{height().get() + 1, height().get() + 60,
                                               height().get() + 1'000'000, ~std::uint64_t{0} - 1};
    return choices[random_.below(choices.size())];
  }
  Random random_{7};
  std::uint8_t salt_ = 0;
};

}  // namespace

MadeBehaviour make_equivocate_votes(const Insider& i) {
  return std::make_unique<EquivocateVotes>(i);
}
MadeBehaviour make_silent(const Insider& i) { return std::make_unique<Silent>(i); }
MadeBehaviour make_withhold(const Insider& i) { return std::make_unique<Withhold>(i); }
MadeBehaviour make_delay(const Insider& i) { return std::make_unique<Delay>(i); }
MadeBehaviour make_far_future_rounds(const Insider& i) {
  return std::make_unique<FarFutureRounds>(i);
}

}  // namespace witan::byzantine
