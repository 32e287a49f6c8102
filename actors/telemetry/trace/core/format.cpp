#include "actors/telemetry/trace/core/format.hpp"

#include <algorithm>
#include <cstring>

#include "messages/base/codec_bytes.hpp"
#include "messages/base/crc32c.hpp"

namespace witan::trace {
namespace {

constexpr std::string_view magic = "WTRBLK01";
constexpr std::size_t crc_at = block_header_bytes - 4;
constexpr std::size_t clocks_max = 1024;

class Cursor {  // fixed writer: the dump of a dying process may not allocate
 public:
  explicit Cursor(std::uint8_t* at) : at_(at) {}
  template <class T>
  Cursor& put(T value) {
    std::memcpy(at_, &value, sizeof value);
    at_ += sizeof value;
    return *this;
  }

 private:
  std::uint8_t* at_;
};

bool text_is_good(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

std::string read_text(ByteReader& in) {
  const ByteView raw = in.prefixed(4096);
  return {raw.begin(), raw.end()};
}

}  // namespace

HeaderBytes encode_header(BlockHeader header, ByteView stored) {
  HeaderBytes out{};
  std::memcpy(out.data(), magic.data(), magic.size());
  Cursor(out.data() + magic.size())
      .put(static_cast<std::uint8_t>(header.kind))
      .put(static_cast<std::uint8_t>(header.codec))
      .put(format_version)
      .put(header.count)
      .put(static_cast<std::uint32_t>(stored.size()))
      .put(header.raw_bytes)
      .put(header.time_first)
      .put(header.time_last)
      .put(header.wall_base)
      .put(header.height_min)
      .put(header.height_max)
      .put(header.actors)
      .put(header.types)
      .put(header.lost)
      .put(header.flags);
  const std::uint32_t crc = crc32c(stored, crc32c(out));
  std::memcpy(out.data() + crc_at, &crc, sizeof crc);
  return out;
}

Result<BlockHeader> decode_header(ByteView bytes) {
  if (bytes.size() < block_header_bytes)
    return fail(ErrorCode::malformed, "block", "header is cut short");
  ByteReader in(bytes.first(block_header_bytes));
  if (std::memcmp(in.raw(magic.size()).data(), magic.data(), magic.size()) != 0)
    return fail(ErrorCode::malformed, "block", "no block begins here");
  BlockHeader out;
  const std::uint8_t kind = in.u8();
  const std::uint8_t codec = in.u8();
  const std::uint16_t version = in.u16();
  if (version != format_version)
    return fail(ErrorCode::wrong_version, "block.version",
                std::to_string(version) + "; this program reads version 1");
  if (kind < 1 || kind > 4) return fail(ErrorCode::unknown_type, "block.kind");
  if (codec > 1) return fail(ErrorCode::unknown_type, "block.codec");
  out.kind = static_cast<BlockKind>(kind);
  out.codec = static_cast<Codec>(codec);
  out.count = in.u32();
  out.stored_bytes = in.u32();
  out.raw_bytes = in.u32();
  out.time_first = in.i64();
  out.time_last = in.i64();
  out.wall_base = in.i64();
  out.height_min = in.u64();
  out.height_max = in.u64();
  out.actors = in.u64();
  out.types = in.u64();
  out.lost = in.u64();
  out.flags = in.u32();
  std::memcpy(&out.crc, bytes.data() + crc_at, sizeof out.crc);
  if (out.raw_bytes > block_raw_bytes_max || out.stored_bytes > block_stored_bytes_max)
    return fail(ErrorCode::too_large, "block.bytes", "above the limit of a block");
  if (out.codec == Codec::raw && out.raw_bytes != out.stored_bytes)
    return fail(ErrorCode::malformed, "block.bytes", "two sizes of an uncompressed block");
  return out;
}

bool crc_matches(ByteView header_bytes, ByteView stored) {
  if (header_bytes.size() < block_header_bytes) return false;
  HeaderBytes blank{};
  std::memcpy(blank.data(), header_bytes.data(), crc_at);
  std::uint32_t said = 0;
  std::memcpy(&said, header_bytes.data() + crc_at, sizeof said);
  return crc32c(stored, crc32c(blank)) == said;
}

std::size_t find_block(ByteView bytes, std::size_t from) {
  if (from >= bytes.size()) return bytes.size();
  const auto* begin = reinterpret_cast<const char*>(bytes.data());
  const std::size_t at = std::string_view(begin, bytes.size()).find(magic, from);
  return at == std::string_view::npos ? bytes.size() : at;
}

Bytes encode_node(const NodeInfo& node) {
  ByteWriter out;
  for (const std::string* text : {&node.id, &node.moniker, &node.software, &node.reason})
    out.prefixed(as_bytes(std::string_view(*text).substr(0, 4096)));
  out.i64(node.started_ns);
  return out.take();
}

Result<NodeInfo> decode_node(ByteView payload) {
  ByteReader in(payload);
  NodeInfo out;
  for (std::string* text : {&out.id, &out.moniker, &out.software, &out.reason}) {
    *text = read_text(in);
    if (!text_is_good(*text))
      return fail(ErrorCode::malformed, "node", "text with control characters");
  }
  out.started_ns = in.i64();
  if (!in.done()) return fail(ErrorCode::malformed, "node", "wrong length");
  return out;
}

std::size_t encode_name(std::span<std::uint8_t> out, NameKind kind, std::uint64_t number,
                        std::string_view text) {
  text = text.substr(0, name_bytes_max);
  const std::size_t size = 10 + text.size();
  if (out.size() < size) return 0;
  Cursor(out.data())
      .put(static_cast<std::uint8_t>(kind))
      .put(static_cast<std::uint8_t>(text.size()))
      .put(number);
  if (!text.empty()) std::memcpy(out.data() + 10, text.data(), text.size());
  return size;
}

void append_name(Bytes& out, NameKind kind, std::uint64_t number, std::string_view text) {
  std::array<std::uint8_t, 10 + name_bytes_max> raw{};
  append(out, ByteView(raw).first(encode_name(raw, kind, number, text)));
}

std::vector<Name> decode_names(ByteView payload, bool& whole) {
  std::vector<Name> out;
  ByteReader in(payload);
  while (in.left() > 0) {
    const std::uint8_t kind = in.u8();
    const std::size_t size = in.u8();
    const std::uint64_t number = in.u64();
    const ByteView raw = in.raw(size);
    const std::string text(raw.begin(), raw.end());
    if (in.failed() || kind < 1 || kind > 3 || !text_is_good(text)) {
      whole = false;
      return out;
    }
    out.push_back({static_cast<NameKind>(kind), number, text});
  }
  whole = true;
  return out;
}

Bytes encode_clocks(const std::vector<PeerClock>& clocks) {
  ByteWriter out;
  for (const PeerClock& clock : clocks)
    out.prefixed(as_bytes(clock.node)).i64(clock.offset_ns).i64(clock.error_ns).i64(clock.measured);
  return out.take();
}

Result<std::vector<PeerClock>> decode_clocks(ByteView payload) {
  std::vector<PeerClock> out;
  ByteReader in(payload);
  while (in.left() > 0) {
    PeerClock clock;
    clock.node = read_text(in);
    clock.offset_ns = in.i64();
    clock.error_ns = in.i64();
    clock.measured = in.i64();
    if (in.failed() || out.size() == clocks_max || !text_is_good(clock.node) || clock.error_ns < 0)
      return fail(ErrorCode::malformed, "clocks");
    out.push_back(std::move(clock));
  }
  return out;
}

void index_record(BlockHeader& header, const HopRecord& record) {
  ++header.count;
  header.raw_bytes += static_cast<std::uint32_t>(record_bytes);
  if (record.kind == kind_transactions) {
    header.flags |= block_has_transactions;
    return;
  }
  header.time_first = std::min(header.time_first, record.sent);
  header.time_last = std::max(header.time_last, record.finished);
  header.actors |= std::uint64_t{1} << (record.from % 64) | std::uint64_t{1} << (record.to % 64);
  header.types |= std::uint64_t{1} << (record.type % 64);
  if (record.height == 0) return;
  header.height_min =
      header.height_min == 0 ? record.height : std::min(header.height_min, record.height);
  header.height_max = std::max(header.height_max, record.height);
}

void index_records(BlockHeader& header, std::span<const HopRecord> records) {
  header.count = 0;
  header.raw_bytes = 0;
  header.time_first = std::numeric_limits<std::int64_t>::max();
  header.time_last = std::numeric_limits<std::int64_t>::min();
  for (const HopRecord& record : records) index_record(header, record);
}

std::size_t whole_records(std::span<const HopRecord> records) {
  std::size_t last = records.size();
  while (last > 0 && records[last - 1].kind == kind_transactions) --last;
  const bool goes_on = last > 0 && records[last - 1].transactions != 0;
  return goes_on ? last - 1 : records.size();
}

namespace {

// Hops are appended in file order, so a list of transactions belongs to the last hop with its span.
Status take_transactions(const HopRecord& raw, HopList& out) {
  TransactionRecord list;
  std::memcpy(static_cast<void*>(&list), &raw, sizeof list);
  if (list.count > TransactionRecord::ids_max)
    return fail(ErrorCode::malformed, "hops", "too many transactions in a record");
  if (out.hops.empty() || out.hops.back().span != list.span) return {};
  for (std::size_t i = 0; i < list.count; ++i)
    out.transactions.push_back({static_cast<std::uint32_t>(out.hops.size() - 1), list.id(i)});
  return {};
}

}  // namespace

Status decode_hops(ByteView payload, std::uint32_t count, HopList& out) {
  if (payload.size() != std::size_t{count} * record_bytes)
    return fail(ErrorCode::malformed, "hops", "count and bytes differ");
  out.hops.reserve(out.hops.size() + count);
  for (std::size_t i = 0; i < count; ++i) {
    HopRecord hop;
    std::memcpy(&hop, payload.data() + i * record_bytes, record_bytes);
    if (hop.kind == kind_transactions) {
      WITAN_TRY_VOID(take_transactions(hop, out));
      continue;
    }
    if (hop.kind >= kind_names.size() || hop.outcome >= outcome_names.size() ||
        hop.mailbox >= mailbox_names.size())
      return fail(ErrorCode::malformed, "hops", "kind, outcome or mailbox is not known");
    hop.node = 0;
    out.hops.push_back(hop);
  }
  return {};
}

}  // namespace witan::trace
