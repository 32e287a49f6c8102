// The file format of traces (docs/tracing.md): a file is a row of blocks, each readable alone.
//
//   block = header[128] payload[stored_bytes]
//   header: magic "WTRBLK01" | kind u8 | codec u8 | version u16 | count u32 | stored_bytes u32 |
//           raw_bytes u32 | time_first i64 | time_last i64 | wall_base i64 | height_min u64 |
//           height_max u64 | actors u64 | types u64 | lost u64 | flags u32 | zeros | crc u32
//
// Little-endian. `crc` is CRC-32C of header (its last four bytes as zero) and stored payload.
// time_* are monotonic, wall_base + time = Unix time. height_* and the two masks (bit = number mod
// 64) index the block: a query skips blocks that cannot hold what it wants. `lost`: hops that were
// not recorded before this block because the recorder could not keep up.
//
// Payloads: node (who wrote this), names (type and actor numbers; they stand before the first block
// that uses them), hops (records of hop.hpp), clocks (offsets to peers). Files are hostile: every
// length is checked before it is believed, and a damaged block costs that block only. Pure.
#pragma once
#include <string>
#include <vector>

#include "actors/telemetry/trace/core/hop.hpp"
#include "messages/base/bytes.hpp"
#include "messages/base/result.hpp"

namespace witan::trace {

inline constexpr std::size_t block_header_bytes = 128;
inline constexpr std::size_t block_raw_bytes_max = 4 * 1024 * 1024;
inline constexpr std::size_t block_stored_bytes_max = block_raw_bytes_max + 64 * 1024;
inline constexpr std::uint16_t format_version = 1;

enum class BlockKind : std::uint8_t { node = 1, names = 2, hops = 3, clocks = 4 };
enum class Codec : std::uint8_t { raw = 0, zstd = 1 };

struct BlockHeader {
  BlockKind kind = BlockKind::hops;
  Codec codec = Codec::raw;
  std::uint32_t count = 0;  // records
  std::uint32_t stored_bytes = 0;
  std::uint32_t raw_bytes = 0;  // after decompression
  std::int64_t time_first = 0, time_last = 0;
  std::int64_t wall_base = 0;
  std::uint64_t height_min = 0, height_max = 0;  // of hops that have one; 0, 0: none has
  std::uint64_t actors = 0, types = 0;
  std::uint64_t lost = 0;
  std::uint32_t flags = 0;  // block_has_transactions
  std::uint32_t crc = 0;
  bool operator==(const BlockHeader&) const = default;
};
inline constexpr std::uint32_t block_has_transactions = 1;

// Fills in stored_bytes and crc. Allocates nothing: also for the dump of a dying process.
using HeaderBytes = std::array<std::uint8_t, block_header_bytes>;
[[nodiscard]] HeaderBytes encode_header(BlockHeader header, ByteView stored);
// Errors: malformed (no block here), wrong_version, too_large, unknown_type (kind or codec).
[[nodiscard]] Result<BlockHeader> decode_header(ByteView bytes);
// Whether header and payload belong together and are whole.
[[nodiscard]] bool crc_matches(ByteView header_bytes, ByteView stored);
// Position of the next possible block header at or after `from`; size() if there is none.
[[nodiscard]] std::size_t find_block(ByteView bytes, std::size_t from);

// ---- payloads

struct NodeInfo {
  std::string id{};  // node id in hex; empty: unknown (tests, simulations)
  std::string moniker{};
  std::string software{};
  std::string reason{};         // "recording", "request", "fatal: ...", "signal 11"
  std::int64_t started_ns = 0;  // Unix time of the process: actor numbers are those of one process
  bool operator==(const NodeInfo&) const = default;
};
[[nodiscard]] Bytes encode_node(const NodeInfo& node);
[[nodiscard]] Result<NodeInfo> decode_node(ByteView payload);

enum class NameKind : std::uint8_t { actor = 1, type = 2, peer = 3 };
struct Name {
  NameKind kind = NameKind::actor;
  std::uint64_t number = 0;  // actor number, type id; peer: number of its session
  std::string text;          // path, type name; peer: node id in hex
  bool operator==(const Name&) const = default;
};
inline constexpr std::size_t name_bytes_max = 255;
// 10 bytes and the text, cut to name_bytes_max. Returns the bytes used, 0 if `out` is too small.
[[nodiscard]] std::size_t encode_name(std::span<std::uint8_t> out, NameKind kind,
                                      std::uint64_t number, std::string_view text);
void append_name(Bytes& out, NameKind kind, std::uint64_t number, std::string_view text);
// What can be read; `whole` is false when the payload ends inside a name.
[[nodiscard]] std::vector<Name> decode_names(ByteView payload, bool& whole);

// What this node measured of a peer's clock (NTP): peer's Unix time minus ours.
struct PeerClock {
  std::string node;            // id in hex
  std::int64_t offset_ns = 0;  // add to our time to get the peer's
  std::int64_t error_ns = 0;   // half of the round trip: the offset is right within this
  std::int64_t measured = 0;   // our Unix time
  bool operator==(const PeerClock&) const = default;
};
[[nodiscard]] Bytes encode_clocks(const std::vector<PeerClock>& clocks);
[[nodiscard]] Result<std::vector<PeerClock>> decode_clocks(ByteView payload);

// ---- hops

// Index fields of a block over these records: times, heights, masks, flags, count, raw_bytes.
void index_records(BlockHeader& header, std::span<const HopRecord> records);
// Of records that were cut anywhere: all but a hop at the end whose transactions may go on. Blocks
// are read alone, so a hop and its transactions stand in one.
[[nodiscard]] std::size_t whole_records(std::span<const HopRecord> records);
// The same over one record; `header` starts as {} with time_first > time_last.
void index_record(BlockHeader& header, const HopRecord& record);
// Appends the hops of a payload to `out`. Values out of their range (kinds, outcomes) are
// malformed; transactions of a hop that is not there are dropped.
[[nodiscard]] Status decode_hops(ByteView payload, std::uint32_t count, HopList& out);

}  // namespace witan::trace
