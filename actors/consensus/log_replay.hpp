// Drives a consensus core again from the log of a validator, offline, and compares what it asks to
// sign and what it decides with what the log says was signed and decided. The core is the node's
// own; blocks are not executed: the log holds their verdicts.
//
// Feed every record in the order of the log. A divergence means that the same inputs do not lead to
// the same votes any more: another version of the rules, a damaged or edited log, or hidden input.
//
// Limits. The log begins where its oldest segment begins, mostly inside a height: that height is
// fed and not compared ("partial"), and so is one after a gap. An own message counts in the core
// when it is durable; the log holds it at the moment it was signed, a few peers' messages earlier:
// a timeout or proposal that came in between is fed after it here, unless the caller knows better
// (log_order.hpp) and feeds own messages itself. Pure; not thread-safe. Source: consensus.md §2
// (rules), architecture.md §7 (replay).
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "actors/consensus/core/block_book.hpp"
#include "actors/consensus/core/driver/consensus_core.hpp"
#include "actors/consensus/log_records.hpp"
#include "actors/consensus/recovery.hpp"
#include "crypto/sign_record.hpp"

namespace witan::consensus {

struct LogReplayOptions {
  ValidatorSetPtr validators;
  // Proposers of round 0, 1, ... of a height (decisions.md D3).
  std::function<std::vector<ValidatorIndex>(Height)> proposers;
};

struct LogReplayCounts {
  std::uint64_t records = 0;
  std::uint64_t votes = 0, proposals = 0;  // own, in the log and asked for by the core
  std::uint64_t decisions = 0;             // in the log and decided by the core
  std::uint64_t heights = 0;               // compared
  std::uint64_t partial = 0;               // heights that were fed and not compared
  std::uint64_t unsigned_wishes =
      0;  // asked for and never in the log: refused, or lost with a crash
  std::optional<Height> first, last;  // compared
};

struct Divergence {
  std::string logged;    // what the log says
  std::string redriven;  // what the core says
};

class LogReplay {
 public:
  explicit LogReplay(LogReplayOptions options) : options_(std::move(options)) {}

  enum class Own { at_once, held };
  // One record; `held`: if it is an own message, it is compared and does not count yet. Errors:
  // malformed and others of the decoders; the record changed nothing then.
  [[nodiscard]] Result<std::optional<Divergence>> feed(const LoggedRecord& record,
                                                       Own own = Own::at_once);
  // A held own message counts now. Nothing happens in another height than its own.
  Status count_own(const LoggedRecord& record);

  [[nodiscard]] StateDump dump() const { return core_.dump(); }
  // What the core asked for because of the last record, in words.
  [[nodiscard]] const std::vector<std::string>& asked() const { return asked_; }
  [[nodiscard]] const LogReplayCounts& counts() const { return counts_; }

 private:
  using Place = std::tuple<Height, Round, SignedKind>;
  struct Wish {
    ValueId value;
    Round pol_round;
    bool granted = false;
  };
  using Outcome = std::optional<Divergence>;

  void start(Height height);
  void apply(const Input& input);
  void note(const Effect& effect);
  void forget_before(Height height);
  Result<Outcome> take(const LoggedRecord& record, Own own);
  Status take_block(ByteView payload);
  Result<Outcome> take_certificate(const LoggedRecord& record);
  Result<Outcome> take_signature(const LoggedRecord& record, Own own);
  void count(const SignRecord& record);
  void feed_proposals();
  void feed_certified();
  [[nodiscard]] bool is_own_new(const Header& header, const Hash32& root) const;

  const LogReplayOptions options_;
  ConsensusCore core_;
  BlockBook blocks_;
  std::optional<ValidatorIndex> self_;  // known from the first signature
  std::optional<Height> height_;
  bool partial_ = true;
  std::optional<CommitCertificate> certified_;
  struct Decision {
    Height height;
    Round round;
    BlockId value;
  };
  std::optional<Decision> decision_;  // of height_
  std::map<Place, Wish> wishes_;      // of height_ and the one before
  std::vector<std::string> asked_;
  LogReplayCounts counts_;
};

}  // namespace witan::consensus
