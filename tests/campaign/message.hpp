// What travels between the validators of the campaign, with signatures that only their owner can
// make (a model: real ones cost a thousand times more and are tested elsewhere).
#pragma once
#include <memory>
#include <string>
#include <variant>

#include "messages/types/certificate.hpp"
#include "messages/types/validator_set.hpp"

namespace witan::campaign {

// A proposal together with its whole block, which its id describes.
struct SignedBlock {
  Height height;
  Round round;
  Round pol_round;
  BlockId value;
  ValidatorIndex proposer = 0;
  Signature signature;
};
// A decided height, for a validator that is behind (block sync).
struct Decided {
  CommitCertificate certificate;
};
// Where the sender is: peers answer with what it lacks.
struct Status {
  Height height;
  Round round;
};
// "Send me that block": a quorum stands behind it.
struct WantBlock {
  Height height;
  Round round;
  BlockId value;
};
using Content = std::variant<SignedBlock, SignedVote, Certificate, Decided, Status, WantBlock>;
struct Message {
  ValidatorIndex from = 0;  // who sent it, not always who signed it
  Content content;
};
using MessagePtr = std::shared_ptr<const Message>;

// Block ids tell what is in the block, as a decoder and an executor would find out.
struct BlockFacts {
  Height height;
  ValidatorIndex builder = 0;
  std::uint32_t number = 0;  // distinguishes blocks of one builder
  bool valid = true;
  bool timely = true;  // its time is near the clocks of correct validators
};
[[nodiscard]] BlockId block_of(const BlockFacts& facts);
[[nodiscard]] BlockFacts facts_of(const BlockId& id);

// The right to sign as one validator; the world gives each participant its own only.
class Key {
 public:
  explicit Key(ValidatorIndex owner) : owner_(owner) {}
  [[nodiscard]] SignedVote sign(Vote vote) const;           // sets the validator
  [[nodiscard]] SignedBlock sign(SignedBlock block) const;  // sets the proposer
  [[nodiscard]] ValidatorIndex owner() const { return owner_; }

 private:
  ValidatorIndex owner_;
};
// What a node's verifier does before the core sees anything.
[[nodiscard]] bool is_signed(const SignedVote& vote, const ValidatorSet& set);
[[nodiscard]] bool is_signed(const SignedBlock& block, const ValidatorSet& set);
// A well-formed quorum with every signature right (P44, P47).
[[nodiscard]] bool is_proven(const Certificate& certificate, const ValidatorSet& set);

// For the event log: one short line, the same for the same message.
[[nodiscard]] std::string text_of(const Content& content);
[[nodiscard]] std::string text_of(const ValueId& value);

}  // namespace witan::campaign
