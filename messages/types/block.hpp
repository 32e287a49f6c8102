// A block as execution sees it (decisions.md D2).
#pragma once
#include <array>
#include <vector>

#include "messages/base/time.hpp"
#include "messages/types/certificate.hpp"

namespace witan {

// State is kept in one authenticated tree per module; the header carries every module's root.
enum class Module : std::uint8_t {
  accounts = 0,
  reputation = 1,
  timetoke = 2,
  identities = 3,
  validators = 4,
  governance = 5,
  proofs = 6,
};
inline constexpr std::size_t module_count = 7;
using ModuleRoots = std::array<Hash32, module_count>;

inline constexpr std::uint32_t block_bytes_max = 2 * 1024 * 1024;  // default; genesis may lower it
inline constexpr std::uint32_t block_protocol_version = 1;

// Laid out field by field for hashing in crypto/sign_bytes; block id = tagged hash of that layout.
struct Header {
  std::uint32_t version = block_protocol_version;
  Hash32 chain_id;  // genesis hash
  Height height;
  Round origin_round;  // round in which the block was first proposed
  UnixTime time;       // proposer's time
  std::uint64_t epoch = 0;
  PublicKey proposer;       // who first proposed it
  BlockId prev_block_id;    // zero for the first block
  Hash32 prev_commit_hash;  // hash of the certificate in `last_commit`; zero for the first block
  Hash32 tx_root;           // RFC 6962 root over transaction ids
  Hash32 evidence_root;     // RFC 6962 root over evidence hashes
  Hash32 state_root;        // after executing this block: RFC 6962 root over module_roots
  ModuleRoots module_roots{};
  Hash32 validators_hash;  // set that decides this block
  Hash32 next_validators_hash;
  std::uint64_t cfg_version = 0;
  std::uint64_t rules_version = 0;
  Hash32 vrf_entropy;
  Hash32 proof_root;
  bool operator==(const Header&) const = default;
};

struct Block {
  Header header;
  std::vector<Bytes> txs;  // canonical transaction encodings
  std::vector<Bytes> evidence;
  CommitCertificate last_commit;  // for header.prev_block_id; empty in the first block
};

}  // namespace witan
