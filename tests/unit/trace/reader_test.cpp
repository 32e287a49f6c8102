// Files: what is whole is read, what is not is reported with its place.
#include "tests/unit/trace/fixture.hpp"

namespace witan::trace::test {
namespace {

const NodeInfo node0{"02aa", "node0", "witan", "recording", 1};
const NodeInfo node1{"02bb", "node1", "witan", "recording", 1};
const std::vector<Name> names{{NameKind::actor, 1, "/node/a"},
                              {NameKind::actor, 2, "/node/b"},
                              {NameKind::type, 0xabc, "Note"}};

std::vector<std::vector<HopRecord>> three_blocks() {
  std::vector<std::vector<HopRecord>> out;
  for (std::uint64_t b = 0; b < 3; ++b) {
    std::vector<HopRecord> hops;
    for (std::uint64_t i = 0; i < 4; ++i) {
      const std::uint64_t span = b * 4 + i + 1;
      hops.push_back(hop(span, span - 1, static_cast<std::int64_t>(span * 1000), b + 1));
    }
    out.push_back(hops);
  }
  return out;
}

TraceSet load(const Bytes& content, const ReadOptions& options = {}) {
  MemoryFileSystem fs;
  put_file(fs, "/t/a.wtr", content);
  auto file = fs.open("/t/a.wtr", OpenMode::read);
  TraceSet set;
  BOOST_REQUIRE(read_trace(**file, "a.wtr", options, set));
  set.finish();
  return set;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(reader_test)

BOOST_AUTO_TEST_CASE(a_whole_file_is_read_without_damage) {
  const TraceSet set = load(file_of(node0, names, three_blocks(), 500));
  BOOST_CHECK(set.damage.empty());
  BOOST_REQUIRE_EQUAL(set.hops().size(), 12u);
  BOOST_CHECK_EQUAL(set.hops()[0].sent, 1500);
  BOOST_CHECK_EQUAL(set.from_label(set.hops()[0]), "node0 a");
  BOOST_CHECK_EQUAL(set.type_name(0xabc), "Note");
  BOOST_CHECK_EQUAL(set.cause_of(set.hops()[3])->span, 3u);
  BOOST_CHECK(set.cause_of(set.hops()[0]) == nullptr);
}

BOOST_AUTO_TEST_CASE(every_cut_is_reported_and_costs_the_last_block_only) {
  const auto blocks = three_blocks();
  const Bytes whole = file_of(node0, names, blocks);
  const std::size_t block = block_header_bytes + 4 * record_bytes;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const TraceSet set =
        load(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
    const std::size_t hops_begin = whole.size() - 3 * block;
    const std::size_t whole_blocks = size < hops_begin ? 0 : (size - hops_begin) / block;
    BOOST_REQUIRE_EQUAL(set.hops().size(), 4 * whole_blocks);
    const bool at_a_border = size == 0 || size == block_header_bytes + encode_node(node0).size() ||
                             (size >= hops_begin && (size - hops_begin) % block == 0);
    BOOST_REQUIRE_EQUAL(set.damage.empty(), at_a_border);
  }
}

BOOST_AUTO_TEST_CASE(a_damaged_byte_anywhere_costs_one_block) {
  const Bytes whole = file_of(node0, names, three_blocks());
  for (std::size_t at = 0; at < whole.size(); ++at) {
    Bytes bad = whole;
    bad[at] = static_cast<std::uint8_t>(bad[at] ^ 0x5a);
    const TraceSet set = load(bad);
    BOOST_REQUIRE_GE(set.hops().size(), 8u);
    BOOST_REQUIRE_EQUAL(set.damage.size(), 1u);
  }
}

BOOST_AUTO_TEST_CASE(blocks_of_other_heights_are_not_read) {
  ReadOptions options;
  options.heights = {2, 2};
  const TraceSet set = load(file_of(node0, names, three_blocks()), options);
  BOOST_CHECK_EQUAL(set.hops().size(), 4u);
  options.heights = {};
  options.times = {0, 4000};
  BOOST_CHECK_EQUAL(load(file_of(node0, names, three_blocks()), options).hops().size(), 4u);
}

BOOST_AUTO_TEST_CASE(too_many_hops_are_an_error_and_not_a_full_memory) {
  MemoryFileSystem fs;
  put_file(fs, "/t/a.wtr", file_of(node0, names, three_blocks()));
  ReadOptions options;
  options.hops_max = 10;
  const auto set = load_traces(fs, {"/t/a.wtr"}, options);
  BOOST_REQUIRE(!set);
  BOOST_CHECK(set.error().code == ErrorCode::too_large);
}

BOOST_AUTO_TEST_CASE(hops_in_two_files_are_counted_once) {
  MemoryFileSystem fs;
  put_file(fs, "/t/a.wtr", file_of(node0, names, three_blocks()));
  put_file(fs, "/t/b.wtr", file_of(node0, names, {three_blocks()[1]}));
  const auto set = load_traces(fs, {"/t/a.wtr", "/t/b.wtr"}, {});
  BOOST_REQUIRE(set);
  BOOST_CHECK_EQUAL(set->hops().size(), 12u);
  BOOST_CHECK_EQUAL(set->nodes.size(), 1u);
}

// Each file maps monotonic time to Unix time by itself, some nanoseconds apart.
BOOST_AUTO_TEST_CASE(hops_in_two_files_are_counted_once_whatever_the_files_say_of_the_clock) {
  MemoryFileSystem fs;
  put_file(fs, "/t/a.wtr", file_of(node0, names, three_blocks(), 500));
  put_file(fs, "/t/b.wtr", file_of(node0, names, three_blocks(), 523));
  std::vector<HopRecord> twice{hop(1, 0, 1000, 1)};
  twice[0].to = 7;  // duplicated on the way: same span, another receiver
  put_file(fs, "/t/c.wtr", file_of(node0, names, {twice}, 400));
  const auto set = load_traces(fs, {"/t/a.wtr", "/t/b.wtr", "/t/c.wtr"}, {});
  BOOST_REQUIRE(set);
  BOOST_CHECK_EQUAL(set->hops().size(), 13u);
  for (std::size_t i = 1; i < set->hops().size(); ++i)
    BOOST_CHECK_LE(set->hops()[i - 1].sent, set->hops()[i].sent);
}

// The file of node1, which has measured the clock of node0.
Bytes file_of_node1(const std::vector<HopRecord>& hops, const PeerClock& measured) {
  Bytes out = file_of(node1, names, {hops}, 0);
  BlockHeader header;
  header.kind = BlockKind::clocks;
  append(out, block_bytes(header, encode_clocks({measured})));
  return out;
}

// node1's clock is 1000 ns ahead, as node1 measured it.
BOOST_AUTO_TEST_CASE(measured_clocks_put_nodes_on_one_axis) {
  MemoryFileSystem fs;
  put_file(fs, "/t/a.wtr", file_of(node0, names, {{hop(1, 0, 100)}}, 0));
  HopRecord network = hop(2, 1, 1150);
  network.kind = kind_network;
  put_file(fs, "/t/b.wtr", file_of_node1({network}, {"02aa", -1000, 7, 1}));
  const auto set = load_traces(fs, {"/t/a.wtr", "/t/b.wtr"}, {});
  BOOST_REQUIRE(set);
  BOOST_CHECK_EQUAL(set->nodes[1].shift_ns, -1000);
  BOOST_CHECK_EQUAL(set->nodes[1].error_ns, 7);
  BOOST_REQUIRE_EQUAL(set->hops().size(), 2u);
  BOOST_CHECK_EQUAL(set->hops()[1].sent, 150);
  BOOST_CHECK_EQUAL(set->from_label(set->hops()[1]), "node0 b");
}

HopRecord arrived(std::uint64_t span, std::uint64_t cause, std::int64_t sent) {
  HopRecord out = hop(span, cause, sent);
  out.kind = kind_network;
  return out;
}

// node1's clock is 5000 ns ahead. Its ping says 4000, right within 3000: messages know better, the
// fastest took 100 there and 300 back.
BOOST_AUTO_TEST_CASE(messages_both_ways_measure_the_clocks_too) {
  MemoryFileSystem fs;
  put_file(fs, "/t/a.wtr",
           file_of(node0, names,
                   {{hop(1, 0, 10'000), hop(2, 0, 20'000), arrived(3, 11, 40'300 - 5000),
                     arrived(4, 12, 50'900 - 5000)}},
                   0));
  put_file(fs, "/t/b.wtr",
           file_of_node1({arrived(21, 1, 10'100 + 5000), arrived(22, 2, 20'700 + 5000),
                          hop(11, 0, 40'000), hop(12, 0, 50'000)},
                         {"02aa", -4000, 3000, 1}));
  const auto set = load_traces(fs, {"/t/a.wtr", "/t/b.wtr"}, {});
  BOOST_REQUIRE(set);
  BOOST_CHECK_EQUAL(set->nodes[1].shift_ns, -4900);
  BOOST_CHECK_EQUAL(set->nodes[1].error_ns, 201);
  for (const HopRecord& hop : set->hops())
    if (const HopRecord* cause = set->cause_of(hop)) BOOST_CHECK_GE(hop.started, cause->started);
}

// Times that contradict each other, and times that overflow, measure nothing.
BOOST_AUTO_TEST_CASE(messages_that_arrive_before_they_were_sent_measure_nothing) {
  for (const std::int64_t back : {std::int64_t{-900}, std::int64_t{-1} << 62}) {
    MemoryFileSystem fs;
    put_file(fs, "/t/a.wtr", file_of(node0, names, {{hop(1, 0, 1000), arrived(2, 11, back)}}, 0));
    put_file(fs, "/t/b.wtr", file_of(node1, names, {{arrived(21, 1, 1100), hop(11, 0, 0)}}, 0));
    const auto set = load_traces(fs, {"/t/a.wtr", "/t/b.wtr"}, {});
    BOOST_REQUIRE(set);
    BOOST_CHECK_EQUAL(set->nodes[1].shift_ns, 0);
    BOOST_CHECK_EQUAL(set->nodes[1].error_ns, -1);
  }
}

BOOST_AUTO_TEST_CASE(a_node_nobody_measured_is_left_where_it_is_and_says_so) {
  MemoryFileSystem fs;
  put_file(fs, "/t/a.wtr", file_of(node0, names, {{hop(1, 0, 100)}}));
  put_file(fs, "/t/b.wtr", file_of(node1, names, {{hop(2, 0, 100)}}));
  const auto set = load_traces(fs, {"/t/a.wtr", "/t/b.wtr"}, {});
  BOOST_CHECK_EQUAL(set->nodes[0].error_ns, 0);
  BOOST_CHECK_EQUAL(set->nodes[1].error_ns, -1);
}

BOOST_AUTO_TEST_CASE(segments_rotate_each_readable_alone_and_the_oldest_go) {
  MemoryFileSystem fs;
  SegmentOptions options;
  options.folder = "/t";
  options.segment_bytes = 4000;
  options.total_bytes = 12'000;
  options.compress = false;
  SegmentWriter writer(fs, options, node0);
  BOOST_REQUIRE(writer.open(1));
  const Bytes table = names_of(names);
  for (std::uint64_t i = 0; i < 100; ++i) {
    const std::vector<HopRecord> hops(10, hop(i + 1, 0, static_cast<std::int64_t>(i), i));
    BOOST_REQUIRE(writer.append(header_of(hops), bytes_of(hops), i, table, 3));
  }
  const auto files = find_trace_files(fs, "/t");
  BOOST_REQUIRE(files);
  BOOST_CHECK_GE(files->size(), 2u);
  BOOST_CHECK_LE(files->size(), 3u);
  std::uint64_t bytes = 0;
  for (const FilePath& path : *files) {
    auto file = fs.open(path, OpenMode::read);
    bytes += (*file)->size().value();
    TraceSet set;
    BOOST_REQUIRE(read_trace(**file, path.string(), {}, set));
    set.finish();
    BOOST_CHECK(set.damage.empty());
    BOOST_CHECK_EQUAL(set.to_label(set.hops()[0]), "node0 b");
  }
  BOOST_CHECK_LE(bytes, options.total_bytes + 2000);
}

BOOST_AUTO_TEST_CASE(a_full_disk_closes_the_writer_and_leaves_what_was_whole) {
  MemoryFileSystem fs;
  SegmentOptions options;
  options.folder = "/t";
  SegmentWriter writer(fs, options, node0);
  BOOST_REQUIRE(writer.open(1));
  const std::vector<HopRecord> hops{hop(1, 0, 1)};
  BOOST_REQUIRE(writer.append(header_of(hops), bytes_of(hops), 1, {}, 0));
  fs.fail_operation(fs.operations() + 2, FaultKind::short_write, true);
  BOOST_CHECK(!writer.append(header_of(hops), bytes_of(hops), 1, {}, 0));
  BOOST_CHECK(!writer.is_open());
  fs.clear_faults();
  const auto set = load_traces(fs, {writer.path()}, {});
  BOOST_REQUIRE(set);
  BOOST_CHECK_EQUAL(set->hops().size(), 1u);
  BOOST_CHECK_EQUAL(set->damage.size(), 1u);
}

BOOST_AUTO_TEST_CASE(a_place_without_traces_is_named) {
  MemoryFileSystem fs;
  const auto set = load_traces(fs, {"/nowhere"}, {});
  BOOST_REQUIRE(!set);
  BOOST_CHECK(set.error().code == ErrorCode::not_found);
  BOOST_CHECK_EQUAL(set.error().field, "/nowhere");
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::trace::test
