// The consensus actor between stand-ins for everybody it talks to, in virtual time.
#pragma once
#include "tests/unit/consensus_actor/world.hpp"

namespace witan::test {

using consensus::BlockRecord;
using consensus::RecordKind;

// A block of the stand-in ledger: its id, then whatever.
inline Bytes block_bytes(std::uint8_t n) {
  Bytes out(32, n);
  out.resize(500, 1);
  return out;
}
inline BlockId id_of(ByteView bytes) { return BlockId::from(bytes.first(32)); }
inline constexpr std::uint8_t invalid_block = 0xBA;

struct Setup {
  std::uint8_t validators = 4;
  bool real_runner = true;     // false: the log and the signer are a tap as well
  bool silent_runner = false;  // a tap that never answers
  bool create_empty_blocks = true;
  std::vector<consensus::LoggedRecord> log{};  // what a tap runner recovers
  bool past = false;                           // the ledger holds height 1
  Duration observe{};
  Duration empty_block_interval{};
  std::optional<Duration> block_interval_min{};
  std::shared_ptr<RemotePort> remote{};  // signs for the real runner
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
            ? runner_child(
                  fs, world, 1, [] { return Height(0); }, 64 * 1024, nullptr, nullptr, setup.remote)
            : tap<EffectRunnerRole>(
                  "wal", [this](rt::ActorContext& c, const Envelope& e) { on_runner(c, e); });
    runtime->start(family(
        "node",
        {family("storage", {wal}),
         family(
             "chain",
             {tap<LedgerRole>("ledger",
                              [this](rt::ActorContext& c, const Envelope& e) { on_ledger(c, e); }),
              tap<VerifierRole>("verifier/0", keep), consensus, tap<SyncRole>("sync", keep),
              tap<EvidenceRole>("evidence", [this](rt::ActorContext&,
                                                   const Envelope& e) { evidence.push_back(e); })}),
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
    if (setup.silent_runner) return;
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
  void propose(std::uint64_t height, std::int32_t round, const Bytes& bytes,
               Round pol_round = Round()) {
    const auto cut = consensus::cut_block(Height(height), Round(round), bytes);
    const std::uint8_t who = world.proposer(Height(height), Round(round));
    SignedProposal p;
    p.proposal = {Height(height), Round(round), pol_round,
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
  // That peer's vote, as the verifier passes it on when it is late.
  void late_vote_from_session(const SignedVote& vote) {
    session_says = vote;
    (void)runtime->ref<SessionRole>("/node/peers/session/9").send(Draft<schema::CloseSession>());
    runtime->drain();
  }
  void on_session(rt::ActorContext& c, const Envelope& e) {
    if (!e.is<schema::CloseSession>()) return to_session.push_back(e);
    if (const auto said_now = std::exchange(session_says, std::nullopt)) {
      Draft<schema::Vote> vote;
      write_vote(*vote, *said_now);
      (void)c.ref<ConsensusRole>(ConsensusRole::path).send(std::move(vote));
      return;
    }
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
    while (world.proposer(Height(height), Round(view().round)) == 1) pass_round(height);
  }
  void pass_round(std::uint64_t height) {
    const std::int32_t round = view().round;
    votes({2, 3, 4}, VoteType::prevote, height, round, {});
    end_round(height);
  }
  // As it ends when all others precommitted nil.
  void end_round(std::uint64_t height) {
    const std::int32_t round = view().round;
    votes({2, 3, 4}, VoteType::precommit, height, round, {});
    for (int i = 0; i < 50 && view().round == round; ++i) runtime->advance(Duration::from_ms(100));
    BOOST_REQUIRE_GT(view().round, round);
  }

  Setup setup;
  ChainWorld world;
  MemoryFileSystem fs;
  std::vector<Envelope> said, to_session, evidence;
  std::uint64_t ask_height = 0;
  std::optional<SignedVote> session_says;
  std::vector<CommitCertificate> committed;
  std::vector<Intent> intents;
  std::size_t builds = 0, checks = 0;
  std::vector<rt::ExitStatus> exits;
  std::unique_ptr<rt::Runtime> runtime;
};

}  // namespace witan::test
