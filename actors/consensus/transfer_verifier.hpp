// TransferVerifier: signatures of transfers, for the mempool (in bulk) and for the ledger (a
// proposed block, which goes first). Runs on a thread of its own.
#pragma once
#include "actors/consensus/interface.hpp"
#include "actors/runtime/actor.hpp"
#include "crypto/keys.hpp"
#include "crypto/sign_bytes.hpp"

namespace witan::consensus {

// In: VerifyTransfers, VerifyBlockTransfers; reply: TransfersVerified, one byte per transaction in
// order, 1 = it is a transfer with a good signature of its sender for this chain.
class TransferVerifier final : public rt::ActorFor<TransferVerifierRole> {
 public:
  TransferVerifier(rt::ActorContext& context, const ChainId& chain_id);

 private:
  void on_bulk(schema::VerifyTransfers::Reader request, const Envelope& envelope);
  void on_block(schema::VerifyBlockTransfers::Reader request, const Envelope& envelope);
  void answer(ByteView transactions, const Envelope& envelope);

  ChainId chain_id_;
  KeyCache keys_;
};

}  // namespace witan::consensus
