// Transactions: what a user may ask the chain to do.
#pragma once
#include <cstdint>
#include <variant>

#include "messages/base/bytes.hpp"
#include "messages/types/height.hpp"

namespace witan {

using TxId = Hash32;          // tagged hash of the canonical encoding
using AccountId = PublicKey;  // an account is an x-only key; text form is bech32m "wit1..."

inline constexpr std::uint32_t tx_bytes_max = 64 * 1024;
inline constexpr std::uint32_t memo_bytes_max = 256;

// Moves `amount` from `from` to `to` and pays `fee`. `nonce` is the sender's next one (first is 0).
struct Transfer {
  AccountId from;
  AccountId to;
  std::uint64_t amount = 0;
  std::uint64_t fee = 0;
  std::uint64_t nonce = 0;
  Bytes memo;
  Signature signature;  // by `from` over sign_bytes(chain_id, transfer)
  bool operator==(const Transfer&) const = default;
};

// Bytes that are ordered and stored, unsigned; development chains only. Valid in heights
// (last_height - opaque_window, last_height] so that a replay is found in a bounded window.
struct Opaque {
  Height last_height;
  Bytes payload;
  bool operator==(const Opaque&) const = default;
};
inline constexpr std::uint64_t opaque_window_heights = 1024;

using Transaction = std::variant<Transfer, Opaque>;

// Outcome of one transaction in a block. A failed one pays its fee and changes nothing else.
struct Receipt {
  std::uint16_t code = 0;  // ErrorCode as number; 0 = success
  std::uint64_t fee_charged = 0;
  bool operator==(const Receipt&) const = default;
};

}  // namespace witan
