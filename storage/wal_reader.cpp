// Reading the log, and the rule for damage.
//
// Records are read one after another until there is none at the next offset. Then:
//   - nothing valid follows anywhere (the rest of this segment, later segments): the end of the
//   log.
//     Zeros there mean a clean end, anything else a torn record;
//   - valid records follow, in this segment only, and all of them belong to the one group that was
//     being written (the group of the damaged place, not yet complete): the disk wrote that group's
//     blocks in another order before power was lost. Nobody was told that it is durable: a torn
//     tail;
//   - anything else: damage in the middle. Records that were durable are gone, signatures may
//   depend
//     on them; nothing is changed and the operator decides.
// Groups are numbered without gaps, so a segment end that was lost or zeroed is damage as well.
#include <fmt/format.h>

#include "storage/wal.hpp"
#include "storage/wal_format.hpp"

namespace witan {
namespace {

namespace wf = wal_format;

// The groups of the valid records found beyond a damaged place.
struct Beyond {
  std::uint64_t records = 0;
  std::uint64_t group_min = UINT64_MAX;
  std::uint64_t group_max = 0;
};

Beyond look_beyond(ByteView segment, std::size_t from, std::uint32_t seed) {
  Beyond found;
  for (std::size_t at = from; at < segment.size();) {
    const auto record = wf::read_record(segment, at, seed);
    if (!record) {
      at += wf::alignment;
      continue;
    }
    ++found.records;
    found.group_min = std::min(found.group_min, record->group);
    found.group_max = std::max(found.group_max, record->group);
    at += wf::record_bytes(record->payload.size());
  }
  return found;
}

class Scan {
 public:
  Scan(FileSystem& fs, const FilePath& folder, std::string_view chain_id, const WalVisitor& visit)
      : fs_(fs), folder_(folder), chain_id_(chain_id), visit_(visit) {}

  Result<WalReport> run() {
    WITAN_TRY(const std::vector<std::uint64_t> numbers, list_segments());
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      if (i > 0 && numbers[i] != numbers[i - 1] + 1) {
        damaged(numbers[i - 1] + 1, 0, "segment file is missing");
        break;
      }
      WITAN_TRY_VOID(read_segment(numbers[i]));
      if (report_.damage) break;
    }
    return std::move(report_);
  }

 private:
  Result<std::vector<std::uint64_t>> list_segments() const {
    std::vector<std::uint64_t> numbers;
    const auto names = fs_.list(folder_);
    if (!names && names.error().code == ErrorCode::not_found) return numbers;
    if (!names) return fail(names.error());
    for (const std::string& name : *names) {
      if (const auto number = wf::parse_segment_name(name)) numbers.push_back(*number);
    }
    std::sort(numbers.begin(), numbers.end());
    return numbers;
  }

  Status read_segment(std::uint64_t number) {
    const FilePath path = folder_ / wf::segment_name(number);
    WITAN_TRY(const Bytes content, read_whole(fs_, path, wf::segment_bytes_max));
    const auto header = wf::decode_header(content);
    if (!header && header.error().code != ErrorCode::corrupt)
      return fail(header.error().code, path.string(), header.error().text);
    if (!header) return damaged(number, 0, header.error().text);
    if (header->segment != number)
      return damaged(number, 0, fmt::format("file holds segment {}", header->segment));
    if (!chain_id_.empty() && header->chain_id != chain_id_) {
      return fail(ErrorCode::wrong_chain, path.string(),
                  fmt::format("log of chain {}, this node runs {}", header->chain_id, chain_id_));
    }
    WalSegmentInfo info;
    info.segment = number;
    info.file_bytes = content.size();
    info.used_bytes = wf::header_bytes;
    info.first_height = header->first_height;
    report_.segments.push_back(info);
    if (content.size() != header->segment_bytes)
      return damaged(number, content.size(), "file does not have the size it was made with");
    return read_records(content, wf::seed_of(*header));
  }

  Status read_records(ByteView segment, std::uint32_t seed) {
    WalSegmentInfo& info = report_.segments.back();
    std::size_t at = wf::header_bytes;
    for (;;) {
      const auto record = wf::read_record(segment, at, seed);
      if (!record) break;
      // A record was lost before this one, here or (torn, then followed) in an earlier segment.
      if (report_.torn_tail)
        return middle_damage(*report_.torn_tail, "valid records follow in a later segment");
      if (!follows(*record))
        return damaged(info.segment, at, "records before this one are missing");
      report_.last_record_segment = info.segment;
      report_.last_record_offset = at;
      at += wf::record_bytes(record->payload.size());
      info.used_bytes = at;
      WITAN_TRY_VOID(take(*record));
    }
    const Beyond beyond = look_beyond(segment, at, seed);
    if (beyond.records == 0 && wf::is_end(segment, at)) return {};
    const WalDamage place{info.segment, at, "record is incomplete or damaged"};
    if (report_.torn_tail) return middle_damage(*report_.torn_tail, "a later segment is not empty");
    if (beyond.records > 0 && !in_open_group(beyond))
      return middle_damage(place, fmt::format("{} valid records follow it", beyond.records));
    report_.torn_tail = place;
    return {};
  }

  Status take(const wf::Record& record) {
    WalSegmentInfo& info = report_.segments.back();
    ++info.records;
    ++report_.records;
    ++report_.records_by_kind[record.kind];
    info.height_max = std::max(info.height_max, record.height);
    report_.height_min = std::min(report_.height_min.value_or(record.height), record.height);
    report_.height_max = std::max(report_.height_max.value_or(record.height), record.height);
    report_.last_group = record.group;
    report_.last_group_complete = record.group_end;
    if (!visit_) return {};
    return visit_({info.segment, report_.last_record_offset, record.kind, record.height,
                   record.group, record.payload});
  }

  // The log's first record may have any group: older segments were pruned.
  bool follows(const wf::Record& record) const {
    if (report_.records == 0) return true;
    return record.group == report_.last_group + (report_.last_group_complete ? 1 : 0);
  }
  bool in_open_group(const Beyond& beyond) const {
    if (beyond.group_min != beyond.group_max) return false;
    if (report_.records == 0) return true;
    return beyond.group_max == report_.last_group + (report_.last_group_complete ? 1 : 0);
  }

  Status damaged(std::uint64_t segment, std::uint64_t offset, std::string text) {
    report_.damage = WalDamage{segment, offset, std::move(text)};
    return {};
  }
  Status middle_damage(WalDamage place, std::string_view why) {
    place.text += fmt::format("; {}", why);
    report_.damage = std::move(place);
    report_.torn_tail.reset();
    return {};
  }

  FileSystem& fs_;
  const FilePath& folder_;
  std::string_view chain_id_;
  const WalVisitor& visit_;
  WalReport report_;
};

}  // namespace

Result<WalReport> verify_wal(FileSystem& fs, const FilePath& folder, std::string_view chain_id,
                             const WalVisitor& visit) {
  return Scan(fs, folder, chain_id, visit).run();
}

Error wal_damage_error(const FilePath& folder, const WalDamage& damage) {
  return {ErrorCode::wal_damaged, (folder / wf::segment_name(damage.segment)).string(),
          fmt::format(
              "offset {}: {}. Nothing was changed. Do not delete the log: copy the folder, check "
              "the disk and restore this file or a backup; `witan wal repair` says what is left",
              damage.offset, damage.text)};
}

Status read_wal(FileSystem& fs, const FilePath& folder, std::string_view chain_id, Height from,
                const WalVisitor& visit) {
  WITAN_TRY(const WalReport report,
            verify_wal(fs, folder, chain_id, [&](const WalRecord& record) -> Status {
              if (record.height < from) return {};
              return visit(record);
            }));
  if (report.damage) return fail(wal_damage_error(folder, *report.damage));
  return {};
}

}  // namespace witan
