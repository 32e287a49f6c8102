#include "crypto/sign_state.hpp"

#include <tuple>

#include "crypto/verify.hpp"

namespace witan {
namespace {

template <class T>
auto position_of(const T& item) {
  return std::tuple(item.height, item.round, step_of(item.kind));
}

template <class T>
std::string describe(const T& item) {
  return std::string(name_of(item.kind)) + " at " + std::to_string(item.height.get()) + "/" +
         std::to_string(item.round.get());
}

Status check_shape(const Intent& intent) {
  switch (intent.kind) {
    case SignedKind::proposal:
      if (!intent.value)
        return fail(ErrorCode::malformed, "intent.value", "a proposal has a block");
      return check_shape(proposal_of(intent));
    case SignedKind::prevote:
    case SignedKind::precommit:
      return check_shape(vote_of(intent));
    case SignedKind::watermark:
      break;
  }
  return fail(ErrorCode::malformed, "intent.kind", "nothing that is signed");
}

Status check_pair(const RoundValue& pair, const Intent& intent, const char* field) {
  if (pair.round.is_nil() == pair.id.has_value() || pair.round > intent.round)
    return fail(ErrorCode::malformed, field,
                "round and id disagree, or the round is in the future");
  return {};
}

// The one of the later round; the first on a tie.
const RoundValue& later(const RoundValue& a, const RoundValue& b) {
  return b.round > a.round ? b : a;
}

}  // namespace

Result<SignState> SignState::from(SignSnapshot snapshot) {
  const auto& recent = snapshot.recent;
  for (std::size_t i = 0; i < recent.size(); ++i) {
    const SignRecord& r = recent[i];
    const bool same_round = r.height == recent[0].height && r.round == recent[0].round;
    const bool ordered =
        i == 0 || (position_of(r) > position_of(recent[i - 1]) && r.seq > recent[i - 1].seq);
    if (r.kind == SignedKind::watermark || !same_round || !ordered || r.seq > snapshot.last_seq)
      return fail(ErrorCode::corrupt, "sign_state.recent", "records contradict each other");
  }
  SignState out;
  out.data_ = std::move(snapshot);
  return out;
}

bool SignState::remembers(Height height) const {
  return !data_.recent.empty() && data_.recent.back().height == height;
}

Height SignState::height_max() const {
  const Height signed_height = data_.recent.empty() ? Height(0) : data_.recent.back().height;
  return std::max(signed_height, data_.watermark.height);
}

// The stronger of what is remembered here and what the core says (S8). The core knows more when it
// locked without signing (an observer that became a validator); this state knows more after the log
// was lost.
Result<RoundValue> SignState::lock_for(const Intent& intent) const {
  WITAN_TRY_VOID(check_pair(intent.locked, intent, "intent.locked"));
  WITAN_TRY_VOID(check_pair(intent.valid, intent, "intent.valid"));
  const bool own_lock = intent.kind == SignedKind::precommit && intent.value == intent.locked.id;
  if (intent.locked.round == intent.round && !own_lock)
    return fail(ErrorCode::sign_conflict, "intent.locked",
                "locked in this round on something else than this precommit");
  if (!remembers(intent.height)) return intent.locked;
  if (intent.locked.round == data_.locked.round && intent.locked.id != data_.locked.id)
    return fail(ErrorCode::sign_conflict, "intent.locked",
                "the sign-state holds a lock on another block in the same round: the log was "
                "damaged or replay is not deterministic; stop and keep a copy of the data");
  return later(data_.locked, intent.locked);
}

// Paper lines 23 and 29: a prevote against the lock needs a polka from the lock's round or later.
Status SignState::check_amnesia(const Intent& intent, const RoundValue& lock) const {
  const bool against_lock =
      intent.kind == SignedKind::prevote && intent.value && lock.id && intent.value != lock.id;
  if (against_lock && intent.pol_round < lock.round)
    return fail(ErrorCode::sign_locked, "intent.pol_round",
                describe(intent) + ": locked on another block in round " +
                    std::to_string(lock.round.get()) + ", the polka is of round " +
                    std::to_string(intent.pol_round.get()));
  return {};
}

bool SignState::is_against_lock(const Intent& intent) const {
  const bool vote = intent.kind == SignedKind::prevote || intent.kind == SignedKind::precommit;
  return vote && intent.value && remembers(intent.height) && data_.locked.id &&
         data_.locked.id != intent.value;
}

Result<std::optional<SignRecord>> SignState::judge(const Intent& intent,
                                                   const Hash32& message_hash) const {
  WITAN_TRY_VOID(check_shape(intent));
  if (Watermark{intent.height, intent.round} <= data_.watermark)
    return fail(ErrorCode::sign_refused, "intent.height",
                describe(intent) + " is not above the watermark " +
                    std::to_string(data_.watermark.height.get()) + "/" +
                    std::to_string(data_.watermark.round.get()));
  for (const SignRecord& record : data_.recent) {
    if (position_of(record) != position_of(intent)) continue;
    if (record.message_hash == message_hash) return std::optional(record);
    return fail(ErrorCode::sign_conflict, "intent.value",
                describe(intent) + ": another message is already signed for this step");
  }
  if (!data_.recent.empty() && position_of(intent) < position_of(data_.recent.back()))
    return fail(ErrorCode::sign_regression, "intent.round",
                describe(intent) + " is before the last signed " + describe(data_.recent.back()));
  WITAN_TRY(const RoundValue lock, lock_for(intent));
  WITAN_TRY_VOID(check_amnesia(intent, lock));
  return std::optional<SignRecord>();
}

SignRecord SignState::next_record(const Intent& intent, const Hash32& message_hash,
                                  const Signature& signature) const {
  SignRecord r;
  r.seq = data_.last_seq + 1;
  r.kind = intent.kind;
  r.height = intent.height;
  r.round = intent.round;
  r.pol_round = intent.pol_round;
  r.value = intent.value;
  if (intent.kind == SignedKind::proposal) r.parts = intent.parts;
  r.validator = intent.validator;
  const bool same_height = remembers(intent.height);
  r.locked = same_height ? later(data_.locked, intent.locked) : intent.locked;
  r.valid = same_height ? later(data_.valid, intent.valid) : intent.valid;
  if (intent.kind == SignedKind::precommit && intent.value)
    r.locked = {intent.round, intent.value};  // paper lines 38-39, in the same record (S8)
  r.message_hash = message_hash;
  r.signature = signature;
  return r;
}

Result<std::optional<SignRecord>> SignState::next_watermark(Height height, Round round) const {
  if (round.is_nil() || round > round_all)
    return fail(ErrorCode::out_of_range, "watermark.round", "must be in 0..round_max");
  const Watermark wanted{height, round};
  if (wanted < data_.watermark)
    return fail(ErrorCode::sign_refused, "watermark",
                "only rises; it stands at height " + std::to_string(data_.watermark.height.get()));
  if (wanted == data_.watermark) return std::optional<SignRecord>();
  SignRecord r;
  r.seq = data_.last_seq + 1;
  r.height = height;
  r.round = round;
  r.locked = data_.locked;
  r.valid = data_.valid;
  return std::optional(r);
}

Status SignState::check_claim(const SignClaim& claim) const {
  if (Watermark{claim.height, claim.round} <= data_.watermark) return {};
  if (data_.recent.empty() || position_of(claim) > position_of(data_.recent.back()))
    return fail(
        ErrorCode::sign_state_older, "sign_state",
        "the network holds this key's " + describe(claim) +
            ", which this node does not remember: its data was restored from an older copy, "
            "or another node signs with this key. Stop the other one; then restore the "
            "newest copy, or run `witan signer set-min --height H` with H above every "
            "height this key may have signed");
  for (const SignRecord& record : data_.recent) {
    if (position_of(record) == position_of(claim) && record.value != claim.value)
      return fail(ErrorCode::sign_conflict, "sign_state",
                  "the network holds another " + describe(claim) +
                      " with this key's signature: another node signs with this key. Stop both");
  }
  return {};
}

Status SignState::apply(const SignRecord& record) {
  if (record.seq != data_.last_seq + 1)
    return fail(ErrorCode::corrupt, "sign_record.seq",
                "expected " + std::to_string(data_.last_seq + 1) + ", found " +
                    std::to_string(record.seq) + ": a record was lost");
  if (record.kind == SignedKind::watermark) {
    data_.watermark = std::max(data_.watermark, Watermark{record.height, record.round});
  } else {
    auto& recent = data_.recent;
    if (!recent.empty() && position_of(record) <= position_of(recent.back()))
      return fail(ErrorCode::corrupt, "sign_record.height",
                  describe(record) + " does not follow " + describe(recent.back()));
    if (!recent.empty() && (recent[0].height != record.height || recent[0].round != record.round)) {
      recent.clear();
    }
    recent.push_back(record);
    data_.locked = record.locked;
    data_.valid = record.valid;
  }
  data_.last_seq = record.seq;
  return {};
}

}  // namespace witan
