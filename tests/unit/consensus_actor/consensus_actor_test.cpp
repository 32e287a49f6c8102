// The consensus actor between stand-ins: what it waits for, what it keeps, what it tells whom.
#include "messages/base/exit_codes.hpp"
#include "messages/wire/evidence_codec.hpp"
#include "tests/unit/consensus_actor/actor_bench.hpp"

namespace witan::test {

BOOST_AUTO_TEST_SUITE(consensus_actor_test)

BOOST_AUTO_TEST_CASE(a_lone_validator_decides_height_after_height) {
  Bench b({.validators = 1});
  b.runtime->advance(Duration::from_ms(105));
  BOOST_REQUIRE_GE(b.committed.size(), 10u);
  for (std::size_t i = 0; i < b.committed.size(); ++i) {
    BOOST_CHECK_EQUAL(b.committed[i].height, Height(i + 1));
    WITAN_REQUIRE_OK(b.world.verifier->verify(b.committed[i]));
  }
}

BOOST_AUTO_TEST_CASE(p46_an_own_vote_counts_only_when_it_comes_back) {
  Bench b({.validators = 1, .real_runner = false});
  BOOST_REQUIRE_EQUAL(b.intents.size(), 1u);
  const Intent proposal = b.intents[0];
  BOOST_CHECK(proposal.kind == SignedKind::proposal);
  Draft<schema::OwnProposal> own;
  SignedProposal p;
  p.proposal = proposal_of(proposal);
  write_proposal(own->initProposal(), p);
  b.tell(std::move(own));
  BOOST_REQUIRE_EQUAL(b.intents.size(), 2u);
  BOOST_CHECK(b.intents[1].kind == SignedKind::prevote);
  b.runtime->advance(Duration::from_ms(200));
  BOOST_REQUIRE_EQUAL(b.intents.size(), 2u);  // not durable: no tally, no precommit
  b.own_vote(b.intents[1]);
  BOOST_REQUIRE_EQUAL(b.intents.size(), 3u);
  BOOST_CHECK(b.intents[2].kind == SignedKind::precommit);
  BOOST_CHECK(b.committed.empty());
  b.own_vote(b.intents[2]);
  BOOST_CHECK_EQUAL(b.committed.size(), 1u);
}

BOOST_AUTO_TEST_CASE(votes_of_the_next_height_are_kept_for_it) {
  Bench b;
  const Bytes next = block_bytes(77);
  b.votes({2, 3, 4}, VoteType::prevote, 2, 0, id_of(next));
  b.pass_rounds_until_another_proposes(1);
  const std::int32_t round = b.view().round;
  const Bytes block = block_bytes(9);
  b.propose(1, round, block);
  b.votes({2, 3, 4}, VoteType::prevote, 1, round, id_of(block));
  b.votes({2, 3, 4}, VoteType::precommit, 1, round, id_of(block));
  BOOST_REQUIRE_EQUAL(b.committed.size(), 1u);
  b.runtime->advance(Duration::from_ms(20));
  const auto view = b.view();
  BOOST_CHECK_EQUAL(view.height, 2u);
  BOOST_REQUIRE(!view.prevotes.empty());
  BOOST_CHECK(b.world.validators->is_quorum(view.prevotes[0]));
}

BOOST_AUTO_TEST_CASE(peers_that_are_further_ahead_are_told_to_sync) {
  Bench b;
  b.vote(2, VoteType::prevote, 9, 0, {});
  BOOST_REQUIRE_EQUAL(b.count<schema::PeerAhead>(b.said), 1u);
  for (const Envelope& e : b.said)
    if (e.is<schema::PeerAhead>())
      BOOST_CHECK_EQUAL(Received<schema::PeerAhead>(e)->getHeight(), 8u);
}

BOOST_AUTO_TEST_CASE(timeouts_drive_a_round_change) {
  Bench b;
  b.runtime->advance(Duration::from_s(4));
  b.votes({2, 3, 4}, VoteType::prevote, 1, 0, {});
  b.votes({2, 3, 4}, VoteType::precommit, 1, 0, {});
  BOOST_CHECK_EQUAL(b.view().round, 0);
  b.runtime->advance(Duration::from_s(2));
  BOOST_CHECK_GE(b.view().round, 1);
  BOOST_CHECK(b.exits.empty());
}

BOOST_AUTO_TEST_CASE(a_synced_block_is_executed_and_decided_and_never_signed_in) {
  Bench b;
  const Bytes block = block_bytes(33);
  Draft<schema::SyncedDecision> synced(256);
  synced->setBytes(as_data(ByteView(block)));
  write_certificate(synced->initCertificate(),
                    b.world.commit(Height(1), Round(5), id_of(block), {2, 3, 4}));
  const std::size_t checks = b.checks;
  b.tell(std::move(synced));
  BOOST_CHECK_EQUAL(b.checks, checks + 1);
  BOOST_REQUIRE_EQUAL(b.committed.size(), 1u);
  BOOST_CHECK(b.committed[0].block_id == id_of(block));
  BOOST_CHECK_EQUAL(b.committed[0].round, Round(5));
  b.runtime->advance(Duration::from_ms(50));
  BOOST_CHECK_EQUAL(b.view().height, 2u);
}

BOOST_AUTO_TEST_CASE(a_node_with_a_past_listens_before_it_signs) {
  for (const bool past : {false, true}) {
    Bench b({.past = past, .observe = Duration::from_s(10)});
    b.runtime->advance(Duration::from_s(9));  // longer than the time to wait for a proposal
    BOOST_CHECK_EQUAL(b.own_votes().empty(), past);
    b.runtime->advance(Duration::from_s(9));
    BOOST_CHECK(!b.own_votes().empty());
    BOOST_CHECK(b.exits.empty());
  }
}

BOOST_AUTO_TEST_CASE(an_own_signature_nobody_remembers_ends_the_node_while_it_listens) {
  Bench b({.past = true, .observe = Duration::from_s(10)});
  const Bytes block = block_bytes(33);
  Draft<schema::SyncedDecision> synced(256);
  synced->setBytes(as_data(ByteView(block)));
  write_certificate(synced->initCertificate(),
                    b.world.commit(Height(2), Round(0), id_of(block), {1, 2, 3}));
  b.tell(std::move(synced));
  BOOST_REQUIRE_EQUAL(b.exits.size(), 1u);
  BOOST_CHECK_EQUAL(b.exits[0].code, static_cast<int>(ExitCode::sign_state));
  BOOST_CHECK(b.own_votes().empty());
  Bench live;
  live.vote(1, VoteType::precommit, 1, 0, {});
  BOOST_REQUIRE_EQUAL(live.exits.size(), 1u);
  BOOST_CHECK_EQUAL(live.exits[0].code, static_cast<int>(ExitCode::sign_state));
}

BOOST_AUTO_TEST_CASE(p15_bytes_that_are_not_the_certified_block_decide_nothing) {
  Bench b;
  const Bytes block = block_bytes(33);
  Draft<schema::SyncedDecision> synced(256);
  synced->setBytes(as_data(ByteView(block_bytes(34))));
  write_certificate(synced->initCertificate(),
                    b.world.commit(Height(1), Round(0), id_of(block), {2, 3, 4}));
  b.tell(std::move(synced));
  BOOST_CHECK(b.committed.empty());
  BOOST_CHECK(b.exits.empty());
  BOOST_CHECK_EQUAL(b.view().height, 1u);
}

BOOST_AUTO_TEST_CASE(p59_a_ready_peer_gets_our_status_and_votes) {
  Bench b;
  b.runtime->advance(Duration::from_s(4));  // prevoted nil by now
  BOOST_REQUIRE(!b.own_votes().empty());
  Draft<schema::PeerReady> ready;
  ready->setPeer(b.runtime->erased_ref("/node/peers/session/9").number());
  b.tell(std::move(ready));
  BOOST_CHECK_EQUAL(b.count<schema::RoundStatus>(b.to_session), 1u);
  BOOST_CHECK_GE(b.count<schema::Vote>(b.to_session), 1u);
}

// A status asks for everything a node has of the height: a flood of them must not be answered one
// by one (found by the behaviour `flood`).
BOOST_AUTO_TEST_CASE(a_flood_of_status_is_answered_once_in_a_while) {
  Bench b;
  b.runtime->advance(Duration::from_s(4));
  b.status_from_session(1, 100);
  BOOST_CHECK_EQUAL(b.count<schema::RoundStatus>(b.to_session), 1u);
  b.runtime->advance(consensus::help_period);
  b.status_from_session(1);
  BOOST_CHECK_EQUAL(b.count<schema::RoundStatus>(b.to_session), 2u);
}

// The answer to a height below the first would claim an empty range, for which the other side ends
// the connection (found by the behaviour `flood`).
BOOST_AUTO_TEST_CASE(a_status_below_the_first_height_is_not_answered) {
  Bench b;
  b.status_from_session(0);
  BOOST_CHECK(b.to_session.empty());
}

BOOST_AUTO_TEST_CASE(without_empty_blocks_a_height_waits_for_transactions) {
  Bench b({.validators = 1, .create_empty_blocks = false});
  b.runtime->advance(Duration::from_s(5));
  const std::size_t first = b.committed.size();  // the first height starts with the node
  BOOST_CHECK_LE(first, 1u);
  const std::size_t builds = b.builds;
  b.runtime->advance(Duration::from_s(60));
  BOOST_CHECK_EQUAL(b.builds, builds);
  Draft<schema::TransactionsAvailable> available;
  available->setHeight(first);
  b.tell(std::move(available));
  b.runtime->advance(Duration::from_s(1));
  BOOST_CHECK_EQUAL(b.committed.size(), first + 1);
}

BOOST_AUTO_TEST_CASE(an_empty_block_waits_for_its_interval) {
  Bench b(
      {.validators = 1, .create_empty_blocks = false, .empty_block_interval = Duration::from_s(2)});
  b.runtime->advance(Duration::from_ms(100));
  const std::size_t at_first = b.committed.size();
  b.runtime->advance(Duration::from_ms(1'800));
  BOOST_CHECK_EQUAL(b.committed.size(), at_first);
  b.runtime->advance(Duration::from_ms(8'200));
  BOOST_CHECK_EQUAL(b.committed.size(), at_first + 5);
}

BOOST_AUTO_TEST_CASE(heights_keep_their_pace_whatever_waits) {
  for (const bool empty_blocks : {true, false}) {
    Bench b({.validators = 1,
             .create_empty_blocks = empty_blocks,
             .block_interval_min = Duration::from_ms(500)});
    for (int i = 0; i < 52; ++i) {
      b.runtime->advance(Duration::from_ms(100));
      Draft<schema::TransactionsAvailable> more;
      more->setHeight(b.view().height - 1);
      b.tell(std::move(more));
    }
    BOOST_CHECK_GE(b.committed.size(), 10u);  // 5.2 seconds
    BOOST_CHECK_LE(b.committed.size(), 11u);
  }
}

// A part is proved only against a root its sender may have made up: it must not start a height.
BOOST_AUTO_TEST_CASE(a_made_up_part_does_not_start_a_height) {
  Bench b({.validators = 1, .create_empty_blocks = false});
  b.runtime->advance(Duration::from_s(5));
  const std::size_t builds = b.builds;
  const std::uint64_t height = b.view().height;
  const auto cut = consensus::cut_block(Height(height), Round(0), block_bytes(1));
  Draft<schema::BlockPart> draft(256);
  write_part(*draft, cut.parts[0], cut.header.count);
  b.tell(std::move(draft));
  b.runtime->advance(Duration::from_s(5));
  BOOST_CHECK_EQUAL(b.builds, builds);
}

// ---- after the decision

BOOST_AUTO_TEST_CASE(a_second_vote_after_the_decision_is_evidence) {
  Bench b({.block_interval_min = Duration::from_s(1)});
  b.pass_rounds_until_another_proposes(1);
  const std::int32_t round = b.view().round;
  const Bytes block = block_bytes(9);
  b.propose(1, round, block);
  b.votes({2, 3, 4}, VoteType::prevote, 1, round, id_of(block));
  b.votes({2, 3, 4}, VoteType::precommit, 1, round, id_of(block));
  BOOST_REQUIRE_EQUAL(b.committed.size(), 1u);
  const auto late = [&](std::uint8_t n, VoteType type, std::uint64_t height, ValueId value) {
    b.evidence.clear();
    Draft<schema::Vote> out;
    write_vote(*out, b.world.vote(n, type, Height(height), Round(round), value));
    b.tell(std::move(out));
    std::optional<EvidenceKey> found;
    for (const Envelope& e : b.evidence) {
      const auto item = decode_evidence(as_view(Received<schema::EvidenceFound>(e)->getItem()));
      WITAN_REQUIRE_OK(item);
      WITAN_REQUIRE_OK(b.world.verifier->verify(*item));
      found = key_of(*item);
    }
    return found;
  };
  // Before the next height runs, while it runs, and not a height later.
  for (const bool running : {false, true}) {
    if (running) b.runtime->advance(Duration::from_ms(1'100));
    // What it said in time proves nothing, but for what it said late.
    BOOST_CHECK_EQUAL(late(2, VoteType::prevote, 1, id_of(block)).has_value(), running);
    const auto prevote = late(2, VoteType::prevote, 1, std::nullopt);
    BOOST_REQUIRE(prevote.has_value());
    BOOST_CHECK(prevote->kind == EvidenceKind::duplicate_prevote);
    BOOST_CHECK_EQUAL(prevote->validator, b.world.index_of(2));
    const auto precommit = late(3, VoteType::precommit, 1, id_of(block_bytes(8)));
    BOOST_REQUIRE(precommit.has_value());
    BOOST_CHECK(precommit->kind == EvidenceKind::duplicate_precommit);
    BOOST_CHECK(!late(3, VoteType::precommit, 2, id_of(block_bytes(8))));
  }
  BOOST_CHECK_EQUAL(b.view().height, 2u);
}

// Both came after the decision, so neither was counted; each may have been made up by its sender.
BOOST_AUTO_TEST_CASE(two_late_votes_of_one_validator_are_compared) {
  Bench b({.block_interval_min = Duration::from_s(1)});
  b.pass_rounds_until_another_proposes(1);
  const std::int32_t round = b.view().round;
  const Bytes block = block_bytes(9);
  b.propose(1, round, block);
  b.votes({2, 3}, VoteType::prevote, 1, round, id_of(block));
  b.votes({2, 3}, VoteType::precommit, 1, round, id_of(block));
  BOOST_REQUIRE_EQUAL(b.committed.size(), 1u);
  const std::uint32_t peer = b.runtime->erased_ref("/node/peers/session/9").number();
  std::map<std::tuple<std::uint8_t, VoteType, ValueId>, SignedVote> said;  // once each
  const auto late = [&](std::uint8_t n, VoteType type, const ValueId& value) {
    b.evidence.clear();
    const SignedVote vote = b.world.vote(n, type, Height(1), Round(round), value);
    b.late_vote_from_session(said.emplace(std::tuple(n, type, value), vote).first->second);
    BOOST_REQUIRE_LE(b.evidence.size(), 1u);
    if (b.evidence.empty()) return std::optional<EvidenceKey>{};
    const Received<schema::EvidenceFound> found(b.evidence[0]);
    const auto item = decode_evidence(as_view(found->getItem()));
    WITAN_REQUIRE_OK(item);
    WITAN_REQUIRE_OK(b.world.verifier->verify(*item));
    // Whoever sent a vote answers for its signature; the counted ones are verified.
    const auto& pair = std::get<DuplicateVote>(*item);
    const bool counted = n != 4;
    BOOST_CHECK_EQUAL(found->getFirstFrom(), counted && pair.first.vote.value != value ? 0 : peer);
    BOOST_CHECK_EQUAL(found->getSecondFrom(),
                      counted && pair.second.vote.value != value ? 0 : peer);
    return std::optional(key_of(*item));
  };
  BOOST_CHECK(!late(4, VoteType::prevote, id_of(block)));
  BOOST_CHECK(!late(4, VoteType::precommit, id_of(block)));
  BOOST_CHECK(!late(4, VoteType::prevote, id_of(block)));
  b.runtime->advance(Duration::from_ms(1'100));  // the next height runs
  const auto prevote = late(4, VoteType::prevote, std::nullopt);
  BOOST_REQUIRE(prevote.has_value());
  BOOST_CHECK(prevote->kind == EvidenceKind::duplicate_prevote);
  BOOST_CHECK_EQUAL(prevote->validator, b.world.index_of(4));
  const auto precommit = late(4, VoteType::precommit, id_of(block_bytes(8)));
  BOOST_REQUIRE(precommit.has_value());
  BOOST_CHECK(precommit->kind == EvidenceKind::duplicate_precommit);
  const auto counted = late(2, VoteType::precommit, id_of(block_bytes(8)));
  BOOST_REQUIRE(counted.has_value());
  BOOST_CHECK_EQUAL(counted->validator, b.world.index_of(2));
}

// ---- recovery

BOOST_AUTO_TEST_CASE(a_replayed_height_ends_in_the_same_state_and_signs_nothing_anew) {
  Bench b;
  b.pass_rounds_until_another_proposes(1);
  const std::int32_t round = b.view().round;
  const Bytes block = block_bytes(9);
  b.propose(1, round, block);
  b.votes({2, 3}, VoteType::prevote, 1, round, id_of(block));
  const auto before = b.view();
  const auto said = b.own_votes();
  BOOST_REQUIRE_EQUAL(before.locked, round);
  BOOST_REQUIRE(!said.empty() && said.back().type == VoteType::precommit);
  b.crash();
  b.start();
  BOOST_CHECK(b.exits.empty());
  const auto after = b.view();
  BOOST_CHECK_EQUAL(after.height, before.height);
  BOOST_CHECK_EQUAL(after.round, before.round);
  BOOST_CHECK_EQUAL(after.step, before.step);
  BOOST_CHECK_EQUAL(after.locked, before.locked);
  BOOST_CHECK(b.own_votes().empty());
  // And it can still be decided.
  b.votes({2, 3}, VoteType::precommit, 1, round, id_of(block));
  BOOST_CHECK_EQUAL(b.committed.size(), 1u);
}

BOOST_AUTO_TEST_CASE(a_decided_height_that_the_ledger_lost_is_decided_again_from_the_log) {
  Bench b({.validators = 1});
  b.runtime->advance(Duration::from_ms(55));
  const std::size_t decided = b.committed.size();
  BOOST_REQUIRE_GE(decided, 3u);
  const BlockId first = b.committed[0].block_id;
  b.crash();  // the stand-in ledger comes back at height 0
  b.start();
  BOOST_CHECK(b.exits.empty());
  BOOST_REQUIRE_GE(b.committed.size(), decided - 1);
  BOOST_CHECK(b.committed[0].block_id == first);
  for (std::size_t i = 0; i < b.committed.size(); ++i)
    BOOST_CHECK_EQUAL(b.committed[i].height, Height(i + 1));
}

// As logs of earlier versions have it, which let a clock judge blocks.
BOOST_AUTO_TEST_CASE(a_block_logged_twice_does_not_stall_the_replay) {
  const Bytes bytes = block_bytes(9);
  const Hash32 root = consensus::cut_block(Height(1), Round(0), bytes).header.root;
  Setup setup{.real_runner = false};
  for (const bool valid : {false, true})
    setup.log.push_back(
        {RecordKind::block, Height(1), consensus::encode_record(BlockRecord{root, valid, bytes})});
  Bench b(setup);
  BOOST_CHECK_NE(b.view().step, "recovering");
  BOOST_CHECK(b.exits.empty());
}

namespace {
// An own precommit of round 0 for a block that locked it, as it is in the log.
consensus::LoggedRecord own_lock(const ChainWorld& world, const BlockId& id) {
  SignRecord record;
  record.seq = 1;
  record.kind = SignedKind::precommit;
  record.height = Height(1);
  record.round = Round(0);
  record.value = id;
  record.validator = world.index_of(1);
  record.locked = record.valid = {Round(0), id};
  record.message_hash = message_hash_of(world.chain_id, record);
  record.signature = key_number(1).sign(record.message_hash.view());
  return {RecordKind::sign, Height(1), encode(record)};
}
}  // namespace

// The log may have begun after an earlier loss: its inputs do not rebuild the lock.
BOOST_AUTO_TEST_CASE(a_recorded_lock_is_kept_also_when_inputs_were_logged) {
  const ChainWorld world(4);
  const BlockId id = id_of(block_bytes(9));
  for (const bool inputs : {false, true}) {
    Setup setup{.real_runner = false};
    setup.log.push_back(own_lock(world, id));
    if (inputs)
      setup.log.push_back(
          {RecordKind::vote, Height(1),
           consensus::encode_record(world.vote(2, VoteType::prevote, Height(1), Round(0), {}))});
    Bench b(setup);
    BOOST_CHECK(b.exits.empty());
    BOOST_CHECK_EQUAL(b.view().locked, 0);
    // Nobody says another value in our name.
    b.votes({2, 3}, VoteType::prevote, 1, 1, {});
    std::int32_t round = 1;
    while (b.world.proposer(Height(1), Round(round)) == 1) ++round;
    b.votes({2, 3}, VoteType::prevote, 1, round, {});
    b.propose(1, round, block_bytes(8));
    BOOST_REQUIRE(!b.intents.empty());
    BOOST_CHECK(b.intents.back().kind == SignedKind::prevote);
    BOOST_CHECK(!b.intents.back().value);
    BOOST_CHECK(b.intents.back().locked == (RoundValue{Round(0), id}));
  }
}

// It cannot propose the block that it lost, and nobody else proposes in its round.
BOOST_AUTO_TEST_CASE(a_proposer_that_lost_its_valid_block_leaves_the_step_by_its_own_timer) {
  const ChainWorld world(4);
  Setup setup{.real_runner = false};
  setup.log.push_back(own_lock(world, id_of(block_bytes(9))));
  std::int32_t round = 1;
  while (world.proposer(Height(1), Round(round)) != 1) ++round;
  Bench b(setup);
  b.votes({2, 3}, VoteType::precommit, 1, round, {});  // f+1 are there: so is it
  BOOST_REQUIRE_EQUAL(b.view().round, round);
  BOOST_CHECK(b.intents.empty());
  const auto timeout =
      timeout_duration(b.world.consensus_options(1).timeouts, Step::propose, Round(round));
  b.runtime->advance(timeout + Duration::from_ms(1));
  BOOST_REQUIRE_EQUAL(b.intents.size(), 1u);
  BOOST_CHECK(b.intents[0].kind == SignedKind::prevote);
  BOOST_CHECK_EQUAL(b.intents[0].round, Round(round));
  BOOST_CHECK(!b.intents[0].value);
}

// After a repair the log may hold the signature and not the block. Another block for this round
// would be a second proposal: the round is left as if its proposer were silent.
BOOST_AUTO_TEST_CASE(p09_a_proposal_that_outlived_its_block_is_not_replaced) {
  const ChainWorld world(4);
  std::int32_t round = 1;
  while (world.proposer(Height(1), Round(round)) != 1) ++round;
  SignRecord record;
  record.seq = 1;
  record.kind = SignedKind::proposal;
  record.height = Height(1);
  record.round = Round(round);
  record.value = id_of(block_bytes(9));
  record.parts = consensus::cut_block(Height(1), Round(round), block_bytes(9)).header;
  record.validator = world.index_of(1);
  record.message_hash = message_hash_of(world.chain_id, record);
  record.signature = key_number(1).sign(record.message_hash.view());
  for (const bool known : {false, true}) {
    Setup setup{.real_runner = false};
    if (known) setup.log.push_back({RecordKind::sign, Height(1), encode(record)});
    Bench b(setup);
    const std::size_t before = b.builds;
    b.votes({2, 3}, VoteType::precommit, 1, round, {});
    BOOST_REQUIRE_EQUAL(b.view().round, round);
    BOOST_CHECK_EQUAL(b.builds - before, known ? 0u : 1u);
    if (!known) continue;
    b.runtime->advance(
        timeout_duration(b.world.consensus_options(1).timeouts, Step::propose, Round(round)) +
        Duration::from_ms(1));
    BOOST_REQUIRE(!b.intents.empty());
    BOOST_CHECK(b.intents.back().kind == SignedKind::prevote);
    BOOST_CHECK_EQUAL(b.intents.back().round, Round(round));
    BOOST_CHECK(!b.intents.back().value);
    BOOST_CHECK_EQUAL(b.builds, before);
  }
}

BOOST_AUTO_TEST_CASE(p21_a_block_that_was_valid_before_and_is_not_now_ends_the_process) {
  const Bytes bytes = block_bytes(invalid_block);
  const Hash32 root = consensus::cut_block(Height(1), Round(0), bytes).header.root;
  Setup setup{.real_runner = false};
  setup.log.push_back(
      {RecordKind::block, Height(1), consensus::encode_record(BlockRecord{root, true, bytes})});
  Bench b(setup);
  BOOST_REQUIRE_EQUAL(b.exits.size(), 1u);
  BOOST_CHECK_EQUAL(b.exits[0].code, static_cast<int>(ExitCode::state_root_mismatch));
}

BOOST_AUTO_TEST_CASE(p10_a_log_that_never_answers_ends_the_process_instead_of_hanging) {
  Bench b(Setup{.real_runner = false, .silent_runner = true});
  BOOST_CHECK(b.exits.empty());
  b.runtime->advance(Duration::from_s(301));
  BOOST_REQUIRE_EQUAL(b.exits.size(), 1u);
  BOOST_CHECK_NE(b.exits[0].code, 0);
}

BOOST_AUTO_TEST_CASE(p11_a_record_of_another_height_than_the_one_it_was_logged_in_is_damage) {
  const ChainWorld world(4);
  const BlockId id = id_of(block_bytes(1));
  const Bytes records[] = {
      consensus::encode_record(world.vote(2, VoteType::prevote, Height(2), Round(0), id)),
      consensus::encode_record(world.commit(Height(2), Round(0), id, {1, 2, 3}))};
  const RecordKind kinds[] = {RecordKind::vote, RecordKind::certificate};
  for (std::size_t i = 0; i < 2; ++i) {
    Setup setup{.real_runner = false};
    setup.log.push_back({kinds[i], Height(1), records[i]});
    Bench b(setup);
    BOOST_REQUIRE_EQUAL(b.exits.size(), 1u);
    BOOST_CHECK_EQUAL(b.exits[0].code, static_cast<int>(ExitCode::storage_io));
    setup.log[0].height = Height(2);  // of a height that is not replayed: nobody reads it
    BOOST_CHECK(Bench(setup).exits.empty());
  }
}

BOOST_AUTO_TEST_CASE(the_end_of_a_height_is_logged_and_must_be_the_same_after_a_restart) {
  const BlockId id = id_of(block_bytes(1));
  Hash32 root;
  root.data.fill(5);
  const auto committed = [&](Bench& b, const Hash32& state_root) {
    Draft<schema::BlockCommitted> out(64);
    out->setHeight(1);
    out->setBlockId(as_data(id));
    out->setStateRoot(as_data(state_root));
    b.tell(std::move(out));
  };
  Setup setup{.real_runner = false};
  setup.log.push_back({RecordKind::height_end, Height(1),
                       consensus::encode_record(consensus::HeightEndRecord{id, root})});
  Bench same(setup);
  committed(same, root);
  BOOST_CHECK(same.exits.empty());
  Bench other(setup);
  committed(other, Hash32{});
  BOOST_REQUIRE_EQUAL(other.exits.size(), 1u);
  BOOST_CHECK_EQUAL(other.exits[0].code, static_cast<int>(ExitCode::state_root_mismatch));
}

BOOST_AUTO_TEST_CASE(a_damaged_record_ends_the_process) {
  Setup setup{.real_runner = false};
  setup.log.push_back({RecordKind::vote, Height(1), Bytes(16, 0xFF)});
  Bench b(setup);
  BOOST_REQUIRE_EQUAL(b.exits.size(), 1u);
  BOOST_CHECK_EQUAL(b.exits[0].code, static_cast<int>(ExitCode::storage_io));
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace witan::test
