#include "actors/consensus/log_order.hpp"

#include <algorithm>
#include <limits>
#include <map>

namespace witan::consensus {
namespace {

using What = OrderHop::What;

// When a record may have been fed: its earliest and its latest message. None: not known.
struct Times {
  std::int64_t first = std::numeric_limits<std::int64_t>::max();
  std::int64_t last = std::numeric_limits<std::int64_t>::min();
  void add(std::int64_t time) {
    first = std::min(first, time);
    last = std::max(last, time);
  }
  [[nodiscard]] bool known() const { return first <= last; }
};

enum class Side { unknown, before, after };

bool is_own(const OrderRecord& record) {
  return record.kind == RecordKind::sign && record.signed_kind != SignedKind::watermark;
}

// What tells the messages and records of a height apart, beside votes.
struct Class {
  RecordKind kind = RecordKind::vote;
  Round round;  // of timeouts, proposals and certificates
  auto operator<=>(const Class&) const = default;
};
std::optional<Class> class_of(const OrderRecord& record) {
  switch (record.kind) {
    case RecordKind::proposal:
    case RecordKind::certificate:
    case RecordKind::timeout:
      return Class{record.kind, record.round};
    case RecordKind::block:
    case RecordKind::decided:
      return Class{record.kind, Round(0)};
    default:
      return std::nullopt;
  }
}
std::optional<Class> class_of(const OrderHop& hop) {
  switch (hop.what) {
    case What::proposal:
      return Class{RecordKind::proposal, hop.round};
    case What::certificate:
      return Class{RecordKind::certificate, hop.round};
    case What::timeout:
      return Class{RecordKind::timeout, hop.round};
    case What::block:
      return Class{RecordKind::block, Round(0)};
    case What::decision:
      return Class{RecordKind::decided, Round(0)};
    default:
      return std::nullopt;
  }
}

// Hops and records of one height.
class AtHeight {
 public:
  void add(const OrderHop& hop) {
    if (const auto is = class_of(hop))
      times_[*is].push_back(hop.time);
    else
      hops_.push_back(&hop);
  }
  // In the order of the log.
  void add(const OrderRecord& record) {
    if (const auto is = class_of(record)) ++records_[*is];
  }

  // `nth`: how many records of its class stand before it.
  [[nodiscard]] Times times_of(const OrderRecord& record, std::size_t nth) const {
    Times out;
    const auto is = class_of(record);
    if (!is) {
      for (const OrderHop* hop : hops_)
        if (may_lead(*hop, record)) out.add(hop->time);
      return out;
    }
    const auto at = times_.find(*is);
    if (at == times_.end()) return out;
    const std::vector<std::int64_t>& times = at->second;
    // As many messages as records: each led to one, in order. Of timeouts those of a round that is
    // over, which lead to none, come last.
    if (times.size() == records_.at(*is) || is->kind == RecordKind::timeout) {
      if (nth < times.size()) out.add(times[nth]);
      return out;
    }
    for (const std::int64_t time : times) out.add(time);
    return out;
  }

  // When an own message came back, durable.
  [[nodiscard]] std::optional<std::int64_t> came_back(const OrderRecord& own) const {
    for (const OrderHop* hop : hops_) {
      if (hop->round != own.round) continue;
      const bool vote = hop->what == What::own_vote && hop->type == own.signed_kind &&
                        hop->validator == own.validator;
      if (vote || (hop->what == What::own_proposal && own.signed_kind == SignedKind::proposal))
        return hop->time;
    }
    return std::nullopt;
  }

 private:
  [[nodiscard]] static bool may_lead(const OrderHop& hop, const OrderRecord& record) {
    if (record.kind != RecordKind::vote || hop.round != record.round) return false;
    return hop.what == What::round_certificate ||
           (hop.what == What::vote && hop.validator == record.validator &&
            (!hop.type || *hop.type == record.signed_kind));
  }

  std::vector<const OrderHop*> hops_;  // votes, and own messages
  std::map<Class, std::vector<std::int64_t>> times_;
  std::map<Class, std::size_t> records_;
};

// What was decided while the own message was handled follows from it.
Side side_of(const OrderRecord& record, const Times& times, std::int64_t own) {
  if (!times.known()) return Side::unknown;
  if (times.last < own) return Side::before;
  if (times.first > own || (record.kind == RecordKind::decided && times.first == own))
    return Side::after;
  return Side::unknown;
}

class Ordering {
 public:
  Ordering(const std::vector<OrderRecord>& records, const std::vector<OrderHop>& hops)
      : records_(records), times_(records.size()) {
    for (const OrderHop& hop : hops) by_height_[hop.height].add(hop);
    std::map<std::pair<Height, Class>, std::size_t> seen;
    std::vector<std::size_t> nth(records.size());
    for (std::size_t i = 0; i < records.size(); ++i) {
      by_height_[records[i].height].add(records[i]);
      if (const auto is = class_of(records[i])) nth[i] = seen[{records[i].height, *is}]++;
    }
    for (std::size_t i = 0; i < records.size(); ++i)
      times_[i] = by_height_[records[i].height].times_of(records[i], nth[i]);
  }

  void place(std::size_t own, LogOrder& out) const {
    const auto time = by_height_.at(records_[own].height).came_back(records_[own]);
    if (!time) return void(++out.unmatched);
    std::size_t before = own + 1;  // behind the last record that was surely fed before
    std::optional<std::size_t> after;
    std::vector<std::size_t> unknown;
    for (std::size_t i = own + 1; i < records_.size(); ++i) {
      const OrderRecord& r = records_[i];
      // A later height has begun: the own message counts no more, so that its place is no matter.
      if (r.height > records_[own].height && r.kind != RecordKind::height_end) break;
      if (r.kind == RecordKind::sign || r.kind == RecordKind::height_end) continue;
      const Side side = side_of(r, times_[i], *time);
      if (side == Side::after && !after) after = i;
      if (side == Side::unknown) unknown.push_back(i);
      if (side != Side::before) continue;
      if (after) return void(++out.unmatched);
      before = i + 1;
    }
    // Records are fed in the order of the log: what stands behind one that is after is after.
    const bool sure = std::none_of(unknown.begin(), unknown.end(), [&](std::size_t i) {
      return i >= before && (!after || i < *after);
    });
    ++(sure ? out.placed : out.unsure);
    if (before == own + 1) return;
    out.feed_before[own] = before;
    ++out.moved;
  }

 private:
  const std::vector<OrderRecord>& records_;
  std::map<Height, AtHeight> by_height_;
  std::vector<Times> times_;  // of the records
};

}  // namespace

Result<OrderRecord> order_record(RecordKind kind, Height height, ByteView payload) {
  OrderRecord out;
  out.kind = kind;
  out.height = height;
  if (kind == RecordKind::vote) {
    WITAN_TRY(const SignedVote vote, decode_vote_record(payload));
    out.round = vote.vote.round;
    out.validator = vote.vote.validator;
    out.signed_kind =
        vote.vote.type == VoteType::prevote ? SignedKind::prevote : SignedKind::precommit;
  } else if (kind == RecordKind::proposal) {
    WITAN_TRY(const SignedProposal proposal, decode_proposal_record(payload));
    out.round = proposal.proposal.round;
    out.validator = proposal.proposal.proposer;
  } else if (kind == RecordKind::certificate) {
    WITAN_TRY(const Certificate certificate, decode_certificate_record(payload));
    out.round = certificate.round;
  } else if (kind == RecordKind::timeout) {
    WITAN_TRY(const TimeoutRecord timeout, decode_timeout_record(payload));
    out.round = timeout.round;
  } else if (kind == RecordKind::sign) {
    WITAN_TRY(const SignRecord sign, decode_sign_record(payload));
    out.height = sign.height;
    out.round = sign.round;
    out.validator = sign.validator;
    out.signed_kind = sign.kind;
  }
  return out;
}

LogOrder order_of(const std::vector<OrderRecord>& records, const std::vector<OrderHop>& hops,
                  const std::set<Height>& covered) {
  LogOrder out;
  out.feed_before.resize(records.size());
  const Ordering ordering(records, hops);
  for (std::size_t i = 0; i < records.size(); ++i) {
    out.feed_before[i] = i;
    if (!is_own(records[i]) || !covered.contains(records[i].height)) continue;
    out.heights.insert(records[i].height);
    ordering.place(i, out);
  }
  return out;
}

}  // namespace witan::consensus
