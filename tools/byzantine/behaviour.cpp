#include "tools/byzantine/behaviour.hpp"

#include "actors/consensus/core/part_set.hpp"
#include "actors/consensus/core/proposer_order.hpp"
#include "actors/ledger/core/genesis_state.hpp"
#include "messages/base/check.hpp"
#include "messages/wire/consensus_codec.hpp"

namespace witan::byzantine {

Result<Insider> Insider::make(const Genesis& genesis, SecretKey key) {
  WITAN_TRY(ValidatorSet set, ledger::validator_set_of(genesis));
  const auto self = set.index_of(key.public_key());
  if (!self)
    return fail(ErrorCode::unknown_validator, "consensus_key",
                "only a validator of the genesis can misbehave as one");
  return Insider(genesis_hash(genesis), std::make_shared<const ValidatorSet>(std::move(set)),
                 std::move(key), *self);
}

ValidatorIndex Insider::proposer(Height height, Round round) const {
  return proposer_at(proposer_order(*validators_, chain_id_, height), round);
}

SignedVote Insider::sign(const Vote& vote) const {
  return {vote, key_.sign(vote_hash(chain_id_, vote).view())};
}

SignedProposal Insider::sign(const Proposal& proposal) const {
  return {proposal, key_.sign(proposal_hash(chain_id_, proposal).view())};
}

// ---- what leaves

void Outbox::send_on(Channel channel, const Envelope& envelope) {
  items_.push_back({{channel, envelope}, delay_});
}

void Outbox::send(const Envelope& envelope) {
  const WireType* type = find_wire_type(envelope.type);
  WITAN_CHECK(type != nullptr, envelope.type);
  send_on(type->channel, envelope);
}

void Outbox::send(const SignedVote& vote) {
  Draft<schema::Vote> draft;
  write_vote(*draft, vote);
  send(std::move(draft).seal());
}

void Outbox::send(const SignedProposal& proposal) {
  Draft<schema::Proposal> draft;
  write_proposal(*draft, proposal);
  send(std::move(draft).seal());
}

void Outbox::send(const BlockPart& part, std::uint32_t parts_count) {
  Draft<schema::BlockPart> draft(part.bytes.size() / 8 + 64 + part.proof.size() * 4);
  write_part(*draft, part, parts_count);
  send(std::move(draft).seal());
}

void Outbox::send(const SignedProposal& proposal, ByteView block) {
  send(proposal);
  const Proposal& p = proposal.proposal;
  const consensus::CutBlock cut = consensus::cut_block(p.height, p.round, block);
  for (const BlockPart& part : cut.parts) send(part, cut.header.count);
}

void Outbox::send_packet(Bytes packet) {
  items_.push_back({{Channel::control, {}, std::move(packet)}, delay_});
}

// ---- what an honest node does

void Behaviour::own_vote(const SignedVote& vote, PeerNumber, Outbox& out) { out.send(vote); }

void Behaviour::own_block(const SignedProposal& proposal, ByteView block, PeerNumber, Outbox& out) {
  out.send(proposal, block);
}

void Behaviour::other(const Envelope& envelope, PeerNumber, Outbox& out) { out.send(envelope); }

void Behaviour::idle(PeerNumber, Instant, Outbox&) {}

// ---- helpers

Remade remake(const Insider& insider, const SignedProposal& honest, ByteView block,
              const std::function<void(Block&)>& change) {
  auto changed = decode_block(block);
  WITAN_CHECK(changed.has_value(), block.size());  // this node built it
  change(*changed);
  Bytes bytes = encode_block(*changed);
  Proposal p = honest.proposal;
  p.block_id = block_id(changed->header);
  p.parts = consensus::cut_block(p.height, p.round, bytes).header;
  return {insider.sign(p), std::move(bytes)};
}

bool is_consensus(const Envelope& e) {
  return e.is<schema::Vote>() || e.is<schema::Proposal>() || e.is<schema::BlockPart>() ||
         e.is<schema::Certificate>() || e.is<schema::RoundCertificate>() ||
         e.is<schema::RoundStatus>();
}

}  // namespace witan::byzantine
