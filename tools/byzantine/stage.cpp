#include "tools/byzantine/stage.hpp"

#include "messages/wire/consensus_codec.hpp"

namespace witan::byzantine {

peers::Interposer::Damage Stage::on_leaving(const Line& line, const Envelope& envelope, Instant now,
                                            Departures& departures) {
  const std::lock_guard lock(mutex_);
  Peer& peer = peer_of(line.peer);
  std::vector<Outbox::Item> items;
  Outbox out(items);
  take_apart(peer, envelope, out);
  for (Outbox::Item& item : items) {
    if (item.delay == Duration{})
      departures.push_back(std::move(item.departure));
    else
      peer.waiting.emplace(now + item.delay, std::move(item.departure));
  }
  return {};
}

peers::Interposer::Damage Stage::on_arrived(const Line&, const Envelope& envelope, Instant,
                                            Arrivals& arrivals) {
  if (lets_in(envelope)) arrivals.push_back(envelope);
  return {};
}

bool Stage::lets_in(const Envelope& envelope) const {
  if (envelope.is<schema::Vote>())
    return Received<schema::Vote>(envelope)->getValidator() != insider_.self();
  if (envelope.is<schema::Proposal>())
    return Received<schema::Proposal>(envelope)->getProposer() != insider_.self();
  if (envelope.is<schema::RoundCertificate>()) {
    const Received<schema::RoundCertificate> certificate(envelope);
    for (const auto vote : certificate->getVotes())
      if (vote.getValidator() == insider_.self()) return false;
    return true;
  }
  if (envelope.is<schema::Certificate>()) {
    const Received<schema::Certificate> certificate(envelope);
    for (const ValidatorIndex signer : certificate->getValidators())
      if (signer == insider_.self()) return false;
    return true;
  }
  // The channel of evidence.
  const WireType* type = find_wire_type(envelope.type);
  return type == nullptr || type->channel != Channel::witness_meta;
}

peers::Interposer::Damage Stage::on_tick(const Line& line, Instant now, Departures& departures,
                                         Arrivals&) {
  const std::lock_guard lock(mutex_);
  Peer& peer = peer_of(line.peer);
  while (!peer.waiting.empty() && peer.waiting.begin()->first <= now)
    departures.push_back(peer.waiting.extract(peer.waiting.begin()).mapped());
  std::vector<Outbox::Item> items;
  Outbox out(items);
  behaviour_->idle(peer.number, now, out);
  for (Outbox::Item& item : items) departures.push_back(std::move(item.departure));
  return {};
}

Stage::Peer& Stage::peer_of(const NodeId& id) {
  const auto [at, added] = peers_.try_emplace(id);
  if (added) at->second.number = peers_.size() - 1;
  return at->second;
}

void Stage::take_apart(Peer& peer, const Envelope& envelope, Outbox& out) {
  if (envelope.is<schema::Vote>()) {
    const auto vote = read_vote(Received<schema::Vote>(envelope).get());
    WITAN_CHECK(vote.has_value());
    if (vote->vote.validator == insider_.self()) {
      behaviour_->is_at(vote->vote.height, vote->vote.round);
      return behaviour_->own_vote(*vote, peer.number, out);
    }
  }
  if (holds_own_block(peer, envelope, out)) return;
  behaviour_->other(envelope, peer.number, out);
}

// Own proposals and their parts.
bool Stage::holds_own_block(Peer& peer, const Envelope& envelope, Outbox& out) {
  if (envelope.is<schema::Proposal>()) {
    const auto proposal = read_proposal(Received<schema::Proposal>(envelope).get());
    WITAN_CHECK(proposal.has_value());
    if (proposal->proposal.proposer != insider_.self()) return false;
    behaviour_->is_at(proposal->proposal.height, proposal->proposal.round);
    peer.held.emplace(*proposal);
    return true;
  }
  if (!envelope.is<schema::BlockPart>() || !peer.held) return false;
  const auto part = read_part(Received<schema::BlockPart>(envelope).get());
  WITAN_CHECK(part.has_value());
  if (part->part.parts_root != peer.held->parts.header().root) return false;
  peer.held->parts.add(part->part);
  if (!peer.held->parts.complete()) return true;
  const HeldBlock whole = std::move(*peer.held);
  peer.held.reset();
  behaviour_->own_block(whole.proposal, whole.parts.bytes(), peer.number, out);
  return true;
}

}  // namespace witan::byzantine
