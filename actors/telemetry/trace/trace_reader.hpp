// Reads trace files into a TraceSet. A file is hostile and may be cut, damaged or still growing:
// what is readable is read, the rest is reported as Damage with its place, and memory stays within
// `hops_max`. Blocks that cannot hold what is asked for are not even read.
#pragma once
#include <optional>

#include "actors/telemetry/trace/core/trace_set.hpp"
#include "storage/file_system.hpp"

namespace witan::trace {

struct ReadOptions {
  // Hops of blocks whose heights touch this range, first and last inclusive.
  std::optional<std::pair<std::uint64_t, std::uint64_t>> heights;
  // Hops of blocks whose Unix time by their own host touches this range.
  std::optional<std::pair<std::int64_t, std::int64_t>> times;
  std::size_t hops_max = 8'000'000;
};

struct FileSummary {
  FilePath path;
  NodeInfo node;
  std::uint64_t bytes = 0;
  std::uint64_t hops = 0;  // records in blocks that were whole
  std::uint64_t lost = 0;
  std::int64_t time_first = 0, time_last = 0;  // Unix; 0, 0 without hops
  std::uint64_t height_min = 0, height_max = 0;
  std::size_t damaged = 0;
};

// The trace files behind what a user names: a file, a folder with some, or a node's home.
// Errors: not_found (nothing there; the text says where was looked).
[[nodiscard]] Result<std::vector<FilePath>> find_trace_files(FileSystem& fs, const FilePath& place);

// Adds one file. Errors: io, too_large (more than hops_max hops; narrow the question).
Status read_trace(const File& file, const std::string& name, const ReadOptions& options,
                  TraceSet& set);
// All files of all places, finished. Errors: those of both.
[[nodiscard]] Result<TraceSet> load_traces(FileSystem& fs, const std::vector<FilePath>& places,
                                           const ReadOptions& options);

// From block headers alone: nothing is decompressed.
[[nodiscard]] Result<FileSummary> summarize(const File& file, const FilePath& path);
// Unix time (each host's own) from the first to the last block with one of these heights; empty if
// there is none. Errors: io.
[[nodiscard]] Result<std::optional<std::pair<std::int64_t, std::int64_t>>> times_of_heights(
    FileSystem& fs, const std::vector<FilePath>& places, std::uint64_t first, std::uint64_t last);

}  // namespace witan::trace
