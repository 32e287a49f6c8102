// Consensus write-ahead log: segmented, checksummed, one fdatasync per group of records.
//
// Law 4 and rules S3-S7 of the consensus specification: what justifies a signature is appended,
// then the signature's own record, then sync() makes all of it durable at once, then it may be
// sent. Layout of the bytes: wal_format.hpp. Rule for damage: wal_reader.cpp.
//
// Threads: a WalWriter belongs to one thread. Reading functions may run on another thread only
// while no writer has the log open.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "messages/types/height.hpp"
#include "storage/file_system.hpp"

namespace witan {

struct WalRecord {
  std::uint64_t segment = 0;
  std::uint64_t offset = 0;  // of the record in its segment
  std::uint8_t kind = 0;
  Height height;
  std::uint64_t group = 0;  // records of one sync share it
  ByteView payload;         // valid during the visit only
};
// An error stops the reading and is returned by it.
using WalVisitor = std::function<Status(const WalRecord&)>;

struct WalSegmentInfo {
  std::uint64_t segment = 0;
  std::uint64_t file_bytes = 0;
  std::uint64_t used_bytes = 0;  // up to the end of its last record
  std::uint64_t records = 0;
  Height first_height;  // from the header: height of the record the segment was opened for
  Height height_max;    // highest height of a record; 0 if there is none
};

// What is wrong and where; for `witan wal verify`.
struct WalDamage {
  std::uint64_t segment = 0;
  std::uint64_t offset = 0;
  std::string text;
};

struct WalReport {
  std::vector<WalSegmentInfo> segments;
  std::uint64_t records = 0;
  std::optional<Height> height_min;
  std::optional<Height> height_max;
  std::map<std::uint8_t, std::uint64_t> records_by_kind;
  std::uint64_t last_group = 0;
  bool last_group_complete = true;
  std::uint64_t last_record_segment = 0;
  std::uint64_t last_record_offset = 0;
  // The log ends in a record that was being written when power was lost; the next writer cuts it
  // off.
  std::optional<WalDamage> torn_tail;
  // Damage before the tail: records that had been durable are lost. No writer opens such a log.
  std::optional<WalDamage> damage;
};

// Reads the whole log without changing it. Damage is in the report, not an error; errors are io,
// wrong_chain, wrong_version, and those of the visitor, which gets every record before the damage.
// A missing or empty folder is an empty log. `chain_id` empty: any chain.
[[nodiscard]] Result<WalReport> verify_wal(FileSystem& fs, const FilePath& folder,
                                           std::string_view chain_id, const WalVisitor& visit = {});

// The error for damage in the middle: code wal_damaged (exit code 73).
[[nodiscard]] Error wal_damage_error(const FilePath& folder, const WalDamage& damage);

// Visits the records of height `from` and above in the order they were appended. Errors as above,
// and wal_damaged (exit code 73) naming file, offset and what to do; the visitor may have seen
// records by then.
[[nodiscard]] Status read_wal(FileSystem& fs, const FilePath& folder, std::string_view chain_id,
                              Height from, const WalVisitor& visit);

class WalWriter;

struct WalOptions {
  FilePath folder;
  std::string chain_id;    // at most 128 bytes
  std::uint64_t salt = 0;  // random, so that peers cannot forge records inside payloads
  std::uint64_t segment_bytes = 16U << 20U;    // preallocated and zeroed; a multiple of 8, >= 1024
  std::uint64_t record_bytes_max = 4U << 20U;  // of a payload
  std::size_t spares_max = 2;                  // pruned segments kept for reuse
  // Called when a new segment is in place and before anything else is appended to it: appends the
  // sign-state checkpoint, so that older segments may go. It may append up to half a segment.
  std::function<Status(WalWriter& wal, std::uint64_t segment)> on_rotate;
};

struct WalStats {
  std::uint64_t syncs = 0;
  std::uint64_t records = 0;  // appended by this writer
  std::uint64_t bytes = 0;    // written, record headers included
  std::uint64_t rotations = 0;
  std::uint64_t recycled = 0;  // segments opened by reusing a pruned one
};

// Invariants: a record never spans segments; a segment is complete on disk before the next exists;
// after any failure every later call fails (nothing is retried: what reached the disk is unknown).
class WalWriter {
 public:
  // Opens the log for appending, creating it if there is none, cuts off a torn tail and writes the
  // last segment again, so that all that was read is durable. `visit` sees every record that is
  // kept. Errors: as read_wal, and io or no_space.
  [[nodiscard]] static Result<std::unique_ptr<WalWriter>> open(FileSystem& fs, WalOptions options,
                                                               const WalVisitor& visit = {});

  // Buffers a record; durable after the next sync(). The payload is the parts one after another.
  // REQUIRES: kind != 0. Error too_large (which does not poison) above record_bytes_max.
  [[nodiscard]] Status append(std::uint8_t kind, Height height, ByteView payload);
  [[nodiscard]] Status append(std::uint8_t kind, Height height, std::span<const ByteView> parts);
  // One write and one fdatasync for everything appended since the last sync; nothing if that is
  // none.
  [[nodiscard]] Status sync();
  // Syncs, then starts the next segment, whose first record will be of this height.
  [[nodiscard]] Status rotate(Height height);
  // Syncs, then drops the oldest segments all of whose records are below `keep_from`. The two
  // highest heights in the log always stay (S18), and so does the current segment.
  [[nodiscard]] Status prune_below(Height keep_from);
  // Zeroes a segment ahead of need, so that rotating on the vote path is cheap. Call when idle.
  [[nodiscard]] Status prepare_spare();

  [[nodiscard]] const WalStats& stats() const { return stats_; }
  [[nodiscard]] std::uint64_t segment() const;  // number of the current one; 0: none yet
  [[nodiscard]] std::size_t segment_count() const { return segments_.size(); }
  [[nodiscard]] std::size_t pending_bytes() const { return pending_.size(); }
  // Where open() cut off a record that was being written when power was lost.
  [[nodiscard]] const std::optional<WalDamage>& cut_tail() const { return cut_tail_; }
  [[nodiscard]] bool failed() const { return failure_.has_value(); }

 private:
  WalWriter(FileSystem& fs, WalOptions options) : fs_(fs), options_(std::move(options)) {}

  Status recover(const WalVisitor& visit);
  Status adopt_spares();
  [[nodiscard]] Status confirm_tail(const WalDamage& place) const;
  Status settle(const WalReport& report);
  [[nodiscard]] Status check_reading(ByteView segment, const WalSegmentInfo& info) const;
  Status close_last_group(const WalReport& report);
  Status append_checked(std::uint8_t kind, Height height, std::span<const ByteView> parts,
                        std::size_t payload_bytes);
  Status sync_pending();
  Status start_segment(Height first_height, std::uint64_t bytes);
  Result<std::unique_ptr<File>> stamp_segment(const FilePath& target, std::uint64_t bytes,
                                              ByteView head);
  Status drop_oldest();
  [[nodiscard]] FilePath path_of(const std::string& name) const { return options_.folder / name; }
  [[nodiscard]] std::uint64_t room() const;
  // Remembers the first failure; every later call returns it.
  Status poison(Status status);
  [[nodiscard]] Status usable() const;

  FileSystem& fs_;
  WalOptions options_;
  std::unique_ptr<File> file_;            // the current segment
  std::vector<WalSegmentInfo> segments_;  // oldest first; the last is the current one
  std::vector<std::string> spares_;       // names of files ready for reuse
  std::uint32_t seed_ = 0;                // of the current segment
  std::uint64_t next_group_ = 1;
  Bytes pending_;                 // encoded, not yet written
  std::size_t last_pending_ = 0;  // offset in pending_ of the one record not yet sealed
  bool in_hook_ = false;
  std::optional<WalDamage> cut_tail_;
  WalStats stats_;
  std::optional<Error> failure_;
};

}  // namespace witan
