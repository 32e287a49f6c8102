// HopRecord: what a trace keeps of one message on its way from one actor to another. In memory, in
// the ring and in a file it is the same 104 bytes, little-endian, so nothing is converted on the
// message path.
//
// Times are nanoseconds: of the recording node's monotonic clock in a file, of the reference node's
// Unix time once traces are loaded (trace_set.hpp). A record is written when the fate of its
// message is known; a message still waiting has none yet.
#pragma once
#include <array>
#include <cstdint>
#include <limits>
#include <string_view>
#include <type_traits>
#include <vector>

namespace witan::trace {

inline constexpr std::int32_t no_round = std::numeric_limits<std::int32_t>::min();
inline constexpr std::uint32_t no_validator = 0xffff'ffff;

// Names in the order of the numbers; the first ones are those of actors/runtime/door.hpp.
inline constexpr std::array<std::string_view, 4> kind_names{"message", "reply", "timer", "network"};
inline constexpr std::array<std::string_view, 9> outcome_names{"handled", "threw", "unknown",
                                                               "stale",   "shed",  "no_receiver",
                                                               "dropped", "lost",  "quarantined"};
inline constexpr std::array<std::string_view, 3> mailbox_names{"control", "consensus", "bulk"};
inline constexpr std::uint8_t kind_message = 0, kind_reply = 1, kind_timer = 2, kind_network = 3;
inline constexpr std::uint8_t kind_transactions = 255;  // TransactionRecord

struct HopRecord {
  std::uint64_t trace_hi = 0, trace_lo = 0;  // the tree this hop belongs to
  std::uint64_t span = 0;                    // of this hop
  std::uint64_t parent = 0;                  // span of the hop whose handling sent this; 0: none
  std::int64_t sent = 0;                     // into the mailbox; timers: when armed
  std::int64_t started = 0;                  // handler entry; `sent` when never handled
  std::int64_t finished = 0;                 // handler exit
  std::uint64_t type = 0;                    // Cap'n Proto type id
  std::uint64_t height = 0;                  // of the message; 0: it has none
  std::uint32_t from = 0, to = 0;            // actor numbers of the file's table; 0: outside
  std::uint32_t size = 0;                    // flat bytes of the message
  std::uint32_t depth = 0;                   // messages of its class waiting when sent, itself too
  std::int32_t round = no_round;
  std::uint32_t validator = no_validator;  // index, of votes and proposals
  std::uint16_t hops = 0;                  // since the root of the trace
  std::uint8_t kind = 0, outcome = 0, mailbox = 0;
  std::uint8_t transactions = 0;  // 1: TransactionRecords of the same span follow
  std::uint16_t node = 0;         // set when loaded: index into TraceSet::nodes; 0 in files
  bool operator==(const HopRecord&) const = default;
};

// Follows a hop whose message carries transactions: the first eight bytes of their ids, big-endian
// as numbers. Same size and the same place of `kind` as HopRecord, so that both share a stream.
struct TransactionRecord {
  static constexpr std::size_t ids_max = 10;
  std::uint64_t first[2] = {};
  std::uint64_t span = 0;
  std::uint64_t rest[8] = {};
  std::uint32_t count = 0;
  std::uint32_t zero = 0;
  std::uint16_t zero2 = 0;
  std::uint8_t kind = kind_transactions;
  std::uint8_t zeros[5] = {};
  [[nodiscard]] std::uint64_t& id(std::size_t i) { return i < 2 ? first[i] : rest[i - 2]; }
  [[nodiscard]] std::uint64_t id(std::size_t i) const { return i < 2 ? first[i] : rest[i - 2]; }
};

inline constexpr std::size_t record_bytes = 104;
inline constexpr std::size_t record_words = record_bytes / 8;
inline constexpr std::size_t kind_offset = 98;
static_assert(sizeof(HopRecord) == record_bytes && sizeof(TransactionRecord) == record_bytes);
static_assert(std::is_trivially_copyable_v<HopRecord> &&
              std::has_unique_object_representations_v<HopRecord>);
static_assert(std::has_unique_object_representations_v<TransactionRecord>);

// A transaction of a hop: which hop of a list, and the first eight bytes of the id.
struct HopTransaction {
  std::uint32_t hop = 0;
  std::uint64_t id = 0;
  bool operator==(const HopTransaction&) const = default;
};
struct HopList {
  std::vector<HopRecord> hops;
  std::vector<HopTransaction> transactions;  // by hop, ascending
};

}  // namespace witan::trace
