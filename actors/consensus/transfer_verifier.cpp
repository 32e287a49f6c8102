#include "actors/consensus/transfer_verifier.hpp"

#include "crypto/verify.hpp"
#include "messages/wire/consensus_codec.hpp"
#include "messages/wire/limits.hpp"
#include "messages/wire/tx_codec.hpp"

namespace witan::consensus {

TransferVerifier::TransferVerifier(rt::ActorContext& context, const ChainId& chain_id)
    : ActorFor(context), chain_id_(chain_id) {
  handle<schema::VerifyTransfers>(&TransferVerifier::on_bulk);
  handle<schema::VerifyBlockTransfers>(&TransferVerifier::on_block);
}

void TransferVerifier::on_bulk(schema::VerifyTransfers::Reader request, const Envelope& envelope) {
  answer(as_view(request.getTransactions()), envelope);
}

void TransferVerifier::on_block(schema::VerifyBlockTransfers::Reader request,
                                const Envelope& envelope) {
  answer(as_view(request.getTransactions()), envelope);
}

void TransferVerifier::answer(ByteView transactions, const Envelope& envelope) {
  const auto items =
      split_items(transactions, limits::block_transactions_max, tx_bytes_max, "transactions");
  if (!items) return context().reply_error(envelope, items.error());
  Draft<schema::TransfersVerified> out(items->size() / 8 + 32);
  auto valid = out->initValid(static_cast<kj::uint>(items->size()));
  for (std::size_t i = 0; i < items->size(); ++i) {
    const auto tx = decode_transaction((*items)[i]);
    const auto* transfer = tx ? std::get_if<Transfer>(&*tx) : nullptr;
    const bool good =
        transfer != nullptr && verify_transfer(chain_id_, *transfer, keys_).has_value();
    valid[static_cast<kj::uint>(i)] = good ? 1 : 0;
  }
  context().reply(envelope, std::move(out));
}

}  // namespace witan::consensus
