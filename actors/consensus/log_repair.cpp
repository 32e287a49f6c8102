#include "actors/consensus/log_repair.hpp"

#include <set>

#include "actors/consensus/log_records.hpp"
#include "messages/base/hex.hpp"

namespace witan::consensus {
namespace {
constexpr auto sign_kind = static_cast<std::uint8_t>(RecordKind::sign);
}

void OwnRecords::take(const SignRecord& record) {
  end_known_ = true;
  if (record.seq > last_seq_) {
    missing_ += record.seq - last_seq_ - 1;
    last_seq_ = record.seq;
  }
  if (record.kind == SignedKind::watermark) {
    watermark_ = std::max(watermark_, Watermark{record.height, record.round});
    return;
  }
  if (!last_height_.empty()) {
    if (record.seq <= last_height_.back().seq) return;  // appended twice
    if (record.height != last_height_.back().height) last_height_.clear();
  }
  last_height_.push_back(record);
}

Result<OwnRecords> own_records(FileSystem& fs, const FilePath& folder, const WalDamage& damage,
                               const SignSnapshot& file, WalSalvage& counts) {
  OwnRecords own(file);
  const SalvageVisitor visit = [&own](const WalRecord* found) -> Status {
    if (found == nullptr) {
      own.gap();
    } else if (found->kind == sign_kind) {
      const auto record = decode_sign_record(found->payload);
      if (record) {
        own.take(*record);
      } else {
        own.gap();
      }
    }
    return {};
  };
  WITAN_TRY(counts, salvage_wal(fs, folder, damage, visit));
  return own;
}

Result<SignCheckpoint> raised_over(SignCheckpoint file, const OwnRecords& own) {
  SignSnapshot& s = file.snapshot;
  const auto& records = own.last_height();
  const bool newer =
      !records.empty() && (s.recent.empty() || records.back().seq > s.recent.back().seq);
  if (newer) {
    const SignRecord& last = records.back();
    s.locked = last.locked;
    s.valid = last.valid;
    s.recent.clear();
    for (const SignRecord& record : records)
      if (record.round == last.round) s.recent.push_back(record);
  }
  s.last_seq = own.last_seq();
  s.watermark = std::max(s.watermark, own.watermark());
  if (!s.recent.empty())
    s.watermark = std::max(s.watermark, Watermark{s.recent.back().height, s.recent.back().round});
  WITAN_TRY_VOID(SignState::from(s));
  return file;
}

Result<std::optional<std::uint64_t>> append_again(FileSystem& fs, const FilePath& folder,
                                                  const ChainId& chain_id, std::uint64_t salt,
                                                  const OwnRecords& own) {
  std::set<std::uint64_t> present;
  WalOptions options;
  options.folder = folder;
  options.chain_id = to_hex(chain_id);
  options.salt = salt;
  WITAN_TRY(const auto wal,
            WalWriter::open(fs, options, [&present](const WalRecord& found) -> Status {
              if (found.kind != sign_kind) return {};
              WITAN_TRY(const SignRecord record, decode_sign_record(found.payload));
              present.insert(record.seq);
              return {};
            }));
  for (const SignRecord& record : own.last_height())
    if (!present.contains(record.seq))
      WITAN_TRY_VOID(wal->append(sign_kind, record.height, encode(record)));
  WITAN_TRY_VOID(wal->sync());
  return wal->segment() == 0 ? std::nullopt : std::optional(wal->segment());
}

}  // namespace witan::consensus
