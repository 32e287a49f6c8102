// Every message type that may cross a peer connection: its channel, its size limit and its check.
// A session accepts nothing that is not in this table (law 8: trust stops at the socket).
#pragma once
#include <span>
#include <string_view>

#include "messages/base/result.hpp"
#include "messages/wire/envelope.hpp"

namespace witan {

inline constexpr std::uint32_t peer_protocol_version = 2;

// Channels multiplexed on one connection, most urgent first (decisions.md D7, blueprint §9.1; the
// blueprint's `snapshots` topic carries block sync, and `transactions` is ours).
enum class Channel : std::uint8_t {
  control = 0,  // hello, ping, goodbye, credit
  votes = 1,
  blocks = 2,  // proposals, parts, certificates
  witness_proofs = 3,
  proofs = 4,
  vrf_proofs = 5,
  witness_meta = 6,
  meta = 7,       // round and sync status
  snapshots = 8,  // block ranges
  vrf_meta = 9,
  transactions = 10,
};
inline constexpr std::size_t channel_count = 11;
[[nodiscard]] std::string_view name_of(Channel channel);
// Bulk yields to the other channels, and only so much of it comes as was granted (Credit).
[[nodiscard]] constexpr bool is_bulk(Channel channel) { return channel >= Channel::snapshots; }

struct WireType {
  std::uint64_t type = 0;  // Cap'n Proto type id
  std::string_view name;   // for logs and metrics
  Channel channel = Channel::control;
  std::size_t bytes_max = 0;  // flat bytes, checked before reassembly allocates
  // Decodes every field under limits; after this the words may be read as trusted.
  Status (*check)(const Words&) = nullptr;
};

[[nodiscard]] const WireType* find_wire_type(std::uint64_t type);
[[nodiscard]] std::span<const WireType> wire_types();

}  // namespace witan
