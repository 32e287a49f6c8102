// What the consensus family accepts. Its actors:
//   consensus      the hot one: inputs into the core, effects out; never blocks, never verifies
//   verifier/<n>   signatures and Merkle proofs of what peers send, off the hot actor
//   transfer_verifier/<n>   signatures of transfers, for the mempool and the ledger
//   wal            the effect runner: log, sign, one fdatasync, publish (own thread)
#pragma once
#include <string_view>

#include "actors/runtime/role.hpp"
#include "messages/schema/api.capnp.h"
#include "messages/schema/chain.capnp.h"
#include "messages/schema/consensus.capnp.h"

namespace witan {

struct ConsensusRole {
  static constexpr std::string_view name = "consensus";
  static constexpr std::string_view path = "/node/chain/consensus";
  using accepts = rt::Accepts<
      rt::Control<schema::OwnVote, schema::OwnProposal, schema::SignRefused, schema::BlockBuilt,
                  schema::BlockChecked, schema::BlockCommitted, schema::SyncedDecision,
                  schema::PeerReady, schema::TransactionsAvailable, schema::GetConsensusState>,
      rt::Consensus<schema::VerifiedVote, schema::VerifiedProposal, schema::VerifiedCertificate,
                    schema::VerifiedRoundCertificate, schema::BlockPart, schema::RoundStatus,
                    schema::Vote>>;  // a Vote: of the height just decided, not verified
};

// Peers' sessions send here; worker n of the pool is at path + "/" + n, chosen by the session so
// that messages of one peer keep their order.
struct VerifierRole {
  static constexpr std::string_view name = "verifier";
  static constexpr std::string_view path = "/node/chain/verifier";
  using accepts = rt::Accepts<rt::Control<schema::HeightStarted, schema::CheckSignatures>,
                              rt::Consensus<schema::Vote, schema::Proposal, schema::BlockPart,
                                            schema::Certificate, schema::RoundCertificate>>;
};

// Signatures of transfers, on threads of their own: the kernel shares the processor between them
// and the vote path, which a pooled worker busy with a batch would not.
struct TransferVerifierRole {
  static constexpr std::string_view name = "transfer_verifier";
  static constexpr std::string_view path = "/node/chain/transfer_verifier";
  using accepts =
      rt::Accepts<rt::Control<schema::VerifyBlockTransfers>, rt::Bulk<schema::VerifyTransfers>>;
};

struct EffectRunnerRole {
  static constexpr std::string_view name = "wal";
  static constexpr std::string_view path = "/node/storage/wal";
  using accepts = rt::Accepts<
      rt::Control<schema::Persist, schema::GetRecovery, schema::RaiseWatermark, schema::OwnSeen>>;
};

}  // namespace witan
