// The proposals and blocks of one height: which proposal needs which block, which parts are
// missing, and what the executor said. Pure; owned by the consensus actor.
//
// Invariants: at most blocks_max blocks are held; a proposal is reported as complete at most once
// per verdict; a block is checked at most once (its verdict is remembered per block id).
// Blocks are told apart by their whole part set header: a proposer may sign another one's root with
// a wrong size, and must not keep the block under that root from being put together.
#pragma once
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "actors/consensus/core/input.hpp"
#include "actors/consensus/core/part_set.hpp"
#include "messages/base/time.hpp"

namespace witan::consensus {

inline constexpr std::size_t blocks_max = 16;
inline constexpr std::size_t proposals_max = 64;
// Proposals of rounds beyond this are not kept: they come again with the rebroadcast.
inline constexpr std::int32_t proposal_rounds_ahead_max = 8;

class BlockBook {
 public:
  struct Entry {
    explicit Entry(const PartSetHeader& header) : parts(header) {}
    PartSet parts;
    bool checking = false;                  // the ledger was asked
    std::optional<BlockId> id;              // hash of the header, once the executor has read it
    std::optional<bool> valid;              // its verdict
    bool timely = true;                     // its time agreed with our clock
    std::optional<UnixTime> proposed_at{};  // our clock when a peer's proposal first named it
  };

  void reset(Height height);

  // Takes a verified proposal. False: already held, or beyond the bounds. `now`: for one that came
  // from a peer just now.
  bool add_proposal(const SignedProposal& proposal, Round current,
                    std::optional<UnixTime> now = std::nullopt);
  // A proposal held of the same round and proposer that is not this one: together they are
  // evidence, whether or not a block of theirs ever becomes whole.
  [[nodiscard]] std::optional<SignedProposal> contradicted_by(const SignedProposal& proposal) const;
  // Takes a part that was proved under `parts_count`. True if it was new. The count has to be the
  // proposer's: under another count the same leaf is proved at another index (P35).
  bool add_part(const BlockPart& part, std::uint32_t parts_count);
  // A block we have whole: our own, or one read from the log.
  Entry& add_whole(const PartSetHeader& header, const BlockId& id, ByteView bytes);

  // Blocks that became whole and have not been given to the ledger: marks them as checking.
  [[nodiscard]] std::vector<const Entry*> take_unchecked();
  // The executor's verdict; a verdict never turns from valid to invalid (P21).
  void set_verdict(const Hash32& parts_root, const ValueId& id, bool valid, bool timely = true);
  // Proposals whose block has a verdict and that were not reported yet, as inputs for the core.
  [[nodiscard]] std::vector<ProposalComplete> take_complete();

  [[nodiscard]] const Entry* find_root(const Hash32& parts_root) const;
  [[nodiscard]] const Entry* find_block(const BlockId& id) const;
  [[nodiscard]] std::vector<SignedProposal> proposals(Round round) const;

 private:
  struct Held {
    SignedProposal proposal;
    bool reported = false;
  };
  using Key = std::pair<Hash32, std::uint32_t>;  // parts root, total bytes (the count follows)
  static Key key_of(const PartSetHeader& header) { return {header.root, header.total_bytes}; }
  // Under one root at most one entry can become whole; that one, or else the first.
  Entry* find(const Hash32& parts_root);

  Height height_;
  std::vector<Held> proposals_;
  std::map<Key, Entry> blocks_;
};

}  // namespace witan::consensus
