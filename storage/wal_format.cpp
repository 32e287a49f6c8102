#include "storage/wal_format.hpp"

#include <fmt/format.h>

#include <charconv>
#include <numeric>

#include "messages/base/check.hpp"
#include "messages/base/codec_bytes.hpp"
#include "messages/base/crc32c.hpp"

namespace witan::wal_format {
namespace {
constexpr std::string_view magic = "WITANWAL";
constexpr std::size_t header_crc_at = header_bytes - 4;

template <class T>
T load(ByteView bytes, std::size_t at) {
  T value{};
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}
template <class T>
void store(std::span<std::uint8_t> bytes, std::size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}
}  // namespace

Bytes encode_header(const SegmentHeader& header) {
  WITAN_CHECK(header.chain_id.size() <= chain_id_bytes_max, header.chain_id.size());
  ByteWriter writer(header_bytes);
  writer.raw(as_bytes(magic)).u32(version).u32(header_bytes).u64(header.segment);
  writer.u64(header.first_height.get()).u64(header.segment_bytes).u64(header.salt);
  writer.prefixed(as_bytes(header.chain_id));
  Bytes out = writer.take();
  out.resize(header_bytes, 0);
  store(out, header_crc_at, crc32c(ByteView(out).first(header_crc_at)));
  return out;
}

Result<SegmentHeader> decode_header(ByteView segment) {
  if (segment.size() < header_bytes) return fail(ErrorCode::corrupt, "header", "file is too short");
  const ByteView bytes = segment.first(header_bytes);
  if (as_text(bytes.first(magic.size())) != magic)
    return fail(ErrorCode::corrupt, "header", "this is not a WAL segment");
  if (crc32c(bytes.first(header_crc_at)) != load<std::uint32_t>(bytes, header_crc_at))
    return fail(ErrorCode::corrupt, "header", "segment header is damaged");
  ByteReader reader(bytes.subspan(magic.size(), header_crc_at - magic.size()));
  const std::uint32_t found_version = reader.u32();
  const std::uint32_t found_bytes = reader.u32();
  if (found_version != version || found_bytes != header_bytes)
    return fail(ErrorCode::wrong_version, "header", fmt::format("WAL version {}", found_version));
  SegmentHeader header;
  header.segment = reader.u64();
  header.first_height = Height(reader.u64());
  header.segment_bytes = reader.u64();
  header.salt = reader.u64();
  header.chain_id = as_text(reader.prefixed(chain_id_bytes_max));
  if (reader.failed()) return fail(ErrorCode::corrupt, "header", "segment header is malformed");
  return header;
}

std::uint32_t seed_of(const SegmentHeader& header) {
  ByteWriter writer;
  writer.u64(header.segment).u64(header.salt).prefixed(as_bytes(header.chain_id));
  return crc32c(writer.view());
}

void append_record(Bytes& out, const Record& record, std::span<const ByteView> payload_parts) {
  const std::size_t start = out.size();
  const std::size_t length =
      std::accumulate(payload_parts.begin(), payload_parts.end(), std::size_t{0},
                      [](std::size_t sum, ByteView part) { return sum + part.size(); });
  WITAN_CHECK(length <= UINT32_MAX, length);
  out.resize(start + record_header_bytes, 0);
  const std::span<std::uint8_t> head = std::span(out).subspan(start);
  store(head, 8, static_cast<std::uint32_t>(length));
  store(head, 12, record.kind);
  store(head, 16, record.height.get());
  store(head, 24, record.group);
  for (const ByteView part : payload_parts) append(out, part);
  out.resize(start + record_bytes(length), 0);
}

void seal_record(std::span<std::uint8_t> record, bool group_end, std::uint32_t seed) {
  const std::size_t length = load<std::uint32_t>(record, 8);
  record[13] = group_end ? flag_group_end : 0;
  store(record, 4, crc32c(ByteView(record).subspan(8, record_header_bytes - 8), seed));
  store(record, 0, crc32c(ByteView(record).subspan(4, record_header_bytes - 4 + length), seed));
}

std::optional<Record> read_record(ByteView segment, std::size_t offset, std::uint32_t seed) {
  if (offset > segment.size() || segment.size() - offset < record_header_bytes) return std::nullopt;
  const ByteView rest = segment.subspan(offset);
  // The header has its own checksum so that looking for records in garbage stays cheap.
  if (crc32c(rest.subspan(8, record_header_bytes - 8), seed) != load<std::uint32_t>(rest, 4))
    return std::nullopt;
  const std::size_t length = load<std::uint32_t>(rest, 8);
  if (length > rest.size() - record_header_bytes) return std::nullopt;
  if (crc32c(rest.subspan(4, record_header_bytes - 4 + length), seed) !=
      load<std::uint32_t>(rest, 0))
    return std::nullopt;
  Record record;
  record.kind = rest[12];
  record.group_end = (rest[13] & flag_group_end) != 0;
  record.height = Height(load<std::uint64_t>(rest, 16));
  record.group = load<std::uint64_t>(rest, 24);
  record.payload = rest.subspan(record_header_bytes, length);
  if (record.kind == 0) return std::nullopt;
  return record;
}

bool is_end(ByteView segment, std::size_t offset) {
  if (offset >= segment.size() || segment.size() - offset < record_header_bytes) return true;
  const ByteView head = segment.subspan(offset, record_header_bytes);
  return std::all_of(head.begin(), head.end(), [](std::uint8_t b) { return b == 0; });
}

std::string segment_name(std::uint64_t segment) { return fmt::format("{:08}.wal", segment); }
std::string spare_name(std::uint64_t number) { return fmt::format("{:08}.spare", number); }

std::optional<std::uint64_t> parse_segment_name(std::string_view name) {
  std::uint64_t segment = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), segment);
  if (error != std::errc{} || segment == 0 || name != segment_name(segment)) return std::nullopt;
  return segment;
}

}  // namespace witan::wal_format
