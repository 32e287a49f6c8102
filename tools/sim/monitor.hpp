// What must be true of every run, checked as it goes, from outside the nodes: from what they store
// and from what they sign. The first violation is kept; the run ends with it.
//
//   agreement      no two correct nodes store different blocks at a height
//   validity       each block follows the one before it, its time grows, its id is its hash, no
//                  transaction is in the chain twice
//   certificates   each stored certificate names the block, by distinct validators of more than two
//                  thirds of the power, and their signatures verify
//   signatures     no correct validator signs two votes of one type or two proposals in a round
//   refusals       nor asks its signer, which checks all this again, for what it has to refuse
//   locks          nor prevotes against its own precommit without a later polka (amnesia)
//   state          roots after a block are the header's and equal on all nodes
//   supply         the sum of all balances stays what genesis says
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "actors/node/stores.hpp"
#include "crypto/verify.hpp"
#include "messages/types/genesis.hpp"

namespace witan::sim {

class Monitor {
 public:
  Monitor(const Genesis& genesis, const ChainId& chain_id, ValidatorSetPtr validators,
          std::shared_ptr<const Verifier> verifier);

  // What a correct validator sends, as often as it sends it. Returns what it says, the first time.
  std::string signed_vote(const SignedVote& vote);
  std::string signed_proposal(const SignedProposal& proposal);
  // Blocks of a correct node from `from` to its last one. Returns the next height to look at.
  Height look(const std::string& node, const node::Stores& stores, Height from);
  // This validator's disk lied to it: what it signs is not held against it.
  void excuse(ValidatorIndex validator) { excused_.insert(validator); }
  [[nodiscard]] bool is_excused(ValidatorIndex validator) const {
    return excused_.contains(validator);
  }
  void violated(const std::string& rule, const std::string& text);

  [[nodiscard]] const std::optional<std::string>& violation() const { return violation_; }
  [[nodiscard]] Height highest() const;
  // Block id at a height that some correct node stored.
  [[nodiscard]] std::optional<Hash32> block_at(Height height) const;

 private:
  struct Known {
    Hash32 id;
    UnixTime time;
    Hash32 state_root;
  };
  using Place = std::tuple<ValidatorIndex, Height, Round, VoteType>;
  [[nodiscard]] Status check_block(const node::Stores& stores, Height height);
  [[nodiscard]] Status check_new(const Block& block, const Known& known, const Certificate& by);
  [[nodiscard]] Status check_state(const node::Stores& stores, Height height, const Known& known);
  void check_amnesia(const Vote& vote);

  ChainId chain_id_;
  Height initial_;
  std::uint64_t supply_ = 0;
  ValidatorSetPtr validators_;
  std::shared_ptr<const Verifier> verifier_;
  std::optional<std::string> violation_;
  std::map<Height, Known> chain_;
  Height supply_checked_{};
  std::set<Hash32> transactions_;
  std::map<Place, ValueId> votes_;
  std::map<std::tuple<ValidatorIndex, Height, Round>, BlockId> proposals_;
  std::map<std::pair<ValidatorIndex, Height>, std::vector<Vote>> of_height_;
  std::set<ValidatorIndex> excused_;
};

}  // namespace witan::sim
