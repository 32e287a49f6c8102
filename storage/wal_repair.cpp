#include "storage/wal_repair.hpp"

#include <algorithm>
#include <tuple>

#include "storage/wal_format.hpp"

namespace witan {
namespace {

namespace wf = wal_format;

Result<std::vector<std::uint64_t>> segments_in(FileSystem& fs, const FilePath& folder) {
  WITAN_TRY(const auto names, fs.list(folder));
  std::vector<std::uint64_t> out;
  for (const std::string& name : names)
    if (const auto number = wf::parse_segment_name(name)) out.push_back(*number);
  std::sort(out.begin(), out.end());
  return out;
}

class Salvage {
 public:
  Salvage(const WalDamage& damage, const SalvageVisitor& visit) : damage_(damage), visit_(visit) {}

  Status read(std::uint64_t number, ByteView segment) {
    if (const auto header = wf::decode_header(segment)) {
      header_ = *header;
      if (segment.size() != header->segment_bytes) WITAN_TRY_VOID(gap());
    } else {
      WITAN_TRY_VOID(gap());
    }
    if (!header_) return {};  // salt and chain are the same in all segments, but none is known yet
    header_->segment = number;
    const std::uint32_t seed = wf::seed_of(*header_);
    std::size_t at = wf::header_bytes;
    // What begins where a record should: nothing, zeros (the end, with anything behind them in a
    // recycled file), or rubbish.
    std::optional<bool> rubbish;
    while (at < segment.size()) {
      const auto record = wf::read_record(segment, at, seed);
      if (!record) {
        if (!rubbish) rubbish = !wf::is_end(segment, at);
        at += wf::alignment;
        continue;
      }
      if (rubbish || !follows(*record)) WITAN_TRY_VOID(gap());
      rubbish.reset();
      WITAN_TRY_VOID(take(number, at, *record));
      at += wf::record_bytes(record->payload.size());
    }
    return rubbish.value_or(false) ? gap() : Status{};
  }

  Status gap() const { return visit_ ? visit_(nullptr) : Status{}; }
  [[nodiscard]] const WalSalvage& result() const { return out_; }

 private:
  bool follows(const wf::Record& record) const {
    return !last_group_ || record.group == *last_group_ + (last_complete_ ? 1 : 0);
  }
  Status take(std::uint64_t number, std::size_t at, const wf::Record& record) {
    last_group_ = record.group;
    last_complete_ = record.group_end;
    const bool kept = std::tuple(number, at) < std::tuple(damage_.segment, damage_.offset);
    ++(kept ? out_.kept : out_.lost);
    if (!visit_) return {};
    const WalRecord found{number, at, record.kind, record.height, record.group, record.payload};
    return visit_(&found);
  }

  const WalDamage& damage_;
  const SalvageVisitor& visit_;
  std::optional<wf::SegmentHeader> header_;
  std::optional<std::uint64_t> last_group_;
  bool last_complete_ = true;
  WalSalvage out_;
};

// From the highest down, so that power lost in between leaves no hole that was not there.
Status remove_segments_from(FileSystem& fs, const FilePath& folder, std::uint64_t first) {
  WITAN_TRY(std::vector<std::uint64_t> numbers, segments_in(fs, folder));
  for (auto it = numbers.rbegin(); it != numbers.rend() && *it >= first; ++it) {
    WITAN_TRY_VOID(fs.remove(folder / wf::segment_name(*it)));
    WITAN_TRY_VOID(fs.sync_directory(folder));
  }
  return {};
}

// One damaged place. A file of a wrong size only gets its size back: its records may be sound.
Status cut_at(FileSystem& fs, const FilePath& folder, const WalDamage& damage) {
  const FilePath path = folder / wf::segment_name(damage.segment);
  if (damage.offset < wf::header_bytes || !fs.exists(path))
    return remove_segments_from(fs, folder, damage.segment);
  Bytes head(wf::header_bytes);
  {
    WITAN_TRY(const auto file, fs.open(path, OpenMode::read));
    WITAN_TRY(const std::size_t got, file->read_at(0, head));
    if (got != head.size()) return fail(ErrorCode::io, path.string(), "read: too short");
  }
  WITAN_TRY(const wf::SegmentHeader header, wf::decode_header(head));
  WITAN_TRY(const auto file, fs.open(path, OpenMode::read_write));
  WITAN_TRY(const std::uint64_t bytes, file->size());
  if (bytes != header.segment_bytes) {
    if (bytes > header.segment_bytes) WITAN_TRY_VOID(file->truncate(header.segment_bytes));
    WITAN_TRY_VOID(file->preallocate(header.segment_bytes));
    return file->sync();
  }
  WITAN_TRY_VOID(remove_segments_from(fs, folder, damage.segment + 1));
  WITAN_TRY_VOID(file->write_at(damage.offset, Bytes(bytes - damage.offset, 0)));
  return file->sync();
}

}  // namespace

Result<WalSalvage> salvage_wal(FileSystem& fs, const FilePath& folder, const WalDamage& damage,
                               const SalvageVisitor& visit) {
  WITAN_TRY(const std::vector<std::uint64_t> numbers, segments_in(fs, folder));
  Salvage salvage(damage, visit);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0 && numbers[i] != numbers[i - 1] + 1) WITAN_TRY_VOID(salvage.gap());
    WITAN_TRY(const Bytes content,
              read_whole(fs, folder / wf::segment_name(numbers[i]), wf::segment_bytes_max));
    WITAN_TRY_VOID(salvage.read(numbers[i], content));
  }
  return salvage.result();
}

Status copy_wal(FileSystem& fs, const FilePath& folder, const FilePath& to) {
  WITAN_TRY(const std::vector<std::uint64_t> numbers, segments_in(fs, folder));
  WITAN_TRY_VOID(fs.create_directories(to));
  for (const std::uint64_t number : numbers) {
    const std::string name = wf::segment_name(number);
    WITAN_TRY(const Bytes content, read_whole(fs, folder / name, wf::segment_bytes_max));
    WITAN_TRY(const auto file, fs.open(to / name, OpenMode::create));
    WITAN_TRY_VOID(file->write_at(0, content));
    WITAN_TRY_VOID(file->sync());
  }
  WITAN_TRY_VOID(fs.sync_directory(to));
  return fs.sync_directory(to.parent_path());
}

Result<WalReport> cut_wal(FileSystem& fs, const FilePath& folder) {
  // Each step takes away one cause; a segment has at most its size and its content.
  WITAN_TRY(const std::vector<std::uint64_t> numbers, segments_in(fs, folder));
  for (std::size_t step = 0; step <= 2 * numbers.size() + 1; ++step) {
    WITAN_TRY(WalReport report, verify_wal(fs, folder, ""));
    if (!report.damage) return report;
    WITAN_TRY_VOID(cut_at(fs, folder, *report.damage));
  }
  return fail(ErrorCode::io, folder.string(),
              "still damaged after it was cut: the disk is failing");
}

}  // namespace witan
