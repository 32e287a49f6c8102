// Every codec reads back what it wrote.
#include "messages/wire/decode.hpp"
#include "tests/support/property.hpp"
#include "tests/unit/wire/random_objects.hpp"

namespace witan::test {
namespace {

// Through flat bytes and the limits of hostile words, as a peer's message goes.
template <class T, class Write, class Read>
auto travel(Write&& write, Read&& read) -> decltype(read(typename T::Reader())) {
  Draft<T> draft;
  write(*draft);
  const auto words = Words::from_flat(flat_of(std::move(draft)));
  if (!words) return fail(words.error());
  return decode<T>(**words, read);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(codec_test)

WITAN_PROPERTY(a_vote_reads_back, [](std::uint64_t seed) {
  Random r(seed);
  const SignedVote vote = any_vote(r);
  const auto read = travel<schema::Vote>([&](auto to) { write_vote(to, vote); },
                                         [](auto from) { return read_vote(from); });
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == vote);
})

WITAN_PROPERTY(a_proposal_reads_back, [](std::uint64_t seed) {
  Random r(seed);
  const SignedProposal proposal = any_proposal(r);
  const auto read = travel<schema::Proposal>([&](auto to) { write_proposal(to, proposal); },
                                             [](auto from) { return read_proposal(from); });
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == proposal);
})

WITAN_PROPERTY(a_part_reads_back, [](std::uint64_t seed) {
  Random r(seed);
  const PartMessage part = any_part(r);
  const auto read =
      travel<schema::BlockPart>([&](auto to) { write_part(to, part.part, part.parts_count); },
                                [](auto from) { return read_part(from); });
  RC_ASSERT(read.has_value());
  RC_ASSERT(read->parts_count == part.parts_count);
  RC_ASSERT((read->part.height == part.part.height && read->part.round == part.part.round));
  RC_ASSERT(read->part.parts_root == part.part.parts_root);
  RC_ASSERT(read->part.index == part.part.index);
  RC_ASSERT(read->part.bytes == part.part.bytes);
  RC_ASSERT(read->part.proof == part.part.proof);
})

WITAN_PROPERTY(a_certificate_reads_back_from_its_bytes, [](std::uint64_t seed) {
  Random r(seed);
  const Certificate certificate = any_certificate(r, r.chance_permille(50) ? validators_max : 8);
  const auto read = decode_certificate(encode_certificate(certificate));
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == certificate);
})

BOOST_AUTO_TEST_CASE(an_absent_certificate_reads_as_a_default_one) {
  const auto read =
      travel<schema::Certificate>([](auto) {}, [](auto from) { return read_certificate(from); });
  WITAN_REQUIRE_OK(read);
  BOOST_CHECK(is_absent(*read));
  BOOST_CHECK(*read == Certificate{});
}

WITAN_PROPERTY(a_header_reads_back, [](std::uint64_t seed) {
  Random r(seed);
  const Header header = any_header(r);
  const auto read = travel<schema::Header>([&](auto to) { write_header(to, header); },
                                           [](auto from) { return read_header(from); });
  RC_ASSERT(read.has_value());
  RC_ASSERT(*read == header);
})

WITAN_PROPERTY(a_block_reads_back_from_its_bytes, [](std::uint64_t seed) {
  Random r(seed);
  const Block block = any_block(r);
  const Bytes bytes = encode_block(block);
  const auto read = decode_block(bytes);
  RC_ASSERT(read.has_value());
  RC_ASSERT(read->header == block.header);
  RC_ASSERT(read->txs == block.txs);
  RC_ASSERT(read->evidence == block.evidence);
  RC_ASSERT(read->last_commit == block.last_commit);
  RC_ASSERT(encode_block(*read) == bytes);
})

// A block near its largest: the traversal limit is for attackers, not for us.
BOOST_AUTO_TEST_CASE(a_full_block_reads_back) {
  Random r(1);
  Block block = any_block(r);
  block.txs.clear();
  for (std::size_t total = 0; total + 70'000 < block_bytes_max - 256 * 1024; total += 60'004)
    block.txs.push_back(any_bytes(r, 60'000, 60'000));
  block.evidence.assign(4, any_bytes(r, limits::evidence_bytes_max, limits::evidence_bytes_max));
  block.last_commit = any_certificate(r, validators_max);
  const auto read = decode_block(encode_block(block));
  WITAN_REQUIRE_OK(read);
  BOOST_CHECK(read->txs == block.txs);
}

BOOST_AUTO_TEST_CASE(a_block_of_many_small_transactions_reads_back) {
  Block block;
  Random r(2);
  block.header = any_header(r);
  block.txs.assign(limits::block_transactions_max, Bytes{1, 2, 3, 4, 5, 6, 7, 8});
  const auto read = decode_block(encode_block(block));
  WITAN_REQUIRE_OK(read);
  BOOST_CHECK_EQUAL(read->txs.size(), limits::block_transactions_max);
}

WITAN_PROPERTY(a_damaged_block_is_refused_or_still_a_block, [](std::uint64_t seed) {
  Random r(seed);
  Bytes bytes = encode_block(any_block(r));
  for (std::uint64_t n = 1 + r.below(8); n > 0; --n)
    bytes[r.below(bytes.size())] = static_cast<std::uint8_t>(r.next());
  if (r.chance_permille(300)) bytes.resize(r.below(bytes.size()));
  const auto read = decode_block(bytes);
  if (read) RC_ASSERT(decode_block(encode_block(*read)).has_value());
})

// ---- lists of byte strings

BOOST_AUTO_TEST_CASE(items_are_split_as_they_were_appended) {
  Bytes blob;
  append_item(blob, Bytes{1});
  append_item(blob, Bytes(300, 9));
  const auto items = split_items(blob, 2, 300, "f");
  WITAN_REQUIRE_OK(items);
  BOOST_REQUIRE_EQUAL(items->size(), 2u);
  BOOST_CHECK_EQUAL((*items)[0].size(), 1u);
  BOOST_CHECK_EQUAL((*items)[1].size(), 300u);
  BOOST_CHECK((*items)[1].data() == blob.data() + 9);  // views, not copies
  const auto none = split_items({}, 0, 0, "f");
  WITAN_REQUIRE_OK(none);
  BOOST_CHECK(none->empty());
}

BOOST_AUTO_TEST_CASE(hostile_item_lists_are_refused_with_their_field) {
  Bytes two;
  append_item(two, Bytes{1});
  append_item(two, Bytes{2, 3});
  const auto refused = [](ByteView blob, std::size_t count, std::size_t bytes, ErrorCode code) {
    const auto items = split_items(blob, count, bytes, "the_field");
    WITAN_CHECK_ERROR(items, code);
    if (!items) BOOST_CHECK_EQUAL(items.error().field, "the_field");
  };
  refused(two, 1, 10, ErrorCode::too_large);                     // count
  refused(two, 2, 1, ErrorCode::too_large);                      // item
  refused(ByteView(two).first(3), 9, 9, ErrorCode::malformed);   // prefix cut short
  refused(ByteView(two).first(10), 9, 9, ErrorCode::malformed);  // item cut short
  refused(Bytes{0, 0, 0, 0}, 9, 9, ErrorCode::missing);          // empty item
  refused(Bytes{0xFF, 0xFF, 0xFF, 0xFF}, 9, SIZE_MAX, ErrorCode::malformed);
  refused(Bytes{0xFF, 0xFF, 0xFF, 0xFF}, 9, 100, ErrorCode::too_large);
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
