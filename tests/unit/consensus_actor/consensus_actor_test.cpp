// The consensus actor between stand-ins: what it waits for, what it keeps, what it tells whom.
#include "messages/base/exit_codes.hpp"
#include "tests/unit/consensus_actor/world.hpp"

namespace witan::test {
namespace {

using consensus::BlockRecord;
using consensus::RecordKind;

// A block of the stand-in ledger: its id, then whatever.
Bytes block_bytes(std::uint8_t n) {
  Bytes out(32, n);
  out.resize(500, 1);
  return out;
}
BlockId id_of(ByteView bytes) { return BlockId::from(bytes.first(32)); }
constexpr std::uint8_t invalid_block = 0xBA;

struct Setup {
  std::uint8_t validators = 4;
  bool real_runner = true;  // false: the log and the signer are a tap as well
  bool create_empty_blocks = true;
  std::vector<consensus::LoggedRecord> log{};  // what a tap runner recovers
  bool past = false;                           // the ledger holds height 1
  Duration observe{};
  Duration empty_block_interval{};
  std::optional<Duration> block_interval_min{};
};

struct Bench {
  explicit Bench(Setup s = {}) : setup(std::move(s)), world(setup.validators) {
    write_new_sign_state(fs, world.chain_id, key_number(1).public_key());
    start();
  }
  void start() {
    runtime.reset();
    auto options = virtual_runtime(1);
    options.end_process = [this](const rt::ExitStatus& e) { exits.push_back(e); };
    runtime = std::make_unique<rt::Runtime>(std::move(options));
    const auto keep = [this](rt::ActorContext&, const Envelope& e) { said.push_back(e); };
    rt::ChildSpec consensus;
    consensus.name = "consensus";
    consensus.factory = [this](rt::ActorContext& context) {
      auto o = world.consensus_options(1);
      o.create_empty_blocks = setup.create_empty_blocks;
      o.observe = setup.observe;
      o.empty_block_interval = setup.empty_block_interval;
      if (setup.block_interval_min) o.block_interval_min = *setup.block_interval_min;
      return std::make_unique<consensus::ConsensusActor>(context, services(), std::move(o));
    };
    rt::ChildSpec wal =
        setup.real_runner
            ? runner_child(fs, world, 1, [] { return Height(0); })
            : tap<EffectRunnerRole>(
                  "wal", [this](rt::ActorContext& c, const Envelope& e) { on_runner(c, e); });
    runtime->start(family(
        "node",
        {family("storage", {wal}),
         family("chain",
                {tap<LedgerRole>(
                     "ledger", [this](rt::ActorContext& c, const Envelope& e) { on_ledger(c, e); }),
                 tap<VerifierRole>("verifier/0", keep), consensus, tap<SyncRole>("sync", keep)}),
         family("peers",
                {tap<PeersRole>("peers", keep),
                 tap<SessionRole>("session/9", [this](rt::ActorContext& c, const Envelope& e) {
                   on_session(c, e);
                 })})}));
    runtime->drain();
  }
  void crash() {
    fs.crash();
    runtime.reset();
    said.clear();
    committed.clear();
    builds = 0;
    exits.clear();
  }

  // ---- stand-ins
  void on_ledger(rt::ActorContext& c, const Envelope& e) {
    if (e.is<schema::GetTip>()) {
      Draft<schema::ChainTip> tip(256);
      if (setup.past) {
        tip->setHeight(1);
        write_certificate(tip->initCertificate(),
                          world.commit(Height(1), Round(0), id_of(block_bytes(1)), {2, 3, 4}));
      }
      c.reply(e, std::move(tip));
    } else if (e.is<schema::BuildBlock>()) {
      const Received<schema::BuildBlock> in(e);
      ++builds;
      const Bytes bytes = block_bytes(static_cast<std::uint8_t>(in->getHeight()));
      Draft<schema::BlockBuilt> out(128);
      out->setHeight(in->getHeight());
      out->setRound(in->getRound());
      out->setBlockId(as_data(id_of(bytes)));
      out->setBytes(as_data(ByteView(bytes)));
      (void)consensus().send(std::move(out));
    } else if (e.is<schema::CheckBlock>()) {
      const Received<schema::CheckBlock> in(e);
      ++checks;
      Draft<schema::BlockChecked> out(64);
      out->setHeight(in->getHeight());
      out->setPartsRoot(in->getPartsRoot());
      out->setBlockId(as_data(id_of(as_view(in->getBytes()))));
      out->setValid(in->getBytes()[0] != invalid_block);
      out->setTimeNs((c.unix_now() + block_time_off).ns);
      (void)consensus().send(std::move(out));
    } else if (e.is<schema::CommitBlock>()) {
      const auto certificate = read_certificate(Received<schema::CommitBlock>(e)->getCertificate());
      BOOST_REQUIRE(certificate.has_value());
      committed.push_back(*certificate);
    }
  }
  void on_runner(rt::ActorContext& c, const Envelope& e) {
    if (e.is<schema::GetRecovery>()) {
      Draft<schema::Recovery> out;
      auto list = out->initRecords(static_cast<kj::uint>(setup.log.size()));
      for (kj::uint i = 0; i < list.size(); ++i) {
        list[i].setKind(static_cast<std::uint8_t>(setup.log[i].kind));
        list[i].setHeight(setup.log[i].height.get());
        list[i].setPayload(as_data(ByteView(setup.log[i].payload)));
      }
      c.reply(e, std::move(out));
    } else if (e.is<schema::Persist>()) {
      for (const auto intent : Received<schema::Persist>(e)->getIntents()) {
        auto read = consensus::read_intent(intent);
        BOOST_REQUIRE(read.has_value());
        intents.push_back(*read);
      }
    }
  }

  Duration block_time_off{};  // of the stand-in's blocks, from the clock

  // ---- what a test says
  rt::ActorRef<ConsensusRole> consensus() {
    return runtime->ref<ConsensusRole>(ConsensusRole::path);
  }
  template <class T>
  void tell(Draft<T>&& draft) {
    (void)consensus().send(std::move(draft));
    runtime->drain();
  }
  void vote(std::uint8_t n, VoteType type, std::uint64_t height, std::int32_t round,
            ValueId value) {
    Draft<schema::VerifiedVote> out;
    write_vote(out->initVote(), world.vote(n, type, Height(height), Round(round), value));
    tell(std::move(out));
  }
  void votes(const std::vector<std::uint8_t>& signers, VoteType type, std::uint64_t height,
             std::int32_t round, const ValueId& value) {
    for (const std::uint8_t n : signers) vote(n, type, height, round, value);
  }
  // The proposer's block of a round, proposal first, then its parts.
  void propose(std::uint64_t height, std::int32_t round, const Bytes& bytes) {
    const auto cut = consensus::cut_block(Height(height), Round(round), bytes);
    const std::uint8_t who = world.proposer(Height(height), Round(round));
    SignedProposal p;
    p.proposal = {Height(height), Round(round), Round(),
                  id_of(bytes),   cut.header,   world.index_of(who)};
    p.signature = key_number(who).sign(proposal_hash(world.chain_id, p.proposal).view());
    Draft<schema::VerifiedProposal> out;
    write_proposal(out->initProposal(), p);
    tell(std::move(out));
    for (const BlockPart& part : cut.parts) {
      Draft<schema::BlockPart> draft(256);
      write_part(*draft, part, cut.header.count);
      tell(std::move(draft));
    }
  }
  // The peer behind session/9 tells its status, as many times as said.
  void status_from_session(std::uint64_t height, int times = 1) {
    ask_height = height;
    for (int i = 0; i < times; ++i)
      (void)runtime->ref<SessionRole>("/node/peers/session/9").send(Draft<schema::CloseSession>());
    runtime->drain();
  }
  void on_session(rt::ActorContext& c, const Envelope& e) {
    if (!e.is<schema::CloseSession>()) return to_session.push_back(e);
    Draft<schema::RoundStatus> status;
    status->setHeight(ask_height);
    (void)c.ref<ConsensusRole>(ConsensusRole::path).send(std::move(status));
  }
  void own_vote(const Intent& intent) {
    Draft<schema::OwnVote> out;
    write_vote(
        out->initVote(),
        world.vote(1, intent.kind == SignedKind::prevote ? VoteType::prevote : VoteType::precommit,
                   intent.height, intent.round, intent.value));
    tell(std::move(out));
  }

  // ---- what it did
  struct View {
    std::uint64_t height = 0;
    std::int32_t round = -1, locked = -1;
    std::string step;
    std::vector<std::uint64_t> prevotes;  // power by round
    bool operator==(const View&) const = default;
  };
  View view() {
    View out;
    runtime->ask<schema::ConsensusStateView>(consensus(), Draft<schema::GetConsensusState>(),
                                             Duration::from_s(1),
                                             [&out](Result<schema::ConsensusStateView::Reader> r) {
                                               if (!r) return;
                                               out.height = r->getHeight();
                                               out.round = r->getRound();
                                               out.locked = r->getLockedRound();
                                               out.step = r->getStep().cStr();
                                               for (const auto round : r->getRounds())
                                                 out.prevotes.push_back(round.getPrevotePower());
                                             });
    runtime->drain();
    return out;
  }
  // Own votes that left for the peers.
  std::vector<Vote> own_votes() {
    std::vector<Vote> out;
    for (const Envelope& e : said) {
      if (!e.is<schema::Vote>()) continue;
      const auto v = read_vote(Received<schema::Vote>(e).get());
      if (v && v->vote.validator == world.index_of(1)) out.push_back(v->vote);
    }
    return out;
  }
  template <class T>
  std::size_t count(const std::vector<Envelope>& list) {
    std::size_t n = 0;
    for (const Envelope& e : list) n += e.is<T>() ? 1U : 0U;
    return n;
  }
  // A round of the height that another validator proposes, reached by nil votes of all.
  void pass_rounds_until_another_proposes(std::uint64_t height) {
    while (world.proposer(Height(height), Round(view().round)) == 1) {
      const std::int32_t round = view().round;
      votes({2, 3, 4}, VoteType::prevote, height, round, {});
      votes({2, 3, 4}, VoteType::precommit, height, round, {});
      for (int i = 0; i < 50 && view().round == round; ++i)
        runtime->advance(Duration::from_ms(100));
      BOOST_REQUIRE_GT(view().round, round);
    }
  }

  Setup setup;
  ChainWorld world;
  MemoryFileSystem fs;
  std::vector<Envelope> said, to_session;
  std::uint64_t ask_height = 0;
  std::vector<CommitCertificate> committed;
  std::vector<Intent> intents;
  std::size_t builds = 0, checks = 0;
  std::vector<rt::ExitStatus> exits;
  std::unique_ptr<rt::Runtime> runtime;
};

}  // namespace

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

BOOST_AUTO_TEST_CASE(an_own_vote_counts_only_when_it_comes_back) {
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

BOOST_AUTO_TEST_CASE(bytes_that_are_not_the_certified_block_decide_nothing) {
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

BOOST_AUTO_TEST_CASE(a_ready_peer_gets_our_status_and_votes) {
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

// ---- rounds that fail, and who helps whom

// P39: the clock decides this validator's first prevote, and nothing else.
BOOST_AUTO_TEST_CASE(p39_a_block_of_another_time_is_prevoted_nil_and_can_be_locked) {
  const struct {
    std::int64_t off_ms;
    bool timely;
  } cases[] = {{-2'600, false}, {-2'400, true}, {0, true},
               {400, true},     {600, false},   {3'600'000, false}};
  for (const auto& c : cases) {
    BOOST_TEST_CONTEXT("off by " << c.off_ms << " ms") {
      Bench b;
      b.block_time_off = Duration::from_ms(c.off_ms);
      b.pass_rounds_until_another_proposes(1);
      const std::int32_t round = b.view().round;
      const Bytes block = block_bytes(9);
      b.propose(1, round, block);
      BOOST_REQUIRE(!b.own_votes().empty());
      BOOST_CHECK(b.own_votes().back().type == VoteType::prevote);
      BOOST_CHECK(b.own_votes().back().value.has_value() == c.timely);
      b.votes({2, 3, 4}, VoteType::prevote, 1, round, id_of(block));
      BOOST_CHECK_EQUAL(b.view().locked, round);
      b.votes({2, 3, 4}, VoteType::precommit, 1, round, id_of(block));
      BOOST_CHECK_EQUAL(b.committed.size(), 1u);
    }
  }
}

BOOST_AUTO_TEST_CASE(p39_an_untimely_block_stays_untimely_after_a_restart) {
  const Bytes bytes = block_bytes(9);
  const Hash32 root = consensus::cut_block(Height(1), Round(0), bytes).header.root;
  for (const bool timely : {false, true}) {
    Setup setup{.real_runner = false};
    BlockRecord record{root, true, bytes};
    record.timely = timely;
    const ChainWorld world(4);
    std::int32_t round = 0;
    while (world.proposer(Height(1), Round(round)) == 1) ++round;
    const std::uint8_t who = world.proposer(Height(1), Round(round));
    SignedProposal p;
    p.proposal = {Height(1),
                  Round(round),
                  Round(),
                  id_of(bytes),
                  consensus::cut_block(Height(1), Round(0), bytes).header,
                  world.index_of(who)};
    for (std::int32_t r = 1; r <= round; ++r)  // f+1 of the round lead there
      for (const std::uint8_t n : {std::uint8_t{2}, std::uint8_t{3}})
        setup.log.push_back(
            {RecordKind::vote, Height(1),
             consensus::encode_record(world.vote(n, VoteType::prevote, Height(1), Round(r), {}))});
    setup.log.push_back({RecordKind::proposal, Height(1), consensus::encode_record(p)});
    setup.log.push_back({RecordKind::block, Height(1), consensus::encode_record(record)});
    Bench b(setup);
    BOOST_REQUIRE(!b.intents.empty());
    BOOST_CHECK(b.intents.back().kind == SignedKind::prevote);
    BOOST_CHECK(b.intents.back().value.has_value() == timely);
  }
}

BOOST_AUTO_TEST_CASE(a_polka_is_pushed_once_and_only_when_somebody_misses_it) {
  Bench b;
  b.pass_rounds_until_another_proposes(1);
  const std::int32_t round = b.view().round;
  const Bytes block = block_bytes(9);
  b.propose(1, round, block);
  b.votes({2, 3}, VoteType::prevote, 1, round, id_of(block));
  BOOST_REQUIRE_EQUAL(b.view().locked, round);
  b.vote(2, VoteType::precommit, 1, round, id_of(block));
  BOOST_CHECK_EQUAL(b.count<schema::Certificate>(b.said), 0u);  // all is well so far
  b.vote(3, VoteType::precommit, 1, round, {});
  BOOST_CHECK_EQUAL(b.count<schema::Certificate>(b.said), 1u);
  b.vote(4, VoteType::precommit, 1, round, {});
  BOOST_CHECK_EQUAL(b.count<schema::Certificate>(b.said), 1u);
}

BOOST_AUTO_TEST_CASE(a_reproposal_carries_its_polka) {
  Bench b;
  b.pass_rounds_until_another_proposes(1);
  std::int32_t round = b.view().round;
  const std::int32_t locked = round;
  const Bytes block = block_bytes(9);
  b.propose(1, round, block);
  b.votes({2, 3}, VoteType::prevote, 1, round, id_of(block));
  BOOST_REQUIRE_EQUAL(b.view().locked, locked);
  for (int i = 0; i < 8 && b.world.proposer(Height(1), Round(round)) != 1; ++i) {
    b.votes({2, 3, 4}, VoteType::precommit, 1, round, {});
    b.runtime->advance(Duration::from_s(20));
    BOOST_REQUIRE_GT(b.view().round, round);
    round = b.view().round;
  }
  BOOST_REQUIRE_EQUAL(b.world.proposer(Height(1), Round(round)), 1);
  std::size_t found = 0;
  for (const Envelope& e : b.said) {
    if (!e.is<schema::Proposal>()) continue;
    const Received<schema::Proposal> in(e);
    if (in->getRound() != round || in->getPolRound() != locked || !in->hasPolka()) continue;
    const auto polka = read_polka(in.get());
    BOOST_REQUIRE(polka.has_value() && polka->has_value());
    WITAN_REQUIRE_OK(b.world.verifier->verify(**polka));
    ++found;
  }
  BOOST_CHECK_EQUAL(found, 1u);
}

BOOST_AUTO_TEST_CASE(a_later_round_is_published_with_what_entitles_to_it) {
  Bench b;
  b.votes({2, 3}, VoteType::prevote, 1, 3, {});
  BOOST_REQUIRE_EQUAL(b.view().round, 3);
  std::size_t found = 0;
  for (const Envelope& e : b.said) {
    if (!e.is<schema::RoundCertificate>()) continue;
    const auto certificate = read_round_certificate(Received<schema::RoundCertificate>(e).get());
    BOOST_REQUIRE(certificate.has_value());
    WITAN_REQUIRE_OK(b.world.verifier->verify(*certificate));
    BOOST_CHECK_EQUAL(certificate->round, Round(3));
    ++found;
  }
  BOOST_CHECK_EQUAL(found, 1u);
}

BOOST_AUTO_TEST_CASE(a_round_certificate_takes_a_laggard_along) {
  Bench b;
  RoundCertificate certificate{RoundCertificate::Kind::skip, Height(1), Round(5), {}};
  for (const std::uint8_t n : {std::uint8_t{2}, std::uint8_t{3}})
    certificate.votes.push_back(b.world.vote(n, VoteType::prevote, Height(1), Round(5), {}));
  Draft<schema::VerifiedRoundCertificate> out;
  write_round_certificate(out->initCertificate(), certificate);
  b.tell(std::move(out));
  BOOST_CHECK_EQUAL(b.view().round, 5);
}

// 2f+1 prevotes and precommits for nil after a propose timeout: nothing to wait for.
BOOST_AUTO_TEST_CASE(a_failed_round_ends_at_once) {
  Bench b;
  b.pass_rounds_until_another_proposes(1);
  const std::int32_t round = b.view().round;
  b.runtime->advance(
      timeout_duration(b.world.consensus_options(1).timeouts, Step::propose, Round(round)));
  b.votes({2, 3, 4}, VoteType::prevote, 1, round, {});
  b.votes({2, 3, 4}, VoteType::precommit, 1, round, {});
  b.runtime->advance(Duration::from_ms(1));
  BOOST_CHECK_EQUAL(b.view().round, round + 1);
}

// With what was said a moment ago nobody is bothered again at once, and rarer with every
// repetition.
BOOST_AUTO_TEST_CASE(a_stalled_node_repeats_itself_ever_more_rarely) {
  Bench b({.create_empty_blocks = true});
  b.pass_rounds_until_another_proposes(1);
  b.said.clear();
  const auto repeated = [&] { return b.count<schema::RoundStatus>(b.said); };
  b.runtime->advance(Duration::from_ms(2'900));  // within the propose timeout
  const std::size_t first = repeated();
  BOOST_CHECK_GE(first, 1u);
  BOOST_CHECK_LE(first, 3u);  // not the five that a fixed half second makes
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

BOOST_AUTO_TEST_CASE(a_block_that_was_valid_before_and_is_not_now_ends_the_process) {
  const Bytes bytes = block_bytes(invalid_block);
  const Hash32 root = consensus::cut_block(Height(1), Round(0), bytes).header.root;
  Setup setup{.real_runner = false};
  setup.log.push_back(
      {RecordKind::block, Height(1), consensus::encode_record(BlockRecord{root, true, bytes})});
  Bench b(setup);
  BOOST_REQUIRE_EQUAL(b.exits.size(), 1u);
  BOOST_CHECK_EQUAL(b.exits[0].code, static_cast<int>(ExitCode::state_root_mismatch));
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
