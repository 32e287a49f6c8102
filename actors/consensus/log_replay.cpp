#include "actors/consensus/log_replay.hpp"

#include "crypto/sign_bytes.hpp"
#include "messages/base/hex.hpp"
#include "messages/wire/consensus_codec.hpp"

namespace witan::consensus {
namespace {

std::string short_hex(const ValueId& value) { return value ? to_hex(*value).substr(0, 8) : "nil"; }

std::string words(std::string_view what, Round round, const ValueId& value) {
  return std::string(what) + " of round " + std::to_string(round.get()) + " for " +
         short_hex(value);
}

std::string wish_words(SignedKind kind, Round round, const ValueId& value, Round pol_round) {
  std::string out = words(name_of(kind), round, value);
  if (!pol_round.is_nil()) out += " with the polka of round " + std::to_string(pol_round.get());
  return out;
}

SignedKind kind_of(const Vote& vote) {
  return vote.type == VoteType::prevote ? SignedKind::prevote : SignedKind::precommit;
}

}  // namespace

Result<std::optional<Divergence>> LogReplay::feed(const LoggedRecord& record, Own own) {
  asked_.clear();
  WITAN_TRY(Outcome outcome, take(record, own));
  ++counts_.records;
  return outcome;
}

Result<LogReplay::Outcome> LogReplay::take(const LoggedRecord& record, Own own) {
  if (record.kind == RecordKind::height_end) return Outcome{};  // of the ledger
  if (record.kind == RecordKind::sign) return take_signature(record, own);
  if (!height_ || record.height > *height_) start(record.height);
  const Outcome outcome;
  if (record.height < *height_) return outcome;
  switch (record.kind) {
    case RecordKind::vote: {
      WITAN_TRY(const SignedVote vote, decode_vote_record(record.payload));
      apply(VoteReceived{vote.vote, vote.signature});
      return outcome;
    }
    case RecordKind::proposal: {
      WITAN_TRY(const SignedProposal proposal, decode_proposal_record(record.payload));
      (void)blocks_.add_proposal(proposal, proposal.proposal.round);
      feed_proposals();
      return outcome;
    }
    case RecordKind::block:
      WITAN_TRY_VOID(take_block(record.payload));
      return outcome;
    case RecordKind::timeout: {
      WITAN_TRY(const TimeoutRecord timeout, decode_timeout_record(record.payload));
      apply(TimeoutFired{timeout.step, record.height, timeout.round, 0});
      return outcome;
    }
    case RecordKind::certificate:
    case RecordKind::decided:
      return take_certificate(record);
    case RecordKind::sign:
    case RecordKind::height_end:
      break;
  }
  return outcome;
}

// A height whose decision is not in the log came from the stores when the node was started again;
// one that does not follow is where the log has a gap.
void LogReplay::start(Height height) {
  const bool again = height_ == height;  // with the own voice, after what came before it
  if (again && !partial_) {
    --counts_.heights;
    ++counts_.partial;
    if (counts_.first == height) counts_.first.reset();
  }
  partial_ = again || !height_ || height.get() != height_->get() + 1;
  forget_before(height_.value_or(height));
  height_ = height;
  decision_.reset();
  certified_.reset();
  blocks_.reset(height);
  if (partial_) {
    if (!again) ++counts_.partial;
  } else {
    ++counts_.heights;
    if (!counts_.first) counts_.first = height;
    counts_.last = height;
  }
  apply(StartHeight{height, options_.validators, options_.proposers(height), self_});
}

void LogReplay::forget_before(Height height) {
  while (!wishes_.empty() && std::get<Height>(wishes_.begin()->first) < height) {
    if (!wishes_.begin()->second.granted) ++counts_.unsigned_wishes;
    wishes_.erase(wishes_.begin());
  }
}

void LogReplay::apply(const Input& input) {
  for (const Effect& effect : core_.apply(input)) note(effect);
}

void LogReplay::note(const Effect& effect) {
  if (const auto* vote = std::get_if<SignVote>(&effect)) {
    const SignedKind kind = kind_of(vote->vote);
    wishes_[{vote->vote.height, vote->vote.round, kind}] = {vote->vote.value, vote->vote.pol_round};
    asked_.push_back("sign " +
                     wish_words(kind, vote->vote.round, vote->vote.value, vote->vote.pol_round));
  } else if (const auto* own = std::get_if<SignProposal>(&effect)) {
    wishes_[{own->height, own->round, SignedKind::proposal}] = {own->value, own->pol_round};
    asked_.push_back("sign " +
                     wish_words(SignedKind::proposal, own->round, own->value, own->pol_round));
  } else if (const auto* decide = std::get_if<Decide>(&effect)) {
    decision_ = Decision{decide->height, decide->round, decide->value};
    asked_.push_back("decide " + words("the block", decide->round, decide->value));
  } else if (const auto* enter_round = std::get_if<EnterRound>(&effect)) {
    asked_.push_back("enter round " + std::to_string(enter_round->round.get()));
  } else if (const auto* lock = std::get_if<NewLock>(&effect)) {
    asked_.push_back("lock " +
                     words("the block", lock->certificate.round, lock->certificate.block_id));
  } else if (const auto* value = std::get_if<GetValue>(&effect)) {
    asked_.push_back("build a block for round " + std::to_string(value->round.get()));
  } else if (const auto* timer = std::get_if<ScheduleTimeout>(&effect)) {
    asked_.push_back("start the " + std::string(name_of(timer->step)) + " timer of round " +
                     std::to_string(timer->round.get()));
  } else if (std::holds_alternative<RoundFailed>(effect)) {
    asked_.push_back("end the round: it has failed");
  } else {
    asked_.push_back("accuse an equivocator");
  }
}

// ---- records

// A block of our own that was just built: its proposal is signed after it is logged.
bool LogReplay::is_own_new(const Header& header, const Hash32& root) const {
  if (!self_ || !core_.dump().awaiting_value ||
      header.proposer != options_.validators->at(*self_).key)
    return false;
  for (const SignedProposal& held : blocks_.proposals(core_.state().round))
    if (held.proposal.parts.root == root) return false;
  return true;
}

Status LogReplay::take_block(ByteView payload) {
  WITAN_TRY(const BlockRecord logged, decode_block_record(payload));
  if (logged.bytes.empty() || logged.bytes.size() > block_bytes_max)
    return fail(ErrorCode::malformed, "block", "its size is out of range");
  const CutBlock cut = cut_block(*height_, Round(0), logged.bytes);
  const BlockBook::Entry* known = blocks_.find_root(cut.header.root);
  if (known != nullptr && known->valid && (*known->valid || !logged.valid)) return {};
  const auto block = decode_block(logged.bytes);
  const ValueId id = block ? ValueId(block_id(block->header)) : std::nullopt;
  blocks_.add_whole(cut.header, BlockId{}, logged.bytes);
  blocks_.set_verdict(cut.header.root, id, logged.valid, logged.timely);
  if (block && logged.valid && is_own_new(block->header, cut.header.root))
    apply(ProposeValue{*height_, core_.state().round, *id});
  feed_proposals();
  feed_certified();
  return {};
}

Result<LogReplay::Outcome> LogReplay::take_certificate(const LoggedRecord& record) {
  WITAN_TRY(const Certificate certificate, decode_certificate_record(record.payload));
  if (record.kind == RecordKind::decided) {
    if (decision_ && decision_->value == certificate.block_id &&
        decision_->round == certificate.round) {
      ++counts_.decisions;
      return Outcome{};
    }
    if (!partial_)
      return Outcome(
          Divergence{"decided " + words("the block", certificate.round, certificate.block_id),
                     decision_ ? "decided " + words("the block", decision_->round, decision_->value)
                               : "nothing is decided"});
  }
  if (certificate.type == VoteType::precommit) {
    certified_ = certificate;
    feed_certified();
  } else {
    apply(CertificateReceived{certificate});
  }
  return Outcome{};
}

Result<LogReplay::Outcome> LogReplay::take_signature(const LoggedRecord& logged, Own own) {
  WITAN_TRY(const SignRecord record, decode_sign_record(logged.payload));
  if (record.kind == SignedKind::watermark) return Outcome{};
  Outcome outcome;
  if (!self_) {
    // Only now is it known who speaks: the height goes on from here with its own voice.
    self_ = record.validator;
    start(record.height);
  } else if (!height_ || record.height > *height_) {
    start(record.height);
  }
  const auto wish = wishes_.find({record.height, record.round, record.kind});
  // Which block is new in a round is an input: built again after a restart it is another one.
  const bool own_block = record.kind == SignedKind::proposal && record.pol_round.is_nil() &&
                         record.value && blocks_.find_block(*record.value) != nullptr;
  const bool agrees = wish != wishes_.end() && (wish->second.value == record.value || own_block) &&
                      wish->second.pol_round == record.pol_round;
  if (agrees) {
    wish->second.granted = true;
    ++(record.kind == SignedKind::proposal ? counts_.proposals : counts_.votes);
  } else if (!partial_ && record.height == *height_) {
    outcome = Divergence{
        "signed " + wish_words(record.kind, record.round, record.value, record.pol_round),
        wish == wishes_.end()
            ? "no such message is asked for"
            : "asked for " + wish_words(record.kind, record.round, wish->second.value,
                                        wish->second.pol_round)};
  }
  if (own == Own::at_once) count(record);
  return outcome;
}

Status LogReplay::count_own(const LoggedRecord& record) {
  WITAN_TRY(const SignRecord own, decode_sign_record(record.payload));
  if (own.kind != SignedKind::watermark) count(own);
  return {};
}

void LogReplay::count(const SignRecord& record) {
  if (!height_ || record.height != *height_) return;
  if (record.kind == SignedKind::proposal) {
    (void)blocks_.add_proposal({proposal_of(record), record.signature}, record.round);
    feed_proposals();
  } else {
    apply(VoteReceived{vote_of(record), record.signature});
  }
}

void LogReplay::feed_proposals() {
  for (const ProposalComplete& proposal : blocks_.take_complete()) apply(proposal);
}

// A height decided elsewhere, once its block is known: by the certificate's round and its proposer
// (P14).
void LogReplay::feed_certified() {
  if (!certified_) return;
  const BlockBook::Entry* entry = blocks_.find_block(certified_->block_id);
  if (entry == nullptr || entry->valid != true) return;
  const CommitCertificate certificate = *std::exchange(certified_, std::nullopt);
  apply(CertificateReceived{certificate});
  apply(ProposalComplete{certificate.height, certificate.round, Round::nil(), certificate.block_id,
                         core_.proposer(certificate.round), true});
}

}  // namespace witan::consensus
