// SegmentWriter: blocks into numbered files of bounded size; the oldest files go when all of them
// together would pass the bound. Every file begins with the node block and all names, so each can
// be read alone. Nothing is synced: a trace may lose its tail in a power failure, never its
// beginning.
//
//   traces/trace-<Unix ms>-<number>.wtr
//
// One thread. Errors: io, no_space of the file system; after one the writer is closed.
#pragma once
#include <memory>
#include <string>

#include "actors/telemetry/trace/core/format.hpp"
#include "storage/file_system.hpp"

namespace witan::trace {

inline constexpr std::string_view segment_prefix = "trace-";
inline constexpr std::string_view dump_prefix = "flight-";
inline constexpr std::string_view trace_suffix = ".wtr";
[[nodiscard]] inline FilePath traces_folder(const FilePath& home) { return home / "traces"; }
// Removes the oldest files with this prefix until they hold at most `bytes_max` bytes and
// `count_max` files. Names order by age.
Status keep_newest(FileSystem& fs, const FilePath& folder, std::string_view prefix,
                   std::uint64_t bytes_max, std::size_t count_max);

struct SegmentOptions {
  FilePath folder;
  std::uint64_t segment_bytes = 16 * 1024 * 1024;
  std::uint64_t total_bytes = 256 * 1024 * 1024;  // at least two segments
  bool compress = true;
};

class SegmentWriter {
 public:
  SegmentWriter(FileSystem& fs, SegmentOptions options, NodeInfo node);
  // `unix_ms` names the file. The folder is made if it is missing.
  Status open(std::uint64_t unix_ms);
  // Begins the next file when this one is full: then `names`, all of them, stand first again.
  Status append(BlockHeader header, ByteView payload, std::uint64_t unix_ms, ByteView all_names,
                std::uint32_t name_count);
  void close() { file_.reset(); }
  [[nodiscard]] bool is_open() const { return file_ != nullptr; }
  [[nodiscard]] const FilePath& path() const { return path_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }  // over all files

 private:
  Status write_block(BlockHeader header, ByteView payload);
  FileSystem& fs_;
  SegmentOptions options_;
  NodeInfo node_;
  std::unique_ptr<File> file_;
  FilePath path_;
  std::uint64_t offset_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t number_ = 0;
  Bytes packed_;
};

}  // namespace witan::trace
