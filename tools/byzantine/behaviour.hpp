// What a dishonest validator does, as a plug-in of an honest node: the node decides as the rules
// say, and the plug-in sees what it is about to tell each peer, and may replace, drop, delay,
// duplicate or add to it. It holds the validator's key, because the node's signer refuses
// contradictions.
//
// One Behaviour serves one node. Its members are called one at a time (stage.hpp takes care).
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "actors/peers/interposer.hpp"
#include "crypto/keys.hpp"
#include "crypto/sign_bytes.hpp"
#include "messages/types/block.hpp"
#include "messages/types/genesis.hpp"
#include "messages/types/validator_set.hpp"

namespace witan::byzantine {

// Peers in the order in which they were first met: 0, 1, ... A peer keeps its number.
using PeerNumber = std::size_t;

// What the validator knows that nobody else does, and what everybody knows.
class Insider {
 public:
  // Errors: unknown_validator (the key is of no validator of this genesis), those of the genesis.
  static Result<Insider> make(const Genesis& genesis, SecretKey key);

  [[nodiscard]] ValidatorIndex self() const { return self_; }
  [[nodiscard]] ValidatorIndex proposer(Height height, Round round) const;
  [[nodiscard]] SignedVote sign(const Vote& vote) const;
  [[nodiscard]] SignedProposal sign(const Proposal& proposal) const;

 private:
  Insider(ChainId chain_id, ValidatorSetPtr validators, SecretKey key, ValidatorIndex self)
      : chain_id_(chain_id),
        validators_(std::move(validators)),
        key_(std::move(key)),
        self_(self) {}
  ChainId chain_id_;
  ValidatorSetPtr validators_;
  SecretKey key_;
  ValidatorIndex self_;
};

// What leaves for one peer.
class Outbox {
 public:
  struct Item {
    peers::Interposer::Departure departure;
    Duration delay{};
  };
  explicit Outbox(std::vector<Item>& items, Duration delay = {}) : items_(items), delay_(delay) {}

  // The same box; what is put in through it leaves later.
  [[nodiscard]] Outbox later(Duration delay) const { return Outbox(items_, delay); }
  // A message as it is, on its type's channel. REQUIRES: its type is in wire_types().
  void send(const Envelope& envelope);
  void send(const SignedVote& vote);
  void send(const SignedProposal& proposal);
  void send(const BlockPart& part, std::uint32_t parts_count);
  // A proposal and its block in parts.
  void send(const SignedProposal& proposal, ByteView block);
  // Words that are not what they say, or of a type nobody knows.
  void send_on(Channel channel, const Envelope& envelope);
  // The plaintext of a packet. REQUIRES: not empty, at most peers::packet_bytes_max.
  void send_packet(Bytes packet);

 private:
  std::vector<Item>& items_;
  Duration delay_;
};

class Behaviour {
 public:
  explicit Behaviour(const Insider& insider) : insider_(insider) {}
  virtual ~Behaviour() = default;

  // Each of these is about one peer; an honest node does what the defaults do.
  // A vote of this validator.
  virtual void own_vote(const SignedVote& vote, PeerNumber peer, Outbox& out);
  // A proposal of this validator with the block it is about, which come together: the proposal is
  // held back until the last part is there.
  virtual void own_block(const SignedProposal& proposal, ByteView block, PeerNumber peer,
                         Outbox& out);
  // Whatever else this node sends.
  virtual void other(const Envelope& envelope, PeerNumber peer, Outbox& out);
  // Every 20 ms.
  virtual void idle(PeerNumber peer, Instant now, Outbox& out);

  // Where this node is: height and round of its last own vote or proposal.
  void is_at(Height height, Round round) {
    height_ = height;
    round_ = round;
  }

 protected:
  [[nodiscard]] const Insider& insider() const { return insider_; }
  [[nodiscard]] Height height() const { return height_; }
  [[nodiscard]] Round round() const { return round_; }

 private:
  const Insider& insider_;
  Height height_;
  Round round_;
};

// Another block in place of an honest one, properly proposed.
struct Remade {
  SignedProposal proposal;
  Bytes block;
};
// `change` may break anything; the id, the parts and the signature are those of the changed block.
[[nodiscard]] Remade remake(const Insider& insider, const SignedProposal& honest, ByteView block,
                            const std::function<void(Block&)>& change);

// Votes, proposals, parts, certificates and round status: what decides a height.
[[nodiscard]] bool is_consensus(const Envelope& envelope);

struct BehaviourInfo {
  const char* name;
  const char* text;  // one line: what it does
  std::unique_ptr<Behaviour> (*make)(const Insider& insider);
};
// In the order in which they are shown.
[[nodiscard]] const std::vector<BehaviourInfo>& behaviours();
// Null when there is none of this name.
[[nodiscard]] const BehaviourInfo* find_behaviour(std::string_view name);

}  // namespace witan::byzantine
