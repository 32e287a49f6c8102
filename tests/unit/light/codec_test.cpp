// Bytes of light blocks and the file of trusted headers.
#include "tests/unit/light/light_chain.hpp"

namespace witan::light {
namespace {

bool same(const LightBlock& a, const LightBlock& b) {
  return a.header == b.header && a.commit == b.commit &&
         a.validators->all() == b.validators->all() &&
         a.next_validators->all() == b.next_validators->all();
}

BOOST_AUTO_TEST_SUITE(codec_test)

BOOST_AUTO_TEST_CASE(a_block_survives_its_encoding_with_and_without_a_change_of_the_set) {
  const LightChain chain(3, [](std::uint64_t h) { return set_of(numbers(h > 2 ? 1 : 0, 4)); });
  for (std::uint64_t h = 1; h <= 3; ++h) {
    const Bytes bytes = encode_light_block(chain.at(h));
    const auto back = decode_light_block(bytes);
    WITAN_REQUIRE_OK(back);
    BOOST_CHECK(same(*back, chain.at(h)));
    BOOST_CHECK(encode_light_block(*back) == bytes);
    WITAN_REQUIRE_OK(check_block(test_chain_id, *back));
  }
}

BOOST_AUTO_TEST_CASE(a_block_that_is_cut_short_extended_or_flipped_is_never_taken_for_it) {
  const LightChain chain(1);
  const Bytes bytes = encode_light_block(chain.at(1));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    BOOST_CHECK(!decode_light_block(ByteView(bytes).first(size)));
  Bytes longer = bytes;
  longer.push_back(0);
  WITAN_CHECK_ERROR(decode_light_block(longer), ErrorCode::malformed);
  HeaderVerifier verifier(test_chain_id, {});
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    Bytes flipped = bytes;
    flipped[at] ^= 0x10;
    const auto block = decode_light_block(flipped);
    BOOST_CHECK_MESSAGE(!block || !verifier.verify_commit(*block), "byte " << at);
  }
}

BOOST_AUTO_TEST_CASE(a_set_out_of_order_or_repeated_is_not_canonical) {
  const LightChain chain(1);
  Bytes bytes = encode_light_block(chain.at(1));
  // The last set stands before the flag: four rows of 49 bytes.
  const std::size_t row = 49;
  const std::size_t set = bytes.size() - 1 - 4 * row;
  Bytes swapped = bytes;
  std::swap_ranges(swapped.begin() + static_cast<std::ptrdiff_t>(set),
                   swapped.begin() + static_cast<std::ptrdiff_t>(set + row),
                   swapped.begin() + static_cast<std::ptrdiff_t>(set + row));
  WITAN_CHECK_ERROR(decode_light_block(swapped), ErrorCode::not_canonical);
  Bytes twice = bytes;
  twice.back() = 1;
  twice.insert(twice.end(), bytes.begin() + static_cast<std::ptrdiff_t>(set - 4), bytes.end() - 1);
  WITAN_CHECK_ERROR(decode_light_block(twice), ErrorCode::not_canonical);
}

BOOST_AUTO_TEST_CASE(counts_above_the_limits_are_refused_before_anything_is_allocated) {
  const LightChain chain(1);
  LightBlock block = chain.at(1);
  block.commit.signatures.resize(validators_max + 1);
  for (ValidatorIndex i = 0; i <= validators_max; ++i) block.commit.signatures[i].validator = i;
  WITAN_CHECK_ERROR(decode_light_block(encode_light_block(block)), ErrorCode::too_large);
  WITAN_CHECK_ERROR(decode_light_block(Bytes(light_block_bytes_max + 1)), ErrorCode::too_large);
}

BOOST_AUTO_TEST_CASE(the_store_survives_its_file_and_notices_every_flipped_byte) {
  const LightChain chain(4);
  TrustedStore store(test_chain_id);
  for (std::uint64_t h = 1; h <= 4; ++h) store.add(chain.at(h));
  const Bytes file = store.encode();
  const auto back = TrustedStore::decode(file);
  WITAN_REQUIRE_OK(back);
  BOOST_CHECK_EQUAL(back->size(), 4U);
  BOOST_CHECK(back->chain_id() == test_chain_id);
  for (std::uint64_t h = 1; h <= 4; ++h) BOOST_CHECK(same(*back->find(Height(h)), chain.at(h)));
  for (std::size_t at = 0; at < file.size(); at += 7) {
    Bytes flipped = file;
    flipped[at] ^= 1;
    WITAN_CHECK_ERROR(TrustedStore::decode(flipped), ErrorCode::corrupt);
  }
  for (const std::size_t size : {std::size_t{0}, std::size_t{40}, file.size() - 1})
    WITAN_CHECK_ERROR(TrustedStore::decode(ByteView(file).first(size)), ErrorCode::corrupt);
}

BOOST_AUTO_TEST_CASE(a_store_of_another_chain_is_corrupt) {
  const LightChain chain(1);
  TrustedStore store(sha256(as_bytes("another")));
  store.add(chain.at(1));
  WITAN_CHECK_ERROR(TrustedStore::decode(store.encode()), ErrorCode::corrupt);
}

BOOST_AUTO_TEST_CASE(a_full_store_forgets_its_lowest_header) {
  const LightChain chain(6);
  TrustedStore store(test_chain_id, 3);
  for (const std::uint64_t h : {2, 4, 6, 3}) store.add(chain.at(h));
  BOOST_CHECK_EQUAL(store.size(), 3U);
  BOOST_CHECK(store.find(Height(2)) == nullptr);
  BOOST_CHECK_EQUAL(store.lowest()->height().get(), 3U);
  BOOST_CHECK_EQUAL(store.highest()->height().get(), 6U);
  BOOST_CHECK_EQUAL(store.closest_below(Height(5))->height().get(), 4U);
  BOOST_CHECK_EQUAL(store.closest_above(Height(4))->height().get(), 6U);
  BOOST_CHECK(store.closest_below(Height(3)) == nullptr);
  BOOST_CHECK(store.closest_above(Height(6)) == nullptr);
}

BOOST_AUTO_TEST_CASE(evidence_survives_its_encoding) {
  const LightChain chain(2);
  const Bytes bytes = encode_attack({Height(1), chain.at(2)});
  const auto back = decode_attack(bytes);
  WITAN_REQUIRE_OK(back);
  BOOST_CHECK_EQUAL(back->common_height.get(), 1U);
  BOOST_CHECK(same(back->conflicting, chain.at(2)));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    BOOST_CHECK(!decode_attack(ByteView(bytes).first(size)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace witan::light
