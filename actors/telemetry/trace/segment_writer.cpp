#include "actors/telemetry/trace/segment_writer.hpp"

#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>

namespace witan::trace {
namespace {
constexpr int level = 1;                        // keeps up with a million hops a second
constexpr std::size_t worth_compressing = 512;  // bytes
}  // namespace

Status keep_newest(FileSystem& fs, const FilePath& folder, std::string_view prefix,
                   std::uint64_t bytes_max, std::size_t count_max) {
  WITAN_TRY(const auto names, fs.list(folder));
  std::uint64_t bytes = 0;
  std::size_t count = 0;
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    if (!name->starts_with(prefix) || !name->ends_with(trace_suffix)) continue;
    const FilePath path = folder / *name;
    std::uint64_t size = 0;
    {
      const auto file = fs.open(path, OpenMode::read);
      if (!file && file.error().code == ErrorCode::not_found) continue;  // somebody tidies up
      if (!file) return fail(file.error());
      WITAN_TRY(size, (*file)->size());
    }
    bytes += size;
    if (++count > count_max || bytes > bytes_max) WITAN_TRY_VOID(fs.remove(path));
  }
  return {};
}

SegmentWriter::SegmentWriter(FileSystem& fs, SegmentOptions options, NodeInfo node)
    : fs_(fs), options_(std::move(options)), node_(std::move(node)) {
  options_.total_bytes = std::max(options_.total_bytes, 2 * options_.segment_bytes);
}

Status SegmentWriter::open(std::uint64_t unix_ms) {
  file_.reset();
  WITAN_TRY_VOID(fs_.create_directories(options_.folder));
  // The new file may grow to its full size.
  WITAN_TRY_VOID(keep_newest(fs_, options_.folder, segment_prefix,
                             options_.total_bytes - options_.segment_bytes, 1'000'000));
  path_ = options_.folder /
          fmt::format("{}{:013}-{:06}{}", segment_prefix, unix_ms, number_++, trace_suffix);
  WITAN_TRY(file_, fs_.open(path_, OpenMode::create));
  offset_ = 0;
  BlockHeader header;
  header.kind = BlockKind::node;
  header.count = 1;
  const Status written = write_block(header, encode_node(node_));
  if (!written) file_.reset();
  return written;
}

Status SegmentWriter::write_block(BlockHeader header, ByteView payload) {
  header.raw_bytes = static_cast<std::uint32_t>(payload.size());
  header.codec = Codec::raw;
  ByteView stored = payload;
  if (options_.compress && payload.size() >= worth_compressing) {
    packed_.resize(ZSTD_compressBound(payload.size()));
    const std::size_t size =
        ZSTD_compress(packed_.data(), packed_.size(), payload.data(), payload.size(), level);
    if (ZSTD_isError(size) == 0 && size < payload.size()) {
      header.codec = Codec::zstd;
      stored = ByteView(packed_).first(size);
    }
  }
  const HeaderBytes head = encode_header(header, stored);
  WITAN_TRY_VOID(file_->write_at(offset_, head));
  WITAN_TRY_VOID(file_->write_at(offset_ + head.size(), stored));
  offset_ += head.size() + stored.size();
  bytes_ += head.size() + stored.size();
  return {};
}

Status SegmentWriter::append(BlockHeader header, ByteView payload, std::uint64_t unix_ms,
                             ByteView all_names, std::uint32_t name_count) {
  if (!file_) return fail(ErrorCode::io, "trace", "no file is open");
  Status done;
  if (offset_ >= options_.segment_bytes) {
    done = open(unix_ms);
    if (done) {
      BlockHeader names;
      names.kind = BlockKind::names;
      names.count = name_count;
      done = write_block(names, all_names);
    }
  }
  if (done) done = write_block(header, payload);
  if (!done) file_.reset();
  return done;
}

}  // namespace witan::trace
