#include "crypto/light/attack.hpp"

#include <algorithm>

#include "messages/base/codec_bytes.hpp"

namespace witan::light {
namespace {

// What the chain so far fixes in a header, whoever proposes (actors/ledger/core/block_rules.hpp).
bool same_prescribed(const Header& a, const Header& b) {
  return a.version == b.version && a.prev_block_id == b.prev_block_id && a.epoch == b.epoch &&
         a.validators_hash == b.validators_hash &&
         a.next_validators_hash == b.next_validators_hash && a.cfg_version == b.cfg_version &&
         a.rules_version == b.rules_version && a.vrf_entropy == b.vrf_entropy &&
         a.proof_root == b.proof_root;
}

AttackKind kind_of(const LightBlock& conflicting, const LightBlock& trusted) {
  if (!same_prescribed(conflicting.header, trusted.header)) return AttackKind::lunatic;
  return conflicting.commit.round == trusted.commit.round ? AttackKind::equivocation
                                                          : AttackKind::amnesia;
}

std::vector<PublicKey> signers(const LightBlock& block) {
  std::vector<PublicKey> out;  // ordered: a set is ordered by key, signatures by index
  for (const CertificateSignature& s : block.commit.signatures)
    out.push_back(block.validators->at(s.validator).key);
  return out;
}

std::vector<PublicKey> accused_of(AttackKind kind, const LightBlock& conflicting,
                                  const LightBlock& common, const LightBlock& trusted) {
  std::vector<PublicKey> out;
  if (kind == AttackKind::amnesia) return out;
  const std::vector<PublicKey> others = signers(trusted);
  for (const PublicKey& key : signers(conflicting)) {
    const bool guilty = kind == AttackKind::lunatic
                            ? common.next_validators->index_of(key).has_value()
                            : std::ranges::binary_search(others, key);
    if (guilty) out.push_back(key);
  }
  return out;
}

// Two providers, one proven chain each, from `common` on: the first block of `trace` that `other`
// does not have is the evidence against the trace's provider. `end` is what the other proved at the
// trace's last height.
struct Parting {
  LightBlock common;
  LightBlock conflicting;
  LightBlock trusted;
};
Parting find_parting(const Trace& trace, Provider& other, const LightBlock& end) {
  LightBlock common = trace.front();
  for (std::size_t i = 1; i + 1 < trace.size(); ++i) {
    const auto theirs = fetch(other, trace[i].height());
    if (!theirs) break;  // it need not help; the last block differs in any case
    if (theirs->id() != trace[i].id()) return {common, trace[i], *theirs};
    common = trace[i];
  }
  return {common, trace.back(), end};
}

}  // namespace

std::string_view name_of(AttackKind kind) {
  switch (kind) {
    case AttackKind::lunatic:
      return "lunatic";
    case AttackKind::equivocation:
      return "equivocation";
    case AttackKind::amnesia:
      return "amnesia";
  }
  return "unknown";
}

Bytes encode_attack(const AttackEvidence& evidence) {
  ByteWriter out(2048);
  out.u8(1).u64(evidence.common_height.get()).prefixed(encode_light_block(evidence.conflicting));
  return out.take();
}

Result<AttackEvidence> decode_attack(ByteView bytes) {
  ByteReader in(bytes);
  if (in.u8() != 1) return fail(ErrorCode::wrong_version, "attack", "not version 1");
  AttackEvidence out;
  out.common_height = Height(in.u64());
  const ByteView block = in.prefixed(light_block_bytes_max);
  if (!in.done()) return fail(ErrorCode::malformed, "attack", "cut short or followed by more");
  WITAN_TRY(out.conflicting, decode_light_block(block));
  return out;
}

Result<AttackFinding> judge_attack(HeaderVerifier& verifier, const AttackEvidence& evidence,
                                   const LightBlock& common, const LightBlock& trusted) {
  const LightBlock& conflicting = evidence.conflicting;
  if (common.height() != evidence.common_height || trusted.height() != conflicting.height())
    return fail(ErrorCode::wrong_height, "attack", "compared with blocks of other heights");
  if (conflicting.id() == trusted.id())
    return fail(ErrorCode::invalid_block, "attack.conflicting", "is the chain's own block");
  WITAN_TRY_VOID(verifier.verify_link(common, conflicting));
  WITAN_TRY_VOID(verifier.verify_commit(trusted));
  AttackFinding out;
  out.kind = kind_of(conflicting, trusted);
  out.accused = accused_of(out.kind, conflicting, common, trusted);
  for (const PublicKey& key : out.accused)
    if (const auto index = common.next_validators->index_of(key))
      out.accused_power += common.next_validators->at(*index).power;
  return out;
}

Result<Attack> examine_conflict(HeaderVerifier& verifier, const Trace& trace, Provider& primary,
                                Provider& witness, const Clock& clock) {
  LightBlock common = trace.front();
  WITAN_TRY(const LightBlock root, fetch(witness, common.height()));
  if (root.id() != common.id())
    return fail(ErrorCode::invalid_block, "witness",
                witness.name() + ": has another block at the trusted height " +
                    std::to_string(common.height().get()));
  for (std::size_t i = 1; i < trace.size(); ++i) {
    WITAN_TRY(const LightBlock theirs, fetch(witness, trace[i].height()));
    if (theirs.id() == trace[i].id()) {
      common = trace[i];
      continue;
    }
    Trace proof{common};
    WITAN_TRY_VOID(extend_skipping(verifier, witness, proof, theirs, clock));
    if (proof.back().height() != theirs.height())
      return fail(ErrorCode::too_large, "witness", witness.name() + ": its proof is too long");
    Attack out{primary.name(), witness.name(), common, {}, {}, {}, std::nullopt};
    out.against_primary = {common.height(), trace[i]};
    WITAN_TRY(out.primary_finding, judge_attack(verifier, out.against_primary, common, theirs));
    const Parting parting = find_parting(proof, primary, trace[i]);
    out.against_witness = {parting.common.height(), parting.conflicting};
    if (auto finding = judge_attack(verifier, out.against_witness, parting.common, parting.trusted))
      out.witness_finding = std::move(*finding);
    return out;
  }
  return fail(ErrorCode::invalid_block, "witness", witness.name() + ": changed its answer");
}

}  // namespace witan::light
