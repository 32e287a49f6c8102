// Named limits of everything that is decoded. A decoder refuses before it allocates.
#pragma once
#include <cstddef>
#include <cstdint>

#include "messages/types/block.hpp"
#include "messages/types/proposal.hpp"
#include "messages/types/transaction.hpp"
#include "messages/types/validator_set.hpp"

namespace witan::limits {

inline constexpr std::size_t hash_bytes = 32;
inline constexpr std::size_t signature_bytes = 64;
inline constexpr std::uint32_t parts_max = block_bytes_max / part_size_bytes + 2;
inline constexpr std::size_t merkle_depth_max = 32;
inline constexpr std::uint32_t block_transactions_max = 65'536;
inline constexpr std::uint32_t evidence_max = 64;
inline constexpr std::size_t evidence_bytes_max = 16 * 1024;  // of one item, and of a block's
inline constexpr std::size_t text_bytes_max = 256;

// Transaction batches between peers and from the API.
inline constexpr std::size_t batch_bytes_max = 512 * 1024;
inline constexpr std::uint32_t batch_count_max = 4096;

// Block sync: one answer.
inline constexpr std::uint32_t range_blocks_max = 256;
inline constexpr std::size_t range_bytes_max = 4 * 1024 * 1024;

// Largest message of any type on a peer connection, as flat bytes.
inline constexpr std::size_t message_bytes_max = range_bytes_max + block_bytes_max + 256 * 1024;

}  // namespace witan::limits
