// Proof that a key has a value in, or is absent from, the state tree with a given root. Everything
// a light client needs: no storage, no node reader.
#pragma once
#include <optional>
#include <vector>

#include "messages/base/bytes.hpp"
#include "messages/base/result.hpp"

namespace witan {

// The leaf at the end of the path to the key: the key's own (inclusion), another key's that shares
// the path walked (absence), or none (absence: the subtree is empty). Hashing: tree_node.hpp.
struct StateProof {
  struct Leaf {
    Hash32 key_hash;
    Hash32 value_hash;
    bool operator==(const Leaf&) const = default;
  };
  std::optional<Leaf> leaf;
  std::vector<Hash32> siblings;  // from the root downwards, one per bit of the key hash; <= 256
  bool operator==(const StateProof&) const = default;

  // Fixed layout (codec_bytes): leaf flag u8, leaf, count u16, siblings. Errors: malformed.
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static Result<StateProof> decode(ByteView bytes);
};
inline constexpr std::size_t state_proof_siblings_max = 256;

// `value` absent means "prove that the key is absent". Any input is safe.
// Errors: bad_proof (field says which part), too_large (more than 256 siblings).
[[nodiscard]] Status verify_proof(const Hash32& root, const Hash32& key,
                                  std::optional<ByteView> value, const StateProof& proof);

}  // namespace witan
