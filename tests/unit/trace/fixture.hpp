// Hops and files of hops for the trace tests.
#pragma once
#include <string>
#include <vector>

#include "actors/telemetry/trace/core/trace_set.hpp"
#include "actors/telemetry/trace/segment_writer.hpp"
#include "actors/telemetry/trace/trace_reader.hpp"
#include "storage/memory_file_system.hpp"
#include "tests/support/boost_test.hpp"

namespace witan::trace::test {

inline HopRecord hop(std::uint64_t span, std::uint64_t parent, std::int64_t at,
                     std::uint64_t height = 0) {
  HopRecord out;
  out.trace_hi = 7;
  out.trace_lo = 9;
  out.span = span;
  out.parent = parent;
  out.sent = at;
  out.started = at + 10;
  out.finished = at + 30;
  out.type = 0xabc;
  out.from = 1;
  out.to = 2;
  out.size = 100;
  out.height = height;
  return out;
}

inline ByteView bytes_of(const std::vector<HopRecord>& hops) {
  return {reinterpret_cast<const std::uint8_t*>(hops.data()), hops.size() * record_bytes};
}

inline BlockHeader header_of(const std::vector<HopRecord>& hops, std::int64_t wall_base = 0) {
  BlockHeader out;
  index_records(out, hops);
  out.wall_base = wall_base;
  return out;
}

inline Bytes names_of(const std::vector<Name>& names) {
  Bytes out;
  for (const Name& name : names) append_name(out, name.kind, name.number, name.text);
  return out;
}

// One block as it stands in a file.
inline Bytes block_bytes(BlockHeader header, ByteView payload) {
  header.raw_bytes = static_cast<std::uint32_t>(payload.size());
  const HeaderBytes head = encode_header(header, payload);
  Bytes out(head.begin(), head.end());
  append(out, payload);
  return out;
}

inline void put_file(FileSystem& fs, const FilePath& path, ByteView content) {
  BOOST_REQUIRE(fs.create_directories(path.parent_path()));
  auto file = fs.open(path, OpenMode::create);
  BOOST_REQUIRE(file);
  BOOST_REQUIRE((*file)->write_at(0, content));
}

inline Bytes file_of(const NodeInfo& node, const std::vector<Name>& names,
                     const std::vector<std::vector<HopRecord>>& blocks,
                     std::int64_t wall_base = 0) {
  BlockHeader head;
  head.kind = BlockKind::node;
  Bytes out = block_bytes(head, encode_node(node));
  head.kind = BlockKind::names;
  append(out, block_bytes(head, names_of(names)));
  for (const auto& hops : blocks)
    append(out, block_bytes(header_of(hops, wall_base), bytes_of(hops)));
  return out;
}

}  // namespace witan::trace::test
