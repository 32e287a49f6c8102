#include "storage/state_proof.hpp"

#include "messages/base/codec_bytes.hpp"
#include "storage/tree_node.hpp"

namespace witan {
namespace {

unsigned bit_at(const Hash32& hash, std::size_t i) { return hash.data[i / 8] >> (7U - i % 8) & 1U; }

bool same_prefix(const Hash32& a, const Hash32& b, std::size_t bits) {
  const std::size_t whole = bits / 8;
  if (std::memcmp(a.data.data(), b.data.data(), whole) != 0) return false;
  const std::size_t rest = bits % 8;
  return rest == 0 || (a.data[whole] ^ b.data[whole]) >> (8 - rest) == 0;
}

// The leaf must be what the claim needs: the key's own leaf with the value, or not the key's leaf.
Status check_leaf(const Hash32& key_hash, std::optional<ByteView> value, const StateProof& proof) {
  const bool own = proof.leaf && proof.leaf->key_hash == key_hash;
  if (value) {
    if (!own) return fail(ErrorCode::bad_proof, "proof.leaf", "the proof does not show this key");
    if (proof.leaf->value_hash != state_value_hash(*value))
      return fail(ErrorCode::bad_proof, "proof.leaf.value", "the key has another value");
    return {};
  }
  if (own) return fail(ErrorCode::bad_proof, "proof.leaf", "the key is present");
  if (proof.leaf && !same_prefix(proof.leaf->key_hash, key_hash, proof.siblings.size()))
    return fail(ErrorCode::bad_proof, "proof.leaf", "the other leaf is not on the key's path");
  return {};
}

}  // namespace

Status verify_proof(const Hash32& root, const Hash32& key, std::optional<ByteView> value,
                    const StateProof& proof) {
  if (proof.siblings.size() > state_proof_siblings_max)
    return fail(ErrorCode::too_large, "proof.siblings", "more than 256 siblings");
  const Hash32 key_hash = state_key_hash(key);
  WITAN_TRY_VOID(check_leaf(key_hash, value, proof));
  Hash32 hash =
      proof.leaf ? tree_leaf_hash(proof.leaf->key_hash, proof.leaf->value_hash) : Hash32{};
  for (std::size_t i = proof.siblings.size(); i-- > 0;) {
    hash = bit_at(key_hash, i) == 0 ? tree_branch_hash(hash, proof.siblings[i])
                                    : tree_branch_hash(proof.siblings[i], hash);
  }
  if (hash != root) return fail(ErrorCode::bad_proof, "proof.root", "another root results");
  return {};
}

Bytes StateProof::encode() const {
  ByteWriter out(128 + siblings.size() * 32);
  out.u8(leaf ? 1 : 0);
  if (leaf) out.raw(leaf->key_hash.view()).raw(leaf->value_hash.view());
  out.u16(static_cast<std::uint16_t>(siblings.size()));
  for (const Hash32& sibling : siblings) out.raw(sibling.view());
  return out.take();
}

Result<StateProof> StateProof::decode(ByteView bytes) {
  ByteReader in(bytes);
  StateProof out;
  const std::uint8_t has_leaf = in.u8();
  if (has_leaf > 1) return fail(ErrorCode::malformed, "proof.leaf", "flag is not 0 or 1");
  if (has_leaf == 1) {
    out.leaf.emplace();
    out.leaf->key_hash = in.fixed<Hash32>();
    out.leaf->value_hash = in.fixed<Hash32>();
  }
  const std::size_t count = in.u16();
  if (count > state_proof_siblings_max || in.left() != count * 32)
    return fail(ErrorCode::malformed, "proof.siblings", "count does not match the bytes");
  out.siblings.reserve(count);
  for (std::size_t i = 0; i < count; ++i) out.siblings.push_back(in.fixed<Hash32>());
  if (!in.done()) return fail(ErrorCode::malformed, "proof", "bytes are missing");
  return out;
}

}  // namespace witan
