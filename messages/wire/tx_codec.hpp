// The canonical encoding of transactions. One transaction has exactly one encoding, so its id (the
// tagged hash of the encoding) cannot be changed by re-encoding (malleability).
//
// The form is canonical Cap'n Proto of schema::Transaction without a segment table. encode() lays
// the words out directly; tests hold it equal to capnp::canonicalize. decode_transaction() reads
// with Cap'n Proto's bounds-checked reader under a traversal limit and accepts only bytes equal to
// encode() of what it read. Thread rule: pure, callable from anywhere.
#pragma once
#include "messages/base/result.hpp"
#include "messages/types/transaction.hpp"

namespace witan {

// REQUIRES: memo and payload within tx_bytes_max (a larger result is refused by the decoder).
[[nodiscard]] Bytes encode(const Transaction& tx);

// Checks form only: sizes, lengths, canonical encoding. Signature, nonce, balance and expiry are
// rules of the mempool and the ledger.
// Errors: too_large (above tx_bytes_max or memo_bytes_max), malformed (field names the wrong
// length), unknown_type, not_canonical.
[[nodiscard]] Result<Transaction> decode_transaction(ByteView bytes);

}  // namespace witan
