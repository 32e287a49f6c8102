#include "actors/sync/block_check.hpp"

#include <functional>

#include "tests/unit/sync/chain_support.hpp"

using namespace witan;
using namespace witan::sync;

BOOST_AUTO_TEST_SUITE(block_check_test)

namespace {

const TestChain& chain() {
  static const TestChain made(4);
  return made;
}
ChainPoint before(std::uint64_t height) { return {height - 1, chain().id(height - 1)}; }
Result<BlockId> check(std::uint64_t height, const SyncBlock& block) {
  return check_block(*chain().verifier(), before(height), block);
}
// Block 3 with another content, certified as if its header were the same.
SyncBlock with_content(const std::function<void(Block&)>& change) {
  auto block = decode_block(chain().at(3).bytes);
  WITAN_REQUIRE_OK(block);
  change(*block);
  return {encode_block(*block), chain().at(3).certificate};
}
SyncBlock with_certificate(const std::function<void(Certificate&)>& change) {
  SyncBlock out = chain().at(3);
  change(out.certificate);
  return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_block_of_the_chain_is_accepted_with_its_id) {
  for (std::uint64_t h = 1; h <= chain().tip(); ++h) {
    const auto id = check(h, chain().at(h));
    WITAN_REQUIRE_OK(id);
    BOOST_CHECK_EQUAL(*id, chain().id(h));
  }
}

BOOST_AUTO_TEST_CASE(a_block_of_another_height_or_branch_is_refused) {
  WITAN_CHECK_ERROR(check(2, chain().at(3)), ErrorCode::wrong_height);
  ChainPoint other = before(3);
  other.id.data[0] ^= 1;
  WITAN_CHECK_ERROR(check_block(*chain().verifier(), other, chain().at(3)),
                    ErrorCode::invalid_block);
}

BOOST_AUTO_TEST_CASE(a_valid_certificate_with_other_content_is_refused) {
  WITAN_CHECK_ERROR(check(3, with_content([](Block& b) { b.txs[0][0] ^= 1; })),
                    ErrorCode::invalid_block);
  WITAN_CHECK_ERROR(check(3, with_content([](Block& b) { b.txs.clear(); })),
                    ErrorCode::invalid_block);
  WITAN_CHECK_ERROR(check(3, with_content([](Block& b) { b.evidence.push_back({1}); })),
                    ErrorCode::invalid_block);
  WITAN_CHECK_ERROR(check(3, with_content([](Block& b) { b.last_commit.signatures.pop_back(); })),
                    ErrorCode::invalid_block);
  WITAN_CHECK_ERROR(check(3, with_content([](Block& b) { b.last_commit = {}; })),
                    ErrorCode::invalid_block);
  WITAN_CHECK_ERROR(check(3, with_content([](Block& b) { b.header.state_root.data[0] ^= 1; })),
                    ErrorCode::invalid_block);
  WITAN_CHECK_ERROR(check(3, {chain().at(2).bytes, chain().at(3).certificate}),
                    ErrorCode::wrong_height);
}

BOOST_AUTO_TEST_CASE(a_block_with_the_evidence_of_its_header_is_accepted) {
  Block block = *decode_block(chain().at(3).bytes);
  block.evidence.push_back(Bytes(40, 7));
  const std::vector<Hash32> hashes{evidence_hash(block.evidence[0])};
  block.header.evidence_root = evidence_root(hashes);
  const BlockId id = block_id(block.header);
  WITAN_REQUIRE_OK(check(3, {encode_block(block), chain().certify(3, id)}));
}

BOOST_AUTO_TEST_CASE(p44_p47_one_bad_signature_spoils_a_certificate_that_has_a_quorum_without_it) {
  WITAN_CHECK_ERROR(
      check(3, with_certificate([](Certificate& c) { c.signatures[3].signature.data[5] ^= 1; })),
      ErrorCode::bad_signature);
  WITAN_CHECK_ERROR(check(3, with_certificate([](Certificate& c) { c.signatures.resize(2); })),
                    ErrorCode::insufficient_power);
  WITAN_REQUIRE_OK(check(3, with_certificate([](Certificate& c) { c.signatures.resize(3); })));
}

BOOST_AUTO_TEST_CASE(a_certificate_of_another_block_height_or_kind_is_refused) {
  WITAN_CHECK_ERROR(check(3, {chain().at(3).bytes, chain().at(2).certificate}),
                    ErrorCode::wrong_height);
  WITAN_CHECK_ERROR(check(3, with_certificate([](Certificate& c) { c.block_id.data[0] ^= 1; })),
                    ErrorCode::invalid_block);
  WITAN_CHECK_ERROR(check(3, with_certificate([](Certificate& c) { c.type = VoteType::prevote; })),
                    ErrorCode::invalid_block);
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_block_are_refused) {
  WITAN_CHECK_ERROR(check(3, {Bytes(100, 0xff), chain().at(3).certificate}), ErrorCode::malformed);
  WITAN_CHECK_ERROR(check(3, {Bytes(block_bytes_max + 8), chain().at(3).certificate}),
                    ErrorCode::too_large);
}

BOOST_AUTO_TEST_SUITE_END()
