// Where own messages began to count, by the order of what the consensus actor handled. The log
// holds an own message where it was signed; the core counted it when it was durable, some messages
// later. A recording of the same node (docs/tracing.md) has the order: which record was fed before
// the own message came back, and which after.
//
// A record and the message that led to it are matched by what both say: votes by type, height,
// round and validator; decisions by the commit that the same handling sent; others by their number
// in their height or round. Where more than one message may have led to a record (a vote within a
// certificate of a round, a second vote of an equivocator, more messages than records), it is
// before or after the own message only if all of them are. What is not known is told; nothing is
// guessed.
// Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "actors/consensus/log_records.hpp"
#include "crypto/sign_record.hpp"

namespace witan::consensus {

// A record of the log, in its order.
struct OrderRecord {
  RecordKind kind = RecordKind::vote;
  Height height;
  Round round;
  ValidatorIndex validator = 0;                  // of votes, proposals and own messages
  SignedKind signed_kind = SignedKind::prevote;  // of votes (prevote, precommit) and own messages
};
// Errors: those of the decoders.
[[nodiscard]] Result<OrderRecord> order_record(RecordKind kind, Height height, ByteView payload);

// A message that the consensus actor handled, or the moment it sent the commit of a height.
struct OrderHop {
  enum class What : std::uint8_t {
    vote,
    round_certificate,
    proposal,
    certificate,
    block,  // built or checked
    timeout,
    decision,
    own_vote,
    own_proposal,
  };
  What what = What::vote;
  Height height;
  Round round;
  ValidatorIndex validator = 0;
  std::optional<SignedKind> type;  // of votes; none: not known
  std::int64_t time = 0;           // when the handler began
};

struct LogOrder {
  // For each record: own messages are fed before this record (its own index: where it was signed).
  std::vector<std::size_t> feed_before;
  std::set<Height> heights;     // that the hops cover and the log holds
  std::uint64_t placed = 0;     // own messages whose place is known
  std::uint64_t moved = 0;      // of them: behind where they were signed
  std::uint64_t unsure = 0;     // known up to records whose side is not: placed before those
  std::uint64_t unmatched = 0;  // no hop, or hops and records contradict each other: not moved
};

// `hops`: of the heights `covered`, all of them, by time.
[[nodiscard]] LogOrder order_of(const std::vector<OrderRecord>& records,
                                const std::vector<OrderHop>& hops, const std::set<Height>& covered);

}  // namespace witan::consensus
