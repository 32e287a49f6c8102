#include "actors/telemetry/trace/trace_reader.hpp"

#include <zstd.h>

#include <algorithm>
#include <functional>

#include "actors/telemetry/trace/segment_writer.hpp"

namespace witan::trace {
namespace {

constexpr std::size_t scan_bytes = 256 * 1024;
constexpr std::size_t damage_max = 1000;  // reports of one set

// Walks the blocks of a file. The visitor says whether it wants the payload.
class BlockWalk {
 public:
  BlockWalk(const File& file, std::string name, std::uint64_t size)
      : file_(file), name_(std::move(name)), size_(size) {}

  struct Block {
    BlockHeader header;
    std::uint64_t offset = 0;
    Bytes payload;  // decompressed
  };
  // The next block whose header is whole; `wants` decides by the header whether its payload is read
  // and checked. False at the end of the file.
  Result<bool> next(const std::function<bool(const BlockHeader&)>& wants, Block& out) {
    while (at_ < size_) {
      HeaderBytes head{};
      WITAN_TRY(const std::size_t got, file_.read_at(at_, head));
      auto header = decode_header(ByteView(head).first(got));
      if (!header) {
        if (at_ + block_header_bytes > size_ && !skipping_) {
          report("file ends inside a block header");
          at_ = size_;
          return false;
        }
        WITAN_TRY_VOID(skip(header.error().to_string()));
        continue;
      }
      if (at_ + block_header_bytes + header->stored_bytes > size_) {
        WITAN_TRY_VOID(skip("file ends inside a block"));
        continue;
      }
      skipping_ = false;
      out.header = *header;
      out.offset = at_;
      out.payload.clear();
      if (!wants(*header)) {
        at_ += block_header_bytes + header->stored_bytes;
        return true;
      }
      WITAN_TRY(const bool good, read_payload(head, out));
      if (good) return true;
    }
    return false;
  }
  std::vector<Damage> damage;

 private:
  Result<bool> read_payload(const HeaderBytes& head, Block& out) {
    const std::uint64_t end = at_ + block_header_bytes + out.header.stored_bytes;
    stored_.resize(out.header.stored_bytes);
    WITAN_TRY(const std::size_t got, file_.read_at(at_ + block_header_bytes, stored_));
    if (got != stored_.size() || !crc_matches(head, stored_)) {
      WITAN_TRY_VOID(skip("checksum of the block does not match"));
      return false;
    }
    if (out.header.codec == Codec::raw) {
      out.payload = stored_;
    } else {
      out.payload.resize(out.header.raw_bytes);
      const std::size_t size =
          ZSTD_decompress(out.payload.data(), out.payload.size(), stored_.data(), stored_.size());
      if (ZSTD_isError(size) != 0 || size != out.payload.size()) {
        report("compressed bytes do not decompress");
        at_ = end;
        return false;
      }
    }
    at_ = end;
    return true;
  }
  void report(std::string text) {
    if (damage.size() < damage_max) damage.push_back({name_, at_, std::move(text)});
  }
  // To the next place where a block may begin; reports the first of several skips in a row.
  Status skip(std::string text) {
    if (!skipping_) report(std::move(text));
    skipping_ = true;
    ++at_;
    Bytes window;
    while (at_ < size_) {
      window.resize(std::min<std::uint64_t>(scan_bytes, size_ - at_));
      WITAN_TRY(const std::size_t got, file_.read_at(at_, window));
      const std::size_t found = find_block(ByteView(window).first(got), 0);
      if (found < got) {
        at_ += found;
        return {};
      }
      if (got < window.size() || at_ + got >= size_) break;
      at_ += got - 7;  // the magic may lie across the end of the window
    }
    at_ = size_;
    return {};
  }

  const File& file_;
  const std::string name_;
  const std::uint64_t size_;
  std::uint64_t at_ = 0;
  bool skipping_ = false;
  Bytes stored_;
};

bool touches(const BlockHeader& header, const ReadOptions& options) {
  if (options.heights && (header.height_max == 0 || header.height_max < options.heights->first ||
                          header.height_min > options.heights->second))
    return false;
  return !options.times || (plus(header.time_last, header.wall_base) >= options.times->first &&
                            plus(header.time_first, header.wall_base) <= options.times->second);
}

// Takes one block into the set. `node`: of the last node block.
Status take_block(const BlockWalk::Block& block, const std::string& name,
                  std::optional<std::size_t>& node, TraceSet& set) {
  if (block.header.kind == BlockKind::node) {
    WITAN_TRY(const NodeInfo info, decode_node(block.payload));
    if (set.nodes.size() >= 1024) return fail(ErrorCode::too_large, "node", "more than 1024");
    node = set.node(info, name);
    return {};
  }
  if (!node) node = set.node({}, name);  // its node block is damaged
  switch (block.header.kind) {
    case BlockKind::names: {
      bool whole = false;
      set.add_names(*node, decode_names(block.payload, whole));
      if (!whole) return fail(ErrorCode::malformed, "names", "table ends inside a name");
      return {};
    }
    case BlockKind::clocks: {
      WITAN_TRY(auto clocks, decode_clocks(block.payload));
      set.nodes[*node].clocks = std::move(clocks);  // the last measurement counts
      return {};
    }
    default: {
      HopList list;
      WITAN_TRY_VOID(decode_hops(block.payload, block.header.count, list));
      set.nodes[*node].lost += block.header.lost;
      set.add_hops(*node, block.header.wall_base, list);
      return {};
    }
  }
}

}  // namespace

Result<std::vector<FilePath>> find_trace_files(FileSystem& fs, const FilePath& place) {
  std::vector<FilePath> out;
  bool folder_here = false;
  for (const FilePath& folder : {traces_folder(place), place}) {
    const auto names = fs.list(folder);
    if (!names) continue;
    folder_here = true;
    for (const std::string& name : *names)
      if (name.ends_with(trace_suffix)) out.push_back(folder / name);
    if (!out.empty()) return out;
  }
  if (fs.exists(place) && (!folder_here || place.extension() == trace_suffix))
    return std::vector<FilePath>{place};
  return fail(ErrorCode::not_found, place.string(),
              "no trace files (*.wtr) here or in traces/ below; `witan trace record` makes some");
}

Status read_trace(const File& file, const std::string& name, const ReadOptions& options,
                  TraceSet& set) {
  WITAN_TRY(const std::uint64_t size, file.size());
  BlockWalk walk(file, name, size);
  std::optional<std::size_t> node;
  BlockWalk::Block block;
  const auto wants = [&options](const BlockHeader& header) {
    return header.kind != BlockKind::hops || touches(header, options);
  };
  while (true) {
    WITAN_TRY(const bool more, walk.next(wants, block));
    if (!more) break;
    if (!wants(block.header)) continue;
    if (block.header.kind == BlockKind::hops &&
        set.hops().size() + block.header.count > options.hops_max)
      return fail(ErrorCode::too_large, name,
                  "more than " + std::to_string(options.hops_max) +
                      " hops: ask for a height or a time range");
    const Status taken = take_block(block, name, node, set);
    if (!taken) walk.damage.push_back({name, block.offset, taken.error().to_string()});
  }
  for (Damage& damage : walk.damage)
    if (set.damage.size() < damage_max) set.damage.push_back(std::move(damage));
  return {};
}

Result<TraceSet> load_traces(FileSystem& fs, const std::vector<FilePath>& places,
                             const ReadOptions& options) {
  TraceSet set;
  for (const FilePath& place : places) {
    WITAN_TRY(const auto files, find_trace_files(fs, place));
    for (const FilePath& path : files) {
      WITAN_TRY(const auto file, fs.open(path, OpenMode::read));
      WITAN_TRY_VOID(read_trace(*file, path.string(), options, set));
    }
  }
  set.finish();
  return set;
}

Result<FileSummary> summarize(const File& file, const FilePath& path) {
  FileSummary out;
  out.path = path;
  WITAN_TRY(out.bytes, file.size());
  BlockWalk walk(file, path.string(), out.bytes);
  BlockWalk::Block block;
  const auto wants = [](const BlockHeader& header) { return header.kind == BlockKind::node; };
  while (true) {
    WITAN_TRY(const bool more, walk.next(wants, block));
    if (!more) break;
    const BlockHeader& header = block.header;
    if (header.kind == BlockKind::node) {
      if (auto info = decode_node(block.payload)) out.node = std::move(*info);
    }
    if (header.kind != BlockKind::hops) continue;
    const std::int64_t first = plus(header.time_first, header.wall_base);
    const std::int64_t last = plus(header.time_last, header.wall_base);
    out.time_first = out.hops == 0 ? first : std::min(out.time_first, first);
    out.time_last = out.hops == 0 ? last : std::max(out.time_last, last);
    out.hops += header.count;
    out.lost += header.lost;
    if (header.height_max == 0) continue;
    out.height_min =
        out.height_min == 0 ? header.height_min : std::min(out.height_min, header.height_min);
    out.height_max = std::max(out.height_max, header.height_max);
  }
  out.damaged = walk.damage.size();
  return out;
}

Result<std::optional<std::pair<std::int64_t, std::int64_t>>> times_of_heights(
    FileSystem& fs, const std::vector<FilePath>& places, std::uint64_t first, std::uint64_t last) {
  std::optional<std::pair<std::int64_t, std::int64_t>> out;
  ReadOptions options;
  options.heights = {first, last};
  for (const FilePath& place : places) {
    WITAN_TRY(const auto files, find_trace_files(fs, place));
    for (const FilePath& path : files) {
      WITAN_TRY(const auto file, fs.open(path, OpenMode::read));
      WITAN_TRY(const std::uint64_t size, file->size());
      BlockWalk walk(*file, path.string(), size);
      BlockWalk::Block block;
      while (true) {
        WITAN_TRY(const bool more, walk.next([](const BlockHeader&) { return false; }, block));
        if (!more) break;
        const BlockHeader& header = block.header;
        if (header.kind != BlockKind::hops || !touches(header, options)) continue;
        const std::int64_t from = plus(header.time_first, header.wall_base);
        const std::int64_t to = plus(header.time_last, header.wall_base);
        out = out ? std::pair(std::min(out->first, from), std::max(out->second, to))
                  : std::pair(from, to);
      }
    }
  }
  return out;
}

}  // namespace witan::trace
