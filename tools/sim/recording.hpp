// A recording of a simulated run: scenario, seed, commit, and everything the run showed, in order:
// the lines of its log and every hop of every envelope. Enough to drive the run again and to say at
// which message it took another way (redrive.hpp).
//
//   file   := head block* block(empty)
//   head   := magic "WITANRUN" | version u32 | bytes u32 | body | crc u32 of all before
//   body   := seed u64 | commit | scenario's name | scenario's text      (each u32 length and text)
//   block  := stored u32 | raw u32 | crc u32 of the eight bytes before and the payload | payload
//   payload, decompressed (zstd) := entry*
//   entry  := 1 | u32 length, text                                 a name; numbered from 1 in order
//           | 2 | u32 length, text                                 a line
//           | 3 | at i64 | node u32 | from u32 | to u32 | type u64 | content u64 | bytes u32
//               | depth u32 | kind u8 | outcome u8 | mailbox u8    a hop; from, to: names, 0: none
//
// Little-endian. The empty block is the end: a recording without it was cut. Files are hostile:
// every length is checked before it is believed. Not thread-safe.
#pragma once
#include <optional>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "messages/base/bytes.hpp"
#include "messages/base/codec_bytes.hpp"
#include "messages/base/result.hpp"
#include "messages/wire/envelope.hpp"
#include "storage/file_system.hpp"
#include "tools/sim/run_watch.hpp"

namespace witan::sim {

struct RecordingHead {
  std::uint64_t seed = 0;
  std::string commit;    // of the program that recorded
  std::string scenario;  // name of its file
  std::string text;      // of its file
  bool operator==(const RecordingHead&) const = default;
};

// A hop with names of its own.
struct HopEntry {
  explicit HopEntry(const HopSeen& seen) : from(seen.from), to(seen.to), seen_(seen) {}
  // As it was seen; valid while this entry is.
  [[nodiscard]] HopSeen seen() const {
    HopSeen out = seen_;
    out.from = from;
    out.to = to;
    return out;
  }
  bool operator==(const HopEntry& other) const { return seen() == other.seen(); }
  std::string from, to;

 private:
  HopSeen seen_;
};
struct LineEntry {
  std::string text;
  bool operator==(const LineEntry&) const = default;
};
using Entry = std::variant<HopEntry, LineEntry>;

[[nodiscard]] std::uint64_t digest_of(const Words& words);
// A block with its head, as it stands in the file. REQUIRES: payload of at most 1 MiB.
[[nodiscard]] Bytes block_of(ByteView payload);

// Writes while the run is made. A failed write, or more actors than a reader takes (65,536 paths),
// is told by finish(): what was written before stays readable, and the run goes on.
class Recorder final : public RunWatch {
 public:
  // Errors: io, no_space.
  static Result<std::unique_ptr<Recorder>> open(FileSystem& fs, const FilePath& path,
                                                const RecordingHead& head);
  void line(std::string_view text) override;
  void hop(const HopSeen& hop, const StateTeller& state) override;
  // Writes what is left and the end.
  [[nodiscard]] Status finish();

 private:
  explicit Recorder(std::unique_ptr<File> file) : file_(std::move(file)) {}
  std::uint32_t name(std::string_view text);
  void flush_full();
  void flush();
  void write(ByteView bytes);

  std::unique_ptr<File> file_;
  std::uint64_t offset_ = 0;
  Status status_;
  Bytes block_;
  std::unordered_map<std::string, std::uint32_t> names_;  // looked up only
};

// Reads one; blocks are read as they are needed.
class Recording {
 public:
  // Errors: not_found, io; corrupt, wrong_version: with the place.
  static Result<Recording> open(FileSystem& fs, const FilePath& path);
  [[nodiscard]] const RecordingHead& head() const { return head_; }
  // The next entry; nullopt at the end. Errors: corrupt (cut or damaged there: nothing behind it is
  // readable), io.
  [[nodiscard]] Result<std::optional<Entry>> next();

 private:
  Recording(std::unique_ptr<File> file, std::string path)
      : file_(std::move(file)), path_(std::move(path)) {}
  Status read_head();
  // False: the end.
  Result<bool> read_block();
  [[nodiscard]] Result<HopEntry> read_hop(ByteReader& in) const;
  [[nodiscard]] Result<Bytes> bytes(std::uint64_t count) const;
  [[nodiscard]] tl::unexpected<Error> damaged(std::string_view why) const;

  std::unique_ptr<File> file_;
  std::string path_;
  RecordingHead head_;
  std::uint64_t offset_ = 0;  // of what is read next
  std::uint64_t block_at_ = 0;
  Bytes block_;
  std::size_t used_ = 0;  // of block_
  bool ended_ = false;
  std::vector<std::string> names_;
};

}  // namespace witan::sim
