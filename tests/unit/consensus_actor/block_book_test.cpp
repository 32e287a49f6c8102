// Proposals, blocks and verdicts of one height.
#include "actors/consensus/core/block_book.hpp"

#include "tests/support/boost_test.hpp"
#include "tests/unit/wire/random_objects.hpp"

namespace witan::consensus {
namespace {

using test::any_bytes;
using test::any_fixed;

struct Book {
  Book() { book.reset(Height(5)); }
  SignedProposal proposal(std::int32_t round, const PartSetHeader& parts, const BlockId& block_id) {
    SignedProposal out;
    out.proposal = {Height(5), Round(round), Round(), block_id, parts, 0};
    return out;
  }
  bool add_all(const CutBlock& cut) {
    bool all = true;
    for (const BlockPart& part : cut.parts) all = book.add_part(part, cut.header.count) && all;
    return all;
  }
  CutBlock block(std::size_t size) {
    return cut_block(Height(5), Round(0), any_bytes(random, size, size));
  }
  Random random{11};
  BlockBook book;
  BlockId id = any_fixed<BlockId>(random);
};

}  // namespace

BOOST_AUTO_TEST_SUITE(block_book_test)

BOOST_FIXTURE_TEST_CASE(a_proposal_is_complete_once_its_block_has_a_verdict, Book) {
  const CutBlock cut = block(100'000);
  BOOST_CHECK(book.add_proposal(proposal(0, cut.header, id), Round(0)));
  BOOST_CHECK(!book.add_proposal(proposal(0, cut.header, id), Round(0)));
  BOOST_CHECK(book.take_unchecked().empty());
  BOOST_CHECK(add_all(cut));
  BOOST_CHECK(!add_all(cut));
  BOOST_REQUIRE_EQUAL(book.take_unchecked().size(), 1u);
  BOOST_CHECK(book.take_unchecked().empty());  // asked once
  BOOST_CHECK(book.take_complete().empty());
  book.set_verdict(cut.header.root, id, true);
  const auto complete = book.take_complete();
  BOOST_REQUIRE_EQUAL(complete.size(), 1u);
  BOOST_CHECK(complete[0].valid);
  BOOST_CHECK(complete[0].value == id);
  BOOST_CHECK(book.take_complete().empty());
  BOOST_CHECK(book.find_block(id) != nullptr);
}

// Evidence as soon as the second one is signed, whether or not its block is ever whole.
BOOST_FIXTURE_TEST_CASE(a_second_proposal_of_a_round_contradicts_the_first, Book) {
  const SignedProposal first = proposal(0, block(1000).header, id);
  const SignedProposal second = proposal(0, block(1000).header, any_fixed<BlockId>(random));
  BOOST_CHECK(book.add_proposal(first, Round(0)));
  BOOST_CHECK(!book.contradicted_by(first));
  BOOST_CHECK(book.add_proposal(second, Round(0)));
  BOOST_REQUIRE(book.contradicted_by(second).has_value());
  BOOST_CHECK(*book.contradicted_by(second) == first);
  BOOST_CHECK(!book.contradicted_by(proposal(1, block(1000).header, id)));
  SignedProposal other = second;  // of another validator
  other.proposal.proposer = 3;
  BOOST_CHECK(!book.contradicted_by(other));
}

BOOST_FIXTURE_TEST_CASE(a_proposal_that_names_another_block_is_invalid, Book) {
  const CutBlock cut = block(1000);
  BOOST_CHECK(book.add_proposal(proposal(0, cut.header, any_fixed<BlockId>(random)), Round(0)));
  add_all(cut);
  (void)book.take_unchecked();
  book.set_verdict(cut.header.root, id, true);
  const auto complete = book.take_complete();
  BOOST_REQUIRE_EQUAL(complete.size(), 1u);
  BOOST_CHECK(!complete[0].valid);
}

BOOST_FIXTURE_TEST_CASE(a_verdict_turns_from_invalid_to_valid_only, Book) {
  const CutBlock cut = block(1000);
  book.add_whole(cut.header, id, cut.parts[0].bytes);
  (void)book.take_unchecked();
  book.set_verdict(cut.header.root, id, false);
  BOOST_CHECK(book.find_block(id)->valid == false);
  book.set_verdict(cut.header.root, id, true);
  book.set_verdict(cut.header.root, id, false);
  BOOST_CHECK(book.find_block(id)->valid == true);
}

BOOST_FIXTURE_TEST_CASE(proposals_and_blocks_are_bounded, Book) {
  std::size_t taken = 0;
  for (int i = 0; i < 200; ++i) {
    const PartSetHeader header{1, 10, any_fixed<Hash32>(random)};
    taken += book.add_proposal(proposal(0, header, id), Round(0)) ? 1U : 0U;
  }
  BOOST_CHECK_EQUAL(taken, blocks_max);
  book.reset(Height(5));
  taken = 0;
  const PartSetHeader header{1, 10, any_fixed<Hash32>(random)};
  for (int i = 0; i < 200; ++i)
    taken += book.add_proposal(proposal(0, header, any_fixed<BlockId>(random)), Round(0)) ? 1U : 0U;
  BOOST_CHECK_EQUAL(taken, proposals_max);
}

BOOST_FIXTURE_TEST_CASE(proposals_of_far_rounds_and_other_heights_are_not_kept, Book) {
  const CutBlock cut = block(10);
  BOOST_CHECK(
      !book.add_proposal(proposal(proposal_rounds_ahead_max + 1, cut.header, id), Round(0)));
  BOOST_CHECK(book.add_proposal(proposal(proposal_rounds_ahead_max, cut.header, id), Round(0)));
  SignedProposal other = proposal(0, cut.header, id);
  other.proposal.height = Height(6);
  BOOST_CHECK(!book.add_proposal(other, Round(0)));
  BlockPart part = cut.parts[0];
  part.height = Height(6);
  BOOST_CHECK(!book.add_part(part, 1));
  BOOST_CHECK_EQUAL(book.proposals(Round(proposal_rounds_ahead_max)).size(), 1u);
  BOOST_CHECK(book.proposals(Round(0)).empty());
}

// A relaying peer, without any key, moves a proved part to another index by lying about the count.
BOOST_FIXTURE_TEST_CASE(a_part_proved_under_another_count_cannot_take_a_place, Book) {
  const CutBlock cut = block(12 * std::size_t{part_size_bytes});
  BOOST_CHECK(book.add_proposal(proposal(0, cut.header, id), Round(0)));
  BlockPart moved = cut.parts[10];
  moved.index = 6;
  BOOST_REQUIRE(check_part(moved, 8).has_value());
  BOOST_CHECK(!book.add_part(moved, 8));
  BOOST_CHECK(add_all(cut));
  const BlockBook::Entry* entry = book.find_root(cut.header.root);
  BOOST_REQUIRE(entry != nullptr && entry->parts.complete());
  BOOST_CHECK(cut_block(Height(5), Round(0), entry->parts.bytes()).header == cut.header);
}

// A faulty proposer signs the root of an honest block with a wrong size, and is heard first.
BOOST_FIXTURE_TEST_CASE(a_wrong_size_under_the_same_root_does_not_hide_the_block, Book) {
  const CutBlock cut = block(100'000);
  PartSetHeader lie = cut.header;
  lie.total_bytes -= 1;
  BOOST_CHECK(book.add_proposal(proposal(1, lie, id), Round(0)));
  BOOST_CHECK(book.add_proposal(proposal(0, cut.header, id), Round(0)));
  BOOST_CHECK(add_all(cut));
  const auto unchecked = book.take_unchecked();
  BOOST_REQUIRE_EQUAL(unchecked.size(), 1u);
  BOOST_CHECK(unchecked[0]->parts.header() == cut.header);
  book.set_verdict(cut.header.root, id, true);
  const auto complete = book.take_complete();
  BOOST_REQUIRE_EQUAL(complete.size(), 1u);
  BOOST_CHECK(complete[0].round == Round(0) && complete[0].valid);
  BOOST_CHECK(book.find_block(id) == book.find_root(cut.header.root));
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::consensus
