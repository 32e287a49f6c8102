// Bytes of the write-ahead log. Little-endian; everything starts at a multiple of 8.
//
//   log      := segment{n} segment{n+1} ...       files wal/00000001.wal, consecutive numbers
//   segment  := header record* rest
//   header   := magic "WITANWAL" | version u32 | header_bytes u32 (512) | segment u64
//             | first_height u64 | segment_bytes u64 | salt u64 | chain_id u32-prefixed | zeros
//             | crc32c u32 at offset 508 over bytes 0..508
//   record   := crc u32         over everything after it, payload included
//             | head_crc u32    over the next 24 bytes
//             | length u32 | kind u8 (not 0) | flags u8 | zero u16 | height u64 | group u64
//             | payload | zeros to a multiple of 8
//   rest     := at least 32 zero bytes (or less space than that), then anything
//
// Both checksums start from a seed made of segment number, salt and chain id. So a record of a
// segment's former life (files are recycled), of another log, or one a peer wrote into a payload is
// never taken for a record of this segment: the salt is random and never leaves the disk.
//
// A group is what one sync made durable; groups are numbered without gaps, and flag group_end marks
// the last record of each. Only the last group can have been incomplete when power was lost. The
// rule for damage (wal_reader.cpp) rests on it.
#pragma once
#include <optional>
#include <string>

#include "messages/base/bytes.hpp"
#include "messages/base/result.hpp"
#include "messages/types/height.hpp"

namespace witan::wal_format {

inline constexpr std::uint32_t version = 1;
inline constexpr std::size_t header_bytes = 512;
inline constexpr std::size_t record_header_bytes = 32;
inline constexpr std::size_t alignment = 8;
inline constexpr std::uint64_t segment_bytes_max = 1U << 30U;  // of any segment file
inline constexpr std::size_t chain_id_bytes_max = 128;
inline constexpr std::uint8_t flag_group_end = 1;

struct SegmentHeader {
  std::uint64_t segment = 0;
  Height first_height;
  std::uint64_t segment_bytes = 0;
  std::uint64_t salt = 0;
  std::string chain_id;
};

// REQUIRES: chain_id has at most chain_id_bytes_max bytes.
[[nodiscard]] Bytes encode_header(const SegmentHeader& header);
// Errors: corrupt, wrong_version.
[[nodiscard]] Result<SegmentHeader> decode_header(ByteView segment);
[[nodiscard]] std::uint32_t seed_of(const SegmentHeader& header);

struct Record {
  std::uint8_t kind = 0;
  bool group_end = false;
  Height height;
  std::uint64_t group = 0;
  ByteView payload;  // into the segment
};

[[nodiscard]] constexpr std::size_t padded(std::size_t bytes) {
  return (bytes + alignment - 1) / alignment * alignment;
}
// Bytes a record with this payload takes.
[[nodiscard]] constexpr std::size_t record_bytes(std::size_t payload_bytes) {
  return padded(record_header_bytes + payload_bytes);
}

// Appends header and payload to `out` without checksums: seal_record fills them in later.
void append_record(Bytes& out, const Record& record, std::span<const ByteView> payload_parts);
// `record` starts at a record header and holds the payload.
void seal_record(std::span<std::uint8_t> record, bool group_end, std::uint32_t seed);
// The record at `offset` of the segment, if there is an undamaged one.
[[nodiscard]] std::optional<Record> read_record(ByteView segment, std::size_t offset,
                                                std::uint32_t seed);
// Nothing was written at `offset`: zeros, or too little space for a record.
[[nodiscard]] bool is_end(ByteView segment, std::size_t offset);

[[nodiscard]] std::string segment_name(std::uint64_t segment);  // "00000001.wal"
[[nodiscard]] std::string spare_name(std::uint64_t number);     // "00000001.spare"
[[nodiscard]] std::optional<std::uint64_t> parse_segment_name(std::string_view name);

}  // namespace witan::wal_format
