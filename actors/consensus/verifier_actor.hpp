// Verifier: checks signatures and Merkle proofs of what peers send, off the consensus actor. The
// pool has several, all alike and stateless but for the current height; a session always uses the
// same one, so the messages of a peer keep their order.
#pragma once
#include <functional>
#include <memory>
#include <set>
#include <vector>

#include "actors/consensus/interface.hpp"
#include "actors/peers/interface.hpp"
#include "actors/runtime/actor.hpp"
#include "actors/telemetry/services.hpp"
#include "crypto/verify.hpp"

namespace witan::consensus {

// A certificate of many signatures is cut into slices and shared with the other workers. A polka
// that was verified once is not verified again for the current height (several peers push the same
// one).
//
// In:  Vote, Proposal, BlockPart, Certificate, RoundCertificate from sessions; HeightStarted from
//      consensus; CheckSignatures from another worker.
// Out: VerifiedVote, VerifiedProposal, VerifiedCertificate, VerifiedRoundCertificate, BlockPart to
//      consensus; PeerMisbehaved. A Vote of the height just decided goes on as it came, unverified:
//      only one that accuses its signer is worth its verification.
class VerifierActor final : public rt::ActorFor<VerifierRole> {
 public:
  VerifierActor(rt::ActorContext& context, Services services,
                std::shared_ptr<const Verifier> verifier, std::size_t own = 0,
                std::size_t workers = 1);

 private:
  void on_vote(schema::Vote::Reader vote, const Envelope& envelope);
  void on_proposal(schema::Proposal::Reader proposal, const Envelope& envelope);
  void on_part(schema::BlockPart::Reader part, const Envelope& envelope);
  void on_certificate(schema::Certificate::Reader certificate, const Envelope& envelope);
  void on_round_certificate(schema::RoundCertificate::Reader certificate, const Envelope& envelope);
  void on_check_signatures(schema::CheckSignatures::Reader slice, const Envelope& envelope);
  void on_height_started(schema::HeightStarted::Reader started, const Envelope& envelope);

  [[nodiscard]] bool is_late(std::uint64_t height);
  void reject(const Error& error, const Envelope& envelope);
  // Checks a certificate whole and calls `then` once, now or later; a bad one is rejected.
  using Then = std::function<void(const Certificate&)>;
  void check(const Certificate& certificate, const Envelope& envelope, Then then);
  void check_in_slices(const Certificate& certificate, const Envelope& envelope, Then then);
  [[nodiscard]] bool is_known(const Certificate& certificate) const;
  void remember(const Certificate& certificate);
  void tell(const Certificate& certificate, std::uint32_t peer);

  Services services_;
  CounterHandle late_prevotes_;
  CounterHandle late_precommits_;
  std::shared_ptr<const Verifier> verifier_;
  rt::ActorRef<ConsensusRole> consensus_;
  rt::ActorRef<PeersRole> peers_;
  std::vector<rt::ActorRef<VerifierRole>> others_;
  std::uint64_t height_ = 0;                    // being decided: messages below it no longer matter
  std::size_t late_passed_on_ = 0;              // votes of the height before it
  std::int32_t round_ = 0;                      // of it: nobody has to be told how to get there
  std::set<std::pair<Round, BlockId>> polkas_;  // of it, verified here
};

}  // namespace witan::consensus
