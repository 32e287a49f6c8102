// The bytes of a light block: fixed layout, one encoding for each block.
#include "crypto/light/light_block.hpp"
#include "messages/base/codec_bytes.hpp"

namespace witan::light {
namespace {

constexpr std::uint8_t format_version = 1;

void put_round(ByteWriter& out, Round round) { out.u32(static_cast<std::uint32_t>(round.get())); }

// Errors are reported once at the end: a round outside its range makes `valid` false.
Round get_round(ByteReader& in, bool nil_allowed, bool& valid) {
  const auto value = static_cast<std::int32_t>(in.u32());
  if (value > round_max || value < (nil_allowed ? -1 : 0)) valid = false;
  return value < 0 ? Round::nil() : Round(value);
}

void put_header(ByteWriter& out, const Header& h) {
  out.u32(h.version).raw(h.chain_id.view()).u64(h.height.get());
  put_round(out, h.origin_round);
  out.i64(h.time.ns).u64(h.epoch).raw(h.proposer.view());
  out.raw(h.prev_block_id.view()).raw(h.prev_commit_hash.view());
  out.raw(h.tx_root.view()).raw(h.evidence_root.view()).raw(h.state_root.view());
  for (const Hash32& root : h.module_roots) out.raw(root.view());
  out.raw(h.validators_hash.view()).raw(h.next_validators_hash.view());
  out.u64(h.cfg_version).u64(h.rules_version);
  out.raw(h.vrf_entropy.view()).raw(h.proof_root.view());
}

Header get_header(ByteReader& in, bool& valid) {
  Header h;
  h.version = in.u32();
  h.chain_id = in.fixed<Hash32>();
  h.height = Height(in.u64());
  h.origin_round = get_round(in, false, valid);
  h.time.ns = in.i64();
  h.epoch = in.u64();
  h.proposer = in.fixed<PublicKey>();
  h.prev_block_id = in.fixed<Hash32>();
  h.prev_commit_hash = in.fixed<Hash32>();
  h.tx_root = in.fixed<Hash32>();
  h.evidence_root = in.fixed<Hash32>();
  h.state_root = in.fixed<Hash32>();
  for (Hash32& root : h.module_roots) root = in.fixed<Hash32>();
  h.validators_hash = in.fixed<Hash32>();
  h.next_validators_hash = in.fixed<Hash32>();
  h.cfg_version = in.u64();
  h.rules_version = in.u64();
  h.vrf_entropy = in.fixed<Hash32>();
  h.proof_root = in.fixed<Hash32>();
  return h;
}

void put_commit(ByteWriter& out, const Certificate& commit) {
  out.u8(static_cast<std::uint8_t>(commit.type)).u64(commit.height.get());
  put_round(out, commit.round);
  out.raw(commit.block_id.view());
  out.u32(static_cast<std::uint32_t>(commit.signatures.size()));
  for (const CertificateSignature& s : commit.signatures) {
    out.u32(s.validator);
    put_round(out, s.pol_round);
    out.raw(s.signature.view());
  }
}

constexpr std::size_t signature_bytes = 4 + 4 + Signature::size_bytes;
constexpr std::size_t validator_bytes = PublicKey::size_bytes + 8 + 1 + 8;

Result<Certificate> get_commit(ByteReader& in, bool& valid) {
  Certificate out;
  const std::uint8_t type = in.u8();
  if (type != static_cast<std::uint8_t>(VoteType::precommit))
    return fail(ErrorCode::unknown_type, "commit.type", "only precommits decide a block");
  out.type = VoteType::precommit;
  out.height = Height(in.u64());
  out.round = get_round(in, false, valid);
  out.block_id = in.fixed<BlockId>();
  const std::uint32_t count = in.u32();
  if (count > validators_max || count * signature_bytes > in.left())
    return fail(ErrorCode::too_large, "commit.signatures", std::to_string(count));
  out.signatures.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    CertificateSignature s;
    s.validator = in.u32();
    s.pol_round = get_round(in, true, valid);
    s.signature = in.fixed<Signature>();
    if (i > 0 && s.validator <= out.signatures.back().validator)
      return fail(ErrorCode::not_canonical, "commit.signatures", "must be strictly increasing");
    out.signatures.push_back(s);
  }
  return out;
}

void put_set(ByteWriter& out, const ValidatorSet& set) {
  out.u32(static_cast<std::uint32_t>(set.size()));
  for (const Validator& v : set.all())
    out.raw(v.key.view()).u64(v.power).u8(v.tier).u64(v.timetoke_hours);
}

Result<ValidatorSetPtr> get_set(ByteReader& in) {
  const std::uint32_t count = in.u32();
  if (count > validators_max || count * validator_bytes > in.left())
    return fail(ErrorCode::too_large, "validators", std::to_string(count));
  std::vector<Validator> list(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    list[i].key = in.fixed<PublicKey>();
    list[i].power = in.u64();
    list[i].tier = in.u8();
    list[i].timetoke_hours = in.u64();
    if (i > 0 && !(list[i - 1].key < list[i].key))
      return fail(ErrorCode::not_canonical, "validators", "must be ordered by key");
  }
  WITAN_TRY(ValidatorSet set, ValidatorSet::make(std::move(list)));
  return std::make_shared<const ValidatorSet>(std::move(set));
}

}  // namespace

Bytes encode_light_block(const LightBlock& block) {
  ByteWriter out(1024 + block.commit.signatures.size() * signature_bytes +
                 block.validators->size() * validator_bytes);
  out.u8(format_version);
  put_header(out, block.header);
  put_commit(out, block.commit);
  put_set(out, *block.validators);
  const bool changes = block.next_validators->all() != block.validators->all();
  out.u8(changes ? 1 : 0);
  if (changes) put_set(out, *block.next_validators);
  return out.take();
}

Result<LightBlock> decode_light_block(ByteView bytes) {
  if (bytes.size() > light_block_bytes_max)
    return fail(ErrorCode::too_large, "light_block", std::to_string(bytes.size()) + " bytes");
  ByteReader in(bytes);
  bool valid = true;
  if (in.u8() != format_version)
    return fail(ErrorCode::wrong_version, "light_block", "not version 1 of the encoding");
  LightBlock out;
  out.header = get_header(in, valid);
  WITAN_TRY(out.commit, get_commit(in, valid));
  WITAN_TRY(out.validators, get_set(in));
  out.next_validators = out.validators;
  const std::uint8_t changes = in.u8();
  if (changes > 1) return fail(ErrorCode::malformed, "next_validators", "flag is not 0 or 1");
  if (changes == 1) {
    WITAN_TRY(out.next_validators, get_set(in));
    if (out.next_validators->all() == out.validators->all())
      return fail(ErrorCode::not_canonical, "next_validators", "repeats the set");
  }
  if (!valid) return fail(ErrorCode::out_of_range, "round", "outside its range");
  if (!in.done()) return fail(ErrorCode::malformed, "light_block", "cut short or followed by more");
  return out;
}

}  // namespace witan::light
