// Words: built, flattened and read back are the same message; no segment table is believed.
#include "messages/schema/peer.capnp.h"
#include "messages/wire/decode.hpp"
#include "messages/wire/peer_wire.hpp"
#include "tests/support/property.hpp"
#include "tests/unit/wire/random_objects.hpp"

namespace witan::test {
namespace {

Bytes table(std::initializer_list<std::uint32_t> entries) {
  Bytes out;
  for (const std::uint32_t e : entries) {
    std::uint8_t raw[4];
    std::memcpy(raw, &e, 4);
    append(out, raw);
  }
  return out;
}
Bytes with_words(Bytes head, std::size_t words) {
  head.resize(head.size() + words * 8, 0);
  return head;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(envelope_test)

BOOST_AUTO_TEST_CASE(a_built_message_flattens_and_reads_back) {
  Draft<schema::Hello> draft;
  draft->setMoniker("alpha");
  draft->setTip(77);
  const Envelope built = std::move(draft).seal();
  BOOST_CHECK(built.is<schema::Hello>());
  BOOST_CHECK(!built.is<schema::Ping>());
  Bytes flat;
  built.words->append_flat(flat);
  BOOST_CHECK_EQUAL(flat.size(), built.words->flat_bytes());
  auto words = Words::from_flat(flat);
  WITAN_REQUIRE_OK(words);
  Envelope again;
  again.type = built.type;
  again.words = *words;
  const Received<schema::Hello> read(again);
  BOOST_CHECK_EQUAL(std::string(read->getMoniker().cStr()), "alpha");
  BOOST_CHECK_EQUAL(read->getTip(), 77u);
}

BOOST_AUTO_TEST_CASE(a_message_of_many_segments_flattens_and_reads_back) {
  // A small first segment and blobs: the builder has to open more segments.
  Draft<schema::Block> draft(4);
  auto evidence = draft->initEvidence(20);
  for (kj::uint i = 0; i < 20; ++i)
    evidence.set(i, as_data(ByteView(Bytes(100 + i, static_cast<std::uint8_t>(i)))));
  const Envelope built = std::move(draft).seal();
  BOOST_REQUIRE_GT(built.words->segments().size(), 1u);
  Bytes flat{1, 2, 3};  // appended after what is there
  built.words->append_flat(flat);
  BOOST_CHECK_EQUAL(flat.size(), 3 + built.words->flat_bytes());
  const auto words = Words::from_flat(ByteView(flat).subspan(3));
  WITAN_REQUIRE_OK(words);
  BOOST_CHECK_EQUAL((*words)->segments().size(), built.words->segments().size());
  const auto sizes = decode<schema::Block>(**words, [](schema::Block::Reader r) {
    std::size_t total = 0;
    for (const auto item : r.getEvidence()) total += item.size();
    return Result<std::size_t>(total);
  });
  WITAN_REQUIRE_OK(sizes);
  BOOST_CHECK_EQUAL(*sizes, 20u * 100 + 190);
}

BOOST_AUTO_TEST_CASE(hostile_segment_tables_are_refused) {
  const auto refused = [](const Bytes& flat, const char* why) {
    const auto words = Words::from_flat(flat);
    BOOST_CHECK_MESSAGE(!words, why);
    if (!words) BOOST_CHECK_EQUAL(words.error().code, ErrorCode::malformed);
  };
  refused({}, "empty");
  refused({0, 0, 0}, "not a multiple of 8");
  refused(with_words(table({0, 2}), 1), "segment longer than the message");
  refused(with_words(table({0, 1}), 2), "bytes after the last segment");
  refused(with_words(table({63}), 0), "not even a whole table");
  refused(table({63, 0}), "64 segments announced, table cut short");
  refused(with_words(table({64, 0}), 64), "65 segments");
  refused(table({0xFFFFFFFF, 0xFFFFFFFF}), "count wraps");
  refused(with_words(table({0, 0xFFFFFFFF}), 4), "size near 2^32");
  refused(with_words(table({1, 1, 0xFFFFFFFF, 0}), 1), "second size wraps");
  refused(with_words(table({1, 0x20000000, 0x20000000, 0}), 2), "sum wraps 32 bits of bytes");
}

BOOST_AUTO_TEST_CASE(the_largest_table_is_accepted) {
  Bytes flat = table({63});
  flat.resize(8 * 33, 0);  // 64 empty segments
  WITAN_REQUIRE_OK(Words::from_flat(flat));
  const auto words = Words::from_flat(with_words(table({0, 3}), 3));
  WITAN_REQUIRE_OK(words);
  BOOST_CHECK_EQUAL((*words)->flat_bytes(), 32u);
}

BOOST_AUTO_TEST_CASE(a_message_without_a_word_reads_as_a_failure_not_a_crash) {
  const auto words = Words::from_flat(table({0, 0}));
  WITAN_REQUIRE_OK(words);
  for (const WireType& type : wire_types()) (void)type.check(**words);
  const auto vote = decode<schema::Vote>(**words, [](auto r) { return read_vote(r); });
  BOOST_CHECK(!vote);
}

// Many pointers to one blob: a message of few bytes that reads as many. The traversal limit ends
// it.
BOOST_AUTO_TEST_CASE(p55_amplification_by_overlapping_pointers_is_refused) {
  constexpr kj::uint pointers = 60;
  Draft<schema::Block> draft(4096);
  auto evidence = draft->initEvidence(pointers);
  evidence.set(0, as_data(ByteView(Bytes(8000, 7))));
  Bytes flat = flat_of(std::move(draft));
  // Point every entry at the blob of entry 0: list pointers hold an offset relative to themselves.
  std::size_t first = 0;
  for (std::size_t at = 8; at + 8 <= flat.size() && first == 0; at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, flat.data() + at, 8);
    // a byte list (size code 2) of 8000 elements
    if ((word & 3) == 1 && (word >> 32) == ((std::uint64_t{8000} << 3) | 2)) first = at;
  }
  BOOST_REQUIRE_GT(first, 0u);
  std::uint64_t pointer = 0;
  std::memcpy(&pointer, flat.data() + first, 8);
  for (kj::uint i = 1; i < pointers; ++i) {
    const std::uint64_t moved = pointer - (std::uint64_t{i} << 2);
    std::memcpy(flat.data() + first + i * 8, &moved, 8);
  }
  const auto words = Words::from_flat(flat);
  WITAN_REQUIRE_OK(words);
  const auto read = decode<schema::Block>(**words, [](schema::Block::Reader r) {
    std::size_t total = 0;
    for (const auto item : r.getEvidence()) total += item.size();
    return Result<std::size_t>(total);
  });
  WITAN_CHECK_ERROR(read, ErrorCode::malformed);
}

WITAN_PROPERTY(any_bytes_are_refused_or_flatten_to_themselves, [](std::uint64_t seed) {
  Random r(seed);
  Bytes flat =
      table({static_cast<std::uint32_t>(r.below(4)), static_cast<std::uint32_t>(r.below(4)),
             static_cast<std::uint32_t>(r.below(4)), static_cast<std::uint32_t>(r.below(4))});
  flat.resize(r.below(12) * 8);
  const auto words = Words::from_flat(flat);
  if (!words) return;
  Bytes again;
  (*words)->append_flat(again);
  RC_ASSERT(again.size() == flat.size());
  RC_ASSERT((*words)->flat_bytes() == flat.size());
})

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
