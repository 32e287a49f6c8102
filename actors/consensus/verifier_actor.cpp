#include "actors/consensus/verifier_actor.hpp"

#include "actors/consensus/core/part_set.hpp"
#include "messages/wire/consensus_codec.hpp"

namespace witan::consensus {

VerifierActor::VerifierActor(rt::ActorContext& context, Services services,
                             std::shared_ptr<const Verifier> verifier)
    : ActorFor(context),
      services_(services),
      late_prevotes_(services.metrics.late_votes.with({name_of(VoteType::prevote)})),
      late_precommits_(services.metrics.late_votes.with({name_of(VoteType::precommit)})),
      verifier_(std::move(verifier)),
      consensus_(context.ref<ConsensusRole>(ConsensusRole::path)),
      peers_(context.ref<PeersRole>(PeersRole::path)) {
  handle<schema::Vote>(&VerifierActor::on_vote);
  handle<schema::Proposal>(&VerifierActor::on_proposal);
  handle<schema::BlockPart>(&VerifierActor::on_part);
  handle<schema::Certificate>(&VerifierActor::on_certificate);
  handle<schema::HeightStarted>(&VerifierActor::on_height_started);
}

// Late votes are the rule, not the exception: a height ends with its quorum, the rest arrives
// after.
bool VerifierActor::is_late(std::uint64_t height) { return height < height_; }

// Nobody is blamed for a message without their valid signature; the peer that relayed it is.
void VerifierActor::reject(const Error& error, const Envelope& envelope) {
  services_.metrics.rejected_msgs.with({name_of(error.code)}).add();
  log_event(services_.log, Event::message_rejected,
            {{"reason", error.code}, {"peer", envelope.sender}, {"text", error.text}});
  Draft<schema::PeerMisbehaved> report;
  report->setPeer(envelope.sender);
  report->setCode(std::string(name_of(error.code)));
  report->setText(error.to_string());
  (void)peers_.send(std::move(report));
}

// vote path 4/10: the signature is checked once, here
void VerifierActor::on_vote(schema::Vote::Reader vote, const Envelope& envelope) {
  if (is_late(vote.getHeight())) {
    return (vote.getType() == schema::VoteType::PREVOTE ? late_prevotes_ : late_precommits_).add();
  }
  auto plain = read_vote(vote);
  if (!plain) return reject(plain.error(), envelope);
  const Instant begin = context().now();
  const auto verified = verifier_->verify(*plain);
  services_.metrics.sig_verify.observe(context().now() - begin);
  if (!verified) return reject(verified.error(), envelope);
  Draft<schema::VerifiedVote> out;
  write_vote(out->initVote(), verified->get());
  out->setPeer(envelope.sender);
  (void)consensus_.send(std::move(out));
}

void VerifierActor::on_proposal(schema::Proposal::Reader proposal, const Envelope& envelope) {
  if (is_late(proposal.getHeight())) return;
  auto plain = read_proposal(proposal);
  if (!plain) return reject(plain.error(), envelope);
  const auto verified = verifier_->verify(*plain);
  if (!verified) return reject(verified.error(), envelope);
  Draft<schema::VerifiedProposal> out;
  write_proposal(out->initProposal(), verified->get());
  out->setPeer(envelope.sender);
  (void)consensus_.send(std::move(out));
}

void VerifierActor::on_part(schema::BlockPart::Reader part, const Envelope& envelope) {
  if (is_late(part.getHeight())) return;
  auto plain = read_part(part);
  if (!plain) return reject(plain.error(), envelope);
  if (const Status proven = check_part(plain->part, plain->parts_count); !proven)
    return reject(proven.error(), envelope);
  (void)consensus_.send<schema::BlockPart>(envelope);
}

void VerifierActor::on_certificate(schema::Certificate::Reader certificate,
                                   const Envelope& envelope) {
  if (is_late(certificate.getHeight())) return;
  auto plain = read_certificate(certificate);
  if (!plain) return reject(plain.error(), envelope);
  const auto verified = verifier_->verify(*plain);
  if (!verified) return reject(verified.error(), envelope);
  Draft<schema::VerifiedCertificate> out(64 + plain->signatures.size() * 10);
  write_certificate(out->initCertificate(), verified->get());
  out->setPeer(envelope.sender);
  (void)consensus_.send(std::move(out));
}

void VerifierActor::on_height_started(schema::HeightStarted::Reader started, const Envelope&) {
  height_ = started.getHeight();
}

}  // namespace witan::consensus
