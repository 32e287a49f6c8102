#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "messages/base/check.hpp"
#include "storage/wal.hpp"
#include "storage/wal_format.hpp"

namespace witan {
namespace wf = wal_format;

Result<std::unique_ptr<WalWriter>> WalWriter::open(FileSystem& fs, WalOptions options,
                                                   const WalVisitor& visit) {
  if (options.segment_bytes < 2 * wf::header_bytes ||
      options.segment_bytes > wf::segment_bytes_max / 2 ||
      options.segment_bytes % wf::alignment != 0)
    return fail(ErrorCode::out_of_range, "segment_bytes", "a multiple of 8, 1 KiB to 512 MiB");
  if (options.record_bytes_max > wf::segment_bytes_max / 4)
    return fail(ErrorCode::out_of_range, "record_bytes_max", "at most 256 MiB");
  if (options.chain_id.size() > wf::chain_id_bytes_max)
    return fail(ErrorCode::too_large, "chain_id", "at most 128 bytes");
  auto writer = std::unique_ptr<WalWriter>(new WalWriter(fs, std::move(options)));
  WITAN_TRY_VOID(writer->recover(visit));
  return writer;
}

Status WalWriter::recover(const WalVisitor& visit) {
  WITAN_TRY_VOID(fs_.create_directories(options_.folder));
  WITAN_TRY(const WalReport report, verify_wal(fs_, options_.folder, options_.chain_id, visit));
  if (report.damage) return fail(wal_damage_error(options_.folder, *report.damage));
  if (report.torn_tail) WITAN_TRY_VOID(confirm_tail(*report.torn_tail));
  WITAN_TRY_VOID(adopt_spares());
  next_group_ = report.last_group + 1;
  segments_ = report.segments;
  if (segments_.empty()) return {};
  cut_tail_ = report.torn_tail;
  WITAN_TRY_VOID(settle(report));
  if (!report.last_group_complete) WITAN_TRY_VOID(close_last_group(report));
  const FilePath path = path_of(wf::segment_name(segments_.back().segment));
  WITAN_TRY(file_, fs_.open(path, OpenMode::read_write));
  Bytes head(wf::header_bytes);
  WITAN_TRY([[maybe_unused]] const std::size_t got, file_->read_at(0, head));
  WITAN_TRY(const wf::SegmentHeader header, wf::decode_header(head));
  seed_ = wf::seed_of(header);
  return {};
}

// What is cut off is gone: a wrong bit of one reading must not be taken for a torn record.
Status WalWriter::confirm_tail(const WalDamage& place) const {
  WITAN_TRY(const WalReport again, verify_wal(fs_, options_.folder, options_.chain_id));
  const bool same = !again.damage && again.torn_tail && again.torn_tail->segment == place.segment &&
                    again.torn_tail->offset == place.offset;
  if (same) return {};
  return fail(ErrorCode::io, path_of(wf::segment_name(place.segment)).string(),
              "two readings of the end of the log differ: check the disk and the memory");
}

// Files that an earlier run left behind: spares are reused, half-made files removed.
Status WalWriter::adopt_spares() {
  WITAN_TRY(const auto names, fs_.list(options_.folder));
  for (const std::string& name : names) {
    const std::string extension = FilePath(name).extension().string();
    if (extension == ".tmp") WITAN_TRY_VOID(fs_.remove(path_of(name)));
    if (extension != ".spare") continue;
    std::uint64_t bytes = 0;
    {
      WITAN_TRY(const auto file, fs_.open(path_of(name), OpenMode::read));
      WITAN_TRY(bytes, file->size());
    }
    if (bytes == options_.segment_bytes && spares_.size() < options_.spares_max) {
      spares_.push_back(name);
    } else {
      WITAN_TRY_VOID(fs_.remove(path_of(name)));
    }
  }
  return {};
}

// Writes the end of the log again, as it was read, with zeros where a torn record was. A process
// before this one may have ended because a sync failed: what it wrote can still be read, but no
// later sync would bring it to the device, and a later power loss would leave a hole (S4).
// If power fails in here, what is left of a torn group is still a torn tail.
Status WalWriter::settle(const WalReport& report) {
  std::uint64_t first = segments_.back().segment;
  if (report.records > 0) first = std::min(first, report.last_record_segment);
  if (report.torn_tail) first = std::min(first, report.torn_tail->segment);
  for (const WalSegmentInfo& info : segments_) {
    if (info.segment < first) continue;
    const FilePath path = path_of(wf::segment_name(info.segment));
    WITAN_TRY(Bytes content, read_whole(fs_, path, wf::segment_bytes_max));
    if (content.size() != info.file_bytes)
      return fail(ErrorCode::io, path.string(), "read: shorter than a moment ago");
    std::fill(content.begin() + static_cast<std::ptrdiff_t>(info.used_bytes), content.end(),
              std::uint8_t{0});
    WITAN_TRY_VOID(check_reading(content, info));
    WITAN_TRY(const auto file, fs_.open(path, OpenMode::read_write));
    WITAN_TRY_VOID(file->write_at(0, content));
    WITAN_TRY_VOID(file->sync());
  }
  return fs_.sync_directory(options_.folder);
}

// The bytes about to be written are those that were verified: a wrong bit of this reading would
// become damage.
Status WalWriter::check_reading(ByteView segment, const WalSegmentInfo& info) const {
  const auto differs = [&] {
    return fail(ErrorCode::io, path_of(wf::segment_name(info.segment)).string(),
                "two readings of a segment differ: check the disk and the memory");
  };
  const auto header = wf::decode_header(segment);
  if (!header || header->segment != info.segment) return differs();
  std::uint64_t records = 0;
  std::size_t at = wf::header_bytes;
  while (const auto record = wf::read_record(segment, at, wf::seed_of(*header))) {
    at += wf::record_bytes(record->payload.size());
    ++records;
  }
  if (at != info.used_bytes || records != info.records) return differs();
  return {};
}

// Marks the last good record as the end of its group, so that the next group follows without a gap.
// Only after the torn tail is gone: records left of a group that was closed would be damage.
Status WalWriter::close_last_group(const WalReport& report) {
  const FilePath path = path_of(wf::segment_name(report.last_record_segment));
  WITAN_TRY(Bytes content, read_whole(fs_, path, wf::segment_bytes_max));
  WITAN_TRY(const wf::SegmentHeader header, wf::decode_header(content));
  if (!wf::read_record(content, report.last_record_offset, wf::seed_of(header)))
    return fail(ErrorCode::io, path.string(), "two readings of a segment differ");
  const std::span<std::uint8_t> record = std::span(content).subspan(report.last_record_offset);
  wf::seal_record(record, true, wf::seed_of(header));
  WITAN_TRY(const auto file, fs_.open(path, OpenMode::read_write));
  const ByteView head = record.first(wf::record_header_bytes);
  WITAN_TRY_VOID(file->write_at(report.last_record_offset, head));
  return file->sync();
}

Status WalWriter::append(std::uint8_t kind, Height height, ByteView payload) {
  return append(kind, height, std::span<const ByteView>(&payload, 1));
}

Status WalWriter::append(std::uint8_t kind, Height height, std::span<const ByteView> parts) {
  WITAN_CHECK(kind != 0);
  WITAN_TRY_VOID(usable());
  std::size_t bytes = 0;
  for (const ByteView part : parts) bytes += part.size();
  if (bytes > options_.record_bytes_max) {
    return fail(ErrorCode::too_large, "wal record",
                fmt::format("{} bytes; at most {}", bytes, options_.record_bytes_max));
  }
  if (in_hook_) {
    const std::uint64_t used = segments_.back().used_bytes + pending_.size() - wf::header_bytes;
    if (used + wf::record_bytes(bytes) > options_.segment_bytes / 2)
      return fail(ErrorCode::too_large, "wal checkpoint", "at most half a segment");
  }
  return poison(append_checked(kind, height, parts, bytes));
}

Status WalWriter::append_checked(std::uint8_t kind, Height height, std::span<const ByteView> parts,
                                 std::size_t payload_bytes) {
  const std::size_t bytes = wf::record_bytes(payload_bytes);
  if (!file_ || bytes > room()) {
    // A checkpoint takes at most half a segment; what may not fit beside it gets a larger one.
    const bool large = bytes > options_.segment_bytes / 2 - wf::header_bytes;
    WITAN_TRY_VOID(start_segment(
        height, large ? options_.segment_bytes + wf::padded(bytes) : options_.segment_bytes));
  }
  WITAN_CHECK(bytes <= room(), bytes, room());
  if (!pending_.empty()) wf::seal_record(std::span(pending_).subspan(last_pending_), false, seed_);
  last_pending_ = pending_.size();
  wf::append_record(pending_, {kind, false, height, next_group_, {}}, parts);
  ++stats_.records;
  WalSegmentInfo& info = segments_.back();
  ++info.records;
  info.height_max = std::max(info.height_max, height);
  return {};
}

Status WalWriter::sync() {
  WITAN_TRY_VOID(usable());
  return poison(sync_pending());
}

Status WalWriter::sync_pending() {
  if (pending_.empty()) return {};
  wf::seal_record(std::span(pending_).subspan(last_pending_), true, seed_);
  WalSegmentInfo& info = segments_.back();
  const std::size_t bytes = pending_.size();
  // Zeros behind the last record end the log there, also where a recycled file holds old bytes.
  const std::uint64_t left = info.file_bytes - info.used_bytes - bytes;
  pending_.resize(bytes + std::min<std::uint64_t>(left, wf::record_header_bytes), 0);
  WITAN_TRY_VOID(file_->write_at(info.used_bytes, pending_));
  WITAN_TRY_VOID(file_->sync());
  info.used_bytes += bytes;
  pending_.clear();
  last_pending_ = 0;
  ++next_group_;
  ++stats_.syncs;
  stats_.bytes += bytes;
  return {};
}

Status WalWriter::rotate(Height height) {
  WITAN_TRY_VOID(usable());
  return poison(start_segment(height, options_.segment_bytes));
}

Status WalWriter::start_segment(Height first_height, std::uint64_t bytes) {
  WITAN_CHECK(!in_hook_);
  WITAN_TRY_VOID(sync_pending());
  const std::uint64_t number = segment() + 1;
  const wf::SegmentHeader header{number, first_height, bytes, options_.salt, options_.chain_id};
  Bytes head = wf::encode_header(header);
  head.resize(wf::header_bytes + wf::record_header_bytes, 0);
  const FilePath target = path_of(wf::segment_name(number));
  WITAN_TRY(file_, stamp_segment(target, bytes, head));
  seed_ = wf::seed_of(header);
  WalSegmentInfo info;
  info.segment = number;
  info.file_bytes = bytes;
  info.used_bytes = wf::header_bytes;
  info.first_height = first_height;
  segments_.push_back(info);
  ++stats_.rotations;
  if (!options_.on_rotate) return {};
  in_hook_ = true;
  const Status status = options_.on_rotate(*this, number);
  in_hook_ = false;
  return status;
}

// The file gets its name only when its header is durable: a named segment always has a good header.
Result<std::unique_ptr<File>> WalWriter::stamp_segment(const FilePath& target, std::uint64_t bytes,
                                                       ByteView head) {
  FilePath source = path_of("new.tmp");
  OpenMode mode = OpenMode::create;
  if (bytes == options_.segment_bytes && !spares_.empty()) {
    source = path_of(spares_.back());
    spares_.pop_back();
    mode = OpenMode::read_write;
    ++stats_.recycled;
  }
  WITAN_TRY(auto file, fs_.open(source, mode));
  WITAN_TRY_VOID(file->preallocate(bytes));
  WITAN_TRY_VOID(file->write_at(0, head));
  WITAN_TRY_VOID(file->sync());
  WITAN_TRY_VOID(fs_.rename(source, target));
  WITAN_TRY_VOID(fs_.sync_directory(options_.folder));
  return file;
}

Status WalWriter::prune_below(Height keep_from) {
  WITAN_TRY_VOID(usable());
  WITAN_TRY_VOID(poison(sync_pending()));
  Height highest;
  for (const WalSegmentInfo& info : segments_) highest = std::max(highest, info.height_max);
  const Height keep = std::min(keep_from, highest.get() == 0 ? highest : highest - 1);
  while (segments_.size() > 1 && segments_.front().height_max < keep)
    WITAN_TRY_VOID(poison(drop_oldest()));
  return {};
}

// One directory sync each: a crash must not keep a segment and lose a newer one.
Status WalWriter::drop_oldest() {
  const WalSegmentInfo oldest = segments_.front();
  const FilePath path = path_of(wf::segment_name(oldest.segment));
  const bool reuse =
      oldest.file_bytes == options_.segment_bytes && spares_.size() < options_.spares_max;
  const std::string spare = wf::spare_name(oldest.segment);
  if (reuse) {
    WITAN_TRY_VOID(fs_.rename(path, path_of(spare)));
  } else {
    WITAN_TRY_VOID(fs_.remove(path));
  }
  WITAN_TRY_VOID(fs_.sync_directory(options_.folder));
  if (reuse) spares_.push_back(spare);
  segments_.erase(segments_.begin());
  return {};
}

Status WalWriter::prepare_spare() {
  WITAN_TRY_VOID(usable());
  if (!spares_.empty() || options_.spares_max == 0) return {};
  const FilePath source = path_of("spare.tmp");
  const std::string name = wf::spare_name(0);
  const auto make = [&]() -> Status {
    WITAN_TRY(const auto file, fs_.open(source, OpenMode::create));
    WITAN_TRY_VOID(file->preallocate(options_.segment_bytes));
    WITAN_TRY_VOID(file->sync());
    WITAN_TRY_VOID(fs_.rename(source, path_of(name)));
    return fs_.sync_directory(options_.folder);
  };
  WITAN_TRY_VOID(poison(make()));
  spares_.push_back(name);
  return {};
}

std::uint64_t WalWriter::segment() const {
  return segments_.empty() ? 0 : segments_.back().segment;
}

std::uint64_t WalWriter::room() const {
  const WalSegmentInfo& info = segments_.back();
  return info.file_bytes - info.used_bytes - pending_.size();
}

Status WalWriter::poison(Status status) {
  if (!status && !failure_) failure_ = status.error();
  return status;
}

Status WalWriter::usable() const {
  if (!failure_) return {};
  return fail(failure_->code, failure_->field,
              "the log is closed after an earlier failure: " + failure_->text);
}

}  // namespace witan
