// What a light client learns about one height: the header, who decided it, and the sets that
// matter.
//
// Nothing in a LightBlock is believed because it is there. check_block() says whether its pieces
// belong together; only HeaderVerifier (verification.hpp) says whether the chain decided it.
// Source: consensus.md §6.4. Immutable data; any thread.
#pragma once
#include "crypto/sign_bytes.hpp"

namespace witan::light {

struct LightBlock {
  Header header;
  CommitCertificate commit;         // precommits for block_id(header)
  ValidatorSetPtr validators;       // decides this height: its hash is header.validators_hash
  ValidatorSetPtr next_validators;  // decides the next: hash is header.next_validators_hash

  [[nodiscard]] Height height() const { return header.height; }
  [[nodiscard]] BlockId id() const { return block_id(header); }
};

// Do the pieces belong together? Header of this chain, sets as hashed in the header (so that a
// changed tier, power or number of hours is noticed, P38), commit for this header, proposer a
// member. No signature is verified. Errors: wrong_chain, wrong_version, wrong_height, missing,
// invalid_block, bad_proof (a set does not match its hash), unknown_validator (proposer),
// and the certificate's: too_large, malformed, out_of_range, unknown_type.
[[nodiscard]] Status check_block(const ChainId& chain_id, const LightBlock& block);

// Fixed layout (messages/base/codec_bytes.hpp), one encoding per block: the header's fields in
// order, the commit, the set, and the next set only if it differs.
// Decoding refuses before it allocates. Errors: malformed, too_large, not_canonical, out_of_range,
// unknown_type, and those of ValidatorSet::make.
[[nodiscard]] Bytes encode_light_block(const LightBlock& block);
[[nodiscard]] Result<LightBlock> decode_light_block(ByteView bytes);

// The largest encoding: two sets of validators_max, and as many signatures.
inline constexpr std::size_t light_block_bytes_max = 128 * 1024;

}  // namespace witan::light
