#include "tools/sim/recording.hpp"

#include <zstd.h>

#include "actors/runtime/door.hpp"
#include "messages/base/codec_bytes.hpp"
#include "messages/base/crc32c.hpp"

namespace witan::sim {
namespace {

constexpr std::string_view magic = "WITANRUN";
constexpr std::uint32_t version = 1;
constexpr int level = 1;
constexpr std::size_t block_bytes = 256 * 1024;       // a block is written when it has so many
constexpr std::size_t block_bytes_max = 1024 * 1024;  // and never has more
constexpr std::size_t head_bytes_max = 1024 * 1024;
constexpr std::size_t text_bytes_max = 256 * 1024;  // of a line
constexpr std::size_t name_bytes_max = 1024;        // names are paths: a reader keeps them all
constexpr std::size_t names_max = 64 * 1024;
constexpr std::size_t fixed_head_bytes = 16, block_head_bytes = 12;

enum class Tag : std::uint8_t { name = 1, line = 2, hop = 3 };

}  // namespace

std::uint64_t digest_of(const Words& words) {
  std::uint64_t hash = 0x7769'7461'6e00'0002U;
  const auto mix = [&hash](std::uint64_t value) {
    hash = (hash ^ value) * 0x9e37'79b9'7f4a'7c15U;
    hash ^= hash >> 29U;
  };
  for (const auto& segment : words.segments()) {
    mix(segment.size());
    for (const capnp::word& word : segment) {
      std::uint64_t value = 0;
      std::memcpy(&value, &word, sizeof value);
      mix(value);
    }
  }
  return hash;
}

// ---- writing

Result<std::unique_ptr<Recorder>> Recorder::open(FileSystem& fs, const FilePath& path,
                                                 const RecordingHead& head) {
  WITAN_TRY(auto file, fs.open(path, OpenMode::create));
  const Bytes body = ByteWriter()
                         .u64(head.seed)
                         .prefixed(as_bytes(head.commit))
                         .prefixed(as_bytes(head.scenario))
                         .prefixed(as_bytes(head.text))
                         .take();
  ByteWriter out;
  out.raw(as_bytes(magic)).u32(version).prefixed(body);
  out.u32(crc32c(out.view()));
  std::unique_ptr<Recorder> made(new Recorder(std::move(file)));
  made->write(out.view());
  WITAN_TRY_VOID(made->status_);
  return made;
}

void Recorder::write(ByteView bytes) {
  if (!status_) return;
  status_ = file_->write_at(offset_, bytes);
  offset_ += bytes.size();
}

Bytes block_of(ByteView payload) {
  WITAN_CHECK(payload.size() <= block_bytes_max, payload.size());
  Bytes packed(ZSTD_compressBound(payload.size()));
  const std::size_t size = payload.empty() ? 0
                                           : ZSTD_compress(packed.data(), packed.size(),
                                                           payload.data(), payload.size(), level);
  WITAN_CHECK(ZSTD_isError(size) == 0, size);
  packed.resize(size);
  ByteWriter out;
  out.u32(static_cast<std::uint32_t>(packed.size()))
      .u32(static_cast<std::uint32_t>(payload.size()));
  out.u32(crc32c(packed, crc32c(out.view()))).raw(packed);
  return out.take();
}

void Recorder::flush() {
  write(block_of(block_));
  block_.clear();
}

void Recorder::flush_full() {
  if (block_.size() >= block_bytes) flush();
}

void Recorder::line(std::string_view text) {
  append(block_, ByteWriter()
                     .u8(static_cast<std::uint8_t>(Tag::line))
                     .prefixed(as_bytes(text.substr(0, text_bytes_max)))
                     .view());
  flush_full();
}

std::uint32_t Recorder::name(std::string_view text) {
  if (text.empty()) return 0;
  const auto [at, added] =
      names_.try_emplace(std::string(text), static_cast<std::uint32_t>(names_.size() + 1));
  if (added && names_.size() > names_max && status_)
    status_ = fail(ErrorCode::too_large, "recording",
                   "the run has more than " + std::to_string(names_max) +
                       " actors, its recording ends before them; record a shorter run");
  if (added)
    append(block_, ByteWriter()
                       .u8(static_cast<std::uint8_t>(Tag::name))
                       .prefixed(as_bytes(text.substr(0, name_bytes_max)))
                       .view());
  return at->second;
}

void Recorder::hop(const HopSeen& hop, const StateTeller&) {
  const std::uint32_t from = name(hop.from), to = name(hop.to);
  append(block_, ByteWriter(64)
                     .u8(static_cast<std::uint8_t>(Tag::hop))
                     .i64(hop.at.ns)
                     .u32(hop.node)
                     .u32(from)
                     .u32(to)
                     .u64(hop.type)
                     .u64(hop.content)
                     .u32(hop.bytes)
                     .u32(hop.depth)
                     .u8(hop.kind)
                     .u8(hop.outcome)
                     .u8(hop.mailbox)
                     .view());
  flush_full();
}

Status Recorder::finish() {
  if (!block_.empty()) flush();
  flush();
  return status_;
}

// ---- reading

tl::unexpected<Error> Recording::damaged(std::string_view why) const {
  return fail(ErrorCode::corrupt, path_,
              "byte " + std::to_string(block_at_) + ": " + std::string(why));
}

Result<Bytes> Recording::bytes(std::uint64_t count) const {
  Bytes out(count);
  WITAN_TRY(const std::size_t got, file_->read_at(offset_, out));
  if (got < count) return damaged("the recording is cut here");
  return out;
}

Result<Recording> Recording::open(FileSystem& fs, const FilePath& path) {
  WITAN_TRY(auto file, fs.open(path, OpenMode::read));
  Recording out(std::move(file), path.string());
  WITAN_TRY_VOID(out.read_head());
  return out;
}

Status Recording::read_head() {
  WITAN_TRY(const Bytes fixed, bytes(fixed_head_bytes));
  ByteReader in(fixed);
  if (as_text(in.raw(magic.size())) != magic)
    return damaged("this is not a recording of a simulated run");
  if (const std::uint32_t found = in.u32(); found != version)
    return fail(ErrorCode::wrong_version, path_,
                "a recording of version " + std::to_string(found) + "; this program reads " +
                    std::to_string(version));
  const std::uint32_t length = in.u32();
  if (length > head_bytes_max) return damaged("the head is damaged");
  offset_ = fixed_head_bytes;
  WITAN_TRY(const Bytes rest, bytes(std::uint64_t{length} + 4));
  ByteReader body(ByteView(rest).first(length));
  ByteReader crc(ByteView(rest).subspan(length));
  if (crc.u32() != crc32c(ByteView(rest).first(length), crc32c(fixed)))
    return damaged("the head is damaged");
  head_.seed = body.u64();
  head_.commit = as_text(body.prefixed(head_bytes_max));
  head_.scenario = as_text(body.prefixed(head_bytes_max));
  head_.text = as_text(body.prefixed(head_bytes_max));
  if (!body.done()) return damaged("the head is malformed");
  offset_ += rest.size();
  return {};
}

Result<bool> Recording::read_block() {
  block_at_ = offset_;
  WITAN_TRY(const Bytes head, bytes(block_head_bytes));
  ByteReader in(head);
  const std::uint32_t stored = in.u32(), raw = in.u32(), crc = in.u32();
  if (raw > block_bytes_max || stored > ZSTD_compressBound(block_bytes_max))
    return damaged("the head of a block is damaged");
  offset_ += head.size();
  WITAN_TRY(const Bytes packed, bytes(stored));
  if (crc32c(packed, crc32c(ByteView(head).first(8))) != crc) return damaged("a block is damaged");
  offset_ += packed.size();
  block_.resize(raw);
  used_ = 0;
  if (raw == 0) return false;
  const std::size_t size =
      ZSTD_decompress(block_.data(), block_.size(), packed.data(), packed.size());
  if (ZSTD_isError(size) != 0 || size != raw) return damaged("a block does not decompress");
  return true;
}

Result<std::optional<Entry>> Recording::next() {
  std::optional<Entry> out;
  while (!out) {
    if (!ended_ && used_ == block_.size()) {
      WITAN_TRY(const bool more, read_block());
      ended_ = !more;
    }
    if (ended_) return out;
    ByteReader in(ByteView(block_).subspan(used_));
    switch (static_cast<Tag>(in.u8())) {
      case Tag::name:
        if (names_.size() == names_max) return damaged("more names than a run can have");
        names_.emplace_back(as_text(in.prefixed(name_bytes_max)));
        break;
      case Tag::line:
        out = LineEntry{std::string(as_text(in.prefixed(text_bytes_max)))};
        break;
      case Tag::hop: {
        WITAN_TRY(out, read_hop(in));
        break;
      }
      default:
        return damaged("an entry is of an unknown kind");
    }
    if (in.failed()) return damaged("an entry is malformed");
    used_ = block_.size() - in.left();
  }
  return out;
}

Result<HopEntry> Recording::read_hop(ByteReader& in) const {
  HopSeen hop;
  hop.at.ns = in.i64();
  hop.node = in.u32();
  const std::uint32_t from = in.u32(), to = in.u32();
  hop.type = in.u64();
  hop.content = in.u64();
  hop.bytes = in.u32();
  hop.depth = in.u32();
  hop.kind = in.u8();
  hop.outcome = in.u8();
  hop.mailbox = in.u8();
  if (from > names_.size() || to > names_.size()) return damaged("a hop has an unknown name");
  if (hop.kind > static_cast<std::uint8_t>(rt::HopKind::network) ||
      hop.outcome > static_cast<std::uint8_t>(rt::HopOutcome::quarantined) ||
      hop.mailbox >= rt::mailbox_classes)
    return damaged("a hop is malformed");
  if (from != 0) hop.from = names_[from - 1];
  if (to != 0) hop.to = names_[to - 1];
  return HopEntry(hop);
}

}  // namespace witan::sim
