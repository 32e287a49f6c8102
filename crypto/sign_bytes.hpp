// The only place that lays out signed or hashed bytes (decisions.md D1, consensus.md S2).
//
// Every layout is written field by field: fixed width, little-endian, or with a length prefix; so
// two different objects never give the same bytes. Every purpose has its own tag
// "witan/<purpose>/v1", so a hash or signature made for one purpose is never valid for another. A
// signature is always BIP-340 over one of these 32-byte hashes. Lists are RFC 6962 Merkle roots, so
// a member can be proved.
//
// Changing any layout is a new tag version and a protocol change; golden values in
// tests/unit/crypto_keys/sign_bytes_test.cpp hold them in place.
// Thread rule: pure functions, callable from anywhere.
#pragma once
#include <span>

#include "crypto/keys.hpp"
#include "messages/types/block.hpp"
#include "messages/types/certificate.hpp"
#include "messages/types/genesis.hpp"
#include "messages/types/proposal.hpp"
#include "messages/types/transaction.hpp"
#include "messages/types/validator_set.hpp"
#include "messages/types/vote.hpp"

namespace witan {

using ChainId = Hash32;  // genesis_hash

// What a validator signs. Covers chain, kind, height, round, pol_round and value; not the index:
// the key identifies the voter, and the index is only its position in a set.
[[nodiscard]] Hash32 vote_hash(const ChainId& chain_id, const Vote& vote);
// What a proposer signs: as above plus the part set; not the index.
[[nodiscard]] Hash32 proposal_hash(const ChainId& chain_id, const Proposal& proposal);
// What the sender of a transfer signs: every field but the signature.
[[nodiscard]] Hash32 transfer_hash(const ChainId& chain_id, const Transfer& transfer);

// What a key signs to prove that whoever registers it holds it. `key` is the encoded public key
// being proved, `owner` the account that registers it (a genesis validator registers itself: owner
// == key). No chain id: the genesis hash, which is the chain id, covers these proofs.
[[nodiscard]] Hash32 pop_hash(KeyRole role, ByteView key, const AccountId& owner);

// What a validator key signs to say "this peer session is mine". `claimer` is the signer's node id,
// `peer` the other side's, `session` the Noise handshake hash: neither side can reuse the signature
// in another session, in the other direction or on another chain.
struct SessionClaim {
  ChainId chain_id;
  NodeId claimer;
  NodeId peer;
  Hash32 session;
};
[[nodiscard]] Hash32 handshake_hash(const SessionClaim& claim);

[[nodiscard]] BlockId block_id(const Header& header);
[[nodiscard]] ChainId genesis_hash(const Genesis& genesis);
[[nodiscard]] TxId tx_id(ByteView canonical_tx);
// Names a piece of evidence; the leaves of evidence_root.
[[nodiscard]] Hash32 evidence_hash(ByteView canonical_evidence);
// Header.prev_commit_hash of the next block.
[[nodiscard]] Hash32 commit_hash(const Certificate& certificate);

// RFC 6962 roots. A leaf of validators_hash is validator_leaf(validator); the others' leaves are
// the 32-byte hashes themselves.
[[nodiscard]] Bytes validator_leaf(const Validator& validator);
[[nodiscard]] Hash32 validators_hash(const ValidatorSet& set);
[[nodiscard]] Hash32 tx_root(std::span<const TxId> ids);
[[nodiscard]] Hash32 evidence_root(std::span<const Hash32> evidence_hashes);
[[nodiscard]] Hash32 state_root(const ModuleRoots& roots);

}  // namespace witan
