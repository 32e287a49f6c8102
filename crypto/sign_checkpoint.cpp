#include "crypto/sign_checkpoint.hpp"

#include <algorithm>

#include "crypto/hash.hpp"
#include "crypto/random.hpp"
#include "messages/base/codec_bytes.hpp"
#include "messages/base/crc32c.hpp"
#include "messages/base/hex.hpp"

namespace witan {
namespace {

constexpr std::string_view magic = "WITANSGN";
constexpr std::uint32_t checkpoint_version = 3;
constexpr std::uint32_t version_without_lease = 2;
constexpr std::size_t recent_max = 3;  // proposal, prevote, precommit
constexpr std::uint64_t no_segment = UINT64_MAX;
constexpr std::size_t crc_bytes = 4;

constexpr auto init_hint =
    "if this key certainly signs nowhere else, run `witan signer init --i-know --height H` with H "
    "above every height it may have signed; otherwise restore the newest sign_state";

void put(ByteWriter& out, const RoundValue& pair) {
  out.u32(static_cast<std::uint32_t>(pair.round.get()));
  out.u8(pair.id ? 1 : 0).raw(pair.id.value_or(BlockId{}).view());
}

RoundValue get_round_value(ByteReader& in) {
  RoundValue pair;
  pair.round = Round(static_cast<std::int32_t>(in.u32()));
  const bool present = in.u8() != 0;
  const auto id = in.fixed<BlockId>();
  if (present) pair.id = id;
  return pair;
}

tl::unexpected<Error> damaged(std::string what) {
  return fail(ErrorCode::corrupt, "sign_state",
              what + "; restore the newest copy of the file; " + init_hint);
}

Result<SignSnapshot> get_snapshot(ByteReader& in) {
  SignSnapshot s;
  s.last_seq = in.u64();
  s.watermark.height = Height(in.u64());
  s.watermark.round = Round(static_cast<std::int32_t>(in.u32()));
  s.locked = get_round_value(in);
  s.valid = get_round_value(in);
  const std::size_t count = in.u8();
  if (count > recent_max) return damaged("too many records");
  for (std::size_t i = 0; i < count; ++i) {
    auto record = decode_sign_record(in.raw(sign_record_bytes));
    if (!record) return damaged(record.error().to_string());
    s.recent.push_back(*record);
  }
  return s;
}

Result<SignCheckpoint> read_file(const SignRecoveryInput& input) {
  if (input.checkpoint_file) return decode_sign_checkpoint(*input.checkpoint_file);
  if (input.store_height.get() > 0)
    return fail(ErrorCode::sign_state_missing, "sign_state",
                "the file is absent but the chain is at height " +
                    std::to_string(input.store_height.get()) + "; " + init_hint);
  return fail(ErrorCode::sign_state_missing, "sign_state",
              std::string("the file is absent; `witan init` creates it together with a new key; ") +
                  init_hint);
}

Status check_owner(const SignOwner& owner, const SignRecoveryInput& input) {
  if (owner.key != input.key)
    return fail(ErrorCode::sign_state_foreign, "sign_state.key",
                "belongs to key " + to_hex(owner.key) + ", this node signs with " +
                    to_hex(input.key) +
                    "; put the key file and sign_state of one validator together");
  if (owner.chain_id != input.chain_id)
    return fail(ErrorCode::sign_state_foreign, "sign_state.chain_id",
                "belongs to chain " + to_hex(owner.chain_id) +
                    "; use the data directory of that chain, or another key for this one");
  if (input.remembered && input.remembered->instance != owner.instance)
    return fail(ErrorCode::sign_state_foreign, "sign_state.instance",
                "comes from another data directory, which may still be signing; stop that node, "
                "then restore this directory's own file, or start from the other directory");
  return {};
}

// A copy of a whole home agrees with itself in everything but where it lies.
Status check_place(const std::optional<SignPlace>& place, const SignRecoveryInput& input) {
  if (!place || !input.place || *place == *input.place) return {};
  const bool moved = place->host != input.place->host;
  return fail(ErrorCode::sign_state_foreign, "sign_state.place",
              std::string(moved ? "this home was last used on another machine"
                                : "this home is a copy: its data folder is not the one last used") +
                  "; the other one may still sign with this key, and two that sign lose the stake. "
                  "Start the other one, or stop it for ever and run `witan signer adopt "
                  "--other-stopped` here");
}

Status check_generation(const SignCheckpoint& checkpoint, const SignRecoveryInput& input) {
  if (!input.remembered || checkpoint.generation >= input.remembered->generation) return {};
  return fail(ErrorCode::sign_state_older, "sign_state.generation",
              "is number " + std::to_string(checkpoint.generation) +
                  ", but this node has used number " +
                  std::to_string(input.remembered->generation) +
                  ": an older copy of the file was put back; " + init_hint);
}

Status check_segments(const SignCheckpoint& checkpoint, const SignRecoveryInput& input) {
  if (!checkpoint.wal_segment) {
    if (input.records.empty()) return {};
    return fail(ErrorCode::sign_state_foreign, "sign_state.wal_segment",
                std::string("the file was never used, yet the log holds signatures; ") + init_hint);
  }
  const std::uint64_t needed = *checkpoint.wal_segment;
  if (input.segments && input.segments->first <= needed && needed <= input.segments->last)
    return {};
  return fail(ErrorCode::sign_state_missing, "sign_state.wal_segment",
              "log segment " + std::to_string(needed) +
                  ", which holds the signatures after this file, is absent; restore it; " +
                  init_hint);
}

Status replay(SignState& state, std::span<const Bytes> records) {
  for (const Bytes& bytes : records) {
    auto record = decode_sign_record(bytes);
    if (!record) return damaged(record.error().to_string());
    if (record->seq > state.snapshot().last_seq) {
      const Status applied = state.apply(*record);
      if (!applied) return damaged(applied.error().to_string());
      continue;
    }
    // Covered already: by the checkpoint, or appended twice. It must be the same record.
    for (const SignRecord& known : state.snapshot().recent) {
      if (known.seq == record->seq && !(known == *record))
        return fail(ErrorCode::sign_state_foreign, "sign_record.seq",
                    "the file and the log hold different records " + std::to_string(record->seq) +
                        ": they come from two nodes; stop both and find out which one signed last");
    }
  }
  return {};
}

// The records that would be sent again carry this key's signatures over what they say.
Status check_signatures(const SignState& state, const SignRecoveryInput& input) {
  for (const SignRecord& record : state.snapshot().recent) {
    const Hash32 message = message_hash_of(input.chain_id, record);
    if (message != record.message_hash || !verify(input.key, message.view(), record.signature))
      return damaged("record " + std::to_string(record.seq) +
                     " does not carry this key's signature");
  }
  return {};
}

Status check_age(const SignState& state, const SignRecoveryInput& input) {
  if (state.height_max() >= input.own_commit_height) return {};
  return fail(ErrorCode::sign_state_older, "sign_state",
              "ends at height " + std::to_string(state.height_max().get()) +
                  ", but the chain holds this key's commit signature for height " +
                  std::to_string(input.own_commit_height.get()) +
                  ": it is an old copy; restore the newest one, or run `witan signer set-min "
                  "--height H` with H above every height this key may have signed");
}

}  // namespace

SignPlace sign_place(std::string_view host, std::uint64_t folder, std::uint64_t born_ns) {
  return {sha256(as_bytes("witan sign place " + std::string(host))), folder, born_ns};
}

void adopt(SignCheckpoint& checkpoint, const SignPlace& place) { checkpoint.place = place; }

SignCheckpoint new_sign_checkpoint(const ChainId& chain_id, const PublicKey& key) {
  SignCheckpoint out;
  out.owner = {chain_id, key, {}};
  random_fill(out.owner.instance.data);
  return out;
}

Status raise_min(SignCheckpoint& checkpoint, Height height, Round first_round) {
  if (height.get() == 0) return fail(ErrorCode::out_of_range, "height", "must be at least 1");
  if (first_round.is_nil() || first_round > round_all)
    return fail(ErrorCode::out_of_range, "round", "must be in 0..round_max");
  const Watermark wanted = first_round == Round(0)
                               ? Watermark{height - 1, round_all}
                               : Watermark{height, Round(first_round.get() - 1)};
  const Watermark& current = checkpoint.snapshot.watermark;
  if (wanted < current)
    return fail(ErrorCode::sign_refused, "height",
                "the minimum only rises; everything up to height " +
                    std::to_string(current.height.get()) + " round " +
                    std::to_string(current.round.get()) + " is excluded already");
  checkpoint.snapshot.watermark = wanted;
  return {};
}

namespace {

Bytes encode_as(const SignCheckpoint& c, std::uint32_t version) {
  ByteWriter out(sign_checkpoint_bytes_max);
  out.raw(as_bytes(magic)).u32(version);
  out.raw(c.owner.chain_id.view()).raw(c.owner.key.view()).raw(c.owner.instance.view());
  out.u64(c.wal_segment.value_or(no_segment)).u64(c.generation);
  const SignPlace place = c.place.value_or(SignPlace{});
  out.u8(c.place ? 1 : 0).raw(place.host.view()).u64(place.folder).u64(place.born_ns);
  if (version != version_without_lease) out.u64(c.lease.epoch).raw(c.lease.holder.view());
  const SignSnapshot& s = c.snapshot;
  out.u64(s.last_seq).u64(s.watermark.height.get());
  out.u32(static_cast<std::uint32_t>(s.watermark.round.get()));
  put(out, s.locked);
  put(out, s.valid);
  out.u8(static_cast<std::uint8_t>(s.recent.size()));
  for (const SignRecord& record : s.recent) out.raw(encode(record));
  const std::uint32_t crc = crc32c(out.view());
  out.u32(crc);
  return out.take();
}

}  // namespace

Bytes encode(const SignCheckpoint& c) { return encode_as(c, checkpoint_version); }

Result<SignCheckpoint> decode_sign_checkpoint(ByteView bytes) {
  if (bytes.size() < magic.size() + crc_bytes || bytes.size() > sign_checkpoint_bytes_max)
    return damaged("wrong size");
  if (as_text(bytes.first(magic.size())) != magic) return damaged("not a sign-state file");
  const ByteView body = bytes.first(bytes.size() - crc_bytes);
  if (ByteReader(bytes.last(crc_bytes)).u32() != crc32c(body)) return damaged("checksum differs");
  ByteReader in(body.subspan(magic.size()));
  const std::uint32_t version = in.u32();
  if (version != checkpoint_version && version != version_without_lease)
    return fail(ErrorCode::wrong_version, "sign_state.version",
                std::to_string(version) + "; use the release that wrote it, or: " + init_hint);
  SignCheckpoint c;
  c.owner.chain_id = in.fixed<ChainId>();
  c.owner.key = in.fixed<PublicKey>();
  c.owner.instance = in.fixed<InstanceId>();
  const std::uint64_t segment = in.u64();
  if (segment != no_segment) c.wal_segment = segment;
  c.generation = in.u64();
  const bool placed = in.u8() != 0;
  SignPlace place;
  place.host = in.fixed<Hash32>();
  place.folder = in.u64();
  place.born_ns = in.u64();
  if (placed) c.place = place;
  if (version != version_without_lease) c.lease = {in.u64(), in.fixed<NodeId>()};
  WITAN_TRY(c.snapshot, get_snapshot(in));
  const Bytes again = encode_as(c, version);
  if (!in.done() || !std::equal(again.begin(), again.end(), bytes.begin(), bytes.end()))
    return damaged("not what this program writes");
  auto state = SignState::from(c.snapshot);
  if (!state) return damaged(state.error().to_string());
  return c;
}

Result<SignRecovery> recover_sign_state(const SignRecoveryInput& input) {
  WITAN_TRY(const SignCheckpoint checkpoint, read_file(input));
  WITAN_TRY_VOID(check_owner(checkpoint.owner, input));
  WITAN_TRY_VOID(check_place(checkpoint.place, input));
  WITAN_TRY_VOID(check_generation(checkpoint, input));
  WITAN_TRY_VOID(check_segments(checkpoint, input));
  WITAN_TRY(SignState state, SignState::from(checkpoint.snapshot));
  WITAN_TRY_VOID(replay(state, input.records));
  WITAN_TRY_VOID(check_signatures(state, input));
  WITAN_TRY_VOID(check_age(state, input));
  const bool unbound = !checkpoint.place && input.place;
  return SignRecovery{
      checkpoint.owner,      std::move(state), unbound ? input.place : checkpoint.place,
      checkpoint.generation, checkpoint.lease, unbound || !checkpoint.wal_segment};
}

}  // namespace witan
