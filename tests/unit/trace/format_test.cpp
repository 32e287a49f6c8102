#include "tests/support/property.hpp"
#include "tests/unit/trace/fixture.hpp"

namespace witan::trace::test {
BOOST_AUTO_TEST_SUITE(format_test)

BOOST_AUTO_TEST_CASE(a_block_header_reads_as_it_was_written) {
  BlockHeader header;
  header.kind = BlockKind::hops;
  header.count = 3;
  header.raw_bytes = 5;
  header.time_first = -4;
  header.time_last = 1LL << 60;
  header.wall_base = 17;
  header.height_min = 1;
  header.height_max = 9;
  header.actors = 0xf0;
  header.types = 0x0f;
  header.lost = 2;
  header.flags = block_has_transactions;
  const Bytes payload{1, 2, 3, 4, 5};
  const HeaderBytes head = encode_header(header, payload);
  auto read = decode_header(head);
  BOOST_REQUIRE(read);
  header.stored_bytes = 5;
  header.crc = read->crc;
  BOOST_CHECK(*read == header);
  BOOST_CHECK(crc_matches(head, payload));
}

BOOST_AUTO_TEST_CASE(every_flipped_bit_is_noticed) {
  BlockHeader header;
  header.raw_bytes = 3;
  const Bytes payload{1, 2, 3};
  const HeaderBytes head = encode_header(header, payload);
  for (std::size_t bit = 0; bit < head.size() * 8; ++bit) {
    HeaderBytes bad = head;
    bad[bit / 8] = static_cast<std::uint8_t>(bad[bit / 8] ^ (1U << (bit % 8)));
    BOOST_CHECK_MESSAGE(!crc_matches(bad, payload), "header bit " << bit);
  }
  for (std::size_t bit = 0; bit < payload.size() * 8; ++bit) {
    Bytes bad = payload;
    bad[bit / 8] = static_cast<std::uint8_t>(bad[bit / 8] ^ (1U << (bit % 8)));
    BOOST_CHECK_MESSAGE(!crc_matches(head, bad), "payload bit " << bit);
  }
}

BOOST_AUTO_TEST_CASE(sizes_above_the_limit_are_refused_before_they_are_believed) {
  BlockHeader header;
  header.raw_bytes = block_raw_bytes_max + 1;
  BOOST_CHECK(decode_header(encode_header(header, {})).error().code == ErrorCode::too_large);
  header.raw_bytes = 1;  // raw, with nothing stored
  BOOST_CHECK(decode_header(encode_header(header, {})).error().code == ErrorCode::malformed);
}

BOOST_AUTO_TEST_CASE(names_node_and_clocks_read_as_they_were_written) {
  const std::vector<Name> names{{NameKind::actor, 3, "/node/a"},
                                {NameKind::type, ~std::uint64_t{0}, "Vote"},
                                {NameKind::peer, 4, "02ab"}};
  bool whole = false;
  BOOST_CHECK(decode_names(names_of(names), whole) == names);
  BOOST_CHECK(whole);
  Bytes cut = names_of(names);
  cut.pop_back();
  BOOST_CHECK_EQUAL(decode_names(cut, whole).size(), 2u);
  BOOST_CHECK(!whole);
  const NodeInfo node{"02aa", "node0", "witan", "request", 12};
  BOOST_CHECK(decode_node(encode_node(node)).value() == node);
  const std::vector<PeerClock> clocks{{"02ab", -5, 6, 7}, {"02ac", 1, 2, 3}};
  BOOST_CHECK(decode_clocks(encode_clocks(clocks)).value() == clocks);
}

BOOST_AUTO_TEST_CASE(text_with_control_characters_is_refused) {
  NodeInfo node;
  node.moniker = "a\x1b[2Jb";
  BOOST_CHECK(!decode_node(encode_node(node)));
  bool whole = true;
  BOOST_CHECK(decode_names(names_of({{NameKind::actor, 1, "a\nb"}}), whole).empty());
  BOOST_CHECK(!whole);
}

BOOST_AUTO_TEST_CASE(transactions_follow_their_hop) {
  HopRecord one = hop(1, 0, 5);
  one.transactions = 1;
  TransactionRecord list;
  list.span = 1;
  list.count = 3;
  for (std::size_t i = 0; i < 3; ++i) list.id(i) = 100 + i;
  HopRecord raw;
  std::memcpy(static_cast<void*>(&raw), &list, sizeof raw);
  HopList out;
  BOOST_REQUIRE(decode_hops(bytes_of({one, raw, hop(2, 1, 6), raw}), 4, out));
  BOOST_CHECK_EQUAL(out.hops.size(), 2u);
  const std::vector<HopTransaction> want{{0, 100}, {0, 101}, {0, 102}};
  BOOST_CHECK(out.transactions == want);
}

BOOST_AUTO_TEST_CASE(records_with_unknown_numbers_are_malformed) {
  for (const auto spoil : {+[](HopRecord& h) { h.kind = 4; }, +[](HopRecord& h) { h.outcome = 9; },
                           +[](HopRecord& h) { h.mailbox = 3; }}) {
    HopRecord bad = hop(1, 0, 5);
    spoil(bad);
    HopList out;
    BOOST_CHECK(!decode_hops(bytes_of({bad}), 1, out));
  }
  HopList out;
  BOOST_CHECK(!decode_hops(bytes_of({hop(1, 0, 5)}), 2, out));
}

BOOST_AUTO_TEST_CASE(times_and_durations_are_written_for_people) {
  BOOST_CHECK_EQUAL(time_text(1'700'000'000'123'456'789), "2023-11-14T22:13:20.123456Z");
  BOOST_CHECK_EQUAL(time_text(-1), "1969-12-31T23:59:59.999999Z");
  BOOST_CHECK_EQUAL(time_text(951'782'400'000'000'000), "2000-02-29T00:00:00.000000Z");
  BOOST_CHECK_EQUAL(duration_text(999), "999 ns");
  BOOST_CHECK_EQUAL(duration_text(1'250'000), "1.250 ms");
  BOOST_CHECK_EQUAL(duration_text(-2'000'000'000), "-2.000 s");
}

WITAN_PROPERTY(any_bytes_decode_or_are_refused, [](const std::vector<std::uint8_t>& bytes) {
  (void)decode_header(bytes);
  (void)decode_node(bytes);
  (void)decode_clocks(bytes);
  bool whole = false;
  (void)decode_names(bytes, whole);
  HopList out;
  (void)decode_hops(bytes, static_cast<std::uint32_t>(bytes.size() / record_bytes), out);
})

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::trace::test
