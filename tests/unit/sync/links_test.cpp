#include "actors/sync/links.hpp"

#include "tests/unit/sync/chain_support.hpp"

using namespace witan;
using namespace witan::sync;

BOOST_AUTO_TEST_SUITE(links_test)

namespace {

const TestChain& chain() {
  static const TestChain made(100);
  return made;
}

// Verifies what a window holds as the actor does, and counts signatures.
struct Run {
  explicit Run(std::uint64_t last) {
    for (std::uint64_t h = 1; h <= last; ++h) blocks.push_back(chain().at(h));
  }
  SyncBlock& at(std::uint64_t height) { return blocks[height - 1]; }

  // The height that is refused, or that of the last block.
  std::uint64_t verify() {
    FetchWindow window(Params{}, 0);
    for (std::uint64_t h = 1; h <= blocks.size(); ++h) (void)window.keep(h, 7, blocks[h - 1]);
    ChainPoint previous;
    for (std::uint64_t h = 1; h <= blocks.size(); ++h) {
      const SyncBlock& block = window.held(h)->block;
      const Link* link = links.find(h, window, *chain().verifier(), signatures);
      if (link == nullptr) signatures += block.certificate.signatures.size();
      const auto id = link == nullptr
                          ? check_block(*chain().verifier(), previous, block)
                          : check_linked_block(*chain().verifier(), previous, block.bytes, *link);
      if (!id) return h;
      kept.push_back(link == nullptr ? block.certificate : link->certificate);
      previous = {h, *id};
    }
    return blocks.size();
  }

  std::vector<SyncBlock> blocks;
  Links links;
  std::vector<Certificate> kept;
  std::size_t signatures = 0;
};

}  // namespace

BOOST_AUTO_TEST_CASE(of_a_run_only_every_32nd_certificate_is_verified) {
  Run run(100);
  BOOST_CHECK_EQUAL(run.verify(), 100u);
  BOOST_CHECK_EQUAL(run.kept.size(), 100u);
  BOOST_CHECK_EQUAL(run.signatures, 4u * 4u);  // 32, 64, 96, 100
}

BOOST_AUTO_TEST_CASE(p44_what_is_kept_is_the_certificate_the_next_block_carries) {
  Run run(10);
  for (std::uint64_t h = 1; h < 10; ++h) run.at(h).certificate.signatures[0].signature = {};
  BOOST_CHECK_EQUAL(run.verify(), 10u);
  BOOST_REQUIRE_EQUAL(run.kept.size(), 10u);
  for (std::uint64_t h = 1; h <= 10; ++h) {
    BOOST_CHECK(run.kept[h - 1] == chain().at(h).certificate);
    WITAN_REQUIRE_OK(chain().verifier()->verify(run.kept[h - 1]));
  }
}

BOOST_AUTO_TEST_CASE(a_bad_top_vouches_for_nothing_and_is_refused_itself) {
  Run run(10);
  run.at(10).certificate.signatures[2].signature = {};
  BOOST_CHECK_EQUAL(run.verify(), 10u);  // refused there
  BOOST_CHECK_EQUAL(run.kept.size(), 9u);
  BOOST_CHECK_EQUAL(run.signatures, 4u + 10u * 4u);
  Run other(10);
  other.at(10) = chain().at(9);
  BOOST_CHECK_EQUAL(other.verify(), 10u);
  BOOST_CHECK_EQUAL(other.kept.size(), 9u);
}

BOOST_AUTO_TEST_CASE(a_block_that_is_not_the_one_vouched_for_is_refused_whatever_it_carries) {
  // Another header at height 5, signed by nobody.
  Run run(10);
  Block block = *decode_block(run.at(5).bytes);
  block.header.state_root.data[0] ^= 1;
  run.at(5).bytes = encode_block(block);
  run.at(5).certificate.block_id = block_id(block.header);
  BOOST_CHECK_EQUAL(run.verify(), 5u);
  BOOST_CHECK_EQUAL(run.kept.size(), 4u);
  // The right header with other content.
  Run content(10);
  block = *decode_block(content.at(5).bytes);
  block.txs[0][0] ^= 1;
  content.at(5).bytes = encode_block(block);
  BOOST_CHECK_EQUAL(content.verify(), 5u);
}

BOOST_AUTO_TEST_CASE(a_block_whose_last_commit_is_not_that_of_its_header_vouches_for_nothing) {
  Run run(10);
  Block block = *decode_block(run.at(5).bytes);
  block.last_commit.signatures.pop_back();
  run.at(5).bytes = encode_block(block);
  BOOST_CHECK_EQUAL(run.verify(), 5u);
  BOOST_CHECK_EQUAL(run.kept.size(), 4u);
  BOOST_CHECK_EQUAL(run.signatures, 4u + 4u * 4u);  // the top, then 1 to 4 one by one
}

BOOST_AUTO_TEST_SUITE_END()
