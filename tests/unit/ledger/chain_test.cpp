// The chain over its stores: what one node builds every other checks, commits and finds again after
// a crash.
#include "actors/ledger/chain.hpp"

#include <functional>

#include "actors/ledger/receipts.hpp"
#include "tests/unit/evidence/samples.hpp"
#include "tests/unit/ledger/chain_sites.hpp"

namespace witan::test {
namespace {

using ledger::Chain;
using ledger::PreparedBlock;

// The block with its header or its lists changed, encoded again.
Bytes changed(const Bytes& bytes, const std::function<void(Block&)>& change) {
  auto block = decode_block(bytes);
  BOOST_REQUIRE(block.has_value());
  change(*block);
  return encode_block(*block);
}

std::string broken_field(const Status& status) { return status ? "" : status.error().field; }

}  // namespace

BOOST_AUTO_TEST_SUITE(chain_test)

BOOST_FIXTURE_TEST_CASE(genesis_is_the_same_everywhere_and_is_written_once, TwoSites) {
  BOOST_CHECK_EQUAL(a->chain->tip().height, Height(0));
  BOOST_CHECK_EQUAL(a->chain->next_height(), Height(1));
  BOOST_CHECK_EQUAL(a->state->latest()->state_root, b->state->latest()->state_root);
  BOOST_CHECK(!a->state->latest()->state_root.is_zero());
  BOOST_CHECK_EQUAL(a->chain->account(key_number(payer).public_key())->balance, 1'000'000u);
  const Hash32 root = a->state->latest()->state_root;
  a->open();
  BOOST_CHECK_EQUAL(a->state->latest()->state_root, root);
}

BOOST_FIXTURE_TEST_CASE(what_one_builds_the_other_checks_and_commits, TwoSites) {
  for (std::uint64_t h = 1; h <= 6; ++h) {
    grow({transfer(h - 1), opaque(static_cast<std::uint8_t>(h))});
    BOOST_CHECK_EQUAL(a->chain->tip().height, Height(h));
    BOOST_CHECK_EQUAL(a->chain->tip().id, b->chain->tip().id);
    BOOST_CHECK_EQUAL(a->chain->tip().state_root, b->chain->tip().state_root);
    BOOST_CHECK_EQUAL(a->state->latest()->state_root, a->chain->tip().state_root);
  }
  BOOST_CHECK_EQUAL(b->chain->account(key_number(payer).public_key())->nonce, 6u);
  BOOST_CHECK_EQUAL(b->chain->account(key_number(7).public_key())->balance, 60u);
  WITAN_REQUIRE_OK(a->state->verify_integrity());
}

BOOST_FIXTURE_TEST_CASE(a_changed_header_field_is_refused, TwoSites) {
  grow({transfer(0)});
  const Bytes good = a->build({transfer(1)});
  const auto refused = [&](const char* name, const std::function<void(Header&)>& change) {
    const Status status = b->check(changed(good, [&](Block& block) { change(block.header); }));
    BOOST_CHECK_MESSAGE(!status, name);
    if (!status)
      BOOST_CHECK_MESSAGE(status.error().code == ErrorCode::invalid_block ||
                              status.error().code == ErrorCode::wrong_version,
                          name << ": " << status.error());
  };
  refused("version", [](Header& h) { ++h.version; });
  refused("chain_id", [](Header& h) { h.chain_id.data[0] ^= 1; });
  refused("height", [](Header& h) { ++h.height; });
  refused("time", [](Header& h) { h.time = UnixTime{1}; });
  refused("epoch", [](Header& h) { ++h.epoch; });
  refused("proposer", [](Header& h) { h.proposer.data[0] ^= 1; });
  refused("prev_block_id", [](Header& h) { h.prev_block_id.data[0] ^= 1; });
  refused("prev_commit_hash", [](Header& h) { h.prev_commit_hash.data[0] ^= 1; });
  refused("tx_root", [](Header& h) { h.tx_root.data[0] ^= 1; });
  refused("evidence_root", [](Header& h) { h.evidence_root.data[0] ^= 1; });
  refused("state_root", [](Header& h) { h.state_root.data[0] ^= 1; });
  for (std::size_t m = 0; m < module_count; ++m)
    refused("module_roots", [m](Header& h) { h.module_roots[m].data[0] ^= 1; });
  refused("validators_hash", [](Header& h) { h.validators_hash.data[0] ^= 1; });
  refused("next_validators_hash", [](Header& h) { h.next_validators_hash.data[0] ^= 1; });
  refused("cfg_version", [](Header& h) { ++h.cfg_version; });
  refused("rules_version", [](Header& h) { ++h.rules_version; });
  refused("vrf_entropy", [](Header& h) { h.vrf_entropy.data[0] ^= 1; });
  refused("proof_root", [](Header& h) { h.proof_root.data[0] ^= 1; });
  refused("origin_round", [&](Header& h) {  // a round with another proposer
    std::int32_t round = 1;
    while (world.proposer(h.height, Round(round)) == world.proposer(h.height, Round(0))) ++round;
    h.origin_round = Round(round);
  });
  BOOST_CHECK(!b->check(changed(good, [](Block& block) { block.evidence = {Bytes{1}}; })));
  BOOST_CHECK(!b->check(good, false));  // a transfer without a good signature
  WITAN_REQUIRE_OK(b->check(good));
}

BOOST_FIXTURE_TEST_CASE(the_last_commit_must_prove_the_previous_block, TwoSites) {
  const auto with_commit = [](const Bytes& bytes, const CommitCertificate& commit) {
    return changed(bytes, [&](Block& block) {
      block.last_commit = commit;
      block.header.prev_commit_hash = is_absent(commit) ? Hash32{} : commit_hash(commit);
    });
  };
  const auto refused = [&](const Bytes& bytes, const char* why) {
    const Status status = b->check(bytes);
    BOOST_CHECK_MESSAGE(!status, why);
    if (!status) BOOST_CHECK_EQUAL(status.error().code, ErrorCode::invalid_block);
  };
  const Bytes first = a->build({});
  refused(with_commit(first, world.commit(Height(1), Round(0), Hash32{}, {1, 2, 3})),
          "the first block has none");
  grow();
  const BlockId tip = a->chain->tip().id;
  const Bytes good = a->build({});
  refused(with_commit(good, {}), "absent");
  refused(with_commit(good, world.commit(Height(1), Round(0), Hash32{}, {1, 2, 3})), "other block");
  refused(with_commit(good, world.commit(Height(2), Round(0), tip, {1, 2, 3})), "other height");
  refused(with_commit(good, world.commit(Height(1), Round(0), tip, {1, 2})), "no quorum");
  CommitCertificate forged = world.commit(Height(1), Round(1), tip, {1, 2, 3});
  forged.signatures[1].signature.data[5] ^= 1;
  refused(with_commit(good, forged), "bad signature");
  CommitCertificate prevotes = world.commit(Height(1), Round(0), tip, {1, 2, 3});
  prevotes.type = VoteType::prevote;
  refused(with_commit(good, prevotes), "prevotes");
  CommitCertificate stranger = world.commit(Height(1), Round(0), tip, {1, 2, 3});
  stranger.signatures.back().validator = 99;
  refused(with_commit(good, stranger), "unknown validator");
  // Any quorum will do, also of a later round than our own certificate.
  WITAN_REQUIRE_OK(b->check(with_commit(good, world.commit(Height(1), Round(0), tip, {1, 2, 3}))));
  WITAN_REQUIRE_OK(b->check(with_commit(good, world.commit(Height(1), Round(4), tip, {2, 3, 4}))));
}

BOOST_FIXTURE_TEST_CASE(only_an_executed_block_of_the_next_height_is_committed, TwoSites) {
  WITAN_CHECK_ERROR(a->chain->commit(world.commit(Height(1), Round(0), Hash32{}, {1, 2, 3})),
                    ErrorCode::missing);
  const Bytes first = a->build({});
  WITAN_REQUIRE_OK(a->commit(first));
  const Status again = a->commit(first);
  WITAN_CHECK_ERROR(again, ErrorCode::wrong_height);
}

BOOST_FIXTURE_TEST_CASE(a_crash_between_block_store_and_state_store_is_caught_up, TwoSites) {
  for (std::uint64_t h = 1; h <= 4; ++h)
    grow({transfer(h - 1), opaque(static_cast<std::uint8_t>(h))});
  for (const std::uint64_t applied : {0U, 1U, 3U}) {  // blocks the state had seen
    Site c(world);
    for (std::uint64_t h = 1; h <= 4; ++h) {
      const auto stored = a->blocks->block_at(Height(h));
      const auto certificate = a->blocks->certificate_at(Height(h));
      const auto receipts = a->blocks->receipts_at(Height(h));
      BOOST_REQUIRE(stored && certificate && receipts);
      if (h <= applied) {
        WITAN_REQUIRE_OK(c.check(stored->block));
        WITAN_REQUIRE_OK(c.commit(stored->block));
      } else {
        WITAN_REQUIRE_OK(c.blocks->put(Height(h), stored->id, stored->block, *certificate,
                                       *receipts, Durability::buffered));
      }
    }
    c.open();
    BOOST_CHECK_EQUAL(c.chain->tip().height, Height(4));
    BOOST_CHECK_EQUAL(c.chain->tip().id, a->chain->tip().id);
    BOOST_CHECK_EQUAL(c.state->latest()->state_root, a->state->latest()->state_root);
    BOOST_CHECK_EQUAL(c.chain->tip().certificate.height, Height(4));
    // It goes on like the others, with the same memory of opaque transactions.
    const Bytes next = a->build({transfer(4), opaque(2), opaque(9)});
    BOOST_CHECK_EQUAL(decode_block(next)->txs.size(), 2u);  // opaque(2) is on the chain already
    WITAN_REQUIRE_OK(c.check(next));
  }
}

BOOST_FIXTURE_TEST_CASE(a_decided_block_that_does_not_execute_ends_with_its_own_exit_code,
                        TwoSites) {
  const Bytes bytes = changed(a->build({transfer(0)}), [](Block& block) {
    block.header.module_roots[0].data[0] ^= 1;
    block.header.state_root = state_root(block.header.module_roots);
  });
  const Header header = decode_block(bytes)->header;
  const auto certificate = world.commit(Height(1), Round(0), block_id(header), {1, 2, 3});
  WITAN_REQUIRE_OK(a->blocks->put(Height(1), block_id(header), bytes,
                                  encode_certificate(certificate), ledger::encode_receipts({}),
                                  Durability::buffered));
  a->open_stores();
  WITAN_CHECK_ERROR(a->open_chain(), ErrorCode::state_root_mismatch);
}

BOOST_FIXTURE_TEST_CASE(index_entries_lost_with_power_are_written_again, TwoSites) {
  std::vector<Bytes> txs;  // each signature is another one
  for (std::uint64_t n = 0; n < 4; ++n) txs.push_back(transfer(n));
  for (std::uint8_t h = 0; h < 3; ++h) grow({txs[h], opaque(h)});
  a->open();  // the index says it is whole up to height 3
  grow({txs[3]});
  BOOST_CHECK(a->indexed(txs[0]) && a->indexed(txs[3]));
  BOOST_CHECK(!a->indexed(opaque(0)));  // not even beside a transfer
  WriteBatch lost;
  lost.erase(keys::for_id(keys::transaction, tx_id(txs[0])));
  lost.erase(keys::for_id(keys::transaction, tx_id(txs[3])));
  WITAN_REQUIRE_OK(a->index->write(lost, Durability::buffered));
  a->open();
  BOOST_CHECK(a->indexed(txs[3]));
  BOOST_CHECK(!a->indexed(txs[0]));  // below the height that was durable: not read again
  lost.clear();
  lost.erase(Bytes{keys::indexed_height});  // an index that was removed is made again
  WITAN_REQUIRE_OK(a->index->write(lost, Durability::buffered));
  a->open();
  BOOST_CHECK(a->indexed(txs[0]));
  BOOST_CHECK(!a->indexed(opaque(0)));
}

// ---- evidence

BOOST_FIXTURE_TEST_CASE(evidence_is_committed_once_and_counted_in_the_state, TwoSites) {
  grow();
  std::vector<Bytes> all;
  for (const Evidence& e : one_of_each(world, 2, 1)) all.push_back(encode_evidence(e));
  const Bytes bytes = a->build({transfer(0)}, 0, all);
  BOOST_CHECK(decode_block(bytes)->evidence == all);
  WITAN_REQUIRE_OK(b->check(bytes));
  WITAN_REQUIRE_OK(a->commit(bytes));
  WITAN_REQUIRE_OK(b->commit(bytes));
  BOOST_CHECK_EQUAL(a->chain->tip().state_root, b->chain->tip().state_root);
  const auto record =
      a->state->get(Module::validators, ledger::accused_state_key(key_number(2).public_key()));
  BOOST_REQUIRE(record && record->has_value());
  BOOST_CHECK((*ledger::decode_accused(**record) == ledger::AccusedRecord{6, Height(2)}));
  // The next proposal leaves out what is on the chain; a block that has it again is refused.
  grow();
  const Bytes next = a->build({}, 0, all);
  BOOST_CHECK(decode_block(next)->evidence.empty());
  const auto again = changed(next, [&](Block& block) {
    block.evidence = {all[0]};
    block.header.evidence_root = evidence_root(std::vector{evidence_hash(all[0])});
  });
  BOOST_CHECK_EQUAL(broken_field(b->check(again)), "block.evidence");
  // A node that has the blocks only comes to the same state and the same index.
  Site c(world);
  for (std::uint64_t h = 1; h <= 3; ++h) {
    const auto stored = a->blocks->block_at(Height(h));
    const auto certificate = a->blocks->certificate_at(Height(h));
    const auto receipts = a->blocks->receipts_at(Height(h));
    BOOST_REQUIRE(stored && certificate && receipts);
    WITAN_REQUIRE_OK(c.blocks->put(Height(h), stored->id, stored->block, *certificate, *receipts,
                                   Durability::buffered));
  }
  c.open();
  BOOST_CHECK_EQUAL(c.chain->tip().state_root, a->chain->tip().state_root);
  const auto indexed = [](const Site& site) {
    std::vector<Bytes> out;
    WITAN_REQUIRE_OK(site.index->scan(KeyRange::prefix(Bytes{keys::committed_evidence}),
                                      Direction::forward, [&](ByteView, ByteView value) {
                                        out.emplace_back(value.begin(), value.end());
                                        return true;
                                      }));
    return out;
  };
  BOOST_CHECK(indexed(*a) == all);
  BOOST_CHECK(indexed(c) == all);
}

BOOST_FIXTURE_TEST_CASE(evidence_that_may_not_be_in_a_block_makes_it_invalid, TwoSites) {
  grow();
  grow();
  const auto item = [&](const Evidence& e) { return encode_evidence(e); };
  const Bytes good = item(duplicate_vote(world, 2, 1));
  const auto with = [&](const std::vector<Bytes>& evidence) {
    return changed(a->build({}), [&](Block& block) {
      block.evidence = evidence;
      std::vector<Hash32> hashes;
      for (const Bytes& e : evidence) hashes.push_back(evidence_hash(e));
      block.header.evidence_root = evidence_root(hashes);
    });
  };
  const auto refused = [&](const std::vector<Bytes>& evidence, const char* why) {
    const Status status = b->check(with(evidence));
    BOOST_REQUIRE_MESSAGE(!status, why);
    BOOST_CHECK_MESSAGE(status.error().field == "block.evidence",
                        why << ": " << status.error().to_string());
  };
  DuplicateVote forged = duplicate_vote(world, 2, 1);
  forged.second.signature.data[9] ^= 1;
  DuplicateVote harmless = duplicate_vote(world, 2, 1);
  harmless.second = harmless.first;
  refused({item(forged)}, "a bad signature");
  refused({item(harmless)}, "no contradiction");
  refused({good, good}, "twice");
  refused({good, item(duplicate_vote(world, 2, 1))}, "the same offence by other signatures");
  refused({item(duplicate_vote(world, 2, 3))}, "of this very height, which is not decided");
  refused({item(duplicate_vote(world, 2, 9))}, "of a height to come");
  refused({Bytes{1, 2, 3}}, "not evidence");
  std::vector<Bytes> many;
  for (std::int32_t r = 0; r < 64; ++r) many.push_back(item(amnesia(world, 2, 1, 0, r + 1)));
  refused(many, "more bytes than a block may hold");
  BOOST_CHECK_EQUAL(
      broken_field(b->check(changed(with({good}), [](Block& block) { block.evidence.clear(); }))),
      "header.evidence_root");
  // As much as fits is taken, and the state says how much.
  const auto taken = decode_block(a->build({}, 0, many))->evidence;
  BOOST_CHECK_GT(taken.size(), 20u);
  BOOST_CHECK_LT(taken.size(), 64u);
  // with() leaves the state root as it was: the count must be in it.
  BOOST_CHECK_EQUAL(broken_field(b->check(with({good}))), "header.module_roots.validators");
}

BOOST_AUTO_TEST_CASE(evidence_expires_by_height_and_time_and_blocks_stay_until_then) {
  TwoSites s;
  s.world.genesis.params.evidence_max_age_blocks = 3;
  s.world.genesis.params.evidence_max_age = Duration::from_s(10);
  s.world.reset();
  s.a = std::make_unique<Site>(s.world);
  s.b = std::make_unique<Site>(s.world);
  const auto age = [&](std::uint64_t height) {
    return s.a->chain->check_evidence(duplicate_vote(s.world, 2, height), 500);
  };
  for (int i = 0; i < 8; ++i) s.grow();  // nanoseconds apart
  WITAN_REQUIRE_OK(age(1));              // old by height only
  BOOST_CHECK(!s.a->chain->prune_target(1)->has_value());
  Chain::BuildRequest request;
  request.round = Round(0);
  request.time = s.world.genesis.time + Duration::from_s(60);
  request.last_commit = s.a->chain->tip().certificate;
  const auto built = s.a->chain->build(std::move(request));
  WITAN_REQUIRE_OK(built);
  const Bytes bytes = (*built)->bytes;
  WITAN_REQUIRE_OK(s.a->commit(bytes));
  WITAN_CHECK_ERROR(age(5), ErrorCode::expired);  // 9 - 5 > 3, and 59 s
  WITAN_REQUIRE_OK(age(6));                       // young by height
  WITAN_CHECK_ERROR(age(10), ErrorCode::wrong_height);
  const auto target = s.a->chain->prune_target(1);
  WITAN_REQUIRE_OK(target);
  BOOST_REQUIRE(target->has_value());
  BOOST_CHECK_EQUAL(**target, Height(5));
  WITAN_REQUIRE_OK(s.a->blocks->prune_below(**target));
  WITAN_CHECK_ERROR(age(4), ErrorCode::expired);  // pruned here, expired everywhere
  WITAN_REQUIRE_OK(age(6));
}

BOOST_FIXTURE_TEST_CASE(a_pruned_chain_is_not_told_to_rebuild_its_state, TwoSites) {
  grow();
  grow();
  grow();
  WITAN_REQUIRE_OK(a->blocks->prune_below(Height(3)));
  a->chain.reset();
  a->disk = make_memory_disk();  // as if state.db had been removed
  auto empty = open_memory();
  BOOST_REQUIRE(empty.has_value());
  auto fresh = StateStore::open(std::move(*empty), world.chain_id);
  WITAN_REQUIRE_OK(fresh);
  a->state = std::move(*fresh);
  const auto opened = a->open_chain();
  WITAN_CHECK_ERROR(opened, ErrorCode::corrupt);
  BOOST_CHECK(opened.error().text.find("restore") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(a_state_ahead_of_the_blocks_is_reported_as_damage, TwoSites) {
  grow();
  grow();
  auto empty = open_memory();
  BOOST_REQUIRE(empty.has_value());
  auto no_blocks = BlockStore::open(std::move(*empty));
  WITAN_REQUIRE_OK(no_blocks);
  a->chain.reset();
  const auto opened = Chain::open(ledger::ChainOptions{.genesis = world.genesis,
                                                       .chain_id = world.chain_id,
                                                       .verifier = world.verifier,
                                                       .blocks = **no_blocks,
                                                       .state = *a->state});
  WITAN_CHECK_ERROR(opened, ErrorCode::corrupt);
}

BOOST_FIXTURE_TEST_CASE(an_opaque_transaction_is_refused_a_second_time_also_after_a_restart,
                        TwoSites) {
  grow({opaque(1)});
  a->open();
  b->open();
  BOOST_CHECK_EQUAL(b->chain->tip().height, Height(1));
  const Bytes empty = a->build({opaque(1)});
  BOOST_CHECK(decode_block(empty)->txs.empty());
  const Bytes forged = changed(empty, [](Block& block) {
    block.txs = {opaque(1)};
    const TxId id = tx_id(block.txs[0]);
    block.header.tx_root = tx_root({&id, 1});
  });
  WITAN_CHECK_ERROR(b->check(forged), ErrorCode::invalid_block);
  const Bytes fresh = changed(empty, [](Block& block) {
    block.txs = {opaque(2)};
    const TxId id = tx_id(block.txs[0]);
    block.header.tx_root = tx_root({&id, 1});
  });
  WITAN_REQUIRE_OK(b->check(fresh));
}

// A round's worth of blocks may be prepared; the one that is decided must still be there.
BOOST_FIXTURE_TEST_CASE(many_prepared_blocks_do_not_push_out_the_one_decided, TwoSites) {
  std::vector<Bytes> blocks;
  for (std::uint8_t i = 0; i < 18; ++i) blocks.push_back(a->build({opaque(i)}));
  for (const Bytes& bytes : blocks)
    BOOST_CHECK(a->chain->prepared(block_id(decode_block(bytes)->header)) != nullptr);
  WITAN_REQUIRE_OK(a->commit(blocks.front()));
  BOOST_CHECK_EQUAL(a->chain->tip().height, Height(1));
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
