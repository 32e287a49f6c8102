// Verifier: checks signatures and Merkle proofs of what peers send, off the consensus actor. The
// pool has several, all alike and stateless but for the current height; a session always uses the
// same one, so the messages of a peer keep their order.
#pragma once
#include <memory>

#include "actors/consensus/interface.hpp"
#include "actors/peers/interface.hpp"
#include "actors/runtime/actor.hpp"
#include "actors/telemetry/services.hpp"
#include "crypto/verify.hpp"

namespace witan::consensus {

// In:  Vote, Proposal, BlockPart, Certificate from sessions; HeightStarted from consensus.
// Out: VerifiedVote, VerifiedProposal, VerifiedCertificate, BlockPart to consensus; PeerMisbehaved.
class VerifierActor final : public rt::ActorFor<VerifierRole> {
 public:
  VerifierActor(rt::ActorContext& context, Services services,
                std::shared_ptr<const Verifier> verifier);

 private:
  void on_vote(schema::Vote::Reader vote, const Envelope& envelope);
  void on_proposal(schema::Proposal::Reader proposal, const Envelope& envelope);
  void on_part(schema::BlockPart::Reader part, const Envelope& envelope);
  void on_certificate(schema::Certificate::Reader certificate, const Envelope& envelope);
  void on_height_started(schema::HeightStarted::Reader started, const Envelope& envelope);

  [[nodiscard]] bool is_late(std::uint64_t height);
  void reject(const Error& error, const Envelope& envelope);

  Services services_;
  CounterHandle late_prevotes_;
  CounterHandle late_precommits_;
  std::shared_ptr<const Verifier> verifier_;
  rt::ActorRef<ConsensusRole> consensus_;
  rt::ActorRef<PeersRole> peers_;
  std::uint64_t height_ = 0;  // being decided: messages below it no longer matter
};

}  // namespace witan::consensus
