#include "actors/consensus/verifier_actor.hpp"

#include "actors/consensus/core/part_set.hpp"
#include "messages/wire/consensus_codec.hpp"

namespace witan::consensus {
namespace {

constexpr std::size_t slice_min = 8;  // signatures: fewer are not worth a message
constexpr std::size_t polkas_max = 64;
// Late votes that are looked at in a height, whoever floods.
constexpr std::size_t late_passed_on_max = 1024;
constexpr Duration slice_deadline = Duration::from_s(5);

// Part `i` of `count` of the signatures.
Certificate slice_of(const Certificate& whole, std::size_t i, std::size_t count) {
  Certificate out{whole.type, whole.height, whole.round, whole.block_id, {}};
  const std::size_t n = whole.signatures.size();
  const auto begin = whole.signatures.begin();
  out.signatures.assign(begin + static_cast<std::ptrdiff_t>(n * i / count),
                        begin + static_cast<std::ptrdiff_t>(n * (i + 1) / count));
  return out;
}

}  // namespace

VerifierActor::VerifierActor(rt::ActorContext& context, Services services,
                             std::shared_ptr<const Verifier> verifier, std::size_t own,
                             std::size_t workers)
    : ActorFor(context),
      services_(services),
      late_prevotes_(services.metrics.late_votes.with({name_of(VoteType::prevote)})),
      late_precommits_(services.metrics.late_votes.with({name_of(VoteType::precommit)})),
      verifier_(std::move(verifier)),
      consensus_(context.ref<ConsensusRole>(ConsensusRole::path)),
      peers_(context.ref<PeersRole>(PeersRole::path)) {
  for (std::size_t i = 0; i < workers; ++i)
    if (i != own)
      others_.push_back(
          context.ref<VerifierRole>(std::string(VerifierRole::path) + "/" + std::to_string(i)));
  handle<schema::Vote>(&VerifierActor::on_vote);
  handle<schema::Proposal>(&VerifierActor::on_proposal);
  handle<schema::BlockPart>(&VerifierActor::on_part);
  handle<schema::Certificate>(&VerifierActor::on_certificate);
  handle<schema::RoundCertificate>(&VerifierActor::on_round_certificate);
  handle<schema::CheckSignatures>(&VerifierActor::on_check_signatures);
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
    (vote.getType() == schema::VoteType::PREVOTE ? late_prevotes_ : late_precommits_).add();
    // It decides nothing any more, but may contradict what its signer said before the decision.
    if (vote.getHeight() + 1 == height_ && late_passed_on_++ < late_passed_on_max)
      (void)consensus_.send<schema::Vote>(envelope);
    return;
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
  const auto polka = read_polka(proposal);
  if (!polka) return reject(polka.error(), envelope);
  const auto verified = verifier_->verify(*plain);
  if (!verified) return reject(verified.error(), envelope);
  const auto tell_proposal = [this, proposal = verified->get(), peer = envelope.sender] {
    Draft<schema::VerifiedProposal> out;
    write_proposal(out->initProposal(), proposal);
    out->setPeer(peer);
    (void)consensus_.send(std::move(out));
  };
  if (!*polka || is_known(**polka)) return tell_proposal();
  // The polka goes ahead: with it, the proposal can be prevoted at once.
  check(**polka, envelope, [this, tell_proposal, peer = envelope.sender](const Certificate& c) {
    tell(c, peer);
    tell_proposal();
  });
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
  if (is_known(*plain)) return;
  check(*plain, envelope, [this, peer = envelope.sender](const Certificate& c) { tell(c, peer); });
}

void VerifierActor::tell(const Certificate& certificate, std::uint32_t peer) {
  remember(certificate);
  Draft<schema::VerifiedCertificate> out(64 + certificate.signatures.size() * 10);
  write_certificate(out->initCertificate(), certificate);
  out->setPeer(peer);
  (void)consensus_.send(std::move(out));
}

// Cheap checks first: who sends no quorum costs no signature.
void VerifierActor::check(const Certificate& certificate, const Envelope& envelope, Then then) {
  if (const auto power = verifier_->check_power(certificate); !power)
    return reject(power.error(), envelope);
  if (!others_.empty() && certificate.signatures.size() >= 2 * slice_min)
    return check_in_slices(certificate, envelope, std::move(then));
  if (const Status good = verifier_->check_signatures(certificate); !good)
    return reject(good.error(), envelope);
  then(certificate);
}

// The others first, so that they work while this one does its own share.
void VerifierActor::check_in_slices(const Certificate& certificate, const Envelope& envelope,
                                    Then then) {
  struct Checking {
    Certificate certificate;
    Envelope envelope;
    Then then;
    std::size_t missing = 0;
    Status outcome;
  };
  const std::size_t slices =
      std::min(others_.size() + 1, certificate.signatures.size() / slice_min);
  auto checking = std::make_shared<Checking>();
  checking->certificate = certificate;
  checking->envelope = envelope;
  checking->then = std::move(then);
  checking->missing = slices;
  const auto add = [this, checking](Status outcome) {
    if (!outcome && checking->outcome) checking->outcome = std::move(outcome);
    if (--checking->missing > 0) return;
    if (!checking->outcome) return reject(checking->outcome.error(), checking->envelope);
    checking->then(checking->certificate);
  };
  for (std::size_t i = 1; i < slices; ++i) {
    const Certificate slice = slice_of(certificate, i, slices);
    Draft<schema::CheckSignatures> ask(64 + slice.signatures.size() * 10);
    write_certificate(ask->initCertificate(), slice);
    context().request<schema::SignaturesChecked>(
        others_[i - 1], std::move(ask), slice_deadline,
        [this, add, slice](Result<schema::SignaturesChecked::Reader> reply) {
          // A worker that did not answer, or a bad signature to be named: checked here.
          add(reply && reply->getValid() ? Status{} : verifier_->check_signatures(slice));
        });
  }
  add(verifier_->check_signatures(slice_of(certificate, 0, slices)));
}

void VerifierActor::on_check_signatures(schema::CheckSignatures::Reader slice,
                                        const Envelope& envelope) {
  const auto certificate = read_certificate(slice.getCertificate());
  WITAN_CHECK(certificate.has_value());
  Draft<schema::SignaturesChecked> out;
  out->setValid(verifier_->check_signatures(*certificate).has_value());
  context().reply(envelope, std::move(out));
}

void VerifierActor::on_round_certificate(schema::RoundCertificate::Reader certificate,
                                         const Envelope& envelope) {
  if (is_late(certificate.getHeight())) return;
  auto plain = read_round_certificate(certificate);
  if (!plain) return reject(plain.error(), envelope);
  const std::int32_t entitled =
      plain->round.get() + (plain->kind == RoundCertificate::Kind::precommit ? 1 : 0);
  if (plain->height.get() == height_ && entitled <= round_) return;  // we are there
  if (const Status good = verifier_->verify(*plain); !good) return reject(good.error(), envelope);
  Draft<schema::VerifiedRoundCertificate> out(64 + plain->votes.size() * 24);
  write_round_certificate(out->initCertificate(), *plain);
  out->setPeer(envelope.sender);
  (void)consensus_.send(std::move(out));
}

// Only polkas: a commit certificate ends the height, and one that was lost on the way must get in.
bool VerifierActor::is_known(const Certificate& certificate) const {
  return certificate.type == VoteType::prevote && certificate.height.get() == height_ &&
         polkas_.contains({certificate.round, certificate.block_id});
}

void VerifierActor::remember(const Certificate& certificate) {
  if (certificate.type != VoteType::prevote || certificate.height.get() != height_) return;
  if (polkas_.size() == polkas_max) polkas_.erase(polkas_.begin());
  polkas_.emplace(certificate.round, certificate.block_id);
}

void VerifierActor::on_height_started(schema::HeightStarted::Reader started, const Envelope&) {
  if (started.getHeight() != height_) {
    polkas_.clear();
    late_passed_on_ = 0;
  }
  height_ = started.getHeight();
  round_ = started.getRound();
}

}  // namespace witan::consensus
